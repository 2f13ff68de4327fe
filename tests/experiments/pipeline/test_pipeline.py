"""A real compiler, a real assembler, real segments: the program runs, and nothing is left, whoever dies."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from shmlab import Lab, cli
from shmlab.experiments import pipeline
from shmlab.experiments.pipeline import tools
from shmlab.experiments.pipeline.pipeline import Pipeline, check
from shmlab.memory import segment
from shmlab.memory.errors import ArgumentError, NoRoom
from shmlab.processes import descendants, supervisor
from tests.apparatus import alive, entries, eventually, own_entries
from tests.clone import ROOT

SOURCES = ROOT / "notebooks/sources"
PRINTS = "collatz   6171 has the longest path below 10000\ncrc32     cbf43926\n"
PROGRAM = "shmlab.experiments.pipeline.stage"

pytestmark = [
    pytest.mark.usefixtures("leaves_nothing", "leaves_no_folder"),
    pytest.mark.skipif(bool(tools.missing()), reason="needs cc and as: sudo apt install gcc"),
]


def folders() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("shmlab-scratch-*")}


def stages() -> list[psutil.Process]:
    """The stages that this process has started, and their tools."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if PROGRAM in child.cmdline():
                found += [child, *child.children(recursive=True)]
    return found


@pytest.fixture
def leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Folders are made in a place of this test's own: other pipelines may run on this machine."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # else the place that was found first
    yield
    assert not folders() and not stages()


@pytest.fixture
def program(tmp_path: Path) -> Any:
    """Writes C files; gives their folder."""

    def write(**texts: str) -> str:
        for name, text in texts.items():
            (tmp_path / f"{name}.c").write_text(text)
        return str(tmp_path)

    return write


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{}, {"stages": 3}, {"compilers": 3}, {"slots": 2, "payload": 32, "stages": 3, "compilers": 2}]
)
def test_every_file_goes_through_and_the_program_runs(settings: dict[str, Any]) -> None:
    report = pipeline.run(str(SOURCES), **settings)
    assert report.output.startswith(PRINTS) and not report.trouble
    count = len(list(SOURCES.glob("*.c")))
    done = {kind: 0 for kind in report.tools}
    for stage in report.stages:
        done[stage.kind] += stage.done
    assert set(done.values()) == {count} and len(done) == settings.get("stages", 2)
    assert 0 < report.ahead < count  # the two stages worked at the same time
    assert report.faults == 0 and report.pieces > count and report.work > 0 and report.seconds > 0


def test_the_assembler_gets_the_very_text_that_the_compiler_wrote(program: Any) -> None:
    """Its object module is the one that an assembler makes of the compiler's file."""
    folder = program(main="int main(void) { return 0; }")
    with Pipeline(check(folder, payload=32)) as running:
        eventually(lambda: running.moment().state == "finished", 30)
        made = Path(running._folder.path, "main.o").read_bytes()
    text = subprocess.run(tools.compiling("-O1", f"{folder}/main.c"), capture_output=True, check=True).stdout
    target = Path(folder, "expected.o")
    subprocess.run(tools.assembling(str(target)), input=text, check=True)
    assert made == target.read_bytes()


def test_rounds_repeat_the_work(program: Any) -> None:
    report = pipeline.run(program(main="int main(void) { return 0; }"), rounds=3)
    assert [stage.done for stage in report.stages] == [3, 3]


@pytest.mark.slow
def test_what_the_pipeline_is_doing_can_be_seen_while_it_does_it() -> None:
    with Pipeline(check(str(SOURCES), slow_motion=0.02)) as running:
        seen = eventually(lambda: (m := running.moment()).buffers[0].text and m)
        assert seen.state == "running" and seen.buffers[0].module in range(len(seen.modules))
        assert seen.buffers[0].occupancy and len({stage.pid for stage in seen.stages} | {os.getpid()}) == 3
        assert "slots full" in str(seen) and "cc: " in str(seen)
        states = set()
        eventually(lambda: states.add(running.moment().stages[0].state) or "compiling" in states)
        eventually(lambda: states.add(running.moment().stages[0].state) or len(states) > 2)
    assert not running.running and running.moment().stages


def test_a_file_with_a_mistake_fails_and_the_compilers_words_are_kept(program: Any) -> None:
    folder = program(main="int main(void) { return nobody; }")
    with Pipeline(check(folder)) as running:
        report = running.wait()
        assert report.trouble == "cc refused main.c" and not report.output
        assert "nobody" in running.moment().words and running.moment().state == "failed"
    assert "failed: " in str(report)


@pytest.mark.slow
def test_a_program_that_cannot_be_linked_or_ends_badly_fails(program: Any) -> None:
    assert pipeline.run(program(main="int missing(void); int main(void) { return missing(); }")).trouble
    report = pipeline.run(program(main="int main(void) { return 3; }"), stages=3)
    assert report.trouble == "the program ended with status 3"


