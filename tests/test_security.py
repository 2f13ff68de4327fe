"""Each promise of docs/security.md, kept."""

import ast
import html.parser
import os
import pickle
import re
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import shmlab
from shmlab import Lab, NoRoom
from shmlab.lab import create
from shmlab.memory import limits, segment
from shmlab.memory.layout import Layout
from shmlab.processes import owner_watch, supervisor
from tests.apparatus import DIRECTORY, entries, eventually, own_entries

pytestmark = pytest.mark.usefixtures("leaves_nothing")
PACKAGE = Path(shmlab.__file__).parent
PAGE = (PACKAGE.parent / "docs/security.md").read_text()
SOURCES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
PICKLES = {"pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib"}
NEAR_THE_SEGMENT = (
    *("memory/segment", "memory/layout", "memory/buf", "memory/semaphores", "memory/item", "memory/receipts"),
    *("observe/observer", "observe/snapshot", "lab/rebuild"),
)


def imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call, by what it calls: `os.system`, `eval`, ..."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


# --- who may open what -----------------------------------------------------------------------------


def test_only_their_user_can_open_segments_and_semaphores_whatever_the_umask() -> None:
    mask = os.umask(0)
    try:
        with Lab() as lab:
            files = [path for path in DIRECTORY.iterdir() if lab.name in path.name]
            assert len(files) == 4
            for path in files:
                assert stat.filemode(path.stat().st_mode) == "-rw-------"
                assert path.stat().st_uid == os.geteuid()
    finally:
        os.umask(mask)


def test_names_are_drawn_at_random() -> None:
    with Lab() as one, Lab() as other:
        assert re.fullmatch("shmlab-[0-9a-f]{16}", one.name) and one.name[7:] != other.name[7:]


# --- what is executed ------------------------------------------------------------------------------


def test_nothing_near_a_segment_knows_pickle() -> None:
    for name in NEAR_THE_SEGMENT:
        assert not imports(SOURCES[f"{name}.py"]) & PICKLES, name
    knowing = {name for name, tree in SOURCES.items() if imports(tree) & PICKLES}
    explorer = {"explorer/real/gated.py", "explorer/real/real_processes.py"}
    assert knowing <= {"worker/program.py", "memory/optional_packages.py", *explorer}


def test_what_is_unpickled_comes_from_standard_input() -> None:
    for name in ("worker/program.py", "explorer/real/gated.py"):
        loads = [ast.unparse(call) for called, call in calls(SOURCES[name]) if called.endswith(".loads")]
        assert loads == ["pickle.loads(first_input.read(size))"], name
    (read,) = [call for called, call in calls(SOURCES["processes/first_input.py"]) if called == "os.read"]
    assert ast.unparse(read.args[0]) == "0"


