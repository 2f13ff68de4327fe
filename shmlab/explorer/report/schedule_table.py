"""A schedule as a table: text, and in a notebook the same as HTML."""

from collections.abc import Iterable

from shmlab.explorer.report import folding
from shmlab.explorer.report.sheet import LOOP, STALE, Sheet, sheet
from shmlab.explorer.report.sheet_html import page
from shmlab.explorer.report.verdict import Verdict

MARK = " (!)"
Row = list[str]


class Table(str):
    """Text that a notebook shows as it is, not between quotes; where it can, as HTML."""

    html: str

    def __new__(cls, text: str, html: str) -> "Table":
        made = super().__new__(cls, text)
        made.html = html
        return made

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(str(self))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        return self.html


def table(verdict: Verdict, schedule: str | Iterable[int] | None = None, around: bool = False) -> Table:
    """The verdict's summary, and its schedule, or another one, step by step; `around`: see `folding`."""
    if schedule is None:
        heading = f"{verdict.summary}\n{verdict.why}".strip()
        steps = verdict.steps if verdict.fault else []
        loop_at = len(verdict.actors) if verdict.loop_actors else None
    else:
        model = verdict.model(schedule)
        heading = model.fault.reason if model.fault else "so far nothing is wrong"
        steps, loop_at = model.steps, None
    if not steps:
        heading += f"\n{verdict.basis}" if schedule is None and verdict.ok else ""
        return Table(heading, page(heading))
    made = sheet(verdict.system, steps, loop_at)
    if around and loop_at is None:
        cause = verdict.cause if schedule is None else None
        made = folding.folded(made, verdict.system, steps, cause.read if cause else len(steps) - 1)
    return Table(f"{heading}\n\n{text(made)}", page(heading, made))


def text(made: Sheet) -> str:
    """A sheet as text; what a step has changed is marked with a star."""
    body: list[Row] = [["step", *made.processes, *made.columns, "source"]]
    body.append(["", *[""] * len(made.processes), *made.first, ""])
    for number, line in made.numbered():
        cells = line.cells(len(made.processes))
        cells[line.process] += MARK if line.stale else ""
        values = [value + "*" * changed for value, changed in zip(line.values, line.changed, strict=True)]
        body.append([number, *cells, *values, f"{line.at:4}  {line.source}" if line.at else ""])
    widths = [max(len(row[i]) for row in body) for i in range(len(body[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in body]
    if made.loop_at is not None and made.loop_at < len(made.lines):
        lines.insert(2 + made.loop_at, f"      ---- {LOOP} ----")
    if any(line.stale for line in made.lines):
        lines.append(f"{MARK.strip()} {STALE}")
    return "\n".join(lines)
