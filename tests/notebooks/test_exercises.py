"""The exercises that a notebook leaves open: what stands there fails as an invitation, a right answer is accepted."""

import contextlib
import io
import linecache
import warnings

import pytest

from tests.notebooks.test_notebooks import ROOT, code

Change = tuple[str, str]

SEAT = "    if buf.seats > 0:\n        buf.seats -= 1\n        return True\n"
LOCKED = "    with buf.mutex:\n        if buf.seats > 0:\n            buf.seats -= 1\n            return True\n"
HALF = "    if buf.seats > 0:\n        with buf.mutex:\n            buf.seats -= 1\n        return True\n"
LEFT, RIGHT = "    buf.left_here = 1\n    # your two lines\n", "    buf.right_here = 1\n    # your two lines\n"
LEFT_CAME, RIGHT_CAME = "    buf.left_came.release()\n", "    buf.right_came.release()\n"
LEFT_WAITS, RIGHT_WAITS = "    buf.right_came.acquire()\n", "    buf.left_came.acquire()\n"
DRAW, WAIT, CALL = "mine = 0  # draw a number", "    # wait until it is called\n", "    # call the next one\n"
DRAWN: Change = (DRAW, "mine = buf.ticket.fetch_add(1)")
WAITED: Change = (WAIT, "    while buf.now.load() != mine:\n        pass\n")
CALLED: Change = (CALL, "    buf.now.store(mine + 1)\n")
FENCE, TURN = "    buf.fence.swap(0)", "    buf.turn = other\n"


def printed(notebook: str, *cells: str, changes: tuple[Change, ...] = ()) -> str:
    """What these cells of a notebook print, after some of their text was changed."""
    found = {cell.id: cell.source for cell in code(ROOT / "notebooks" / f"{notebook}.ipynb")}
    text = "\n".join(found[name] for name in ("imports", *cells))
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    place, output = f"<exercise of {notebook}>", io.StringIO()
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)  # explore reads the source
    with contextlib.redirect_stdout(output), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # bqplot's own, while it is imported
        exec(compile(text, place, "exec"), {"__name__": "__main__"})
    return output.getvalue()


@pytest.mark.parametrize(
    ("notebook", "function"),
    [("06_races", "book"), ("07_semaphores", "left"), ("08_without_semaphores", "ticket_lock")],
)
def test_an_open_exercise_fails_with_a_sentence_and_says_what_to_do(notebook: str, function: str) -> None:
    said = printed(notebook, "exercise", "exercise-run").splitlines()
    assert said[0].startswith("FAILS: ") and "final" not in said[0]
    assert said[-1].startswith(f"Not yet solved: change `{function}`")


@pytest.mark.parametrize(
    ("notebook", "changes"),
    [
        ("06_races", ((SEAT, LOCKED),)),
        ("07_semaphores", ((LEFT, LEFT + LEFT_CAME + LEFT_WAITS), (RIGHT, RIGHT + RIGHT_CAME + RIGHT_WAITS))),
        ("07_semaphores", ((LEFT, LEFT + LEFT_WAITS + LEFT_CAME), (RIGHT, RIGHT + RIGHT_CAME + RIGHT_WAITS))),
        ("08_without_semaphores", (DRAWN, WAITED, CALLED)),
    ],
)
def test_a_right_answer_is_accepted(notebook: str, changes: tuple[Change, ...]) -> None:
    said = printed(notebook, "exercise", "exercise-run", changes=changes)
    assert said.startswith("OK: ") and said.endswith("\nSolved.\n")


@pytest.mark.parametrize(
    ("notebook", "changes", "fault"),
    [
        ("06_races", ((SEAT, HALF),), "2 processes were given the one seat"),
        (
            "07_semaphores",
            ((LEFT, LEFT + LEFT_WAITS + LEFT_CAME), (RIGHT, RIGHT + RIGHT_WAITS + RIGHT_CAME)),
            "deadlock",
        ),
        ("07_semaphores", ((LEFT, LEFT + LEFT_CAME), (RIGHT, RIGHT + RIGHT_WAITS)), "one of them went on before"),
        ("08_without_semaphores", (DRAWN, CALLED), "enters the critical section"),
        ("08_without_semaphores", (DRAWN, WAITED), "can go on for ever"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(notebook: str, changes: tuple[Change, ...], fault: str) -> None:
    said = printed(notebook, "exercise", "exercise-run", changes=changes)
    assert said.startswith("FAILS: ") and fault in said.splitlines()[0]
    assert "Not yet solved" in said


def test_the_fence_of_08_helps_only_after_both_stores() -> None:
    cells = ("peterson", "predict-tso", "tso", "fence", "fence-explore")
    assert "\nOK: " in printed("08_without_semaphores", *cells)
    moved = ((TURN + FENCE, f"{FENCE}\n{TURN}".rstrip()),)
    assert printed("08_without_semaphores", *cells, changes=moved).splitlines()[-2].startswith("FAILS: ")