def test_time_that_is_up_ends_it(program: Any) -> None:
    assert "not done in time" in pipeline.run(str(SOURCES), timeout=0.3, slow_motion=1.0).trouble


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_stage_that_is_killed_fails_the_pipeline_and_nothing_is_left(victim: int) -> None:
    with Pipeline(check(str(SOURCES), stages=3, slow_motion=0.05)) as running:
        eventually(lambda: running.moment().buffers[0].consumed > 2)
        os.kill(running.moment().stages[victim].pid, signal.SIGKILL)
        moment = eventually(lambda: (m := running.moment()).state == "failed" and m)
        assert moment.trouble.endswith("was ended by SIGKILL")


OWNER = """
import sys, time
from shmlab.experiments.pipeline.pipeline import Pipeline, check
p = Pipeline(check(sys.argv[1], stages=3, slow_motion=0.05)).start()
print(p._folder.path, *[b.name for b in p.moment().buffers], flush=True)
time.sleep(60)
"""
BUSY_TOOL = """
import contextlib, itertools, os, sys
for n in itertools.count():
    with contextlib.suppress(OSError):
        open(os.path.join(sys.argv[1], f"{n % 1000}.o"), "w").close()
"""


@pytest.mark.alone  # another lab that starts would clean up, too
@pytest.mark.faults
def test_a_tool_that_still_writes_when_the_owner_is_killed_leaves_no_segment_and_no_folder() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(SOURCES)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        place, *names = owner.stdout.readline().split()
        command = [sys.executable, "-c", BUSY_TOOL, place]
        with subprocess.Popen(command, env={**os.environ, descendants.VARIABLE: " ".join(names)}) as tool:
            eventually(lambda: Path(place, "999.o").exists())
            owner.kill()
            assert tool.wait(20) == -signal.SIGKILL
    eventually(lambda: not any(name in entry for name in names for entry in entries()))
    eventually(lambda: not Path(place).exists())


def a_lab_starts() -> None:
    with Lab():
        pass


def shmlab_clean() -> None:
    assert cli.main(["clean"]) == 0


@pytest.mark.faults
@pytest.mark.parametrize("cleans_up", [a_lab_starts, shmlab_clean], ids=["a lab that starts", "shmlab clean"])
def test_whoever_ends_the_stages_of_a_dead_owner_takes_their_folder_away(
    cleans_up: Callable[[], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They have no time to do it themselves. Whoever it is need not have the same TMPDIR."""
    with subprocess.Popen([sys.executable, "-c", OWNER, str(SOURCES)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        place, *names = owner.stdout.readline().split()
        running = psutil.Process(owner.pid).children
        children = eventually(lambda: len(found := [c for c in running() if PROGRAM in c.cmdline()]) == 3 and found)
        for child in children:
            child.suspend()
        owner.kill()
    eventually(lambda: all(map(segment.owner_is_dead, names)))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "another"))
    cleans_up()
    assert not Path(place).exists()
    eventually(lambda: not any(alive(child.pid) for child in children))
    assert not any(name in entry for name in names for entry in entries())


@pytest.mark.faults
def test_when_the_owner_is_killed_the_stages_their_tools_segments_and_folder_go() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(SOURCES)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        place, *names = owner.stdout.readline().split()
        family = psutil.Process(owner.pid)
        eventually(lambda: len(family.children()) == 3)
        children = family.children(recursive=True)
        owner.kill()
    eventually(lambda: not any(alive(child.pid) for child in children))
    eventually(lambda: not Path(place).exists())
    eventually(lambda: not any(name in entry for name in names for entry in entries()))


def test_a_start_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before, started = own_entries(), []

    def start(*arguments: Any) -> Any:
        if started:
            raise NoRoom(28, "no room for one more process")
        started.append(real(*arguments))
        return started[0]

    real = supervisor.start
    monkeypatch.setattr("shmlab.processes.supervisor.start", start)
    with pytest.raises(NoRoom):
        Pipeline(check(str(SOURCES))).start()
    assert started[0].ended.is_set() and own_entries() == before


@pytest.mark.parametrize(
    "arguments",
    [
        {"slots": 1},
        {"payload": 31},
        {"stages": 1},
        {"stages": 4},
        {"compilers": 0},
        {"rounds": 0},
        {"optimise": "-fplugin=x"},
        {"slow_motion": 3},
        {"sources": 7},
        {"sources": "no such folder"},
    ],
)
def test_a_bad_argument_is_refused_before_anything_starts(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        pipeline.run(**{"sources": str(SOURCES), **arguments})


def test_a_pipeline_is_started_once_and_tells_nothing_before() -> None:
    unstarted = Pipeline(check(str(SOURCES)))
    unstarted.stop()
    with pytest.raises(ArgumentError, match="never started"):
        unstarted.moment()
    with Pipeline(check(str(SOURCES))) as running, pytest.raises(ArgumentError, match="started once"):
        running.start()


def test_without_a_tool_it_says_which_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    assert tools.missing().startswith("there is no `cc`, no `as` on this machine")
    with pytest.raises(tools.NoTools, match="apt install gcc"):
        Pipeline(check(str(SOURCES))).start()
