"""What cannot be explored, each with the line and what to write instead.

These are no verdicts: they say that the question was not one the explorer can answer. A fault of the
program itself (a lost item, a deadlock, an exception of its own) is a `Verdict`, never one of these.
"""

from shmlab.memory.errors import ShmlabError


class ExplorerError(ShmlabError):
    """The base of everything that keeps a program from being explored or replayed."""


class UnknownVariable(ExplorerError, AttributeError):
    """The program uses a shared variable that does not exist."""


class ValueRefused(ExplorerError, TypeError):
    """A shared cell holds a whole number of 64 bits or None, and was given something else."""


class NotDeterministic(ExplorerError):
    """The same function, having read the same values, did something else the second time."""


class EndlessLoop(ExplorerError):
    """A process runs on and on without any shared access, so no other process could ever matter to it."""


class OutOfTime(ExplorerError):
    """The search has taken as long as it may. It ends the search, and its verdict says so."""


class CannotFollow(ExplorerError):
    """Code that the explorer cannot follow: a generator, a coroutine, a function without source."""


class NoText(CannotFollow):
    """A function whose source cannot be read: it is explored without marks where that will do."""


class ReplayFailed(ExplorerError):
    """A schedule that cannot be played: no such process, a process that blocks, a real process that did otherwise."""
