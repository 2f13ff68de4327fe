"""Brute force, the oracle of the search: every interleaving is run by itself, on coroutines of the plain functions.

It shares nothing with the explorer but `buf`: no marked copies, no automata, no merging of states.
"""

from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from shmlab.explorer.model.build import Program
from shmlab.explorer.program import model_buf
from shmlab.explorer.program.automaton import TAKEN
from shmlab.explorer.program.cells import View
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, ENTER, LEAVE, LOAD, RELEASE, STORE, atomically


class Machine:
    """One run of a program, step by step."""

    def __init__(self, program: Program) -> None:
        self.program, self.size = program, len(program.processes)
        self.runs: list[Any] = []

    def start(self) -> None:
        """From the beginning. Runs that were given up unwind first; their gates are shut meanwhile."""
        main = getcurrent()

        def dead(*_: object) -> None:
            raise GreenletExit

        for run in self.runs:
            self.access: Callable[..., object] = dead
            for _ in range(20):
                if run.dead:
                    break
                try:
                    run.throw(GreenletExit)
                except Exception:
                    continue
        memory = self.program.memory
        self.cells = list(memory.initial)
        self.failed = False
        self.access = lambda kind, at, argument: main.switch((kind, at, argument))
        buf = model_buf.bind(memory, lambda *step: self.access(*step), lambda _: None)
        self.results: list[object] = [None] * self.size
        self.runs = [greenlet(self._body(function)) for function, _ in self.program.processes]
        self.pending: list[Any] = [None] * self.size
        for p, (_, arguments) in enumerate(self.program.processes):
            given = [_ignore if argument is TAKEN else argument for argument in arguments]
            self._note(p, self.runs[p].switch(buf, *given))

    def _body(self, function: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object) -> object:
            try:
                return function(*arguments)
            except Exception:
                self.failed = True
                return None

        return run

    def _note(self, p: int, said: object) -> None:
        if self.runs[p].dead:
            self.pending[p], self.results[p] = None, said
        else:
            self.pending[p] = said

    def able(self) -> list[int]:
        steps = enumerate(self.pending)
        return [p for p, step in steps if step is not None and (step[0] != ACQUIRE or self.cells[step[1]])]

    def step(self, p: int) -> None:
        kind, at, argument = self.pending[p]
        held: Any = self.cells[at]
        value = None
        if kind == LOAD:
            value = held
        elif kind == STORE:
            self.cells[at] = argument
        elif kind == ATOMIC:
            self.cells[at], value = atomically(argument, held)
        elif kind in (ACQUIRE, LEAVE):
            self.cells[at] = held - 1
        elif kind in (RELEASE, ENTER):
            self.cells[at] = held + 1
            self.failed = self.failed or (kind == ENTER and bool(held))
        self._note(p, self.runs[p].switch(value))

    def wrong(self) -> bool:
        """Whether the run, which is over, was wrong."""
        if self.failed or any(step is not None for step in self.pending):
            return True
        program = self.program
        if program.judge and program.judge.all([self.results[c] for c in program.consumers]):  # type: ignore[misc]
            return True
        answer = program.final(View(program.memory, self.cells), self.results) if program.final else None
        return isinstance(answer, str) or not (answer is None or answer)


def _ignore(item: object) -> None:
    pass


Ends = set[tuple[tuple[object, ...], str]]


def interleavings(program: Program, most: int = 1_000_000) -> tuple[int, int, Ends] | None:
    """(all, failing, memories and results at right ends) by running each; None if there are more than `most`."""
    machine = Machine(program)
    every = failing = 0
    ends: Ends = set()
    prefix: list[int] = []
    while True:
        machine.start()
        trace: list[tuple[int, list[int]]] = []
        while not machine.failed and (able := machine.able()):
            p = prefix[len(trace)] if len(trace) < len(prefix) else able[0]
            trace.append((p, able))
            machine.step(p)
        every += 1
        if machine.wrong():
            failing += 1
        else:
            ends.add((tuple(machine.cells), repr(machine.results)))
        while trace:
            p, able = trace.pop()
            later = [q for q in able if q > p]
            if later:
                prefix = [q for q, _ in trace] + later[:1]
                break
        else:
            machine.start()
            return every, failing, ends
        if every >= most:
            return None
