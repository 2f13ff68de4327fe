"""A machine of its own for small programs that may wait for ever: the oracle where brute force would never end.

It shares nothing with the explorer. It does not run the functions: it compiles their text into instructions for a
machine with a stack, whose state lies open. Two of its states are the same when everything in them is the same.
"""

import ast
import operator
from typing import Any

from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, LOAD, RELEASE, STORE, atomically
from tests.explorer.instructions import Text

Frame = tuple[str, int, tuple[object, ...], tuple[object, ...]]  # function, instruction, locals, stack
Process = tuple[Frame, ...]
State = tuple[tuple[Any, ...], tuple[Process, ...]]  # memory, processes


class Machine:
    """All functions of a program, and one step of it."""

    def __init__(self, text: str, memory: Memory) -> None:
        """`text`: that of all processes, with their functions and methods, each under a name of its own."""
        definitions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        self.memory = memory
        self.texts = {node.name: Text(node, memory) for node in definitions if node.name != "__init__"}

    def start(self, processes: list[tuple[str, tuple[object, ...]]]) -> State:
        """The first state of processes (name of a function, arguments after buf)."""
        begun = [(self.frame(name, (None, *arguments)),) for name, arguments in processes]
        return tuple(self.memory.initial), tuple(self.on(process) for process in begun)

    def frame(self, name: str, arguments: tuple[object, ...]) -> Frame:
        text = self.texts[name]
        return (name, 0, arguments + (None,) * (len(text.names) - len(arguments)), ())

    def pending(self, process: Process) -> tuple[int, int, object] | None:
        """The access that comes next: kind, address, argument. None at the end."""
        name, at, _, stack = process[-1]
        if name == "end":
            return None
        kind, address, count, what = self.texts[name].code[at][1]
        if what == "element":
            index: Any = stack[-1]
            return (kind, address + index, _whole(stack[-2]) if kind == STORE else None)
        if kind == ATOMIC:
            given = [_whole(value) for value in stack[len(stack) - count :]]
            return (kind, address, (what, *given, *[None] * (2 - count)))
        return (kind, address, _whole(stack[-1]) if kind == STORE else None)

    def step(self, state: State, p: int) -> State | None:
        """The state after a step of process p; None where it cannot take one."""
        cells, processes = state
        process = processes[p]
        pending = self.pending(process)
        if pending is None or (pending[0] == ACQUIRE and not cells[pending[1]]):
            return None
        kind, address, argument = pending
        held, value = cells[address], None
        after = held
        if kind == LOAD:
            value = held
        elif kind == STORE:
            after = argument
        elif kind == ATOMIC:
            after, value = atomically(argument, held)  # type: ignore[arg-type]
        else:
            after = held + (1 if kind == RELEASE else -1)
        name, at, names, stack = process[-1]
        _, _, count, what = self.texts[name].code[at][1]
        used = count + (what == "element")
        frame = (name, at + 1, names, (*stack[: len(stack) - used], value))
        memory = (*cells[:address], after, *cells[address + 1 :])
        return memory, (*processes[:p], self.on((*process[:-1], frame)), *processes[p + 1 :])

    def on(self, process: Process) -> Process:
        """On to the next access, or to the end: then the last frame holds the result."""
        *callers, (name, at, names, stack) = process
        while True:
            operation, argument = self.texts[name].code[at]
            at += 1
            if operation == "access":
                return (*callers, (name, at - 1, names, stack))
            if operation == "const":
                stack = (*stack, argument)
            elif operation == "get":
                stack = (*stack, names[argument])
            elif operation == "jump":
                at = argument
            elif operation == "call":
                called, count = argument
                callers.append((name, at, names, stack[: len(stack) - count]))
                name, at, names, stack = self.frame(called, stack[len(stack) - count :])
            elif operation == "tuple":
                stack = (*stack[: len(stack) - argument], stack[len(stack) - argument :])
            elif operation == "two":
                stack = (*stack[:-2], argument(*stack[-2:]))
            else:  # the rest takes the top of the stack
                *rest, top = stack
                stack = tuple(rest)
                if operation == "put":
                    names = (*names[:argument], top, *names[argument + 1 :])
                elif operation == "not":
                    stack = (*stack, not top)
                elif operation == "unless":
                    at = at if top else argument
                elif operation.endswith("or keep"):
                    if bool(top) == operation.startswith("if"):
                        stack, at = (*stack, top), argument
                elif operation == "return":
                    if not callers:
                        return (("end", 0, (), (top,)),)
                    name, at, names, stack = callers.pop()
                    stack = (*stack, top)


