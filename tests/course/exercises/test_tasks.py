"""All tasks: right answers pass with every seed, wrong ones do not, nothing ever raises."""

import subprocess
import sys
from typing import Any

import pytest

from shmlab.course.exercises import check, tasks
from shmlab.course.exercises.code import Code
from shmlab.course.exercises.find import Find
from shmlab.course.exercises.judgement import NOT_YET, PASSED, WRONG, Judgement
from shmlab.course.exercises.predict import Predict, found, same
from shmlab.course.exercises.program_text import compiled
from shmlab.course.exercises.puzzle import Puzzle
from shmlab.course.exercises.size import Size
from shmlab.course.exercises.task import Task

ALL = list(check.tasks.values())
PLAIN = [task for task in ALL if not isinstance(task, (Code, Size))]
SEEDS = range(12)


def of_kind(kind: type[Task]) -> list[Any]:
    return [task for task in ALL if isinstance(task, kind)]


def each(chosen: list[Any]) -> Any:
    return pytest.mark.parametrize("task", chosen, ids=lambda task: task.name)


def handed_in(task: Task, text: str, seed: int | None = None) -> Judgement:
    """What the check says of a notebook's cell with this text."""
    names: dict[str, Any] = {}
    exec(text, names)
    return task(*[names[part] for part in task.parts], seed=seed, **{name: names[name] for name in task.extras})


def test_there_are_24_tasks_at_least_of_every_kind_and_in_every_lesson() -> None:
    assert len(ALL) >= 24 and len(set(check.tasks)) == len(ALL)
    assert len(of_kind(Puzzle)) >= 8 and len(of_kind(Code)) >= 9
    assert min(len(of_kind(kind)) for kind in (Predict, Find, Size)) >= 2
    assert all(check.lesson(number) for number in tasks.NUMBERS)


@each(ALL)
def test_nothing_tried_is_not_yet_and_not_counted_as_a_try(task: Task) -> None:
    for said in (task(), task(*[None] * len(task.parts)), task(*[...] * len(task.parts))):
        assert (said.state, said.fault) == (NOT_YET, "")
    assert task.progress.tasks == {}


@each(ALL)
def test_it_says_what_to_do_and_has_three_hints_and_a_solution(task: Task) -> None:
    assert task.title in repr(task) and len(task.text()) > 60
    assert len(set(task.hints)) == 3 and min(map(len, task.hints)) > 15
    fresh = tasks.lesson(next(n for n in tasks.NUMBERS if task in check.lesson(n)))
    assert task in fresh.TASKS
    assert task.starter and task.call.startswith(f"check.{task.name}(")
    if not isinstance(task, Size):
        assert str(task.answered()) in task.solution()


def test_hints_come_one_after_the_other() -> None:
    task = check.vanish
    task._hinted = 0
    assert [task.hint()[:11] for _ in range(3)] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"]
    assert "check.vanish.solution()" in task.hint()


@each(PLAIN)
@pytest.mark.parametrize("seed", [None, *SEEDS])
def test_the_solution_of_every_variant_passes(task: Task, seed: int | None) -> None:
    if seed is not None and not task.seeded:
        assert "leave out the seed" in task(1, seed=seed).reason
        return
    said = handed_in(task, task.answered(seed), seed)
    assert said.state == PASSED, said


@each([task for task in PLAIN if task.seeded])
def test_a_class_does_not_share_one_answer(task: Task) -> None:
    assert len({task.text(seed) for seed in SEEDS}) >= 2
    first = task.answered(None)
    foreign = [seed for seed in SEEDS if task.answered(seed) != first]
    if not isinstance(task, Puzzle):
        assert foreign
    for seed in foreign:
        assert handed_in(task, first, seed).state == WRONG or isinstance(task, Puzzle)


@each(ALL)
@pytest.mark.parametrize("answer", [-17, "what?", [], {}, 3.5, object(), True, [None], lambda: 1])
def test_nonsense_is_told_in_a_sentence(task: Task, answer: object) -> None:
    said = task(*[answer] * len(task.parts))
    assert said.state == WRONG and len(said.reason) > 15
    assert "Traceback" not in said.reason


