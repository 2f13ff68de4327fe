"""A schedule as a table: as text, and in a notebook as HTML."""


from shmlab.explorer.model.model import Step
from shmlab.explorer.model.system import System
from shmlab.explorer.report import folding
from shmlab.explorer.report.sheet import LOOP, STALE, Sheet, sheet
from shmlab.explorer.report.sheet_html import page
from shmlab.memory.text_table import aligned

MARK = " (!)"
Row = list[str]


class ScheduleTable(str):
    """Text that a notebook displays without quotes, or as HTML where it can."""

    html: str

    def __new__(cls, text: str, html: str) -> "ScheduleTable":
        made = super().__new__(cls, text)
        made.html = html
        return made

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(str(self))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        return self.html


def table(
    heading: str,
    system: System | None = None,
    steps: list[Step] | None = None,
    loop_at: int | None = None,
    around: bool = False,
    cause: int | None = None,
) -> ScheduleTable:
    """Return a heading and a table of steps. `around` folds what is far from the step `cause`; see `folding`.

    loop_at: the step at which an infinite loop begins. cause: None for the last step.
    """
    if system is None or not steps:
        return ScheduleTable(heading, page(heading))
    made = sheet(system, steps, loop_at)
    if around and loop_at is None:
        made = folding.folded(made, system, steps, len(steps) - 1 if cause is None else cause)
    return ScheduleTable(f"{heading}\n\n{text(made)}", page(heading, made))


def text(made: Sheet) -> str:
    """Return a sheet as text; an asterisk marks what a step has changed."""
    body: list[Row] = [["step", *made.processes, *made.columns, "source"]]
    body.append(["", *[""] * len(made.processes), *made.first, ""])
    for number, line in made.numbered():
        cells = line.cells(len(made.processes))
        cells[line.process] += MARK if line.stale else ""
        values = [value + "*" * changed for value, changed in zip(line.values, line.changed, strict=True)]
        body.append([number, *cells, *values, f"{line.at:4}  {line.source}" if line.at else ""])
    lines = aligned(body)
    if made.loop_at is not None and made.loop_at < len(made.lines):
        lines.insert(2 + made.loop_at, f"      ---- {LOOP} ----")
    if any(line.stale for line in made.lines):
        lines.append(f"{MARK.strip()} {STALE}")
    return "\n".join(lines)
