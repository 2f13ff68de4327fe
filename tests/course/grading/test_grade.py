"""One command gives a table of who passed what. What a hand-in says, shows or breaks counts for nothing."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from shmlab import cli
from shmlab.course.exercises import check, handed_in, program_text
from shmlab.course.exercises.code import Code
from shmlab.course.grading import grade, judging, sandbox
from shmlab.course.grading.confine import ISOLATED

START = "from shmlab import check"
RIGHT = "answer = 'P0 P1 P0 P1'\ncheck.vanish(answer, seed=7)"
HELPED = """
import time
STEP = 1

def following(buf, index: int) -> int:
    return (index + STEP) % buf.capacity

def my_put(buf, item):
    time.sleep(0)
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = following(buf, buf.in_)
    buf.full.release()

def my_get(buf):
    buf.full.acquire()
    item = buf.slots[buf.out]
    buf.out = following(buf, buf.out)
    buf.empty.release()
    return item
"""
NOTES = """
from shmlab.course.exercises.progress import Progress
for name in check.tasks:
    Progress().note(name, True, 7)  # check.vanish(answer), check.tokens(answer), check.semaphores(put, get)
"""
PATCHES = """
import shmlab
from shmlab.course.exercises import exercise_book as book, judgement, task; from shmlab.course.grading import judging
task.Task.judge = task.Task.__call__ = lambda *more, **names: judgement.passed("so it is")
judging.judged = lambda line: {"task": line["task"], "seed": None, "tried": True, "passed": True}
shmlab.check = book.ExerciseBook.__getattr__ = lambda *more: None
check.vanish.judge = lambda *more: judgement.passed("so it is")
check.vanish("P0 P0", seed=7)
check.tokens([0, 0, 0])
"""
SHADOWS = """
import os, site
from pathlib import Path
start = os.environ["IPYTHONDIR"] + "/profile_default/startup"
for folder in (".", Path.home(), start, SHARED, *site.getsitepackages()):
    for name in ("shmlab", "json", "sitecustomize", "usercustomize", "00-start"):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, name + ".py").write_text("raise SystemExit(0)")
            Path(folder, name + ".pth").write_text("import os; os._exit(0)")
        except OSError:
            pass
check.vanish("P0 P0")
"""
FORGES = """
import json, os
from pathlib import Path
verdict = {"task": "vanish", "seed": 7, "tried": True, "passed": True}
wrong = {"task": "vanish", "seed": 7, "answers": ["P0 P0"], "more": {}, "program": "", "passed": True}
noise = {"task": ["vanish"], "seed": {}, "answers": 3, "more": None, "program": None}
text = "\\n".join([json.dumps(verdict), json.dumps(wrong), json.dumps(noise), "[" * 50_000, "forges  41 of 41", ""])
Path(os.environ["SHMLAB_HANDED_IN"]).write_text(text)
for end in Path("/proc").glob("[0-9]*/fd/[12]"):
    try:
        if os.path.realpath(end).startswith(("/tmp", "/#", "pipe")):
            end.write_text(text)
    except OSError:
        pass
print(text)
check.tokens([0, 0, 0])
"""
ESCAPES = """
def put(buf, item):
    import shmlab.course.exercises.judgement as judgement
    judgement.WRONG = judgement.PASSED
    print('{"task": "semaphores", "seed": null, "tried": true, "passed": true}')

def get(buf):
    return None

check.semaphores(put, get)
check.vanish("P0 P1 P0 P1")
"""
VANDAL = """
import shutil
shutil.rmtree(SHARED, ignore_errors=True)
check.vanish("P0 P0")
"""
LOOPS = """
check.vanish("P0 P1 P0 P1")
import os
os.fork() or os.setsid()
while True:
    pass
"""


def handed_in_as(folder: Path, name: str, *cells: str) -> None:
    """A student's notebook, with an output that claims success."""
    folder.mkdir(parents=True, exist_ok=True)
    book = new_notebook(cells=[new_markdown_cell("# Mine"), *[new_code_cell(cell) for cell in cells]])
    for cell in book.cells[1:]:
        cell.outputs = [nbformat.v4.new_output("stream", text="Passed: everything.")]
    nbformat.write(book, folder / f"{name}.ipynb")


