"""The producer and consumer program: a student's functions, what they print and raise, and what it keeps away from."""

import json
import linecache
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from shmlab import ArgumentError, Lab, Semaphore, ShmlabError, WorkerFailed
from tests.apparatus import eventually
from tests.test_architecture import after

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def cell(source: str) -> dict[str, Any]:
    """Run a notebook cell: code in `__main__`, whose lines only linecache knows."""
    text = textwrap.dedent(source)
    filename = f"<cell {abs(hash(text)):x}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, filename, "exec"), names)
    return names


RIGHT = """
def put(buf, item):
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()

def get(buf):
    buf.full.acquire()
    with buf.mutex:
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item
"""


def own(source: str, **changes: Any) -> Lab:
    names = cell(RIGHT + textwrap.dedent(source))
    return Lab(put=names["put"], get=names["get"], **changes)


def test_real_processes_run_a_students_put_and_get() -> None:
    report = own("", producers=2, consumers=2).run(items=2000)
    assert report.finished and report.consumed == 2000 and not report.faults
    assert report.strategy == "your own"
    assert report.variables.keys() == {"in_", "out"} and report.semaphores.keys() == {"empty", "full", "mutex"}


def test_a_students_shared_variables_start_as_they_were_declared() -> None:
    source = """
    def put(buf, item):
        while buf.turn != 0:
            pass
        buf.slots[0] = item
        buf.turn = 1

    def get(buf):
        while buf.turn != 1:
            pass
        with buf.door:
            item = buf.slots[0]
        buf.turn = 0
        return item
    """
    names = cell(source)
    lab = Lab(put=names["put"], get=names["get"], shared=dict(turn=0, door=Semaphore(1)), slots=2)
    report = lab.run(items=300)
    assert report.finished and not report.faults
    assert report.variables == {"turn": 0} and report.semaphores == {"door": 1}


def test_a_broken_protocol_of_a_student_is_caught() -> None:
    source = """
    def put(buf, item):
        buf.slots[0] = item

    def get(buf):
        return buf.slots[0]
    """
    names = cell(source)
    with Lab(put=names["put"], get=names["get"], produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().lost > 100 and lab.snapshot().overwritten > 0)


def test_functions_may_use_helpers_and_constants_of_their_notebook() -> None:
    lab = own(
        """
        import math
        STEP = 1

        def after(index, capacity):
            return math.fmod(index + STEP, capacity)

        def put(buf, item):
            buf.empty.acquire()
            with buf.mutex:
                buf.slots[buf.in_] = item
                buf.in_ = int(after(buf.in_, buf.capacity))
            buf.full.release()
        """
    )
    assert lab.run(items=200).faults == 0


def test_variables_that_only_a_helper_mentions_are_shared_too() -> None:
    source = """
    def step_in(buf, item):
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity

    def put(buf, item):
        [wait() for wait in (lambda: buf.empty.P(),)]
        step_in(buf, item)
        buf.full.V()
    """
    report = own(source).run(items=200)
    assert report.faults == 0 and "in_" in report.variables and "empty" in report.semaphores


