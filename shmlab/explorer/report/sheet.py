"""A schedule as a sheet: a row for each step, a column for each process, the memory after the step, the source line.

`table` writes a sheet as text, `page` as HTML.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shmlab.explorer.model.model import Step
from shmlab.explorer.model.system import System
from shmlab.explorer.program import cells as kinds
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.operations import Value
from shmlab.memory import condition_variable

NOTHING = "·"
LOOP = "from here on, for ever"
STALE = "stores what was made of an old value: another process has changed it since"


@dataclass(frozen=True, slots=True)
class Line:
    """One step: what `process` did, the columns' `values` after it and which of them have `changed`.

    `stale`: it stores a value computed from a stale read (lost update). `at` is the source line's number, 0 if none.
    If a line stands for several steps (see `folding`), `steps` is how many, and `folded` what each process did.
    """

    process: int
    did: str
    stale: bool
    values: list[str]
    changed: list[bool]
    at: int
    source: str
    steps: int = 1
    folded: Mapping[int, str] = field(default_factory=dict)

    def cells(self, processes: int) -> list[str]:
        """Return the text in the column of each process."""
        did = self.folded or {self.process: self.did}
        return [did.get(process, "") for process in range(processes)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`processes` and `columns` are headings, `first` the values before the first line; from line number `loop_at`
    on, the steps repeat for ever (None: they do not). `tones` are the processes' colours: see `tones`."""

    processes: list[str]
    tones: list[int]
    columns: list[str]
    first: list[str]
    lines: list[Line]
    loop_at: int | None = None

    def numbered(self) -> Iterator[tuple[str, Line]]:
        """Yield each line with the numbers of its steps: `7`, or `1-6` if it stands for six."""
        last = 0
        for line in self.lines:
            first, last = last + 1, last + line.steps
            yield (str(last) if line.steps == 1 else f"{first}-{last}"), line


def sheet(system: System, steps: list[Step], loop_at: int | None = None) -> Sheet:
    """Return the sheet of these steps, which start from the initial state."""
    memory = system.memory
    first = tuple(memory.initial)
    columns = _columns(memory, steps)
    lines = []
    before = _values(memory, columns, first)
    initial = before
    for step in steps:
        values = _values(memory, columns, step.memory)
        changed = [value != was for value, was in zip(values, before, strict=True)]
        process = step.actor % system.size
        lines.append(Line(process, str(step), step.stale, values, changed, step.line, step.source))
        before = values
    return Sheet(system.names[: system.size], tones(system), columns, initial, lines, loop_at)


def tones(system: System) -> list[int]:
    """Return a colour for each process: 0 for producers and 1 for consumers; without such roles, alternately."""
    return [int(p in system.consumers) if system.consumers else p % 2 for p in range(system.size)]


def _columns(memory: Memory, steps: list[Step]) -> list[str]:
    """Return the names of the columns: variables or whole arrays; sections and conditions only if they are used."""
    used = {step.variable for step in steps}
    hidden = {name for name, at in memory.addresses.items() if memory.kind(at) == kinds.SECTION}
    hidden |= {part for name, lock in memory.conditions.items() for part in condition_variable.parts(name, lock)}
    return [name for name in memory.addresses if name in used or name not in hidden]


def _values(memory: Memory, columns: list[str], cells: tuple[Value, ...]) -> list[str]:
    out = []
    for name in columns:
        at = memory.addresses[name]
        if name == "slots":
            out.append(" ".join(_value(value) for value in cells[at:]))
        elif name in memory.lengths:
            out.append(" ".join(_value(value) for value in cells[at : at + memory.lengths[name]]))
        else:
            out.append(_value(cells[at]))
    return out


def _value(value: Value) -> str:
    return NOTHING if value is None else str(value)
