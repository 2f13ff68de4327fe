"""What a student hands in to a check, recorded as data: values, schedules, and the text of functions.

The grader runs a notebook with `$SHMLAB_HANDED_IN` set. Each check then appends a line of JSON to that file before it
judges. A line is an *answer*, never a verdict: `judging` judges it again in a process that has not run the notebook. So
it does no harm that the student's code can write to the file, too.
"""

import ast
import contextlib
import inspect
import json
import operator
import os
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from shmlab.explorer.program.codes import mentioned

VARIABLE = "SHMLAB_HANDED_IN"
DEEPEST = 20  # maximum nesting of lists
DEEPEST_DATA = 2 * DEEPEST + 4  # levels of a whole line: a set is written as a list in a dict
LONGEST = 64 << 10  # maximum characters of one answer
FUNCTION, SET = "function", "set"


def keep(task: str, answers: tuple[object, ...], seed: int | None, more: Mapping[str, object]) -> None:
    """Append an answer to the grader's file; do nothing if there is no grader, or if the answer cannot be written."""
    place = os.environ.get(VARIABLE)
    if place:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            _append(Path(place), task, answers, seed, more)


def _append(place: Path, task: str, answers: tuple[object, ...], seed: int | None, more: Mapping[str, object]) -> None:
    line = {
        "task": task,
        "seed": seed,
        "answers": [as_data(answer) for answer in answers],
        "more": {name: as_data(value) for name, value in more.items()},
        "program": program([answer for answer in answers if isinstance(answer, FunctionType)]),
    }
    text = json.dumps(line)
    with place.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def as_data(answer: object, depth: int = 0) -> object:
    """Return an answer as JSON data. Anything but a number, text, list, set, schedule or function becomes its repr."""
    if answer is None or isinstance(answer, (bool, int, float, str)):
        return answer
    stepping = getattr(answer, "stepping", None)
    if stepping is not None:
        return list(stepping.taken)  # the schedule that was found in a stepper
    if isinstance(answer, (list, tuple)) and depth < DEEPEST:
        return [as_data(part, depth + 1) for part in answer]
    if isinstance(answer, (set, frozenset)) and depth < DEEPEST:
        return {SET: [as_data(part, depth + 1) for part in answer]}
    if isinstance(answer, FunctionType):
        return {FUNCTION: answer.__name__}
    try:
        return operator.index(answer)  # type: ignore[arg-type]  # an integer type of another library
    except TypeError:
        return repr(answer)[:LONGEST]


def restored(data: object, functions: Mapping[str, FunctionType]) -> object:
    """Return the answer that `as_data` has written; `functions` are those of its program."""
    if isinstance(data, list):
        return [restored(part, functions) for part in data]
    if isinstance(data, dict):
        if FUNCTION in data:
            return functions.get(str(data[FUNCTION]))
        return frozenset(restored(part, functions) for part in _hashable(data.get(SET, [])))
    return data


def _hashable(parts: object) -> list[Any]:
    return [tuple(part) if isinstance(part, list) else part for part in parts] if isinstance(parts, list) else []


def program(functions: list[FunctionType]) -> str:
    """Return the text that defines these functions, with those they call, and the plain values and modules they use."""
    texts: dict[str, str] = {}
    given: dict[str, str] = {}
    waiting = list(functions)
    while waiting:
        function = waiting.pop()
        if function.__name__ in texts:
            continue
        try:
            texts[function.__name__] = textwrap.dedent(inspect.getsource(function)).strip()
        except (OSError, TypeError):
            continue  # without its text it cannot be judged
        for name in mentioned(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, FunctionType) and value.__module__ == function.__module__:
                waiting.append(value)
            elif value is time:
                given[name] = f"import time as {name}" if name != "time" else "import time"
            elif value is time.sleep:
                given[name] = "from time import sleep" + (f" as {name}" if name != "sleep" else "")
            elif name in function.__globals__ and _is_plain(value):
                given[name] = f"{name} = {value!r}"
    return "\n\n\n".join([*given.values(), *texts.values()]) + "\n"


def _is_plain(value: object) -> bool:
    """Return whether a value's repr is its Python source."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
