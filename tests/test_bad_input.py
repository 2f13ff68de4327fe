"""Whatever is given to whatever is public: a sentence that says what is allowed, and nothing is made.

`Lab` and its methods have tables of their own in test_lab.py, a student's functions in test_worker.py.
"""

import contextlib
import inspect
import math
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import shmlab
from shmlab import (
    Atomic,
    Condition,
    Lab,
    Observer,
    Ring,
    Semaphore,
    ShmlabError,
    cli,
    doctor,
    explore,
    explored,
    show,
    strategies,
)
from shmlab.course import problems
from shmlab.memory import segment
from tests.apparatus import descriptors, eventually, own_entries

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # bqplot's own, while it is imported
    from shmlab import labs

pytestmark = pytest.mark.usefixtures("leaves_nothing")
NOBODY = "shmlab-" + "0" * 16


def put(buf: Any, item: Any) -> None:
    buf.slots[0] = item


def get(buf: Any) -> Any:
    return buf.slots[0]


NOUGHT: list[Any] = [None, "", b"", [], {}, ()]
NUMBERS: list[Any] = [-1, 0, 1.5, math.nan, math.inf, -math.inf, 10**30, 3 + 0j, True]
TEXTS: list[Any] = ["x", "ünï", "a\0b", "../x", "-rf", "\n", "1e3", "x" * 10_000, b"8"]
THINGS: list[Any] = [object(), put, range(3), [math.nan], ["x"], {1: 2}, int]
NONSENSE = NOUGHT + NUMBERS + TEXTS + THINGS


def one_of(call: Callable[..., Any], *names: str, room: str = "", **good: Any) -> dict[str, Callable[[Any], Any]]:
    """Calls with one argument that is nonsense, by name; `good` are arguments that it needs besides."""
    return {
        f"{room}{call.__qualname__}({name}=)": lambda value, name=name: call(**{**good, name: value})
        for name in names or signature(call).parameters
    }


