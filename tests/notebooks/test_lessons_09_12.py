"""What the exercises of lessons 09 and 12 accept, on real runs; and lesson 12 where there is no compiler."""

import math
import shutil
import subprocess
import zlib

import pytest

from shmlab.experiments.pipeline import tools
from shmlab.experiments.pipeline.pieces import HEADER
from tests.notebooks.test_exercises import printed
from tests.notebooks.test_notebooks import ROOT, code

SOURCES = ROOT / "notebooks/sources"
STEP = 256
needs_tools = pytest.mark.skipif(bool(tools.missing()), reason="needs cc and as: sudo apt install gcc")


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "notebooks")


@pytest.mark.slow
@pytest.mark.parametrize(("slots", "verdict"), [(2, "too few."), (24, "enough."), (200, "too many.")])
def test_a_number_of_slots_is_judged_by_whether_the_producer_slept(slots: int, verdict: str) -> None:
    changes = (("slots = 2  # your choice", f"slots = {slots}"),)
    assert printed("09_bounded_and_unbounded", "exercise", changes=changes).endswith(f" {verdict}\n")


def smallest() -> int:
    """The payload, in steps of 256 bytes, into which each file's text fits as one piece."""
    commands = [tools.compiling("-O1", source) for source in tools.sources(str(SOURCES))]
    longest = max(len(subprocess.run(command, capture_output=True, check=True).stdout) for command in commands)
    return -(-(longest + HEADER.size) // STEP) * STEP


@pytest.mark.slow
@needs_tools
@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("steps", "verdict"), [(-1, "too small."), (0, "Solved."), (1, "enough, but not the smallest.")]
)
def test_a_payload_is_judged_by_the_pieces_that_it_takes(steps: int, verdict: str) -> None:
    changes = (("payload = 256  # your choice", f"payload = {smallest() + steps * STEP}"),)
    assert printed("12_compiler_and_assembler", "exercise", changes=changes).endswith(f" {verdict}\n")


@pytest.mark.usefixtures("at_home")
def test_without_a_compiler_lesson_12_shows_a_recorded_run_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    said = printed("12_compiler_and_assembler", "predict-waits", "run", "runs", "gains", "exercise")
    assert said.count("Recorded on") == 2 and "RECORDED, not run here" in said
    assert "The assembler waited longer: True" in said and "queens    92 ways" in said


def test_the_program_of_lesson_12_prints_what_is_known_to_be_right() -> None:
    """Computed here by other means."""
    sieve = sum(all(n % d for d in range(2, math.isqrt(n) + 1)) for n in range(2, 10_000))
    saved = next(cell for cell in code(ROOT / "notebooks/12_compiler_and_assembler.ipynb") if cell.id == "runs")
    said = saved.outputs[0].text
    assert f"crc32     {zlib.crc32(b'123456789'):08x}\n" in said
    assert f"gcd       {math.gcd(1071, 462)}\n" in said and f"primes    {sieve} below" in said
