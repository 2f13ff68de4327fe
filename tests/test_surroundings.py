"""What a student does first works in surroundings that are not the usual ones.

In each of them a program imports shmlab, asks the doctor, runs a lab, copies the course, and starts a kernel that shows
a live lab: the five things that the first half hour of the course needs.
"""

import os
import shlex
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clone import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LONG = 250  # seconds, for what takes a few where nobody else computes
NOBODY = 65534  # a user without rights
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
STRANGER = 54321  # a user whom no passwd file names
MANY = 1100  # descriptors: more than select() can tell apart
FIRST = f"""
import os, resource, stat, sys
many = int(os.environ.get("MANY_DESCRIPTORS", 0))
if many:
    resource.setrlimit(resource.RLIMIT_NOFILE, (many * 2, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(many)]
os.umask(int(os.environ.get("UMASK", "0o022"), 8))

import shmlab
from shmlab import cli
from shmlab.memory import segment
with shmlab.Lab("semaphores", slots=4, producers=2, consumers=1) as lab:
    files = [name for name in os.listdir(segment.DIRECTORY) if lab.name in name]
    assert len(files) > 3, files  # the segment and its semaphores
    for name in files:
        assert stat.S_IMODE(os.stat(os.path.join(segment.DIRECTORY, name)).st_mode) == 0o600, name
report = shmlab.Lab("semaphores", slots=4, producers=2, consumers=1).run(items=200)
assert report.consumed == 200 and not report.faults, report
assert cli.main(["doctor"]) == 0
assert cli.main(["notebooks", "mine", "--no-open"]) == 0
assert os.path.exists("mine/00_start_here.ipynb")

from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(startup_timeout={LONG})
try:
    cell = "from shmlab import labs; live = labs.live(); print(repr(live)); labs.close()"
    reply = client.execute_interactive(cell, timeout={LONG})
    assert reply["content"]["status"] == "ok", reply["content"]
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print("all five")
"""


def do(
    place: Path, *before: object, python: str = sys.executable, without: tuple[str, ...] = (), **variables: object
) -> None:
    """Do the five things in the folder `place`, which is also the home, by a command that stands `before` Python's."""
    environment = {name: value for name, value in os.environ.items() if name not in without} | {"HOME": str(place)}
    command = [*map(str, before), python, "-W", "default", "-c", FIRST]
    environment |= {name: str(value) for name, value in variables.items()}
    result = subprocess.run(command, cwd=place, env=environment, capture_output=True, timeout=LONG)
    said = os.fsdecode(result.stdout + result.stderr)
    assert result.returncode == 0 and "all five" in said, said[-3000:]


def spaces(*wanted: str) -> list[str]:
    """The command that gives the next one namespaces of its own; skips where that is not allowed."""
    command = ["unshare", *wanted]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip(f"this machine does not allow `{' '.join(command)}`")
    return command


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    """A folder with spaces and letters beyond ASCII in its path, with the package beside it."""
    place = tmp_path / "Übung 1, für alle" / "日本"
    place.mkdir(parents=True)
    (place.parent / "shmlab").symlink_to(ROOT / "shmlab")
    yield place


def test_a_path_with_spaces_and_letters_beyond_ascii(odd: Path) -> None:
    do(odd, PYTHONPATH=odd.parent, TMPDIR=odd)


@pytest.mark.parametrize("strict", [{}, {"PYTHONUTF8": 0, "PYTHONCOERCECLOCALE": 0}], ids=["mended", "strict"])
def test_a_locale_that_knows_ascii_only(tmp_path: Path, strict: dict[str, int]) -> None:
    """Python takes UTF-8 in the locale C; the strict one is told not to."""
    do(tmp_path, without=("LC_CTYPE",), LANG="C", LC_ALL="C", **strict)


def test_no_tmpdir(tmp_path: Path) -> None:
    do(tmp_path, without=("TMPDIR", "TEMP", "TMP"))


def test_a_tmpdir_that_is_not_there(tmp_path: Path) -> None:
    do(tmp_path, TMPDIR=tmp_path / "gone")


def test_a_umask_of_zero_opens_nothing_to_others(tmp_path: Path) -> None:
    do(tmp_path, UMASK="0o000")


def test_more_descriptors_than_select_can_tell_apart(tmp_path: Path) -> None:
    do(tmp_path, MANY_DESCRIPTORS=MANY)


def test_a_home_that_can_only_be_read(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    mounted = f"mount -t tmpfs -o ro tmpfs '{tmp_path}/home' && export HOME='{tmp_path}/home' && exec \"$@\""
    do(tmp_path, *spaces("--mount", *user), "sh", "-ec", mounted, "sh")


def test_a_user_without_a_name(tmp_path: Path) -> None:
    do(
        tmp_path,
        *spaces("--user", f"--map-user={STRANGER}", f"--map-group={STRANGER}"),
        without=("USER", "LOGNAME", "LNAME", "USERNAME"),
    )


def python_for_all() -> dict[str, str]:
    """A Python of this version that every user may run, and where it finds what is installed here; skips without."""
    found = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()]),
        "JUPYTER_PATH": f"{sys.prefix}/share/jupyter",
        "JUPYTER_CONFIG_PATH": f"{sys.prefix}/etc/jupyter",
    }
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        tried = [*AS_NOBODY, "sh", "-c", f"{shlex.quote(python)} -c 'import shmlab, jupyterlab'"]
        if subprocess.run(tried, cwd="/", env=os.environ | found, capture_output=True).returncode == 0:
            return found | {"python": python}
    pytest.skip("this Python or this clone is closed to other users")


@pytest.fixture
def home_of_nobody() -> Iterator[Path]:
    """A folder of a user without rights."""
    if os.geteuid() or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, by setpriv")
    with tempfile.TemporaryDirectory(prefix="shmlab-test-") as place:
        os.chown(place, NOBODY, NOBODY)
        yield Path(place)


def test_a_proc_that_hides_the_processes_of_others(home_of_nobody: Path) -> None:
    """The first process of a pid namespace is root's. It stays while the others, another user's, do not see it."""
    mounted = f'mount -t proc -o hidepid=invisible proc /proc; {shlex.join(AS_NOBODY)} sh -ec "$0" sh "$@"; exit $?'
    command = [*spaces("--mount", "--pid", "--fork", "--kill-child"), "sh", "-ec", mounted]
    if subprocess.run([*command, "test ! -e /proc/1"], capture_output=True).returncode:
        pytest.skip("this machine mounts no /proc with hidepid")
    alone = 'test ! -e /proc/1; exec "$@"'
    do(home_of_nobody, *command, alone, without=("TMPDIR", "TEMP", "TMP"), **python_for_all())


def test_jupyterlab_is_not_opened_in_a_home_where_it_could_write_nothing(tmp_path: Path) -> None:
    said = {}
    for command in (["make", "-C", str(ROOT), "home"], [sys.executable, "-m", "shmlab.cli", "notebooks", "mine"]):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        result = subprocess.run(
            command,
            cwd=tmp_path,
            env=kept | {"HOME": str(tmp_path / "gone")},
            capture_output=True,
            text=True,
            timeout=LONG,
        )
        assert result.returncode == 2
        said[command[0]] = result.stderr
    assert all(
        f"{tmp_path / 'gone'} is no folder in which you may write: name one, as in `HOME=/tmp " in text
        for text in said.values()
    )
