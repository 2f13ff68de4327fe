"""Code that students hand in: every wrong answer gets its own fault, every right one passes, in whatever style."""

import pytest

from shmlab.course.exercises import check, program_text
from shmlab.course.exercises.code import Code
from shmlab.course.exercises.judgement import NOT_YET, PASSED, WRONG, Judgement
from tests.course.exercises import answers, more_answers

WRONGS = {**answers.WRONG, **more_answers.WRONG}
RIGHTS = {**answers.RIGHT, **more_answers.RIGHT}
CODES = [task for task in check.tasks.values() if isinstance(task, Code)]


def handed_in(task: str, text: str) -> Judgement:
    functions = program_text.compiled(text.strip() + "\n")
    code = getattr(check, task)
    return code(*[functions[name] for name in code.parts])  # type: ignore[no-any-return]


def test_every_coding_task_is_tried_with_wrong_and_right_answers() -> None:
    assert {task.name for task in CODES} == WRONGS.keys() == RIGHTS.keys()
    assert min(map(len, WRONGS.values())) >= 6
    assert min(map(len, RIGHTS.values())) >= 3


@pytest.mark.parametrize("task", WRONGS)
def test_wrong_answers_get_faults_of_their_own(task: str) -> None:
    """Not all the same: a student who mends one fault is told of the next."""
    assert len({(wrong.fault, wrong.says) for wrong in WRONGS[task]}) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "wrong"),
    [pytest.param(task, wrong, id=f"{task}: {wrong.thought}") for task, many in WRONGS.items() for wrong in many],
)
def test_a_wrong_answer_is_told_its_fault(task: str, wrong: answers.Wrong) -> None:
    said = handed_in(task, answers.text(task, wrong))
    assert said.state == WRONG
    assert said.fault == wrong.fault, said
    assert wrong.says in said.reason
    if said.evidence:
        assert said.step == len(said.verdict.actors) and (said.schedule or said.loop or said.step == 0)
        assert str(said.step) in str(said.show())
    assert not check.progress().startswith("1 of")


@pytest.mark.slow
@pytest.mark.parametrize("style", range(3))
@pytest.mark.parametrize("task", RIGHTS)
def test_a_right_answer_passes_in_any_style(task: str, style: int) -> None:
    said = handed_in(task, RIGHTS[task][style])
    assert said.state == PASSED, said
    assert check.progress().startswith("1 of")


@pytest.mark.slow
@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_the_solution_passes(code: Code) -> None:
    said = handed_in(code.name, code.answer)
    assert said.state == PASSED, said
    assert code.answer in code.solution()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_what_was_given_counts_as_nothing_tried(code: Code) -> None:
    for nothing in (code.starter, code.starter.replace("pass", "...")):
        assert handed_in(code.name, nothing).state == NOT_YET
    assert code(*[None] * len(code.parts)).state == NOT_YET
    assert code(*[None] * len(code.parts)).fault == ""


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_what_is_no_function_is_told_in_a_sentence(code: Code) -> None:
    said = code(*[42] * len(code.parts))
    assert said.state == WRONG and "must be a function" in said.reason
    assert "hand in your answer as" in code(1, 2, 3, 4, 5).reason