def _whole(value: Any) -> object:
    return None if value is None else operator.index(value)


class Graph:
    """All states of a machine that can be reached from `start`, and the steps between them."""

    def __init__(self, machine: Machine, start: State, most: int) -> None:
        self.machine, self.states = machine, [start]
        self.steps: list[dict[int, int]] = []  # by state: process -> state after
        numbers = {start: 0}
        for state in self.states:  # grows while it is walked
            self.steps.append({})
            for p in range(len(start[1])):
                after = machine.step(state, p)
                if after is not None:
                    self.steps[-1][p] = numbers.setdefault(after, len(self.states))
                    if numbers[after] == len(self.states):
                        self.states.append(after)
            if len(self.states) > most:
                raise OverflowError

    def unfinished(self, number: int) -> bool:
        """Whether some process has not ended in a state."""
        return any(process[-1][0] != "end" for process in self.states[number][1])

    def waits(self) -> bool:
        """Whether there are infinitely many ways through: some way comes back to where it was."""
        incoming = [0] * len(self.states)
        for steps in self.steps:
            for after in steps.values():
                incoming[after] += 1
        ready = [number for number, count in enumerate(incoming) if count == 0]
        for number in ready:  # grows while it is walked
            for after in self.steps[number].values():
                incoming[after] -= 1
                if incoming[after] == 0:
                    ready.append(after)
        return len(ready) < len(self.states)

    def deadlock(self) -> bool:
        """Whether somewhere nobody can go on though not all have ended."""
        return any(not steps and self.unfinished(number) for number, steps in enumerate(self.steps))

    def stuck(self) -> bool:
        """Whether somewhere a process that has not ended can never take a step any more, though others may."""
        before: list[list[int]] = [[] for _ in self.states]
        for number, steps in enumerate(self.steps):
            for after in steps.values():
                before[after].append(number)
        for p in range(len(self.states[0][1])):
            ended = {n for n, state in enumerate(self.states) if state[1][p][-1][0] == "end"}
            good = ended | {n for n, steps in enumerate(self.steps) if p in steps}
            work = list(good)
            while work:
                for earlier in before[work.pop()]:
                    if earlier not in good:
                        good.add(earlier)
                        work.append(earlier)
            if len(good) < len(self.states):
                return True
        return False

    def livelock(self) -> bool:
        """Whether a weakly fair scheduler can keep somebody from ending for ever.

        The greatest set of states from which, for each process in turn, some way inside the set leads to a state
        where that process takes a step inside the set, or cannot take one. Source: Emerson and Lei (1986).
        """
        stay = {number for number in range(len(self.states)) if self.unfinished(number)}
        before: list[list[int]] = [[] for _ in self.states]
        for number, steps in enumerate(self.steps):
            for after in steps.values():
                before[after].append(number)
        while True:
            was = len(stay)
            for p in range(len(self.states[0][1])):
                good = {n for n in stay if p not in self.steps[n] or self.steps[n][p] in stay}
                work = list(good)
                while work:
                    for earlier in before[work.pop()]:
                        if earlier in stay and earlier not in good:
                            good.add(earlier)
                            work.append(earlier)
                stay = {n for n in stay if any(after in good for after in self.steps[n].values())}
            if len(stay) == was:
                return bool(stay)
