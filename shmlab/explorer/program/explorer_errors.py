"""Errors for what cannot be explored, each with the line and what to write instead.

They are not verdicts: they mean that the explorer cannot answer the question. A fault of the program itself
(a lost item, a deadlock, an exception of its own) is a `Verdict`, never one of these errors.
"""

from shmlab.memory.errors import ShmlabError


class ExplorerError(ShmlabError):
    """The base class of all errors that prevent a program from being explored or replayed."""


class UnknownVariable(ExplorerError, AttributeError):
    """A use of a shared variable that does not exist."""


class ValueRefused(ExplorerError, TypeError):
    """An attempt to store something other than a 64-bit integer or None in a shared cell."""


class NotDeterministic(ExplorerError):
    """A function that, having read the same values, behaved differently the second time."""


class EndlessLoop(ExplorerError):
    """A loop without any shared access that never ends, so that no other process can affect it."""


class OutOfTime(ExplorerError):
    """The time limit of the search has been reached. The search stops, and its verdict says so."""


class CannotFollow(ExplorerError):
    """Code that the explorer cannot follow: a generator, a coroutine, a function without source."""


class NoText(CannotFollow):
    """A function whose source cannot be read: it is explored without markers where that is possible."""


class ReplayFailed(ExplorerError):
    """A schedule that cannot be replayed: no such process, a process that blocks, a real process that deviates."""
