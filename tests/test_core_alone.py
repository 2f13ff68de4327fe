"""The core needs the standard library and nothing else: here it is all that there is."""

import os
import subprocess
import venv
from pathlib import Path

import pytest

from tests.clone import ROOT

CORE = (
    "shmlab, shmlab.memory.layout, shmlab.memory.item, shmlab.memory.segment, shmlab.memory.semaphores, "
    "shmlab.memory.buf, shmlab.strategies, shmlab.worker.program, "
    "shmlab.worker.guest, shmlab.lab.lab, shmlab.lab.rebuild, shmlab.lab.quiesce, shmlab.observe.observer, "
    "shmlab.processes.supervisor, shmlab.ring.ring, shmlab.explorer.explore"
)
PROGRAMS = {
    "a lab": "from shmlab import Lab; report = Lab().run(200); assert report.finished and not report.faults, report",
    "a killed worker": (
        "from shmlab import Lab\n"
        "with Lab(producers=2, produce_rate=None, consume_rate=None) as lab:\n"
        "    assert lab.kill('P0', holding='mutex', timeout=20)\n"
        "    report = lab.run(200)\n"
        "assert report.finished and not report.lost and not report.duplicated, report"
    ),
    "an observer": (
        "from shmlab import Lab, Observer\nwith Lab() as lab:\n    assert Observer(lab.name).snapshot().capacity == 8"
    ),
    "a ring": (
        "from shmlab import Ring\nwith Ring.create(slots=4, item=8) as ring:\n"
        "    ring.put(bytes(8))\n    assert ring.get() == bytes(8)"
    ),
    "an exploration": (
        "from shmlab import explore, strategies\nverdict = explore('semaphores')\nassert verdict.ok, verdict"
    ),
    "the lesson's four calls": (
        "import os\nfrom shmlab.experiments.exhibits import textbook\n"
        "name = '/shmlab-lesson-' + os.urandom(4).hex()\n"
        "a = textbook.create(name, 4096)\nb = textbook.attach(name)\na[0] = 7\nassert b[0] == 7\ntextbook.unlink(name)"
    ),
}


MISSING = {  # what is done that needs a package, and the package
    "a lab of one's own functions": (
        "from shmlab import Lab\n"
        "def put(buf, item): buf.count = item\n"
        "def get(buf): return buf.count\n"
        "Lab(put=put, get=get).start()",
        "cloudpickle",
    ),
    "a replay on real processes": (
        "from shmlab import explore\n"
        "def add(buf): buf.count = buf.count + 1\n"
        "verdict = explore([(add,), (add,)], shared=dict(count=0), final=lambda memory, _: memory.count == 2)\n"
        "assert not verdict.ok\n"
        "verdict.replay()",
        "cloudpickle",
    ),
    "the command": ("import sys; from shmlab import cli\nsys.exit(cli.main(['ls']))", "click"),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter in an environment in which nothing is installed."""
    place = tmp_path_factory.mktemp("alone")
    venv.create(place, with_pip=False, symlinks=True)
    return place / "bin/python"


def ended(python: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """A program that has this package and the standard library, and so have the processes it starts."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONNOUSERSITE": "1"}
    command = [str(python), "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment, timeout=100)


def alone(python: Path, code: str) -> str:
    """What such a program prints."""
    said = ended(python, code)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.parametrize("name", ["numpy", "cloudpickle", "posix_ipc", "rich", "IPython", "ipywidgets"])
def test_nothing_is_installed_there(python: Path, name: str) -> None:
    assert alone(python, f"import importlib.util; print(importlib.util.find_spec({name!r}))") == "None\n"


def test_the_processes_find_a_package_that_only_sys_path_leads_to(python: Path) -> None:
    """As in a notebook that begins with sys.path.insert."""
    environment = {"PATH": os.defpath, "PYTHONNOUSERSITE": "1"}
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {PROGRAMS['a lab']}"
    command = [str(python), "-W", "error", "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr


def test_the_core_is_imported(python: Path) -> None:
    alone(python, f"import {CORE}")


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_core_works(python: Path, name: str) -> None:
    alone(python, PROGRAMS[name])


@pytest.mark.parametrize("what", MISSING)
def test_what_needs_a_package_says_which_and_how_to_get_it(python: Path, tmp_path: Path, what: str) -> None:
    code, package = MISSING[what]
    program = tmp_path / "program.py"  # the explorer reads the text of a function
    program.write_text(code)
    said = ended(python, f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')")
    assert f"the package {package} is needed " in said.stderr and f"pip install {package}` brings it" in said.stderr
