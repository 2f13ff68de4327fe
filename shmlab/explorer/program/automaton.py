"""A process as a deterministic automaton: what it does next depends only on what it has read.

A node is a point where the process is about to make an access (or has ended); for each value that the access
may return, an edge leads on. The automaton grows on demand: the marked copy of the function is run again
with the values read so far, up to the first access beyond them. Runs that are at the same point with the
same local state share a node.
"""

import copy
import re
import sys
from collections.abc import Callable, Hashable
from types import FunctionType, TracebackType

from shmlab.explorer.program import interrupts, items, model_buf
from shmlab.explorer.program.call_stack import CallStack, Known, Note, Suspend, program_frame
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.explorer_errors import ExplorerError, NotDeterministic
from shmlab.explorer.program.freezing import OpaqueValue, SharedHandle, freeze
from shmlab.explorer.program.operations import CHOOSE, DONE, NAMES, NOWHERE, RAISED
from shmlab.explorer.program.outside import UNKNOWN

Operation = tuple[int, int, object]  # kind, address, argument
NOT_ITS_OWN = ("shmlab.explorer.", "_sitebuiltins")  # modules: the explorer's, and that of exit()
NEVER = object()  # the result of a process that has not ended
UNCHANGING = (int, str, type(None), bool, float, bytes, FunctionType, SharedHandle)


class Raised:
    """How a process ended by an exception: its type, its message, the line, and the function of that line.

    Formatted in an f-string it includes a hint; as `str` it is what a real process reports, too.
    """

    __slots__ = ("function", "hint", "line", "message", "type")

    def __init__(self, error: BaseException, hint: str = "") -> None:
        self.type, self.message, self.hint = type(error).__name__, str(error), hint
        self.line, self.function = _last_line(error.__traceback__)

    def __str__(self) -> str:
        said = f": {self.message}" if self.message else ""
        return f"{self.type}{said} (line {self.line} of {self.function})"

    def __format__(self, _: str) -> str:
        return str(self) + self.hint


class Node:
    """One local state. `kind` is that of the next access, DONE or RAISED.

    `taken` is what a consumer's get has returned so far, `result` what the function returned or raised. If a node can
    be reached with different items (see `items.taker`), `taken` is from one path to it; `gives` holds for all.
    `finished` is how many of its calls of put or get a producer or a consumer has completed.
    """

    __slots__ = (
        "address",
        "argument",
        "filename",
        "finished",
        "function",
        "gives",
        "history",
        "kind",
        "known",
        "line",
        "merged",
        "number",
        "operations",
        "result",
        "successors",
        "taken",
    )

    def __init__(self, history: tuple[Hashable, ...], operations: tuple[Operation, ...]) -> None:
        self.history, self.operations = history, operations
        self.successors: dict[Hashable, int] = {}
        self.gives: dict[Hashable, tuple[object, ...]] = {}  # by value read: what get returns on the way to the next
        self.number = self.kind = self.address = -1
        self.argument: object = None
        self.line, self.function, self.filename = 0, "", ""
        self.taken: tuple[object, ...] = ()
        self.result: object = NEVER
        self.merged, self.finished = False, 0
        self.known: Known = (0, frozenset())  # the marks on the way here: see CallStack.known

    def quiet(self, before: "Node") -> bool:
        """Return whether the step from `before` needs no judging: no item taken, nothing raised."""
        return self.kind != RAISED and len(self.taken) == len(before.taken)


