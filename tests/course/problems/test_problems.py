"""The library of problems: right programs are right, and wrong ones fail as it is said of them."""

import re
from pathlib import Path
from typing import Any

import pytest

import shmlab
from shmlab import ArgumentError, labs
from shmlab.course import problems
from shmlab.course.problems import Variant
from shmlab.explorer.program.fault import WORDS
from tests.renew_problem_page import PAGE, page

PROBLEMS = {name: problems.find(name) for name in problems.names}
VARIANTS = {
    f"{name}: {variant.name}": variant
    for name, problem in PROBLEMS.items()
    for variant in (problem.right, *problem.wrong)
}


LONG = ("sushi_bar: the woken", "sushi_bar: a seat", "building_water: the mutex")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name.startswith(LONG) else name for name in VARIANTS]
)
def test_a_program_is_what_the_library_says_of_it(name: str) -> None:
    variant = VARIANTS[name]
    verdict = variant.explore(max_states=200_000)
    assert verdict.complete and verdict.fault == variant.fault


@pytest.mark.parametrize("name", problems.names)
def test_a_problem_says_what_it_is(name: str) -> None:
    problem = PROBLEMS[name]
    file = Path(problems.__file__).with_name("programs").joinpath(f"{name}.py").read_text()
    assert problem.title and problem.source and problem.text.endswith(".") and problem.watch and problem.wrong
    assert "\nSource: " in file and "  # BROKEN: " in file
    for variant in problem.wrong:
        assert variant.fault in WORDS and variant.why.endswith(".")
    assert len({variant.name for variant in (problem.right, *problem.wrong)}) == 1 + len(problem.wrong)


@pytest.mark.usefixtures("leaves_nothing")
@pytest.mark.parametrize(
    "name", ["rendezvous", "dining_philosophers", "barbershop", pytest.param("sushi_bar", marks=pytest.mark.slow)]
)
def test_a_failing_schedule_is_replayed_on_real_processes(name: str) -> None:
    assert PROBLEMS[name].wrong[0].explore().replay(real=True).ok


def test_a_mistake_is_stepped() -> None:
    stepper = labs.stepper(problems.find("cigarette_smokers").wrong[0].explore())
    stepper.stepping.go_to(stepper.stepping.plan)
    assert stepper.stepping.won
    stepper.close()


def test_arguments_can_be_replaced() -> None:
    variant = problems.find("dining_philosophers").right
    assert not problems.find("search_insert_delete").right.explore(max_states=600).complete
    assert isinstance(variant, Variant) and variant.explore(invariant=lambda memory: memory.meals[0] == 0).fault


def test_a_name_is_an_attribute_and_a_wrong_one_is_told_the_nearest() -> None:
    assert shmlab.problems.barbershop is problems.find("barbershop")
    for wrong in ("barber_shop", 3, None):
        with pytest.raises(ArgumentError, match=re.escape(f"there is no problem {wrong!r}.")):
            problems.find(wrong)
    with pytest.raises(AttributeError, match="Did you mean 'barbershop'"):
        _ = problems.barber_shop


def test_the_page_is_that_of_the_library_and_its_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it: python -m tests.renew_problem_page"
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", page(), re.DOTALL):
        exec(code, names)
    said = capsys.readouterr().out
    assert "sit in one chair" in said and "FAILS" in said