class Bomb:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_in_a_segment_runs_nothing(tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    with Lab(payload=4096, produce_rate=None, consume_rate=20) as lab:
        eventually(lambda: lab.snapshot().occupancy == 8)
        with (DIRECTORY / lab.name).open("r+b") as file:
            layout = segment.open_unmapped(lab.name).layout
            for slot in range(8):
                file.seek(layout.slot(slot) + 40)
                file.write(bomb)
        eventually(lambda: lab.snapshot().corrupted > 2)  # they are taken as bytes, and found to be wrong
        assert str(lab.snapshot()) and not (tmp_path / "exploded").exists()


def test_no_shell_and_no_text_that_is_run() -> None:
    forbidden = {"eval", "exec", "os.system", "os.popen", "compile", "subprocess.getoutput", "__import__"}
    for name, tree in SOURCES.items():
        for called, call in calls(tree):
            if called in ("compile", "exec") and name.startswith(("explorer/", "course/")):
                continue  # a student's own functions, written anew, in the student's own kernel
            assert called not in forbidden, f"{name}: {called}"
            assert not [word for word in call.keywords if word.arg == "shell"], f"{name}: shell="


def marked(buf: Any, item: Any) -> None:
    """b56e1f2a: these words are looked for."""
    assert "b56e1f2a"
    buf.empty.acquire()


def taken(buf: Any) -> None:
    buf.full.acquire()


def test_a_students_functions_stand_in_no_file_no_segment_and_no_command_line() -> None:
    with Lab(put=marked, get=taken, produce_rate=None) as lab:
        eventually(lambda: lab.snapshot().worker("P0").waits)
        for path in DIRECTORY.iterdir():
            if lab.name in path.name:
                assert b"b56e1f2a" not in path.read_bytes()
        for worker in lab.workers:
            told = Path(f"/proc/{worker.pid}/cmdline").read_bytes() + Path(f"/proc/{worker.pid}/environ").read_bytes()
            assert b"b56e1f2a" not in told and b"marked" not in told


# --- secrets ---------------------------------------------------------------------------------------

SECRETS = ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTER_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY")


def test_no_process_of_a_lab_or_of_a_replay_has_a_secret_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "d0n0ttell")
    said: list[str] = []
    process = supervisor.start([sys.executable, "-c", "import os; print(dict(os.environ))"], b"", said.append, print)
    assert process.wait(20)
    assert "PATH" in "".join(said) and "d0n0ttell" not in "".join(said)


def test_processes_are_started_in_one_place() -> None:
    for name, tree in SOURCES.items():
        for called, _ in calls(tree):
            if called in ("subprocess.Popen", "subprocess.run", "os.posix_spawn", "os.execv", "os.spawnv"):
                # the others run in a program that `processes` has started, are asked for by a lesson or a person, or
                # put a hand-in into its sandbox
                places = ("processes", "doctor/", "experiments/", "course/grading/")
                assert name.startswith(places), f"{name}: {called}"


# --- what a browser is shown -----------------------------------------------------------------------


class Tags(html.parser.HTMLParser):
    """The names and attributes of all elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attributes)}


def attacks(buf: Any, item: Any) -> None:
    print("</pre><script>alert(1)</script><img src=x onerror=alert(2)>", flush=True)
    raise ValueError("<iframe onload=alert(3)>'\"&")


def test_what_a_worker_says_is_escaped_in_every_view() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # bqplot's own, while it is imported
        from shmlab import labs
    import ipywidgets
    from ipywidgets.widgets.widget import _instances

    live = labs.live(put=attacks, get=taken, produce_rate=None)
    try:
        eventually(lambda: live.lab.snapshot().worker("P0").error)
        eventually(lambda: "&lt;iframe" in "".join(card.text.value for card in live.cards.cards.values()))
        eventually(lambda: "&lt;script&gt;" in live.events.log.value + live.events.output.value)
        tags = Tags()
        for widget in list(_instances.values()):
            if isinstance(widget, ipywidgets.HTML):
                tags.feed(widget.value)
        assert {"div", "span"} <= tags.found
        assert not tags.found & {"script", "img", "iframe", "onerror", "onload", "src"}
    finally:
        labs.close()


def test_the_bytes_of_a_segment_are_shown_as_digits_and_escaped_text() -> None:
    from shmlab.views.notebook import hex_view

    data = b"<b>\"'&\x00\xff\x1b"
    assert hex_view.digits(data) == "3c 62 3e 22 27 26 00 ff  1b"
    assert hex_view.text(data) == "&lt;b&gt;&quot;&#x27;&amp;···"


# --- the kernel ------------------------------------------------------------------------------------


def test_the_kernel_maps_no_segment_and_opens_no_semaphore() -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().consumed > 10)
        lab.add_producer()
        lab.kill("P0")
        assert lab.name not in Path("/proc/self/maps").read_text()
        assert lab.name in Path(f"/proc/{lab.snapshot().worker('C0').pid}/maps").read_text()


# --- limits ----------------------------------------------------------------------------------------


def test_the_page_names_every_limit_that_a_server_may_lower() -> None:
    names = re.findall(r"`SHMLAB_(\w+)` \|", PAGE)
    assert names == ["WORKERS", "LABS", "PROCESSES", "MEMORY", "RUN_TIME"]
    usual = re.findall(r"\| ([\d,]+) \| `SHMLAB_", PAGE)
    values = [limits.WORKERS, limits.LABS, limits.PROCESSES, limits.MEMORY >> 20, limits.RUN_TIME]
    assert [int(number.replace(",", "")) for number in usual] == values


@pytest.mark.parametrize(
    ("value", "workers"),
    [("4", 4), ("1", 1), ("0", 1), ("33", 32), ("999", 32), ("-3", 32), ("nan", 32), ("", 32), ("٣", 32), ("1e1", 32)],
)
def test_a_limit_can_be_lowered_in_the_environment_and_never_raised(value: str, workers: int) -> None:
    command = [sys.executable, "-c", "from shmlab.memory import limits; print(limits.WORKERS)"]
    said = subprocess.run(command, env={**os.environ, "SHMLAB_WORKERS": value}, capture_output=True, text=True)
    assert said.stdout == f"{workers}\n", said.stderr


def test_a_lab_under_lowered_limits_refuses_more_workers_than_these() -> None:
    program = """
