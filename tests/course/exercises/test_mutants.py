"""No wrong answer passes: every solution is damaged in many ways, and each damage has to be seen.

A line is deleted, or stands there twice, two are exchanged, a block is unwrapped, its last line moved out of it, a word
is replaced. What passes all the same stands in EQUAL, because it is as right as the original.
"""

from collections.abc import Iterator

import pytest

from shmlab.course.exercises import check, program_text
from shmlab.course.exercises.code import Code
from shmlab.memory.errors import ShmlabError

CODES = [task for task in check.tasks.values() if isinstance(task, Code)]
WORDS = (
    ("acquire", "release"),
    ("release", "acquire"),
    ("== 1", "== 2"),
    ("== 0", "== 1"),
    ("> 0", ">= 0"),
    ("while", "if"),
    ("+ 1", "+ 2"),
    ("+= 1", "+= 2"),
    ("-= 1", "-= 2"),
    ("buf.full", "buf.empty"),
    ("buf.empty", "buf.full"),
    ("buf.gate", "buf.second_gate"),
    ("getting", "putting"),
    ("buf.out", "buf.in_"),
    ("buf.in_", "buf.out"),
    ("range(2)", "range(1)"),
    ("mutex", "full"),
    ("used", "full"),
)
EQUAL = {
    "semaphores": {  # the producer alone uses in_, the consumer alone out
        "4 exchanged with the next",
        "11 exchanged with the next",
    },
    "monitor": {  # all inside mutex, and nobody looks in between
        "9 exchanged with the next",
        "12 exchanged with the next",
        "25 exchanged with the next",
        "28 exchanged with the next",
    },
    "batches": {"7 deleted", "18 deleted"},  # the release moves into the loop before: one by one, as right
}


def depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """(what was done, the damaged text)."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        code = line.partition("#")[0]
        if not code.strip() or code.startswith("def"):
            continue
        here, rest = number + 1, lines[number + 1 :]
        yield f"{here} deleted", "\n".join(lines[:number] + rest)
        if any(word in code for word in (".acquire()", ".release()", "+ 1", "+= 1", "-= 1", "append")):  # not so twice
            yield f"{here} twice", "\n".join([*lines[:number], line, line, *rest])
        if depth(line) > 4 and (not rest or depth(rest[0]) < depth(line)):
            yield f"{here} moved out", "\n".join([*lines[:number], line[4:], *rest])
        if code.strip().endswith(":"):
            inside = next((n for n, after in enumerate(rest) if after.strip() and depth(after) <= depth(line)), None)
            body = [after[4:] for after in rest[:inside]]
            yield f"{here} unwrapped", "\n".join(lines[:number] + body + (rest[inside:] if inside is not None else []))
        elif rest and rest[0].strip() and depth(rest[0]) == depth(line) and not rest[0].strip().endswith(":"):
            yield f"{here} exchanged with the next", "\n".join([*lines[:number], rest[0], line, *rest[1:]])
        for old, new in WORDS:
            if old in code:
                yield f"{here}: {old} is {new}", "\n".join([*lines[:number], code.replace(old, new), *rest])


def passes(task: Code, text: str) -> bool:
    """Whether a text passes all interleavings; what is no Python does not."""
    try:
        found = program_text.compiled(text + "\n")
        functions = tuple(program_text.function(found[name], name, arguments) for name, arguments in task.signatures)
        return all(case.judged(functions) is None for case in task.cases)
    except (SyntaxError, ShmlabError):
        return False


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [pytest.param(task, marks=pytest.mark.long if task.name == "monitor" else (), id=task.name) for task in CODES],
)
def test_every_damage_to_a_solution_is_seen(task: Code) -> None:
    made = dict(mutants(task.answer))
    assert len(made) >= 15
    assert passes(task, task.answer)
    assert {what for what, text in made.items() if passes(task, text)} == EQUAL.get(task.name, set())