def test_functions_of_a_students_own_module_work_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module stands beside the notebook, where a worker must not look for modules."""
    (tmp_path / "my_protocol.py").write_text(RIGHT)
    monkeypatch.syspath_prepend(tmp_path)
    import my_protocol  # type: ignore[import-not-found]

    assert Lab(put=my_protocol.put, get=my_protocol.get).run(items=200).consumed == 200


def test_what_a_worker_prints_reaches_the_lab() -> None:
    lab = own(
        """
        import sys
        print("this is the cell, not the worker")

        def get(buf, get=get):
            print("out:", "höre ich mich?")
            print("err", file=sys.stderr)
            return get(buf)
        """,
        produce_rate=None,
        consume_rate=None,
    )
    with lab:
        eventually(lambda: lab.output.count("out: höre ich mich?\n") > 2 and "err\n" in lab.output)
        assert "this is the cell" not in lab.output
        assert any(event.kind == "output" and event.text == "C0 says: err" for event in lab.events)


def test_a_worker_that_prints_without_end_neither_fills_memory_nor_stops_the_lab() -> None:
    lab = own(
        """
        def put(buf, item):
            print("x" * 1000)
        """,
        produce_rate=None,
    )
    with lab:
        eventually(lambda: len(lab.output) >= 64 << 10)
        items = lab.snapshot().produced
        eventually(lambda: lab.snapshot().produced > items + 100)
        assert len(lab.output) <= 64 << 10
        assert len(lab.events) <= 2000


def failing(body: str) -> str:
    return f"""
    def put(buf, item):
        {body}
    """


def test_what_a_worker_raises_reaches_the_lab_with_the_students_lines_only() -> None:
    with own(failing("return 1 / 0"), produce_rate=None) as lab:
        dead = eventually(lambda: (w := lab.snapshot().worker("P0")).error and w)
        assert (dead.alive, dead.state) == (False, "failed") and dead.error == "ZeroDivisionError: division by zero"
        output = eventually(lambda: "ZeroDivisionError" in lab.output and lab.output)
        assert "return 1 / 0" in output and "in put" in output
        assert "worker.py" not in output
        assert lab.snapshot().worker("C0").alive
        eventually(lambda: any(event.kind == "fault" and event.text.startswith("P0") for event in lab.events))


@pytest.mark.parametrize("times", range(5))
def test_run_raises_the_workers_own_words(times: int) -> None:
    with pytest.raises(WorkerFailed, match=r"(?s)P0 failed:.*KeyError: 'no'"):
        own(failing("raise KeyError('no')")).run(items=10)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("buf.inn = buf.in_ + 1", "there is no shared variable 'inn'. Did you mean 'in_'?"),
        ("buf.mutx.acquire()", "there is no shared variable 'mutx'. Did you mean 'mutex'?"),
        ("buf.slot[0] = item", "there is no shared variable 'slot'. Did you mean 'slots'?"),
        ("x = buf.capcity", "there is no shared variable 'capcity'. Did you mean 'capacity'?"),
        ("buf.mutex.locked()", "buf.mutex has no locked: take one with .acquire()"),
        ("buf.mutex.aquire()", "buf.mutex has no aquire: take one with .acquire()"),
        ("buf.zzz = 3", "there is no shared variable 'zzz'. There are: "),
        ("buf.slots[buf.capacity] = item", "there is no slot 8: the buffer has slots 0 to 7"),
        ("buf.slots[0] = 3", "a slot holds the item that put received (or None), not 3"),
        ("item.payload[0] = 1", "TypeError"),
    ],
)
def test_a_students_mistake_is_explained(body: str, sentence: str) -> None:
    with pytest.raises(WorkerFailed) as caught:
        own(failing(body)).run(items=10)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("exit()", "put and get must return: exit() ends the whole process."),
        ("raise SystemExit(3)", "put and get must return: exit() ends the whole process."),
        ("import os; os._exit(0)", "ended of its own accord, with status 0"),
    ],
)
def test_a_put_that_ends_its_process_has_failed(body: str, sentence: str) -> None:
    with own(failing(body), produce_rate=None) as lab:
        dead = eventually(lambda: (w := lab.snapshot().worker("P0")).error and w)
        assert (dead.alive, dead.state, dead.error) == (False, "failed", sentence)
        assert lab.snapshot().worker("C0").alive
        eventually(lambda: any(event.kind == "fault" and event.text.startswith("P0") for event in lab.events))
    with pytest.raises(WorkerFailed, match=r"P0 failed:\n") as caught:
        own(failing(body)).run(items=10)
    assert str(caught.value).endswith((sentence, sentence + "\n"))


def test_a_get_that_returns_nothing_is_explained() -> None:
    with pytest.raises(WorkerFailed, match="get must return the item that it took from a slot, not None"):
        own("def get(buf): buf.full.acquire()").run(items=10)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(put=len, get=len), "put must be a function"),
        (dict(put=lambda buf, item: None), "get must be a function"),
        (dict(get=lambda buf: None), "put must be a function"),
        (dict(put=lambda buf: None, get=lambda buf: None), r"put is called as put\(buf, item\)"),
        (dict(put=lambda buf, item: None, get=lambda: None), r"get is called as get\(buf\)"),
        (dict(shared=dict(x=1)), "put must be a function"),
    ],
)
def test_what_cannot_be_a_protocol_is_refused_at_once(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        Lab(**arguments)


@pytest.mark.parametrize(
    "shared",
    [
        [], "in_", 3, {"a b": 1}, {"": 1}, {"x" * 24: 1}, {"ä": 1}, {3: 1}, {"slots": 1}, {"capacity": 1}, {"x": 1.5},
        {"x": None}, {"x": True}, {"x": "1"}, {"x": 1 << 64}, {"x": Semaphore(-1)}, {"x": Semaphore(1.5)},
        {"x": Semaphore(1 << 31)},
        {"x/y": Semaphore(1)}, {"x\0": 1}, {"x\n": 1}, {"__slots__": 1}, {"__class__": 1}, {"class": 1},
        {f"v{i}": 0 for i in range(33)}, {f"s{i}": Semaphore(0) for i in range(17)},
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_what_cannot_be_shared_is_refused_at_once(shared: object) -> None:
    names = cell(RIGHT)
    with pytest.raises(ArgumentError, match="shared"):
        Lab(put=names["put"], get=names["get"], shared=shared)


def test_as_many_variables_and_semaphores_as_are_promised_work() -> None:
    names = cell(RIGHT)
    shared = {f"v{i}": -i for i in range(30)} | {"in_": 0, "out": 0} | {f"s{i}": Semaphore(i) for i in range(13)}
    shared |= {"empty": Semaphore(8), "full": Semaphore(0), "mutex": Semaphore(1)}
    report = Lab(put=names["put"], get=names["get"], shared=shared).run(items=100)
    assert report.consumed == 100 and report.variables["v29"] == -29 and report.semaphores["s12"] == 12


def test_functions_that_cannot_travel_are_refused_at_once() -> None:
    names = cell("import threading\nlock = threading.Lock()\ndef put(buf, item):\n    lock\n" + "")
    with pytest.raises(ArgumentError, match="cannot be sent to another process"):
        Lab(put=names["put"], get=cell(RIGHT)["get"])


# --- what a worker is and is not -----------------------------------------------------------------


def test_a_worker_goes_on_when_the_kernel_is_interrupted() -> None:
    with Lab(produce_rate=100, consume_rate=100) as lab:
        eventually(lambda: lab.snapshot().consumed > 3)
        for worker in lab.workers:
            os.kill(worker.pid, signal.SIGINT)
        consumed = lab.snapshot().consumed
        eventually(lambda: lab.snapshot().consumed > consumed + 5)
        assert all(worker.alive for worker in lab.workers)


def test_a_worker_is_in_a_session_of_its_own() -> None:
    with Lab() as lab:
        for worker in lab.workers:
            assert os.getsid(worker.pid) == os.getpgid(worker.pid) == worker.pid


def test_a_students_file_named_like_a_module_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("queue", "select", "struct", "zlib", "random", "_multiprocessing", "shmlab", "traceback"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('imported the student\\'s {name}.py')")
    monkeypatch.chdir(tmp_path)
    report = own("").run(items=50)
    assert report.consumed == 50
    assert Lab(pattern="poisson").run(items=50).consumed == 50


def test_a_worker_has_none_of_the_servers_secrets_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTER_TOKEN", "JPY_PARENT_PID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    with Lab() as lab:
        for worker in lab.workers:
            words = Path(f"/proc/{worker.pid}/environ").read_text()
            names = {word.partition("=")[0] for word in words.split("\0")}
            assert not {name for name in names if name.startswith(("JUPYTER", "JPY", "AWS"))}
            assert "secret" not in words


def test_a_worker_has_no_descriptor_of_its_owner(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.write_text("")
    with private.open() as file, Lab() as lab:
        os.set_inheritable(file.fileno(), True)
        added = lab.add_producer()
        eventually(lambda: all(w.state != "starting" for w in lab.workers))  # till then it opens and closes files
        for worker in (*lab.workers, added):
            assert str(private) not in {str(link.readlink()) for link in Path(f"/proc/{worker.pid}/fd").iterdir()}


SLOW_MODULES = ("asyncio", "multiprocessing", "numpy", "dataclasses", "inspect", "threading", "typing")


def test_a_worker_imports_nothing_that_starts_slowly() -> None:
    names = json.dumps(SLOW_MODULES)
    known = "known = set(sys.modules)"  # ctypes brings threading along in Python 3.14
    new = f"[name for name in {names} if name in set(sys.modules) - known]"
    code = f"import sys, ctypes; {known}; import shmlab.worker.program; print({new})"
    said = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("pattern", ["constant", "poisson"])
def test_a_running_worker_has_imported_none_of_it_either(pattern: str) -> None:
    names = cell(
        """
        import sys

        def put(buf, item):
            print(sorted(sys.modules))
            raise SystemExit
        """
    )
    with Lab(put=names["put"], get=cell(RIGHT)["get"], pattern=pattern, produce_rate=None) as lab:
        modules = eventually(lambda: "]" in lab.output and lab.output)
    assert "shmlab.worker.program" in modules or "'__main__'" in modules
    never = ("asyncio", "multiprocessing", "numpy", "ipykernel", "IPython")
    assert not [name for name in never if f"'{name}'" in modules]


def test_a_worker_for_a_segment_that_is_not_there_says_so_and_ends() -> None:
    arguments = [sys.executable, "-P", "-m", "shmlab.worker.program", "shmlab-" + "0" * 16, "0", str(os.getpid())]
    said = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    assert said.returncode == 1
    assert "no segment named 'shmlab-0000000000000000'" in said.stderr and "Traceback" not in said.stderr


def test_errors_share_one_base() -> None:
    from shmlab.memory import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == errors.__name__]
    assert len(kinds) >= 8 and all(issubclass(kind, ShmlabError) for kind in kinds)


def test_a_worker_loads_nothing_that_would_make_it_start_later() -> None:
    """Each of these takes milliseconds, and a lab may start 32 workers."""
    late = {"re", "enum", "typing", "subprocess", "inspect", "signal", "threading"}
    assert not late & after("import shmlab.worker.program")