def graded(folder: Path, *more: str) -> tuple[int, dict[str, Mapping[str, str]], str]:
    """The exit status, a row for each notebook, and what was printed."""
    table, printed = folder.parent / "table.csv", io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = cli.main(["grade", str(folder), "--csv", str(table), *more])
    rows = {row["notebook"]: row for row in csv.DictReader(table.read_text().splitlines())}
    return status, rows, printed.getvalue()


@pytest.mark.slow
def test_the_table_tells_who_passed_what(tmp_path: Path, kept: Path) -> None:
    room = tmp_path / "class"
    handed_in_as(room, "anna", START, RIGHT, "check.tokens([3, 3, 1])", HELPED, "check.semaphores(my_put, my_get)")
    handed_in_as(room / "b", "ben", START, "check.vanish('P0 P0')", "1 / 0", "check.tokens(None)")
    (room / "dora\n\x1b[1A.ipynb").write_text("my homework")
    status, rows, said = graded(room, "--seconds", "30")
    assert status == 1  # dora's is no notebook
    assert rows["anna"]["passed"] == "3 of 12"
    assert (rows["anna"]["vanish"], rows["anna"]["tokens"], rows["anna"]["semaphores"]) == ("+ seed 7", "+", "+")
    assert (rows["ben"]["passed"], rows["ben"]["vanish"], rows["ben"]["tokens"]) == ("0 of 12", "-", ".")
    assert rows["dora\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[1A"]["passed"] == "0 of 0"
    printed = said.splitlines()
    assert printed[0].split()[:2] == ["notebook", "passed"] and len(printed) == 6
    assert printed[-1] == "+ passed, - tried and not passed, . not tried, ? look at it yourself"
    assert not kept.exists()  # the teacher's own progress is left alone


def test_two_of_one_name_are_told_apart_by_their_folders() -> None:
    paths = [Path("class", place).with_suffix(".ipynb") for place in ("ann/lab", "ben/lab", "ben/more/lab", "cleo")]
    assert grade.names(paths) == ["ann/lab", "ben/lab", "more/lab", "cleo"]
    assert grade.names([Path("a.ipynb"), Path("a.ipynb")]) == ["a", "a"]


@pytest.mark.slow
def test_a_spreadsheet_finds_no_formula_in_what_students_wrote(tmp_path: Path) -> None:
    room = tmp_path / "class"
    room.mkdir()
    formulas = ("=1+1", "+2", "-3", "@sum", " =1+1", "\N{FULLWIDTH EQUALS SIGN}1+1")
    for name in (*formulas, "plain"):
        (room / f"{name}.ipynb").write_text("my homework")
    _, rows, said = graded(room)
    assert rows.keys() == {*(f"'{formula}" for formula in formulas), "plain"}
    assert "\n=1+1 " in said  # in the terminal it is what it is


def alone(*cells: str, seconds: int = 30) -> grade.Graded:
    """One notebook, graded; some of these are vandals, and run only where they are isolated."""
    if sandbox.best_level() != ISOLATED:
        pytest.skip("this system does not isolate a hand-in")
    book = new_notebook(cells=[new_code_cell(cell) for cell in (START, *cells)])
    return grade.grade("mine", nbformat.writes(book).encode(), seconds)


def test_the_grader_itself_reads_a_notebook_as_json_alone() -> None:
    """Whatever takes long, such as bringing an old notebook up to date, is done where it has a deadline."""
    cells = [{"cell_type": "code", "input": ["check.", "tokens(3)"]}, {"cell_type": "markdown", "source": "text"}]
    old = {"nbformat": 3, "worksheets": [{"cells": cells}]}
    new = dict(nbformat=4, cells=[{"cell_type": "code", "source": ["a\n", "b"]}, {"cell_type": "code", "source": "c"}])
    assert grade.code(json.dumps(old).encode()) == "check.tokens(3)"
    assert grade.code(json.dumps(new).encode()) == "a\nb\nc"