LATER = ("shared", "invariant", "final", "buffer", "must_finish", "must_enter", "max_seconds", "progress")
TARGETS: dict[str, Callable[[Any], Any]] = {
    **one_of(Lab),
    **one_of(labs.live, room="labs."),
    **one_of(labs.queueing, room="labs."),
    **one_of(labs.pipeline, "sources", "slow_motion", room="labs.", sources="."),
    **one_of(labs.replay, "speed", room="labs.", file=NOBODY),
    "labs.replay(file=)": labs.replay,
    **one_of(labs.compare, "ways", "sizes", "between", "rounds", "seconds", room="labs."),
    **one_of(shmlab.compare, "ways", "sizes", "between", "rounds", "seconds"),
    **one_of(Ring.create),
    "Ring.attach(name)": Ring.attach,
    "Ring.attach(role)": lambda value: Ring.attach(NOBODY, value),
    "check.lesson(number)": shmlab.check.lesson,
    "check.quiz(number)": shmlab.check.quiz,
    "Semaphore(value)": lambda value: Lab(put=put, get=get, shared={"lock": Semaphore(value)}),
    "Condition(lock)": lambda value: Lab(put=put, get=get, shared={"lock": Semaphore(1), "full": Condition(value)}),
    "Atomic(value)": lambda value: explore(put, get, shared={"word": Atomic(value)}, max_states=100),
    "Observer(segment)": Observer,
    "segment.create(layout)": segment.create,
    "segment.attach(name)": segment.attach,
    "segment.open_unmapped(name)": segment.open_unmapped,
    "segment.open_unmapped(mode)": lambda value: segment.open_unmapped(NOBODY, value),
    "segment.unlink(name)": segment.unlink,
    "segment.owner_is_dead(name)": segment.owner_is_dead,
    "problems.find(name)": problems.find,
    "strategies.find(name)": strategies.find,
    "show(thing)": show,
    "explore(program)": explore,
    "explored(test)": explored,
    "explored(fails)": lambda value: explored(fails=value),
    "explored(arguments)": lambda value: explored(unknown=value),
    "explore(get)": lambda value: explore(put, value),
    "explore(capacity)": lambda value: explore(put, get, capacity=value, max_states=100),
    "explore(producers)": lambda value: explore(put, get, producers=value, max_states=100),
    "explore(consumers)": lambda value: explore(put, get, consumers=value, max_states=100),
    "explore(items)": lambda value: explore(put, get, items=value, max_states=100),
    "explore(memory)": lambda value: explore(put, get, memory=value, max_states=100),
    "explore(order)": lambda value: explore(put, get, order=value, max_states=100),
    "explore(fairness)": lambda value: explore(put, get, fairness=value, max_states=100),
    "explore(sizes)": lambda value: explore(put, get, sizes=value, max_states=100),
    "explore(max_states)": lambda value: explore(put, get, max_states=value),
    **one_of(explore, *LATER, program=put, get=get, max_states=100),
    "labs.stepper(program)": labs.stepper,
    "labs.stepper(get)": lambda value: labs.stepper(put, value),
    "labs.stepper(producers)": lambda value: labs.stepper(put, get, producers=value),
    **one_of(labs.stepper, "goal", "schedule", "real", "title", room="labs.", program=put, get=get),
}
# What is not nonsense to some of them, by the end of the target's name.
GOOD: dict[str, list[Any]] = {
    "(producers=)": [0],
    "(consumers=)": [0],
    "(produce_rate=)": [None, 1.5],
    "(consume_rate=)": [None, 1.5],
    "(slow_motion=)": [0, 1.5],
    "(repair=)": [True],
    "(scenario=)": [None],
    "(put=)": [None],
    "(get=)": [None],
    "(ways=)": [None],
    "(sizes=)": [None, {1: 2}],
    "(between=)": [None],
    "(rounds=)": [None],
    "(seconds=)": [None, 1.5],
    "(role)": [None],
    "(mode)": [0],
    "show(thing)": [put, int],
    "explore(capacity)": [None],
    "explore(order)": [True],
    "explore(sizes)": [None],
    "(invariant=)": [None, int],  # which can be called; what it then raises is its own
    "(final=)": [None, int, put],
    "explore(shared=)": [None, {}],
    "(shared=)": [None],
    "(buffer=)": [None],
    "(must_finish=)": [None, [], ()],
    "(must_enter=)": [None, [], ()],
    "(progress=)": [None, int, put],
    "(max_seconds=)": [0, 1.5],
    "(goal=)": [None, int],
    "(schedule=)": ["", "\n", b"", [], {}, ()],
    "(real=)": [True],
    "(title=)": ["", *TEXTS[:-1]],
    "Semaphore(value)": [0],
    "Condition(lock)": [None],
    "explored(fails)": [None],
    "Atomic(value)": [-1, 0, True, None],
}
REFUSED_STILL = {"Ring.create(producers=)", "Ring.create(consumers=)"}  # a ring has at least one of each


def is_good(target: str, value: Any) -> bool:
    good = [] if target in REFUSED_STILL else next((g for end, g in GOOD.items() if target.endswith(end)), [])
    return any(value is known or (type(value) is type(known) and value == known) for known in good)


