"""shmlab as others get it: from a wheel in an empty environment, and on Binder, within what Binder gives.

All of them share one environment: a venv of the running Python that holds what `binder/environment.yml` asks of pip,
in the versions of constraints.txt, and nothing else. It is filled once. The tests of this file go in its order: first
shmlab is there from its wheel, then as Binder installs it.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from shmlab import course
from tests.apparatus import eventually
from tests.clone import ROOT, kept

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PINNED = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PIP_BUILD_CONSTRAINT": str(ROOT / "constraints.txt")}
GIGABYTE = 1 << 20  # in KiB, as ulimit takes it
LONG = 500  # seconds, for what takes half a minute where nobody else computes


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True, timeout=LONG)
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment without shmlab."""
    place = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True, timeout=LONG)
    dependencies = yaml.safe_load((ROOT / "binder/environment.yml").read_text())["dependencies"]
    (pip,) = (entry["pip"] for entry in dependencies if isinstance(entry, dict))
    run(place, sys.executable, "-m", "pip", f"--python={place}", "install", "--no-compile", "pip", *pip)
    return place


@pytest.fixture(scope="module")
def installed(empty: Path, built: Path) -> Path:
    """The environment with shmlab from its wheel."""
    (wheel,) = built.glob("*.whl")
    run(empty, "pip", "install", "--no-deps", wheel)
    return empty


@pytest.fixture(scope="module")
def binder(empty: Path) -> Path:
    """The environment as Binder has it."""
    run(empty, ROOT / "binder/postBuild", folder=ROOT)
    return empty


def surroundings(place: Path) -> dict[str, str]:
    """The variables of a user of that environment who has set nothing, with a home of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER", "SHMLAB"))}
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return kept | PINNED | {"PATH": path, "HOME": str(place.parent), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(place: Path, *command: object, folder: Path | None = None) -> str:
    """What a command in that environment printed."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words, cwd=folder or place.parent, env=surroundings(place), capture_output=True, text=True, timeout=LONG
    )
    assert result.returncode == 0, f"{' '.join(words)}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_the_source_archive_has_all_that_git_keeps(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert kept() <= names


def test_the_wheel_is_pure_python_and_brings_the_course_licences_and_server_configuration(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert re.fullmatch(r"shmlab-[\d.]+-py3-none-any\.whl", wheel.name)
    names = set(zipfile.ZipFile(wheel).namelist())
    for ending in (
        "data/etc/jupyter/jupyter_server_config.d/shmlab.json",
        "dist-info/licenses/LICENSE",
        "dist-info/licenses/LICENSE-docs",
        "shmlab/views/server_extension.py",
        "shmlab/worker/c/shmlab.h",
    ):
        assert any(name.endswith(ending) for name in names), ending
    prefixes = ("shmlab/course/notebooks/", "shmlab/course/")
    lessons = {name.removeprefix(prefixes[0]) for name in names if name.startswith(prefixes[0])}
    pages = {name.removeprefix(prefixes[1]) for name in names if name.startswith("shmlab/course/docs/")}
    assert lessons | pages == course.files().keys()
    assert not [name for name in names if not name.startswith(("shmlab/", "shmlab-"))]


def test_an_installed_package_is_complete_and_copies_the_same_course_as_a_clone(
    installed: Path, tmp_path: Path
) -> None:
    assert run(installed, "pip", "check") == "No broken requirements found.\n"
    assert "1,000 of 1,000 items arrived, no faults" in run(installed, "shmlab", "doctor")
    run(installed, "shmlab", "notebooks", tmp_path / "mine", "--no-open")
    copied = {str(path.relative_to(tmp_path / "mine")): path for path in (tmp_path / "mine").rglob("*")}
    assert {name: copied[name].read_bytes() for name in course.files()} == course.files()
    where = "import shmlab; print(shmlab.__file__)"
    assert run(installed, "python", "-c", where).startswith(str(installed))  # and not this clone


@contextmanager
def started(place: Path, *command: object, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command in that environment, which is ended with all that it started. What it says is shown if a test fails."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, cwd=place.parent, env=surroundings(place) | variables)
    try:
        yield process
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
        process.terminate()
        psutil.wait_procs(family, timeout=60)
        process.wait(timeout=60)


def test_shmlab_notebooks_opens_jupyterlab_on_the_first_lesson(installed: Path, tmp_path: Path) -> None:
    """The browser is a script that notes what it was asked to open: a page that leads on to the lesson."""
    browser, asked = tmp_path / "browser", tmp_path / "asked"
    browser.write_text(f'#!/bin/sh\ncp "${{1#file://}}" {asked}.half && mv {asked}.half {asked}\n')
    browser.chmod(0o755)
    with started(installed, "shmlab", "notebooks", tmp_path / "mine", BROWSER=f"{browser} %s") as lab:
        eventually(lambda: asked.exists() or lab.poll() is not None, LONG)
        page = re.search(r'href="(http://[^"]+)"', asked.read_text())
        assert page and f"/lab/tree/{course.FIRST}?token=" in page[1]
        host, token = re.match(r"(http://[^/]+/).*token=(\w+)", page[1]).groups()  # type: ignore[union-attr]
        with urllib.request.urlopen(f"{host}api/contents/{course.FIRST}?content=0&token={token}", timeout=20) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{host}api/contents/docs/layout.md?token={token}", timeout=20) as answer:
            assert b"byte" in answer.read()


def test_binder_has_the_command_and_the_server_extension(binder: Path) -> None:
    assert run(binder, "shmlab", "--version").startswith("shmlab ")
    listed = run(binder, "jupyter", "server", "extension", "list", "--sys-prefix")
    assert re.search(r"shmlab\.views\.server_extension\S* +\S*OK", listed)


@pytest.mark.parametrize("name", [course.FIRST, pytest.param("05_producer_consumer.ipynb", marks=pytest.mark.long)])
def test_a_lesson_runs_on_one_processor_with_a_gigabyte_and_64_megabytes_of_shared_memory(
    binder: Path, name: str
) -> None:
    """What Binder promises. The most memory of all processes together stays far below it."""
    lesson = ROOT / "notebooks" / name
    said = run(binder, *small_machine(), "python", "-P", ROOT / "tests/lessons_alone.py", lesson)
    (figure,) = re.findall(rf"{lesson.stem} (\d+) MiB", said)
    assert int(figure) < 512, said


def small_machine() -> list[str]:
    """What stands before a command for one processor, 64 MiB of /dev/shm, and 1 GiB of data for each process.

    The address space (ulimit -v) would be the wrong limit: a C library with threads reserves a gigabyte and uses none.
    """
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    spaces = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*spaces, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no namespace of one's own")
    processor = min(os.sched_getaffinity(0))
    mount = "mount -t tmpfs -o size=64m tmpfs /dev/shm"
    script = f'{mount} && ulimit -d {GIGABYTE} && exec taskset -c {processor} "$@"'
    return [*spaces, "sh", "-ec", script, "sh"]
