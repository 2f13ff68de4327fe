"""The definition of a problem: a question, a right program for it, and wrong ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shmlab.explorer.explore import explore
from shmlab.explorer.report.verdict import Verdict

Process = Callable[..., object] | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One program for a problem.

    name: what is special about it. processes: each a function over `buf`, or (function, argument, ...). asked: the
    other arguments of `shmlab.explore`: the shared variables and what has to hold. fault: the word for what is wrong
    with it, None if nothing is. why: the mistake, in a sentence.
    """

    name: str
    processes: tuple[Process, ...]
    asked: Mapping[str, Any]
    fault: str | None = None
    why: str = ""

    def explore(self, **more: Any) -> Verdict:
        """Return the verdict on all interleavings. `more`: arguments of `shmlab.explore` that override its own."""
        return explore(list(self.processes), **{**self.asked, **more})


@dataclass(frozen=True, slots=True)
class Problem:
    """A synchronisation problem.

    title: its name. source: who posed it, and where. text: the question. right: a program that solves it.
    wrong: programs that do not. watch: what to look at in the stepper.
    """

    title: str
    source: str
    text: str
    right: Variant
    wrong: tuple[Variant, ...]
    watch: str


def right(name: str, processes: Sequence[Process], **asked: Any) -> Variant:
    """Return a program that solves the problem."""
    return Variant(name, tuple(processes), asked)


def wrong(name: str, fault: str, why: str, processes: Sequence[Process], **asked: Any) -> Variant:
    """Return a program that does not solve the problem."""
    return Variant(name, tuple(processes), asked, fault, why)