TRUTH = "anything is true or false"
HERE, WITHIN = "test_bad_input.py", "not for people: called with what one of the others has found to be good"
ELSEWHERE = {  # by how a name begins: the test that gives it nonsense, or why nobody need
    **dict.fromkeys(
        ("Lab.add", "Lab.set_rate", "Lab.kill", "Lab.run", "Lab.slow", "Lab.produce", "Lab.consume"), "test_lab.py"
    ),
    **dict.fromkeys(("Lab.one_item", "Lab.remove", "Lab.stall", "Lab.unstall"), HERE),
    "Lab.record": "recording/test_recorder.py",
    "choose(": "explorer/test_choosing.py",
    "Ring.": "ring/test_ring.py",
    "Ring(": WITHIN,
    **dict.fromkeys(("Snapshot", "Report", "Worker("), "data that one is given: test_snapshot.py"),
    **dict.fromkeys(("layout.parse", "segment.open_unmapped(mode)"), "faults/test_damage.py"),
    **dict.fromkeys(("layout.", "sync.", "segment.SegmentFile", "segment.Segment"), WITHIN),
    **dict.fromkeys(
        ("strategies.Strategy", "scenarios.Scenario", "segment.create(fill)", "segment.unlink(semaphores)"), WITHIN
    ),
    "Observer.snapshot(measure)": WITHIN,
    **dict.fromkeys(("compare(quick)", "labs.compare(quick)", "compare(progress)", "Lab.start(paused)"), TRUTH),
    **dict.fromkeys(("labs.pipeline(asked)",), "pipeline/test_pipeline.py"),
    **dict.fromkeys(("labs.stepper(asked)",), HERE),
}


def arguments(call: Callable[..., Any], name: str) -> Iterator[str]:
    """Each argument of a call, as `name(argument)`; nothing for a call without."""
    with contextlib.suppress(ValueError):  # what is built in
        yield from (f"{name}({argument})" for argument in signature(call).parameters if argument != "self")


def members(kind: type, name: str) -> Iterator[str]:
    """Each argument of a class, of its public methods, and of the properties that can be set."""
    yield from arguments(kind, name)
    for member, value in inspect.getmembers_static(kind):
        home = next(k for k in kind.__mro__ if member in vars(k))
        if member.startswith("_") or not home.__module__.startswith("shmlab"):
            continue
        if isinstance(value, property):
            yield from [f"{name}.{member}(value)"] if value.fset else []
        elif callable(getattr(kind, member)):
            yield from arguments(getattr(kind, member), f"{name}.{member}")


def public() -> Iterator[str]:
    """Each argument of everything public."""
    for name in shmlab.__all__:
        thing = getattr(shmlab, name)
        if isinstance(thing, ModuleType):
            for inner, value in vars(thing).items():
                if inner.startswith("_") or not callable(value) or value.__module__ != thing.__name__:
                    continue
                yield from (members if isinstance(value, type) else arguments)(value, f"{name}.{inner}")
        elif not isinstance(thing, type):
            yield from arguments(thing, name) if callable(thing) else members(type(thing), name)
        elif not issubclass(thing, Exception):
            yield from members(thing, name)


def test_every_argument_of_everything_public_has_its_place_in_a_table() -> None:
    known = {target.replace("=)", ")") for target in TARGETS}
    found = set(public())
    assert len(found) > 150 and known & found
    assert [name for name in sorted(found - known) if not name.startswith(tuple(ELSEWHERE))] == []
    assert [begin for begin in ELSEWHERE if not any(name.startswith(begin) for name in found)] == []
    for place in {place.rpartition(" ")[2] for place in ELSEWHERE.values() if place not in (WITHIN, TRUTH)}:
        assert list(Path(__file__).parent.rglob(place)), place


@pytest.mark.parametrize("target", TARGETS)
def test_nonsense_is_refused_with_a_sentence_and_makes_nothing(target: str) -> None:
    before, files, threads = own_entries(), descriptors(), threading.active_count()
    refused = 0
    for value in NONSENSE:
        if is_good(target, value):
            continue
        with pytest.raises(ShmlabError) as caught:
            TARGETS[target](value)
            pytest.fail(f"{target} takes {value!r}")
        refused += 1
        text = str(caught.value)
        assert 25 < len(text) < 12_000 and not text.startswith("["), f"{target} says of {value!r}: {text}"
    assert refused > 10
    assert own_entries() == before
    assert descriptors() <= files and threading.active_count() <= threads  # fewer: what an earlier test began has ended