from shmlab import ArgumentError, Lab
for make in (lambda: Lab(producers=2, consumers=2), lambda: Lab(producers=4)):
    try:
        make()
    except ArgumentError as error:
        print(error)
with Lab(producers=2, consumers=1) as lab:
    try:
        lab.add_consumer()
    except ArgumentError as error:
        print(error)
"""
    environment = {**os.environ, "SHMLAB_WORKERS": "3"}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert said.stdout.splitlines() == [
        "producers + consumers must be from 1 to 3, not 4.",
        "producers must be from 0 to 3, not 4.",
        "a lab has 3 workers at most; remove or kill one first.",
    ], said.stderr


def test_one_program_has_so_many_labs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LABS", 2)
    with Lab(), Lab() as second:
        before = own_entries()
        third = Lab()
        with pytest.raises(NoRoom, match=r"2 labs are running here, and no more are allowed: stop one first"):
            third.start()
        assert own_entries() == before and not third.running
        second.stop()
        with third:
            assert third.running


def test_the_labs_of_one_program_fill_so_much_memory_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMORY", 30 << 20)
    with Lab("unbounded", payload=4096) as first:  # it may grow to 17 MiB
        with pytest.raises(NoRoom, match=r"may fill 30 MiB, and no more are allowed"), Lab("unbounded", payload=4096):
            pass
        with Lab() as small:
            assert small.running and first.running


def test_one_program_has_so_many_processes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    running = sum(thread.name == "shmlab-processes" for thread in threading.enumerate())
    assert running <= 1
    monkeypatch.setattr(limits, "PROCESSES", 3)
    with Lab() as lab:
        with pytest.raises(NoRoom, match=r"3 processes are running here"):
            Lab().start()
        assert len(entries() & own_entries()) == 4 and lab.add_producer().alive
        with pytest.raises(NoRoom, match="3 processes are running here, and no more are allowed: stop a lab first"):
            lab.add_producer()
        assert len(lab.workers) == 3


@pytest.mark.slow
def test_no_process_of_a_lab_runs_longer_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHMLAB_RUN_TIME", "1")
    with Lab(produce_rate=5, consume_rate=5) as lab:
        eventually(lambda: not any(worker.alive for worker in lab.snapshot().workers), 5)
        assert lab.output.count("This process has run for 1 seconds, the longest that SHMLAB_RUN_TIME allows.") == 2
        lab.add_producer()  # for another second


def test_limits_stand_below_the_widgets() -> None:
    for module in (create, supervisor, owner_watch):
        assert not {"ipywidgets", "bqplot", "traitlets"} & imports(ast.parse(Path(str(module.__file__)).read_text()))
    assert Layout("semaphores", (), {}, 2, 2, 8, limits.WORKERS).rows == limits.WORKERS