class Automaton:
    """A process that calls `function(buf, *arguments)`.

    `merge=False` never lets two runs share a node (each is identified by its whole history): slow, and the oracle
    for testing the merging. `recorder` is shared by all processes of a system.
    Raises CannotFollow, NotDeterministic, EndlessLoop, UnknownVariable, ValueRefused.
    """

    def __init__(
        self,
        function: Callable[..., object],
        arguments: tuple[object, ...],
        memory: Memory,
        recorder: CallStack,
        merge: bool = True,
        me: tuple[int, str] = (0, ""),
    ) -> None:
        self._recorder = recorder
        self._function = recorder.copies.of(function)
        self._arguments = tuple(self._argument(argument) for argument in arguments)
        given = [f.__name__ for f in arguments if isinstance(f, FunctionType)]
        self._called = given[0] if given and function.__module__ == items.__name__ else function.__name__
        self._me = me if recorder.outside.tells_apart else None
        self._fixed = all(isinstance(a, UNCHANGING) for a in self._arguments)
        self._buf = model_buf.bind(memory, self._access, recorder.refuse)
        self._memory, self._merge = memory, merge
        self._numbers: dict[Hashable, int] = {}
        self.foreseen: dict[int, tuple[object, ...]] = {}  # by node: the items got next (see `foreseen`)
        self.nodes: list[Node] = []
        self._node = Node((), ())
        self._position = 0
        self._state: Hashable = None
        self.root = self._run((), (), (0, frozenset()))

    def _argument(self, argument: object) -> object:
        if isinstance(argument, FunctionType) and self._recorder.outside.model(argument) is UNKNOWN:
            return self._recorder.copies.of(argument)
        if argument is TAKEN:
            return Note(self._recorder)
        return self._recorder.copies.instead(argument, "an argument")

    @property
    def untouched(self) -> bool:
        """Return whether the process ends without a single access to shared memory."""
        return self.nodes[self.root].kind == DONE

    def step(self, number: int, value: Hashable) -> int:
        """Return the node after node `number`, whose access returned `value`."""
        node = self.nodes[number]
        after = node.successors.get(value)
        if after is None:
            history = (*node.history, value)
            after = self._run(history, (*node.operations, (node.kind, node.address, node.argument)), node.known)
            node.successors[value] = after
            if len(self._recorder.taken) > len(node.taken):
                node.gives[value] = tuple(self._recorder.taken[len(node.taken) :])
        return after

    def endless(self) -> bool:
        """Return whether the automaton, as far as it has been built, has a cycle."""
        depth = dict.fromkeys(range(len(self.nodes)), 0)
        for node in self.nodes:
            for after in node.successors.values():
                depth[after] += 1
        ready = [number for number, count in depth.items() if count == 0]
        for number in ready:
            for after in self.nodes[number].successors.values():
                depth[after] -= 1
                if depth[after] == 0:
                    ready.append(after)
        return len(ready) < len(self.nodes)

    def _run(self, history: tuple[Hashable, ...], operations: tuple[Operation, ...], known: Known) -> int:
        """Run from the beginning with these values read; return the number of the node reached."""
        node = self._node = Node(history, operations)
        self._position, self._state = 0, None
        recorder = self._recorder
        recorder.takes = self._takes
        with recorder.run(known, self._me, first=not history):
            self._start(node)
        interrupts.check()
        if recorder.refused:
            raise recorder.refused
        if changed := recorder.copies.changed():
            raise NotDeterministic(
                f"{self._called} is not deterministic: it changes {changed}, which outlives the call. "
                f"Processes share nothing but buf: use a local variable, or {in_buf(changed)}."
            )
        if node.kind < 0 or self._position < len(history):
            raise self._otherwise("ended")
        node.taken, node.finished = tuple(recorder.taken), recorder.finished
        return self._numbered(node)

    def _start(self, node: Node) -> None:
        arguments = self._arguments if self._fixed else copy.deepcopy(self._arguments)
        try:
            result = self._function(self._buf, *arguments)
        except (Suspend, ExplorerError):
            raise
        except BaseException as error:  # sys.exit too: it ends this process, not the explorer
            if isinstance(error, KeyboardInterrupt) and not interrupts.waits():
                raise  # from the keyboard
            if node.kind < 0:
                raised = node.result = Raised(error, self._hint(error))
                node.kind, node.line, node.function = RAISED, raised.line, raised.function
                self._state = ("raised", str(raised))
            return
        if node.kind < 0:
            node.kind, node.result = DONE, result
            try:
                self._state = ("done", freeze(result))
            except OpaqueValue:
                self._state = None

    def _hint(self, error: BaseException) -> str:
        """Return what was probably meant by a name that does not exist."""
        if isinstance(error, NameError) and error.name in self._memory.known():
            return f": write buf.{error.name}"
        if isinstance(error, TypeError) and "'bool' object does not support the context manager" in str(error):
            return ": write `with buf.mutex:` without .acquire()"
        return ""

    def _numbered(self, node: Node) -> int:
        """Return the number of the node with the same local state, new or existing."""
        node.merged = self._merge and self._state is not None
        argument = node.argument if node.kind < DONE else None
        key = (node.kind, node.address, argument, self._state) if node.merged else (node.history,)
        number = self._numbers.get(key)
        if number is None:
            number = node.number = self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
        return number

    def _access(self, kind: int, address: int, argument: object) -> object:
        """Handle an access that `buf` makes: return a known value; the first unknown one ends the run."""
        node, position = self._node, self._position
        history = node.history
        if position < len(history):
            if node.operations[position] != (kind, address, argument):
                self._recorder.refused = self._recorder.refused or self._otherwise(
                    f"did {NAMES[kind]} {self._memory.name(address)}"
                )
                raise Suspend
            value = history[position]
            self._position = position + 1
            self._recorder.read(value)
            return value
        if node.kind < 0:
            frame = model_buf.caller(sys._getframe(1)) if kind != CHOOSE else program_frame(sys._getframe(1))
            assert frame
            node.kind, node.address, node.argument = kind, address, argument
            node.line, node.function, node.filename = frame.f_lineno, frame.f_code.co_name, frame.f_code.co_filename
            self._state = self._recorder.state()
            node.known = self._recorder.known()
            self._recorder.over = True
        raise Suspend

    def _takes(self, left: tuple[str, ...]) -> bool:
        """Return whether the first of these alternatives is taken, at a choice that the program leaves open."""
        return bool(self._access(CHOOSE, NOWHERE, left))

    def _otherwise(self, what: str) -> NotDeterministic:
        position = min(self._position, len(self._node.operations) - 1)
        kind, address, _ = self._node.operations[position]
        return NotDeterministic(
            f"{self._called} is not deterministic: run twice with the same values read, it first did "
            f"{NAMES[kind]} {self._memory.name(address)} and then {what}. Leave out random numbers, the time, and "
            "anything that outlives the call, such as globals or a default list."
        )


class _Taken:
    """A placeholder, as an argument of a process, for a function that records what get has returned."""

    def __reduce__(self) -> str:
        return "TAKEN"  # a singleton, even after pickling to another process


TAKEN = _Taken()


def in_buf(what: str) -> str:
    """Return what to write instead of something that outlives a call: `buf.total, with shared=dict(total=0)`."""
    name = re.findall(r"`(\w+)`", what) or re.findall(r"\.(\w+)$", what) or ["total"]
    return f"buf.{name[0].lower()}, with shared=dict({name[0].lower()}=0)"


def _last_line(trace: TracebackType | None) -> tuple[int, str]:
    """Return the last line of the program's own source in a traceback."""
    line, function = 0, ""
    while trace:
        if not trace.tb_frame.f_globals.get("__name__", "").startswith(NOT_ITS_OWN):
            line, function = trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    return line, function