def test_a_lab_of_nonsense_names_answers_with_those_that_live() -> None:
    with Lab() as lab:
        for act in (lab.kill, lab.remove, lab.stall, lab.unstall, lab.one_item):
            for value in NONSENSE:
                if value == 0 and not isinstance(value, bool):
                    continue  # row 0 is a worker
                with pytest.raises(ShmlabError, match=r"there is no living worker .*Living: P0, C0\.$"):
                    act(value)
        assert [worker.alive for worker in lab.workers] == [True, True]


# --- the command -----------------------------------------------------------------------------------

WORDS = ["", " ", "x", "ünï", "a\nb", "-1", "0", "nan", "inf", "-inf", "1e999", "9" * 400, "../x", "None", "1,,2"]
COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "produce NAME": lambda word: ["produce", "x" if word == "0" else word],  # a lab's name may begin with 0
    "consume NAME": lambda word: ["consume", "x" if word == "0" else word],  # a lab's name may begin with 0
    "attach NAME": lambda word: ["attach", "x" if word == "0" else word],  # a lab's name may begin with 0
    "produce --rate": lambda word: ["produce", NOBODY, f"--rate={word}"],
    "consume --items": lambda word: ["consume", NOBODY, f"--items={word or 0}"],
    "run --strategy": lambda word: ["run", f"--strategy={word}"],
    "run --pattern": lambda word: ["run", f"--pattern={word}"],
    "run --slots": lambda word: ["run", f"--slots={word}"],
    "run --producers": lambda word: ["run", f"--producers={'x' if word == '0' else word}"],
    "run --produce-rate": lambda word: ["run", f"--produce-rate={word}"],
    "run --consume-rate": lambda word: ["run", "--consume-rate", word or "x"],
    "run --slow-motion": lambda word: ["run", f"--slow-motion={'9' if word == '0' else word}"],
    "run --items": lambda word: ["run", f"--items={word}"],
    "run --seconds": lambda word: ["run", f"--seconds={word}"],
    "grade --seconds": lambda word: ["grade", ".", f"--seconds={word}"],
    "completion SHELL": lambda word: ["completion", word],
    "compare --ways": lambda word: ["compare", f"--ways={word or ','}"],
    "compare --sizes": lambda word: ["compare", f"--sizes={word or ','}"],
    "compare --rounds": lambda word: ["compare", f"--rounds={word or 'x'}"],
    "compare --seconds": lambda word: ["compare", f"--seconds={word or 'x'}"],
    "compare --csv": lambda word: ["compare", "--csv=/nowhere/" + (word or "x")],
    "COMMAND": lambda word: [word],
    "--option": lambda word: [f"--{word}"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_nonsense_on_the_command_line_is_refused_in_one_sentence(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, files = own_entries(), descriptors()
    for word in WORDS:
        try:
            status = cli.main(COMMANDS[command](word))
        except SystemExit as ending:
            status = int(ending.code or 0)
        said = capsys.readouterr()
        assert status == 2, f"shmlab {COMMANDS[command](word)} ended with {status}: {said.out}"
        assert "shmlab" in said.err and "Traceback" not in said.err and len(said.err.splitlines()) < 14
    assert own_entries() == before
    assert descriptors() <= files  # fewer: what an earlier test began has ended


def test_figures_that_could_not_be_saved_are_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    assert cli.main(["compare", "--csv", str(tmp_path / "no" / "figures.csv")]) == 2
    assert time.monotonic() - began < 2
    assert "cannot write" in capsys.readouterr().err


def test_the_doctor_ends_whatever_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("os.statvfs", refuse)
    monkeypatch.setattr("os.listdir", refuse)
    found = {finding.what: finding for finding in doctor.findings()}
    assert found["shared memory"].cure and found["leftovers"].cure and found["two processes"].cure


# --- the widgets: a browser can send anything ------------------------------------------------------


@pytest.fixture
def live() -> Iterator[Any]:
    shown = labs.live(produce_rate=50, consume_rate=50)
    eventually(lambda: shown.cards.cards)
    yield shown
    labs.close()


def tree(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from tree(child)


def works(live: Any) -> None:
    """The view draws, does what it is asked for, and its lab is one that the limits allow."""
    live.request("start")
    live.request("slow_motion", 0)  # else an item may take half a minute
    eventually(lambda: live.frames.thread.is_alive() and live._tasks.thread.is_alive() and live.lab.running)
    eventually(lambda: live.lab.slow_motion == 0)
    drawn = live.frames.sent
    consumed = live.lab.snapshot().consumed
    eventually(lambda: live.lab.snapshot().consumed > consumed or live.lab.warning)
    assert live.frames.sent >= drawn
    assert 2 <= live.lab.slots <= 1024 and 0 <= live.lab.slow_motion <= 2
    for worker in live.lab.workers:
        assert worker.rate is None or 0.1 <= worker.rate <= 100_000
    assert 1 <= len(live.lab.workers) <= 32


SENT: list[Any] = [-1, 0, 1.5, math.nan, math.inf, 10**30, True, None, "", "a\0b", "<b>", [], {}, ["x"], "IPY_MODEL_x"]
TRAITS = ("value", "index", "max", "min", "step", "options", "selected_index", "disabled", "children", "titles")


def send(widget: Any, state: dict[str, Any]) -> None:
    """What arrives when a browser sends this; what ipywidgets refuses itself, it writes into the kernel's log."""
    try:
        widget.set_state(state)
    except Exception:
        assert threading.current_thread() is threading.main_thread()


@pytest.mark.slow
def test_nonsense_for_every_trait_of_every_control_harms_no_lab(live: Any) -> None:
    controls = [live.controls.box, live.panes, *(card.box for card in live.cards.cards.values())]
    sent = 0
    for widget in [each for box in controls for each in tree(box)]:
        for trait in TRAITS:
            if trait in widget.keys:
                for value in SENT:
                    send(widget, {trait: value})
                    sent += 1
    assert sent > 400
    for ack in (-(10**9), 10**30, 0):
        send(live.frames.ack, {"value": ack})
    send(live.frames.ack, {"value": live.frames.sent})
    works(live)
    began = time.monotonic()
    live.close()
    assert time.monotonic() - began < 10


@pytest.mark.slow
def test_a_thousand_clicks_start_no_more_workers_than_are_allowed(live: Any) -> None:
    for _ in range(50):
        for button in (live.controls.producer, live.controls.consumer):
            for content in ({"event": "click"}, {"event": "x"}, {}, {"event": ["click"]}):
                button._handle_custom_msg(content, [])
    eventually(lambda: live._tasks.queue.empty(), 60)
    eventually(lambda: "32 workers at most" in live._note)
    assert len(live.lab.workers) == 32


def test_requests_that_no_control_can_make_are_sentences(live: Any) -> None:
    for verb, arguments in [
        ("set_rate", (0, math.nan)),
        ("set_rate", (99, 5)),
        ("set_rate", (0, 5, "rm -rf")),
        ("kill", ("nobody",)),
        ("slots", (10**9,)),
        ("slots", (None,)),
        ("slots", ("8",)),
        ("strategy", ("../strategy",)),
        ("scenario", ("x",)),
        ("slow_motion", (-1,)),
        ("save", ("exe",)),
        ("nothing_like_that", ()),
    ]:
        live.request(verb, *arguments)
        eventually(lambda: live._tasks.queue.empty())
    works(live)


def test_an_interrupt_in_the_middle_of_a_start_leaves_nothing() -> None:
    """What a student does who changes his mind: Ctrl-C while eight processes start."""
    for milliseconds in range(1, 40, 3):
        before = own_entries()
        lab = Lab(producers=4, consumers=4)
        signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            lab.start()
            eventually(lambda: False, 1)
        except KeyboardInterrupt:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
            lab.stop()
        assert own_entries() == before and not lab.running
