"""A schedule as a table of text: a row for each step, a column for each process, and the memory after the step."""

from collections.abc import Iterable

from shmlab.explorer import memory as kinds
from shmlab.explorer.memory import Memory
from shmlab.explorer.model import DRAIN, Model, Step
from shmlab.explorer.operations import Value
from shmlab.explorer.verdict import Verdict

NOTHING = "·"
LOOP = "from here on, for ever"
STALE = " (!)"
Row = list[str]


class Table(str):
    """Text that a notebook shows as it is, not between quotes."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(str(self))  # type: ignore[attr-defined]


def table(verdict: Verdict, schedule: str | Iterable[int] | None = None) -> Table:
    """The verdict's summary, and its schedule, or another one, step by step."""
    if schedule is None:
        if verdict.fault is None:
            return Table(verdict.summary)
        actors, loop_at, model = verdict.actors + verdict.loop_actors, len(verdict.actors), Model(verdict.system)
        heading = verdict.summary
    else:
        model = verdict.model(schedule)
        actors, loop_at = [step.actor for step in model.steps], len(model.steps)
        heading = model.fault.reason if model.fault else "so far nothing is wrong"
        model.reset()
    first = model.cells()
    steps = model.run(actors).steps
    return Table(f"{heading}\n\n{rows(verdict, steps, first, loop_at)}")


def rows(verdict: Verdict, steps: list[Step], first: tuple[Value, ...], loop_at: int) -> str:
    """The table itself."""
    memory, processes = verdict.system.memory, verdict.processes
    columns = _columns(memory, steps)
    body: list[Row] = [["step", *processes, *columns, "source"]]
    body.append(["", *[""] * len(processes), *_values(memory, columns, first), ""])
    before = first
    for number, step in enumerate(steps, 1):
        cells = ["" for _ in processes]
        cells[step.actor % len(processes)] = describe(step) + (STALE if step.stale else "")
        old, new = _values(memory, columns, before), _values(memory, columns, step.memory)
        changed = [value + "*" if value != was else value for value, was in zip(new, old, strict=True)]
        source = f"{step.line:4}  {step.source}" if step.line else ""
        body.append([str(number), *cells, *changed, source])
        before = step.memory
    widths = [max(len(row[i]) for row in body) for i in range(len(body[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in body]
    if verdict.loop_actors and loop_at < len(steps):
        lines.insert(2 + loop_at, f"      ---- {LOOP} ----")
    if any(step.stale for step in steps):
        lines.append(f"{STALE.strip()} stores what was made of an old value: another process has changed it since")
    return "\n".join(lines)


def describe(step: Step) -> str:
    """A step in a few words: `count → 2`, `count = 3`, `acquire mutex`."""
    if step.operation == "load":
        return f"{step.variable} → {step.value}"
    if step.operation == "store":
        return f"{step.variable} = {step.value}"
    if step.operation == DRAIN:
        return f"{step.variable} = {step.after} drains"
    if step.operation == "atomic":
        return f"atomic {step.variable}: {step.before} → {step.after}"
    return f"{step.operation} {step.variable}"


def _columns(memory: Memory, steps: list[Step]) -> list[str]:
    """The names of the columns: a variable or a whole array each, a critical section only where it is used."""
    used = {step.variable for step in steps}
    found = []
    for name, at in memory.addresses.items():
        if memory.kind(at) == kinds.SECTION and name not in used:
            continue
        found.append(name)
    return found


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
