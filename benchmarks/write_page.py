"""docs/performance.md, the figures in docs/deploy.md, and three of the README, from what the benchmarks leave.

python -m benchmarks.write_page        # after `python -m benchmarks.core`, `.ipc`, `.view`, `.students` and `.checkers`
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks import checkers, core, ipc, students, view

ROOT = Path(__file__).resolve().parent.parent
PAGE, README, DEPLOY = ROOT / "docs/performance.md", ROOT / "README.md", ROOT / "docs/deploy.md"
BETWEEN = re.compile(r"(<!-- begin: [^\n]*-->\n).*?(\n<!-- end -->)", re.DOTALL)  # what this writes into those two
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

CHECKERS = """
## The explorer beside other checkers

All get the same programs. The explorer looks at all interleavings and gives the simplest failing schedule. SPIN has
the programs in Promela and stops at the first error; a C compiler has made its checker before, which the times leave
out. frontrun runs the explorer's own functions in threads; it explores their schedules with partial-order reduction
(DPOR) or tries schedules at random, and stops at the first error, too. A `-` means no answer within the limit, *gave
up* that the tool itself says that it has none, as where threads wait in a loop. `python -m benchmarks.checkers`
measures it.
"""

QUOTED = (  # in the README: what, bytes of an item, against whom
    ("batches, packed", 8, "many small items for each call"),
    ("one item for each call", 64, "one small item for each call"),
    ("frames, filled and added up in place", 1 << 20, "frames of 1 MiB, written and read in place"),
)


def quoted(figures: dict[str, Any]) -> str:
    """The three figures, as a sentence for the README."""
    said = []
    for what, size, words in QUOTED:
        against = [r for r in figures["ratios"] if (r["what"], r["size"], r["between"]) == (what, size, [1, 1])]
        first = next((r for r in against if r["peer"] == "multiprocessing.Queue"), against[0])
        best = "" if first["peer"] == "multiprocessing.Queue" else "the fastest other way, "
        said.append(f"- {words}: **{first['median']:.0f} times** as fast as {best}{first['peer']}")
    about = figures["machine"]
    where = f"{about['processor']}, {about['system']}, Python {about['Python']}, {figures['date']}"
    return "\n".join(
        ["From one process to another, by `shmlab.Ring`, in plain Python:", "", *said, "", f"(medians; {where})"]
    )


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


def checkers_table(figures: dict[str, Any]) -> str:
    """The checkers' figures as a table, and where they were measured."""
    where = f"{figures['machine']}; {figures['kernel']}; Python {figures['python']}; {figures['date']}"
    return f"{where}; at most {figures['limit']:g} s for each question.\n\n{checkers.table(figures)}"


def written(page: str, text: str) -> str:
    """A page with this text between its marks."""
    return BETWEEN.sub(lambda found: found[1] + text + found[2], page)


def main() -> None:
    """Write the pages."""
    seen = json.loads(view.FIGURES.read_text())
    counted = json.loads(core.FIGURES.read_text())
    moved = json.loads(ipc.FIGURES.read_text())
    asked = json.loads(checkers.FIGURES.read_text())
    parts = (HEAD, VIEW.strip(), "", view.table(seen), CORE, core_table(counted), IPC, ipc.table(moved))
    parts += (CHECKERS, checkers_table(asked), "")
    PAGE.write_text("\n".join(parts))
    README.write_text(written(README.read_text(), quoted(moved)))
    DEPLOY.write_text(written(DEPLOY.read_text(), students.table(json.loads(students.FIGURES.read_text()))))
    print(*(page.relative_to(ROOT) for page in (PAGE, README, DEPLOY)))


if __name__ == "__main__":
    main()
