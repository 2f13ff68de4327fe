"""Where the time of a test run goes, by kind, as a table for CONTRIBUTING.md.

    python -m tests.durations before=old.xml after=first.xml,second.xml

Each column is one run: its name, and the files that pytest wrote with `--junitxml` (`make test` calls pytest twice).
A kind's seconds are the sum of its tests' own; the last row is the time on the clock, which processes share.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

KINDS = {  # the first whose beginnings fit
    "browser": ("tests.browser", "tests.views.present"),
    "notebooks, cell by cell (nbval)": ("notebooks",),
    "installed, packaging, site": (
        *("tests.test_installed", "tests.test_packaging"),
        *("tests.test_site", "tests.views.web"),
    ),
    "faults": ("tests.faults",),
    "experiments": ("tests.experiments",),
    "explorer": ("tests.explorer",),
    "fast ring": ("tests.ring",),
    "exercises": ("tests.course.exercises", "tests.notebooks"),
    "the rest": ("",),
}
CLOCK = "on the clock"


def kind(test: str) -> str:
    """The kind of a test, by the name of its module."""
    return next(kind for kind, beginnings in KINDS.items() if test.startswith(beginnings))


def read(files: list[str]) -> tuple[Counter[str], Counter[str]]:
    """How many tests there are of each kind, and how many seconds they took."""
    tests: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for file in files:
        for suite in ElementTree.parse(file).iter("testsuite"):
            seconds[CLOCK] += float(suite.get("time", 0))
            for case in suite.iter("testcase"):
                found = kind(case.get("classname") or case.get("name", ""))
                tests[found] += 1
                seconds[found] += float(case.get("time", 0))
    tests[CLOCK] = tests.total()
    return tests, seconds


def table(columns: dict[str, list[str]]) -> str:
    """The table of these runs, in Markdown."""
    runs = {name: read(files) for name, files in columns.items()}
    heads = [f"{name}: {what}" for name in runs for what in ("tests", "s")]
    lines = ["| kind | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for row in (*KINDS, CLOCK):
        cells = [cell for tests, seconds in runs.values() for cell in (f"{tests[row]:,}", f"{seconds[row]:,.0f}")]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    if not sys.argv[1:] or any("=" not in argument for argument in sys.argv[1:]):
        sys.exit("Give each run as NAME=FILE[,FILE...], with files of `pytest --junitxml`.")
    print(table({name: files.split(",") for name, _, files in (word.partition("=") for word in sys.argv[1:])}))
