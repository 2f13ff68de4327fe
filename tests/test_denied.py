"""What works on a system that refuses calls which shmlab could once not do without."""

import os
import subprocess
import sys

import pytest

from tests.clone import ROOT

PROBE = """
import os
try:
    os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR)
except OSError as error:
    print(error.strerror)
"""
WORK = """
import os
from shmlab import Lab, Ring
from shmlab.lab import create
from shmlab.experiments.exhibits.lifecycle import Lifecycle
os.chdir("/")
with Lab(producers=2, consumers=2, produce_rate=None, consume_rate=None) as lab:
    assert lab.kill("P0", holding="mutex", timeout=20)
    report = lab.run(200)
assert report.finished and not report.lost and not report.duplicated, report
with Ring.create(slots=4, item=8) as ring:
    ring.put(bytes(8))
    assert ring.get() == bytes(8)
with Lifecycle() as life:
    life.create("A")
    life.attach("B")
print([entry for entry in os.listdir("/dev/shm") if lab.snapshot().name in entry or ring.name in entry])
"""


def denied(names: str, code: str) -> str:
    command = [sys.executable, "-m", "tests.denied", names, "--", sys.executable, "-c", code]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter knows the numbers of x86-64")
def test_labs_rings_and_lessons_are_made_where_files_without_a_name_are_refused() -> None:
    assert denied("tmpfile", PROBE) == "Operation not supported\n"
    assert denied("tmpfile", WORK) == "[]\n"
