"""What a grader lets a program do: all that answers need, and nothing that leads out of it."""

import re

import pytest

from shmlab.course.exercises import check, program_text
from shmlab.course.exercises.code import Code
from shmlab.course.grading import permitted
from shmlab.explorer.report import question
from tests.course.exercises.answers import text
from tests.course.exercises.test_code import RIGHTS, WRONGS

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
        "def f(buf):\n    import shmlab.course.exercises.judgement as j\n    j.passed = None",
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
        # a name that is bound somewhere is Python's own everywhere else
        "def d(eval):\n    return 0\nx = eval('1')",
        "d = lambda open: 0\nx = open('/tmp/x')",
        "def d():\n    exec = 1\ndef put(buf, item):\n    exec('1')",
        "d = [1 for getattr in []]\nx = getattr(1, '__class__')",
        "from time import sleep as exec",
        "def f(buf):\n    global compile\n    compile = 1",
        "def vars():\n    pass",
        "def f(*type, **dir):\n    pass",
        "x = (object := 1)",
        # an attribute is the same whatever stands in front of it
        "def f(buf):\n    s = buf.slots\n    return s.access",
        "def f(buf):\n    s = '{0.__class__}'\n    return s.format(buf)",
        "def f(buf):\n    return '{0.__class__}'.format(buf)",
        "def f(buf):\n    s = '{a}'\n    return s.format_map({})",
        "def f(buf):\n    buf.mutex.acquire = None",
        "def f(buf):\n    m = buf.mutex\n    del m.release",
        # what stops a program must not be caught by it
        "def f(buf):\n    try:\n        buf.in_ = 1\n    except:\n        pass",
        "def f(buf):\n    try:\n        buf.in_ = 1\n    except BaseException:\n        pass",
        "def f(buf):\n    try:\n        buf.in_ = 1\n    finally:\n        return 1",
        "def f(buf):\n    while True:\n        try:\n            buf.in_ = 1\n        finally:\n            continue",
    ],
)
def test_what_leads_out_of_a_program_is_named(program: str) -> None:
    assert permitted.objection(permitted.plain(program))


@pytest.mark.parametrize(
    "program",
    [
        "def f(buf):\n    next = (buf.in_ + 1) % buf.capacity\n    return next",
        "def f(buf):\n    id, hash = 1, 2\n    return id + hash",
        "def _next(buf):\n    return buf.in_ + 1",
        "def f(buf):\n    try:\n        buf.slots[buf.in_] = 1\n    except IndexError:\n        pass",
        "def f(buf):\n    try:\n        buf.in_ += 1\n    finally:\n        buf.mutex.release()",
    ],
)
def test_what_an_honest_protocol_says_is_not_objected_to(program: str) -> None:
    assert permitted.objection(permitted.plain(program)) == ""


def test_every_shared_variable_of_a_coding_task_is_known() -> None:
    tasks = [task for task in check.tasks.values() if isinstance(task, Code)]
    told = {name for task in tasks for name in re.findall(r"buf\.(\w+)", task.question + task.answer)}
    assert told - permitted.METHODS == permitted.SHARED - permitted.METHODS
    assert told <= permitted.SHARED


def test_a_program_finds_only_the_permitted_builtins() -> None:
    for name in ("exec", "getattr", "open", "Semaphore"):
        with pytest.raises(NameError):
            program_text.compiled(f"x = {name}", permitted.names())
    with pytest.raises(ImportError):
        program_text.compiled("import os", permitted.names())
    sleeps = "from time import sleep\nsleep(0)\ndef f(buf):\n    pass"
    assert program_text.compiled(sleeps, permitted.names()).keys() == {"f"}


def test_the_explorer_gives_a_program_no_builtins_that_it_did_not_have() -> None:
    program = "def f(buf):\n    return {}(1, 'real')\n"
    given = program_text.compiled(program.format("getattr"), permitted.names())["f"]
    verdict = question.of([given], shared={"x": 0}).verdict()
    assert verdict.fault == "exception" and "getattr" in verdict.reason
    assert question.of([program_text.compiled(program.format("getattr"))["f"]], shared={"x": 0}).verdict().ok
    verdict = question.of([program_text.compiled(program.format("max"), {})["f"]], shared={"x": 0}).verdict()
    assert verdict.fault == "exception"


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
