"""docs/performance.md, and the figures in docs/deploy.md, from what the benchmarks leave in docs/figures.

python -m benchmarks.write_page        # after `python -m benchmarks.core`, `.ipc`, `.view` and `.students`
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks import core, ipc, students, view

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"
DEPLOY = ROOT / "docs/deploy.md"
BETWEEN = re.compile(r"(<!-- begin: [^\n]*-->\n).*?(\n<!-- end -->)", re.DOTALL)  # what this writes into that page
HEAD = """# How fast it is

Written by `python -m benchmarks.write_page` from the figures in [figures](figures), which `make bench` measures
anew. They are figures of the machine named beside them, everything on that one machine, and change from run to run:
run them on yours.
"""
VIEW = """
## The view

A real Chromium on a real JupyterLab. *Painted* counts paints after which a new picture is on the screen; *segment to
screen* is the time from the moment before the kernel reads the segment until that paint, which waits for the
screen's next refresh; *in the page* ends when the page has the frame. `python -m benchmarks.view` measures it.
"""
CORE = """
## The core

Median, least and most of so many repetitions. `python -m benchmarks.core` measures it.
"""

IPC = """
## From process to process

How many times as fast this package brings items from process to process as the best of the others it is measured
against, in the same run. *Frames* are 1 MiB that the producer fills and the consumer adds up; against a pipe or a queue
the producer's copy counts, too. `python -m benchmarks.ipc` measures it; `shmlab compare` does so in less than a minute,
with fewer rounds.
"""


def core_table(figures: dict[str, Any]) -> str:
    """The figures of the core as a table."""
    lines = [
        f"{figures['machine']}; {figures['kernel']}; Python {figures['python']}; load before: {figures['load']}.",
        "",
        "| what | median | least | most | repetitions | asked |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for f in figures["figures"]:
        values = [f"{value:,.4g} {f['unit']}" for value in (f["median"], f["least"], f["most"])]
        lines.append(f"| {f['what']} | {' | '.join(values)} | {f['times']} | {f['promised']} |")
    return "\n".join(lines)


def deployed(page: str, figures: dict[str, Any]) -> str:
    """The page on deployment with these figures in it."""
    return BETWEEN.sub(lambda found: f"{found[1]}{students.table(figures)}{found[2]}", page)


def main() -> None:
    """Write the page."""
    seen = json.loads(view.FIGURES.read_text())
    counted = json.loads(core.FIGURES.read_text())
    moved = json.loads(ipc.FIGURES.read_text())
    parts = (HEAD, VIEW.strip(), "", view.table(seen), CORE, core_table(counted), IPC, ipc.table(moved), "")
    PAGE.write_text("\n".join(parts))
    print(PAGE.relative_to(ROOT))
    DEPLOY.write_text(deployed(DEPLOY.read_text(), json.loads(students.FIGURES.read_text())))
    print(DEPLOY.relative_to(ROOT))


if __name__ == "__main__":
    main()
