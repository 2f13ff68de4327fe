"""How many system calls two processes make: to set up shared memory, to use it, and to use a pipe instead.

Both run under strace, which records each system call as it happens; between reading an order and writing the answer
there are only those that the order needed. If strace is not installed or not allowed, the kernel's own counters in
/proc/PID/io count the calls that read or write, and no others.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shmlab.experiments.exhibits.child import Child
from shmlab.experiments.exhibits.lifecycle import claimed, release
from shmlab.experiments.exhibits.pair import NAMES, PAGE
from shmlab.memory.errors import ShmlabError
from shmlab.memory.waiting import until
from shmlab.processes.scratch_folder import Scratch

STORES, MESSAGES = 1_000_000, 1_000
CALL = re.compile(r"(\w+)\(")
ORDER, ANSWER = 'read(0, "[', 'write(1, "{'
SETTLE = 1.0  # seconds for a process to sleep again
MISSING = "strace is not installed (sudo apt install strace)"
FORBIDDEN = "strace is not allowed here"
INSTEAD = "counted are only the calls that read or write, by /proc/PID/io; those that set memory up are not among them"
NO_COUNTERS = "the kernel counts nothing in /proc/PID/io either"

Counted = Callable[[str, str], dict[str, int] | None]  # the calls of a process for the order just done


@dataclass(frozen=True, slots=True)
class Act:
    """An action of A and B, and the system calls it took: name -> how often, the most frequent first.

    None for a process whose calls could not be counted.
    """

    what: str
    calls: dict[str, dict[str, int] | None]

    def total(self) -> int | None:
        """Return the calls of both processes together; None if they could not be counted."""
        counts = list(self.calls.values())
        return None if None in counts else sum(sum(count.values()) for count in counts if count)

    def __str__(self) -> str:
        total = self.total()
        return f"{self.what}: {'not counted' if total is None else f'{total:,}'}"


@dataclass(frozen=True, slots=True)
class Tally:
    """The system calls counted. `reason` is empty, or says why strace did not count them."""

    acts: tuple[Act, ...]
    reason: str

    def total(self, what: str) -> int | None:
        """Return the system calls of the action of that name; None if they could not be counted. Raises KeyError."""
        return {act.what: act.total() for act in self.acts}[what]

    def __str__(self) -> str:
        return " | ".join(map(str, self.acts)) + (f" | {self.reason}" if self.reason else "")


def count_calls() -> Tally:
    """Let two processes create, attach, use and detach a segment, and send messages; count their system calls."""
    strace = shutil.which("strace")
    if strace is None:
        return _with_counters(MISSING)
    with Scratch() as directory:
        files = {name: f"{directory}/{name}" for name in NAMES}
        try:
            children = _started({name: (strace, "-o", files[name], "-e", "signal=none") for name in NAMES})
        except ShmlabError:
            return _with_counters(FORBIDDEN)
        try:
            return Tally(tuple(_acts(children, lambda name, _: traced(files[name]), directory)), "")
        finally:
            _end(children)


def _with_counters(reason: str) -> Tally:
    children = _started({name: () for name in NAMES})
    before = {name: io_calls(child.pid) for name, child in children.items()}

    def counted(name: str, verb: str) -> dict[str, int] | None:
        old = before[name]
        before[name] = now = _settled(children[name].pid)
        if verb not in ("stores", "loads", "send", "receive") or old is None or now is None:
            return None
        return {key: now[key] - old[key] - 1 for key in ("read", "write") if now[key] - old[key] > 1}  # order, answer

    try:
        with Scratch() as directory:
            instead = NO_COUNTERS if None in before.values() else INSTEAD
            return Tally(tuple(_acts(children, counted, directory)), f"{reason}; {instead}")
    finally:
        _end(children)


def _started(before: dict[str, tuple[str, ...]]) -> dict[str, Child]:
    children: dict[str, Child] = {}
    try:
        for name, program in before.items():
            children[name] = Child(name, program)
        for child in children.values():
            child.begin()
    except BaseException:
        _end(children)
        raise
    return children


def _end(children: dict[str, Child]) -> None:
    for child in children.values():
        child.end()


def _acts(children: dict[str, Child], counted: Counted, directory: str) -> Iterator[Act]:
    """Perform all actions; yield each with its calls."""
    pipe = f"{directory}/pipe"
    os.mkfifo(pipe, 0o600)
    claim = claimed()
    segment = claim.name

    def act(what: str, *orders: tuple[object, ...]) -> Act:
        calls: dict[str, dict[str, int] | None] = {}
        for name, verb, *arguments in orders:
            children[str(name)].ask(str(verb), *arguments)
            calls[str(name)] = counted(str(name), str(verb))
        return Act(what, calls)

    try:
        yield act("create", ("A", "create", f"/{segment}", PAGE, 0o600))
        yield act("attach", ("B", "attach", f"/{segment}", False))
        yield act(f"{STORES:,} stores and loads", ("A", "stores", STORES), ("B", "loads", STORES))
        yield act("open a pipe", ("B", "open_pipe", pipe, False), ("A", "open_pipe", pipe, True))
        yield act(f"{MESSAGES:,} messages through it", ("A", "send", MESSAGES), ("B", "receive", MESSAGES))
        yield act("detach", ("A", "detach"), ("B", "detach"))
        yield act("unlink", ("A", "unlink", f"/{segment}"))
    finally:
        release(claim)


def traced(path: str) -> dict[str, int]:
    """Return the system calls of the last order in an strace output file."""
    with open(path) as file:
        lines = file.read().splitlines()
    first = max((number for number, line in enumerate(lines) if line.startswith(ORDER)), default=len(lines))
    names: Counter[str] = Counter()
    for line in lines[first + 1 :]:
        if line.startswith(ANSWER):
            break
        if match := CALL.match(line):
            names[match[1]] += 1
    return dict(names.most_common())


def io_calls(pid: int) -> dict[str, int] | None:
    """Return how often a process has called read, write and their variants; None if the kernel does not count."""
    try:
        with open(f"/proc/{pid}/io", errors="surrogateescape") as file:
            found = dict(line.split(": ") for line in file.read().splitlines())
        return {"read": int(found["syscr"]), "write": int(found["syscw"])}
    except (OSError, KeyError, ValueError):
        return None


def _settled(pid: int) -> dict[str, int] | None:
    """Return the counters once the process sleeps: a call is counted when it returns."""
    until(lambda: _sleeps(pid), SETTLE)
    return io_calls(pid)


def _sleeps(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", errors="surrogateescape") as file:
        return file.read().rpartition(") ")[2].startswith("S")