@pytest.mark.slow
def test_what_jupyter_cannot_read_is_told() -> None:
    said = grade.grade("mine", json.dumps({"nbformat": 99, "cells": []}).encode())
    assert said.remarks == "no notebook that Jupyter can read"


@pytest.mark.slow
def test_a_kernel_that_dies_is_told_and_what_comes_after_was_not_tried() -> None:
    said = alone("import os\nos._exit(3)", RIGHT)
    assert said.mark("vanish") == "." and said.remarks == "stopped: DeadKernelError"


@pytest.mark.slow
def test_notes_of_progress_count_for_nothing() -> None:
    said = alone(NOTES)
    assert len(said.tasks) == 3 and said.kept == {}


@pytest.mark.slow
def test_a_patched_check_changes_no_verdict() -> None:
    said = alone(PATCHES, "check.two_producers(None)")
    assert said.passed == 0 and len(said.tasks) == 3


@pytest.mark.slow
def test_forged_verdicts_and_printed_tables_count_for_nothing() -> None:
    said = alone("# check.vanish(answer)", FORGES)
    assert said.passed == 0 and "41" not in said.remarks


@pytest.mark.slow
def test_a_program_that_is_more_than_a_protocol_is_left_to_a_person() -> None:
    said = alone(ESCAPES)
    assert said.mark("semaphores") == "?" and said.mark("vanish") == "+"
    assert said.remarks == "semaphores: `import shmlab.course.exercises.judgement as judgement`"


@pytest.mark.slow
def test_a_cell_that_never_ends_keeps_what_was_handed_in_before() -> None:
    said = alone(LOOPS, seconds=5)
    assert said.trouble == "stopped: CellTimeoutError" and said.mark("vanish") == "+"


@pytest.mark.slow
def test_no_hand_in_changes_another_s_marks(tmp_path: Path) -> None:
    if sandbox.best_level() != ISOLATED:
        pytest.skip("this system does not isolate a hand-in")
    room = tmp_path / "class"
    room.mkdir()
    shared = f"SHARED = {str(room)!r}\n"
    handed_in_as(room, "a_vandal", START, shared + SHADOWS, shared + VANDAL)
    handed_in_as(room, "b_honest", START, RIGHT, "check.tokens([3, 3, 1])")
    before = sorted(room.iterdir())
    status, rows, _ = graded(room, "--seconds", "30")
    assert status == 0 and sorted(room.iterdir()) == before
    assert rows["a_vandal"]["vanish"] == "-" and rows["b_honest"]["passed"] == "2 of 12"


