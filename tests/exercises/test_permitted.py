"""What a grader lets a program do: all that answers need, and nothing that leads out of it."""

import pytest

from shmlab.exercises import check, permitted
from shmlab.exercises.code import Code
from tests.exercises.answers import text
from tests.exercises.test_code import RIGHTS, WRONGS

ANSWERS = [
    *[task.answer for task in check.tasks.values() if isinstance(task, Code)],
    *[answer for answers in RIGHTS.values() for answer in answers],
    *[text(task, wrong) for task, wrongs in WRONGS.items() for wrong in wrongs],
]


def test_nothing_is_objected_to_in_any_answer_known() -> None:
    assert len(ANSWERS) > 100
    for answer in ANSWERS:
        assert permitted.objection(permitted.plain(answer)) == "", answer


@pytest.mark.parametrize(
    "program",
    [
        "import os",
        "from os import system",
        "from time import sleep, time",
        "def f(buf):\n    import shmlab.exercises.judgement as j\n    j.passed = None",
        "import time\nclock = time",
        "def f(buf):\n    return buf.__class__.__subclasses__()",
        "def f(buf):\n    return f.__globals__",
        "def f(buf):\n    return buf._engine",
        "def f(buf):\n    return buf.slots.access",
        "def f(buf):\n    g = (i for i in [1])\n    return g.gi_frame",
        "def f(buf):\n    frame = buf\n    return frame.f_back.f_globals",
        "def f(buf):\n    yield buf",
        "async def f(buf):\n    pass",
        "def f(buf):\n    try:\n        buf.x\n    except Exception as error:\n        return error",
        "def f(buf):\n    match buf:\n        case object(real=x):\n            return x",
        "x = getattr(1, 'real')",
        "x = eval('1')",
        "x = type('A', (), {})",
        "open('/tmp/x', 'w')",
        "class Buf:\n    pass",
        "@print\ndef f(buf):\n    pass",
        "global __builtins__",
        "__builtins__ = 3",
        "def f(__import__):\n    pass",
        "Semaphore.acquire = None",
        "x = f'{open}'",
        "breakpoint()",
    ],
)
def test_what_leads_out_of_a_program_is_named(program: str) -> None:
    assert permitted.objection(permitted.plain(program))


def test_annotations_and_the_module_time_are_taken_away() -> None:
    program = (
        "import time as t\n\n\ndef put(buf: Any, item: int) -> None:\n    pause: float = 0.1\n    t.sleep(pause)\n"
    )
    plain = permitted.plain(program)
    assert permitted.objection(plain) == ""
    assert "t.sleep" not in plain and "Any" not in plain and "float" not in plain and "sleep(pause)" in plain


def test_a_module_is_nothing_that_a_program_can_change() -> None:
    plain = permitted.plain("import time\ntime.sleep = print\n")
    assert "time." not in plain and plain.splitlines()[-1] == "sleep = print"  # a name of the program's own