# --- predict ---------------------------------------------------------------------------------------------


@each(of_kind(Predict))
@pytest.mark.parametrize("seed", [None, *SEEDS])
def test_no_trap_is_the_right_answer_and_each_is_explained(task: Predict, seed: int | None) -> None:
    if seed is not None and not task.seeded:
        return
    asked = task.asked(seed)
    truth = found(asked.truth)
    for trap, why in asked.traps.items():
        if not same(trap, truth):
            said = task(trap, seed=seed)
            assert (said.state, said.reason) == (WRONG, why)


def test_an_order_is_told_its_first_wrong_place() -> None:
    said = check.areas(["code", "data", "stack", "libraries", "heap"])
    assert "place 3 ('stack') is the first that is not right" in said.reason
    assert "2 were given, and 5 are asked for" in check.areas(["code", "data"]).reason
    assert check.areas(["Code", "data ", "heap", "libraries", "STACK"]).passed


def test_a_set_may_come_in_any_order_but_not_with_doubles() -> None:
    assert check.survivors([8, 7, 11]).passed and check.survivors({7, 8, 11}).passed
    assert not check.survivors([8, 7, 11, 11]).passed
    assert "1 of yours do not belong there, 1 are missing" in check.survivors([8, 7, 99]).reason


def test_true_is_no_number() -> None:
    assert "give a number" in check.full_after(True).reason
    assert check.full_after(4).passed and check.full_after(4.0).passed


# --- be the scheduler ------------------------------------------------------------------------------------


@each(of_kind(Puzzle))
def test_a_schedule_that_leads_nowhere_is_told_so(task: Puzzle) -> None:
    first = task.setting(None).start()[0].names[0]
    said = task(first, **({"loop": first} if task.extras else {}))
    assert said.state == WRONG
    assert said.show() and "everybody" not in said.reason


@each([task for task in of_kind(Puzzle) if task.setting(None).goal is not None])
def test_the_goal_can_be_found_by_search_and_is_not_reached_at_the_start(task: Puzzle) -> None:
    model, goal = task.setting(None).start()
    assert goal and not goal.reached(model)
    assert handed_in(task, task.answered()).passed


def test_a_step_that_cannot_be_taken_is_told_with_its_number() -> None:
    said = check.vanish("P0 P0 P0")
    assert (said.state, said.step) == (WRONG, 3)
    assert "step 3: P0 has nothing left to do" in said.reason
    said = check.deadlock("C C")
    assert said.step == 1 and "C has to wait for full" in said.reason
    assert "no process is called 'X'" in check.vanish("X").reason


def test_another_fault_than_the_one_that_is_asked_for_is_named() -> None:
    said = check.smallest("P0 P1 P0 P1 P0 P0 P1 P1 P0 P0 P1 P1")
    assert said.state == WRONG and "P0" in said.schedule
    said = check.both_inside("P0 P0 P0 P0 P0 P1 P1 P1 P1 P1")
    assert "all have ended after 10 steps" in said.reason


def test_small_letters_will_do_and_steps_beyond_the_goal_are_not_taken() -> None:
    assert check.vanish("p0p1, p0 p1").passed
    assert check.overwrite("P0 P0 P1 P1 P0 P1 P1 P1 P1").passed


def test_the_stepper_itself_is_an_answer() -> None:
    class Shown:
        """What a notebook's stepper has."""

        def __init__(self) -> None:
            class Stepping:
                taken = (0, 1, 0, 1)

            self.stepping = Stepping()

    assert check.vanish(Shown()).passed


def test_a_wrong_schedule_can_be_looked_at_and_replayed_on_real_processes() -> None:
    said = check.vanish("P0 P0 P1 P1")
    assert "count = 2" in said.show()
    assert "4 steps on real processes" in str(said.replay())


