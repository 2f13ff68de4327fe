"""docs/performance.md, written from the figures that the benchmarks leave in docs/figures.

    python -m benchmarks.write_page        # after `python -m benchmarks.core` and `python -m benchmarks.view`
"""

import json
from pathlib import Path
from typing import Any

from benchmarks import core, view

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"
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


def main() -> None:
    """Write the page."""
    seen = json.loads(view.FIGURES.read_text())
    counted = json.loads(core.FIGURES.read_text())
    PAGE.write_text("\n".join((HEAD, VIEW.strip(), "", view.table(seen), CORE, core_table(counted), "")))
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
