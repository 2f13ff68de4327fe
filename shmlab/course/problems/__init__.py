"""Synchronisation problems by name: the question, a right program, wrong ones that students write, what to watch.

    problem = shmlab.problems.barbershop
    problem.right.explore()                              # its verdict
    problem.wrong[0].explore().show()                    # why that one fails
    shmlab.labs.stepper(problem.wrong[0].explore())      # the same, step by step

Each is a file in `programs` that defines its processes (functions over `buf`) and PROBLEM. To add one, copy a file and
add its name.
"""

import difflib
import importlib

from shmlab.course.problems.problem import Problem, Variant
from shmlab.memory.errors import ArgumentError

__all__ = ["Problem", "Variant", "find", "names"]

names = (
    "rendezvous",
    "mutex",
    "multiplex",
    "barrier",
    "reusable_barrier",
    "endless_buffer",
    "readers_writers",
    "no_starve_mutex",
    "dining_philosophers",
    "cigarette_smokers",
    "dining_savages",
    "barbershop",
    "fifo_barbershop",
    "santa_claus",
    "building_water",
    "river_crossing",
    "search_insert_delete",
    "one_bathroom",
    "child_care",
    "extended_child_care",
    "modus_hall",
    "dining_hall",
    "sushi_bar",
    "faneuil_hall",
)


def find(name: object) -> Problem:
    """Return the problem with that name, one of `names`. Raises ArgumentError, which suggests the nearest one."""
    if not isinstance(name, str) or name not in names:
        close = difflib.get_close_matches(str(name), names, 1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise ArgumentError(f"there is no problem {name!r}.{meant} Problems: {', '.join(names)}.")
    found: Problem = importlib.import_module(f"{__name__}.programs.{name}").PROBLEM
    return found


def __getattr__(name: str) -> Problem:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return find(name)
    except ArgumentError as error:
        raise AttributeError(str(error)) from None
