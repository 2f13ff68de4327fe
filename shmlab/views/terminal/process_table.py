"""The process table: a line for each, with its state, its actual and requested rate, and what it waits for."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from shmlab.observe.snapshot import Worker
from shmlab.views import format, signs

TONES = {"calm": "", "busy": "green", "inside": "bold magenta", "waits": "yellow", "stopped": "bold red", "dead": "red"}
MARK = "▸"
LEAST = {"does": 26, "items/s": 7, "asked": 7, "items": 9, "blocked": 7, "CPU": 5}  # minimum widths: nothing jumps
LEFT = ("", "process", "does", "holds")


def table(workers: Sequence[Worker], marked: str | None, height: int, roomy: bool) -> Table:
    """Return a line for each worker, at most `height` with the heading, in full if `roomy`; `marked` is selected."""
    made = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("", "process", "pid", "does", "items/s", "asked", "items", *(("blocked", "CPU", "holds") * roomy)):
        made.add_column(name, justify="left" if name in LEFT else "right", no_wrap=True, min_width=LEAST.get(name))
    shown = list(workers[: height - 1])
    hidden = len(workers) - len(shown)
    if hidden:
        shown, hidden = shown[:-1], hidden + 1
    for worker in shown:
        made.add_row(*_cells(worker, worker.name == marked, roomy))
    if hidden:
        made.add_row("", "", "", Text(f"… {hidden} more", style="dim"))
    return made


def _cells(worker: Worker, marked: bool, roomy: bool) -> list[str | Text]:
    shape, tone = signs.sign(worker.state)
    does = worker.state + (f": {worker.error}" if worker.error else "")
    if worker.holds and not roomy and "critical" not in does:
        does += f", holds {worker.holds}"
    cells: list[str | Text] = [
        MARK if marked else "",
        Text.assemble((worker.name, "bold"), f" {worker.role}"),
        str(worker.pid),
        Text(f"{shape} {does}", style=TONES[tone]),
        format.rate(worker.achieved),
        format.asked(worker.rate),
        f"{worker.items:,}",
    ]
    if roomy:
        cells += [format.seconds(worker.blocked), f"{100 * worker.cpu:.0f} %", worker.holds or ""]
    return cells
