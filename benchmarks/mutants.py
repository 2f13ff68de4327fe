"""Break the core on purpose, one line at a time, and see whether the tests notice.

    python -m benchmarks.mutants [NAME...] [--clone FOLDER] [--trust] [--list]

Each mutant replaces one exact piece of a source file in a temporary copy of the clone, and runs the tests that must
catch it. They run in a sandbox with processes and a /dev/shm of its own: a broken clean-up may take what is not ours.
A mutant that *survives* shows a test that is missing. One that *does not match* must be brought up to date: its source
has changed. Named mutants run alone; `--clone` takes the sources and the tests of another clone.

First the tests run on the unchanged copy, since a test that always fails catches nothing. `--trust` leaves that out,
for when they have just passed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.breaks import BREAKS, Break

CLONE = Path(__file__).parent.parent
LEFT_OUT = (".git", ".venv", ".nox", ".*_cache", ".hypothesis", "__pycache__", "build", "dist")
PATIENCE = 400.0  # seconds that the tests of one mutant may take; a mutant that makes them hang is caught, too
SANDBOX = (
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *(() if os.geteuid() == 0 else ("--map-root-user",)),
    *("sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && "$@"; exit $?', "sh"),  # the shell stays: it takes in orphans
)
CAUGHT, SURVIVED, STALE, BROKEN = "caught", "SURVIVED", "DOES NOT MATCH", "NOT RUN"


@dataclass
class Copy:
    """A copy of a clone, in which tests run."""

    root: Path

    def test(self, tests: tuple[str, ...], patience: float = PATIENCE) -> int | None:
        """Run these tests until the first failure; pytest's exit status, None where they took too long."""
        plugins = ("-p", "no:cacheprovider", "-p", "no:nbval", "-p", "no:anyio")
        command = [*SANDBOX, sys.executable, "-m", "pytest", "-q", "-x", *plugins, *tests]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        with (self.root / "said.txt").open("w") as said:
            try:
                run = subprocess.run(
                    command, cwd=self.root, env=environment, stdout=said, stderr=subprocess.STDOUT, timeout=patience
                )
            except subprocess.TimeoutExpired:  # all that runs in the sandbox has ended with it
                return None
        return run.returncode

    def said(self) -> str:
        """What the tests said last."""
        return (self.root / "said.txt").read_text()[-3000:]


def judge(copy: Copy, mutant: Break) -> tuple[str, str]:
    """What became of one mutant, and by which test, or why not."""
    if (times := mutant.times(copy.root)) != 1:
        return STALE, f"its text stands {times} times in {mutant.file}, not once: {mutant.before!r}"
    path = copy.root / mutant.file
    text = path.read_text()
    path.write_text(text.replace(mutant.before, mutant.after))
    try:
        status = copy.test(mutant.tests)
    finally:
        path.write_text(text)
    if status is None:
        return CAUGHT, "the tests took too long"
    if status == 1:
        return CAUGHT, next((line for line in copy.said().splitlines() if line.startswith(("FAILED", "ERROR"))), "")
    if status == 0:
        return SURVIVED, f"{' '.join(mutant.tests)} passed in spite of it"
    return BROKEN, f"pytest ended with {status}:\n{copy.said()}"


def main() -> int:
    """The exit status is 0 when every mutant was caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--clone", type=Path, default=CLONE, help="where sources and tests are taken from")
    parser.add_argument("--trust", action="store_true", help="do not try the tests on the unchanged sources first")
    parser.add_argument(
        "--list", action="store_true", help="name the mutants, say which no longer match, and run nothing"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - {mutant.name for mutant in BREAKS}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}; `--list` names all")
    chosen = [mutant for mutant in BREAKS if not options.names or mutant.name in options.names]
    if options.list:
        for mutant in chosen:
            stale = mutant.times(options.clone) != 1
            print(f"{STALE if stale else '':14} {mutant.name}: {mutant.file}, caught by {' '.join(mutant.tests)}")
        return int(any(mutant.times(options.clone) != 1 for mutant in chosen))
    if not shutil.which("unshare") or subprocess.run([*SANDBOX, "true"], capture_output=True).returncode:
        parser.error("mutants need `unshare` (of util-linux) and a machine that allows namespaces of one's own")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the sandbox ends with this program
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="shmlab-mutants-") as folder:
        root = Path(folder) / "clone"
        shutil.copytree(options.clone, root, ignore=shutil.ignore_patterns(*LEFT_OUT))
        copy = Copy(root)
        tests = tuple(dict.fromkeys(test for mutant in chosen for test in mutant.tests))
        if not options.trust and copy.test(tests, PATIENCE * len(tests)) != 0:
            print(f"the tests do not pass on the unchanged sources, so they cannot judge mutants:\n{copy.said()}")
            return 2
        for mutant in chosen:
            began = time.monotonic()
            verdict, why = judge(copy, mutant)
            found[verdict] += 1
            print(f"{verdict:14} {mutant.name} ({time.monotonic() - began:.0f} s) {why}".rstrip(), flush=True)
    print(", ".join(f"{count} {verdict.lower()}" for verdict, count in found.items()))
    return 0 if set(found) == {CAUGHT} else 1


if __name__ == "__main__":
    sys.exit(main())