@pytest.mark.parametrize(
    ("schedule", "loop", "says"),
    [
        ("P0 P1", "", "what goes on for ever?"),
        ("P0 P1", "P0", "does not come back"),
        ("P0 P1", "P0 P0 P0", "P1 could take a step all the time"),
        ("P0", "P0", "does not come back to where it began"),
        ("P0", "P0 P0 P1", "P0 gets in, at step 3"),
        ("P0 P1", "P0 P1 P0 P0 P1 P1 P0", "does not come back"),
        ("P0 P1", "P7", "no process is called"),
    ],
)
def test_a_loop_must_come_back_be_fair_and_let_nobody_in(schedule: str, loop: str, says: str) -> None:
    said = check.after_you(schedule, loop=loop)
    assert said.state == WRONG and says in said.reason


def test_a_philosopher_that_is_never_scheduled_does_not_starve() -> None:
    others = "P1 P1 P1 P1 P1 P1 P2 P2 P2 P2 P2 P2"
    said = check.starve(" ", loop=others)
    assert "P0 could take a step all the time and never gets a turn" in said.reason
    assert "P0 gets in" in check.starve(" ", loop="P0 P0 P0 P0 P0 P0").reason
    assert "hand in your answer as check.vanish(answer)" in check.vanish("P0", loop="P0").reason
    nobody = "P0 P1 P2 P0 P1 P2 P0 P1 P2"  # all take their left fork, fail, lay it down
    assert "P1 does not get in either" in check.starve(" ", loop=nobody).reason
    shorter = check.starve(" ", loop="P1 P0 P0 P0 P1 P1 P1 P1 P1")
    assert "P2 could take a step all the time" in shorter.reason


# --- find ------------------------------------------------------------------------------------------------


@each(of_kind(Find))
def test_the_explorer_finds_the_fault_that_is_asked_for_and_none_in_the_repaired_text(task: Find) -> None:
    variants = {task.faulty(seed).text: task.faulty(seed) for seed in [None, *range(40)]}
    assert len(variants) >= 4
    for faulty in variants.values():
        assert faulty.verdict().fault == faulty.word
        assert faulty.asked(compiled(faulty.repaired)).verdict().ok


@pytest.mark.slow
@each(of_kind(Find))
def test_every_other_line_and_every_other_word_is_wrong(task: Find) -> None:
    faulty = task.faulty(None)
    lines = range(1, len(faulty.text.splitlines()) + 1)
    assert [line for line in lines if task(line, faulty.word).passed] == list(faulty.lines)
    said = task(faulty.lines[0], "mutual-exclusion")
    assert not said.passed and "no interleaving leads to 'mutual-exclusion'" in said.reason
    near = next(iter(faulty.near))
    assert task(near, faulty.word).schedule and faulty.near[near] in task(near, faulty.word).reason


def test_another_way_in_which_the_same_line_fails_is_right_too() -> None:
    assert check.one_wrong_line(4, "empty-read").passed and check.one_wrong_line(5, "invented").passed
    assert check.exchanged(11, "deadlock").passed and not check.exchanged(11, "duplicated").passed


# --- choose the size -------------------------------------------------------------------------------------


@pytest.mark.slow
@each(of_kind(Size))
def test_the_right_size_passes_a_real_run(task: Size) -> None:
    assert handed_in(task, task.answered()).state == PASSED
    assert handed_in(task, task.answered(5), 5).state == PASSED


@pytest.mark.slow
def test_a_size_is_told_to_be_too_small_or_too_large_by_what_was_measured() -> None:
    right = check.fits.right(None)  # type: ignore[attr-defined]
    assert (check.fits(right - 1).fault, check.fits(right + 1).fault) == ("too small", "too large")
    small, large = check.burst(10), check.burst(1000)
    assert small.fault == "too small" and "the producer slept" in small.reason
    assert large.fault == "too large" and "never more than" in large.reason


def test_exercises_load_neither_jupyter_nor_numpy() -> None:
    program = "import sys, shmlab; str(shmlab.check); shmlab.check.vanish('P0 P1 P0 P1'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "shmlab.course.exercises.puzzle" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {"IPython", "ipykernel", "ipywidgets", "bqplot", "numpy"}
