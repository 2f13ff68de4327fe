"""Mesa monitors by their definition, the oracle of `condition_variable`: no semaphores, and every choice is tried.

One process is inside at a time, until it waits or leaves. `wait` joins the waiting ones and leaves, in one go; `notify`
picks any of them, who then wants to come in like anybody else. Processes are coroutines of the plain functions that
shmlab explores; all that they do with variables, they do inside.
"""

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

Outcome = tuple[tuple[tuple[str, object], ...], tuple[int, ...]]  # the variables, and who waits for ever


class Monitor:
    """One run. `choose(n)` picks one of n ways on."""

    def __init__(self, variables: dict[str, object], conditions: Sequence[str], choose: Callable[[int], int]) -> None:
        self._choose, self._main, self._names = choose, getcurrent(), list(variables)
        self._waiting: dict[str, list[int]] = {name: [] for name in conditions}  # and not notified
        self._wants: list[int] = []  # to come in
        self._now = -1
        self.buf = SimpleNamespace(**variables, **{name: Condition(self, name) for name in conditions})

    def run(self, processes: Sequence[Callable[[Any], object]]) -> Outcome:
        """All processes to their end, or until nobody can go on."""
        runs = [greenlet(process) for process in processes]
        for self._now, run in enumerate(runs):
            run.switch(self.buf)
        while self._wants:
            self._now = self._wants.pop(self._choose(len(self._wants)))
            runs[self._now].switch()
        ended = tuple((name, getattr(self.buf, name)) for name in self._names)
        left = tuple(p for p, run in enumerate(runs) if not run.dead)
        for p in left:
            runs[p].throw(GreenletExit)
        return ended, left

    def enter(self) -> None:
        self._wants.append(self._now)
        self._main.switch()

    def wait(self, name: str) -> None:
        self._waiting[name].append(self._now)
        self._main.switch()

    def notify(self, name: str, most: int) -> None:
        waiting = self._waiting[name]
        for _ in range(min(most, len(waiting))):
            self._wants.append(waiting.pop(self._choose(len(waiting))))


class Condition:
    """A condition of a `Monitor`. All of them have its one lock."""

    def __init__(self, monitor: Monitor, name: str) -> None:
        self._monitor, self._name = monitor, name

    def __enter__(self) -> None:
        self._monitor.enter()

    def __exit__(self, *_: object) -> None:
        pass  # whoever leaves goes on until it wants to come in again: what it does there touches nobody

    def wait(self) -> None:
        self._monitor.wait(self._name)

    def notify(self, n: int = 1) -> None:
        self._monitor.notify(self._name, n)

    def notify_all(self) -> None:
        self._monitor.notify(self._name, 1000)


class Choices:
    """All ways to choose, one after the other."""

    def __init__(self) -> None:
        self._prefix: list[int] = []
        self._made: list[tuple[int, int]] = []

    def choose(self, ways: int) -> int:
        number = len(self._made)
        way = self._prefix[number] if number < len(self._prefix) else 0
        self._made.append((way, ways))
        return way

    def next(self) -> bool:
        """Go over to the next way; False when all have been tried."""
        while self._made and self._made[-1][0] + 1 == self._made[-1][1]:
            self._made.pop()
        self._prefix = [way for way, _ in self._made]
        self._made = []
        if self._prefix:
            self._prefix[-1] += 1
        return bool(self._prefix)


def outcomes(
    processes: Sequence[Callable[[Any], object]], variables: dict[str, object], conditions: Sequence[str]
) -> Iterator[Outcome]:
    """How the processes end, for every way to choose."""
    choices = Choices()
    yield Monitor(variables, conditions, choices.choose).run(processes)
    while choices.next():
        yield Monitor(variables, conditions, choices.choose).run(processes)