@pytest.mark.slow
@pytest.mark.parametrize("name", list(check.tasks))
def test_every_reference_answer_passes_in_the_judge(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, task = tmp_path / "handed_in.jsonl", check.tasks[name]
    monkeypatch.setenv(handed_in.VARIABLE, str(place))
    names: dict[str, object] = {"check": check}
    if isinstance(task, Code):
        names |= program_text.compiled(task.answered() + "\n")
    else:
        exec(task.answered(), names)
    monkeypatch.setattr(type(task), "judge", lambda *more, **named: None)  # handing in is enough
    with contextlib.suppress(AttributeError):
        eval(task.call, names)
    monkeypatch.undo()
    line = grade.answers(place.read_text())[name]
    assert judging.judged(json.loads(json.dumps(line))) == {"task": name, "tried": True, "passed": True}


def line(task: str, *given: object, seed: object = None, program: str = "") -> str:
    """What a check writes down."""
    return json.dumps({"task": task, "seed": seed, "answers": given, "more": {}, "program": program})


def said_by_a_judge(monkeypatch: pytest.MonkeyPatch, *lines: object, status: int = 0) -> None:
    """Have every judge say these lines, whatever it is asked."""
    said = "".join(f"{text if isinstance(text, str) else json.dumps(text)}\n" for text in lines)
    monkeypatch.setattr(sandbox, "run", lambda *_, **__: sandbox.SandboxResult(status, said))


def test_only_the_newest_answer_counts() -> None:
    said = "\n".join([*[line("tokens", k) for k in range(100)], line("tokens", 3), line("vanish", "P0", seed=4)])
    found = grade.answers(said)
    assert found["tokens"]["answers"] == [3] and found["vanish"]["seed"] == 4  # said before, and said again


@pytest.mark.slow
def test_handing_in_every_possible_answer_does_not_pass() -> None:
    guesses = "\n".join(line("interleavings", k) for k in range(1, 100))
    assert grade.judged(grade.answers(guesses)) == {"interleavings": {"passed": False, "seed": None, "look": ""}}


@pytest.mark.parametrize("levels", [100, 940, 970, 985, 990, 991, 992, 999, 2000, 30_000])
def test_an_answer_that_is_nested_too_deeply_is_none(levels: int) -> None:
    deep = line("tokens", 0).replace("[0]", "[" * levels + "]" * levels)
    assert grade.answers(deep) == {} and list(grade.answers(f"{deep}\n{line('tokens', 1)}")) == ["tokens"]


def test_whatever_a_check_writes_down_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists: object = grade.answers
    sets: object = grade.answers
    for _ in range(30):
        lists, sets = [lists], frozenset([sets])
    monkeypatch.setenv(handed_in.VARIABLE, str(tmp_path / "handed_in"))
    for task, answer in (("tokens", lists), ("vanish", sets)):
        handed_in.keep(task, (answer,), None, {"loop": answer})
    assert grade.answers((tmp_path / "handed_in").read_text()).keys() == {"tokens", "vanish"}


@pytest.mark.parametrize("seed", [True, -1, 10**1000, 1.0, "7"])
def test_a_seed_that_no_check_accepts_is_none(seed: object) -> None:
    assert grade.answers(line("vanish", "P0", seed=seed)) == {}


def test_a_judge_is_believed_only_on_what_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [{"task": name, "seed": 3, "tried": True, "passed": True} for name in check.tasks]
    said_by_a_judge(monkeypatch, {"task": "tokens", "tried": True, "passed": False}, *passed)
    kept = grade.judged(grade.answers(f"{line('tokens', 1)}\n{line('vanish', 'P0', seed=7)}"))
    assert kept == {
        "tokens": {"passed": False, "seed": None, "look": ""},  # the first verdict
        "vanish": {"passed": True, "seed": 7, "look": ""},  # with the seed of the answer
    }


@pytest.mark.parametrize(
    "said",
    ["", "no JSON", "[" * 5000, '{"task": "tokens", "tried": tr', "null", '{"task": "tokens"}', '{"task": ["tokens"]}'],
)
def test_an_answer_without_a_verdict_that_can_be_read_is_to_be_looked_at(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_by_a_judge(monkeypatch, said)
    assert grade.judged(grade.answers(line("tokens", 1)))["tokens"]["look"] == "the judge gave no verdict"
    said_by_a_judge(monkeypatch, said, status=9)
    assert grade.judged(grade.answers(line("tokens", 1)))["tokens"]["look"] == "the judge ended with status 9"


def test_an_answer_that_was_not_tried_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    said_by_a_judge(monkeypatch, {"task": "tokens", "tried": False, "passed": False})
    assert grade.judged(grade.answers(line("tokens", None))) == {}


OUTSMARTS = """
import json, os
program = "def d(exec):\\n    pass\\nexec('import os; os._exit(0)')\\ndef put(buf, item):\\n    pass"
for task in ("semaphores", "barrier"):
    line = {"task": task, "seed": None, "answers": [{"function": "put"}], "more": {}, "program": program}
    with open(os.environ["SHMLAB_HANDED_IN"], "a") as file:
        file.write(json.dumps(line) + "\\n")
check.semaphores(None)
check.barrier(None)
"""


@pytest.mark.slow
def test_a_name_that_means_something_in_one_place_opens_nothing_in_another() -> None:
    said = alone(OUTSMARTS)
    assert [said.mark(task) for task in said.tasks] == ["?", "?"] and "`exec`" in said.remarks


def test_a_notebook_that_cannot_be_graded_costs_nobody_else_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def graded_by_name(name: str, content: bytes, seconds: int) -> grade.Graded:
        if name == "a":
            raise RecursionError("too deep")
        return grade.Graded(name, ("tokens",), {"tokens": {"passed": True, "seed": None, "look": ""}})

    monkeypatch.setattr(grade, "grade", graded_by_name)
    for name in ("a", "b"):
        handed_in_as(tmp_path / "class", name, START)
    status, rows, _ = graded(tmp_path / "class")
    assert status == 1 and rows["b"]["passed"] == "1 of 7"
    assert rows["a"][""] == "it could not be graded (RecursionError): look at it yourself"


def test_only_a_regular_file_of_bearable_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "class"
    handed_in_as(room, "neighbour", START, RIGHT)
    (room / "copycat.ipynb").symlink_to(room / "neighbour.ipynb")
    (room / "zero.ipynb").symlink_to("/dev/zero")
    (room / "nowhere.ipynb").symlink_to(room / "missing")
    os.mkfifo(room / "fifo.ipynb")
    (room / "folder.ipynb").mkdir()
    handed_in_as(tmp_path / "another class", "stolen", START, RIGHT)
    (room / "folder").symlink_to(tmp_path / "another class")
    with (room / "large.ipynb").open("wb") as file:
        file.truncate(grade.LARGEST + 1)
    monkeypatch.setattr(grade, "grade", lambda name, content, seconds: grade.Graded(name, ()))
    status, rows, _ = graded(room)
    assert status == 1 and {name: row[""] for name, row in rows.items()} == {
        "neighbour": "",
        "copycat": "not read: it is a link, not a notebook",
        "zero": "not read: it is a link, not a notebook",
        "nowhere": "not read: it is a link, not a notebook",
        "fifo": "not read: it is no regular file",
        "folder": "not read: it is no regular file",
        "large": "not read: it is larger than 32 MiB",
    }
    assert grade.read(Path("/dev/zero")) == (b"", "not read: it is no regular file")
    assert grade.read(tmp_path / "missing.ipynb") == (b"", "not read: No such file or directory")


def test_a_folder_without_notebooks_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["grade", str(tmp_path)]) == 2
    assert f"no notebook in {tmp_path}" in capsys.readouterr().err


@pytest.mark.slow
def test_an_answer_counts_however_its_check_is_called_and_a_task_taken_out_is_still_asked_for(tmp_path: Path) -> None:
    room = tmp_path / "class"
    handed_in_as(room, "alias", "from shmlab import check as c", "(c\n .tokens([3, 3, 1]))")
    status, rows, _ = graded(room)
    assert status == 0 and rows["alias"]["passed"] == "1 of 7" and rows["alias"]["tokens"] == "+"


@pytest.mark.slow
def test_a_hand_in_that_ends_its_own_sandbox_is_not_called_late(tmp_path: Path) -> None:
    room = tmp_path / "class"
    handed_in_as(room, "kills", START, "import os, signal, time", "os.kill(1, signal.SIGTERM); time.sleep(5)")
    if sandbox.best_level() != ISOLATED:
        pytest.skip("its process 1 is the system's here")
    status, rows, _ = graded(room)
    assert status == 1 and "more than" not in rows["kills"][""] and "status 143" in rows["kills"][""]


def test_what_a_student_says_in_a_remark_is_a_short_line() -> None:
    one = grade.Graded("a", (), {}, "said" + " " * 60 + "b  41 of 41  + + +" + "x" * 60_000)
    assert one.remarks.startswith("said b 41 of 41 + + +x") and len(one.remarks) < 310


def test_large_files_of_nothing_take_little_memory(tmp_path: Path) -> None:
    place = tmp_path / "hole.ipynb"
    with place.open("wb") as file:
        file.truncate(grade.LARGEST)
    small, trouble = grade.packed(*grade.read(place))
    assert not trouble and len(small) < 1 << 20
