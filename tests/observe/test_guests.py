"""Programs in C that join a running lab: seen, steered, killed, repaired after; and who only claims to have joined."""


import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import shmlab
from shmlab import Lab
from shmlab.memory import layout as at
from shmlab.memory.item import SEQUENCE_BITS
from tests.apparatus import eventually

C = Path(shmlab.__file__).parent / "worker/c"
CC = shutil.which("cc") or shutil.which("gcc")
FAST = {"produce_rate": 500, "consume_rate": 500}
pytestmark = [
    pytest.mark.skipif(CC is None, reason="no C compiler: `sudo apt install gcc` brings it"),
    pytest.mark.usefixtures("leaves_nothing"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with both programs, compiled without a warning."""
    where = tmp_path_factory.mktemp("c")
    for name in ("producer", "consumer"):
        compile_c(C / f"{name}.c", where / name)
    return where


def compile_c(source: Path, program: Path) -> None:
    assert CC
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", f"-I{C}"]
    subprocess.run([CC, *flags, "-o", str(program), str(source), "-lrt", "-pthread"], check=True)


@pytest.fixture
def guests(built: Path) -> Iterator["Guests"]:
    started = Guests(built)
    yield started
    for process in started.processes:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


class Guests:
    """Starts C programs, and tells what they say."""

    def __init__(self, built: Path) -> None:
        self.built, self.processes = built, list["subprocess.Popen[str]"]()

    def start(self, program: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [str(self.built / program), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        return process

    def name(self, process: "subprocess.Popen[str]") -> str:
        """The name that the guest has in the lab."""
        assert process.stdout
        match = re.match(r"joined as (\w+),", process.stdout.readline())
        assert match
        return match[1]


def test_each_program_fits_on_a_page() -> None:
    for name in ("producer.c", "consumer.c"):
        assert len((C / name).read_text().splitlines()) < 100


@pytest.mark.slow
def test_a_c_producer_and_a_c_consumer_move_items_between_them(guests: Guests) -> None:
    with Lab(producers=1, consumers=0, produce_rate=0.1) as lab:
        producer = guests.start("producer", lab.name, "2000", "300")
        consumer = guests.start("consumer", lab.name, "5000")
        assert guests.name(producer)[0] == "P" and guests.name(consumer)[0] == "C"
        seen = eventually(lambda: (s := lab.snapshot()).consumed >= 300 and s)
        assert not seen.faults and {w.role for w in seen.workers} == {"producer", "consumer"}
        assert producer.wait(5) == 0
        eventually(lambda: any("left." in event.text for event in lab.events))
    assert consumer.wait(5) == 0  # it notices that the lab is over


def test_guests_and_the_lab_s_own_workers_are_one_crowd(guests: Guests) -> None:
    with Lab(producers=2, consumers=2, **FAST) as lab:
        names = [guests.name(guests.start(program, lab.name, "500")) for program in ("producer", "consumer")]
        eventually(lambda: all(lab.snapshot().worker(name).items > 50 for name in names))
        for worker in lab.workers:
            if worker.role == "producer":
                lab.remove(worker)
        eventually(lambda: not any(w.alive for w in lab.workers if w.role == "producer"))
        end = eventually(lambda: not (s := lab.snapshot()).occupancy and s.consumed == s.produced and s)
        assert not end.faults


@pytest.mark.slow
def test_a_guest_is_steered_like_a_worker(guests: Guests) -> None:
    with Lab(slots=1000, producers=0, consumers=1, **FAST) as lab:
        process = guests.start("producer", lab.name, "2")
        name = guests.name(process)
        eventually(lambda: name in [w.name for w in lab.workers])
        lab.set_rate(name, 400)
        eventually(lambda: lab.snapshot().worker(name).achieved > 100)
        lab.pause()
        still = eventually(lambda: (s := lab.snapshot().worker(name)).state == "paused" and s)
        lab.one_item(name)
        eventually(lambda: lab.snapshot().worker(name).items == still.items + 1)
        lab.stall(name)
        eventually(lambda: lab.snapshot().worker(name).state == "stalled")
        lab.unstall(name)
        lab.remove(name)
        eventually(lambda: name not in [w.name for w in lab.workers])
        assert process.wait(5) == 0


@pytest.mark.slow
@pytest.mark.parametrize("program", ["producer", "consumer"])
def test_a_killed_guest_leaves_no_damage(guests: Guests, program: str) -> None:
    with Lab(producers=2, consumers=2, **FAST) as lab:
        for _ in range(5):
            name = guests.name(guests.start(program, lab.name, "100000"))
            eventually(lambda name=name: lab.snapshot().worker(name).items > 20)  # type: ignore[misc]
            lab.kill(name)
            eventually(lambda name=name: lab.snapshot().worker(name).state == "killed" and not lab.damaged)  # type: ignore[misc]
            before = lab.snapshot().consumed
            eventually(lambda before=before: lab.snapshot().consumed > before + 20)  # type: ignore[misc]
        assert not lab.snapshot().faults


@pytest.mark.slow
def test_guests_park_while_another_worker_s_damage_is_repaired(guests: Guests) -> None:
    with Lab(producers=1, consumers=1, **FAST) as lab:
        names = [guests.name(guests.start(program, lab.name, "800")) for program in ("producer", "consumer")]
        for victim in ("P0", "C0"):
            eventually(lambda: all(lab.snapshot().worker(name).items > 20 for name in names))
            lab.kill(victim, holding="mutex", timeout=20)
            eventually(lambda: not lab.damaged)
            before = lab.snapshot().consumed
            eventually(lambda before=before: lab.snapshot().consumed > before + 50)  # type: ignore[misc]
        assert not lab.snapshot().faults


def test_guests_end_when_the_owner_is_killed(guests: Guests) -> None:
    program = "from shmlab import Lab; lab = Lab().start(); print(lab.name, flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        producer = guests.start("producer", owner.stdout.readline().strip(), "100")
        guests.name(producer)
        owner.kill()
        assert producer.wait(2) == 0


def test_a_row_that_names_an_innocent_process_is_not_believed() -> None:
    innocent = [sys.executable, "-c", "input()"]
    with Lab(producers=1, consumers=0) as lab, subprocess.Popen(innocent, stdin=subprocess.PIPE) as other:
        last = lab._file().layout.rows - 1
        for word, value in ((at.PID, other.pid), (at.PHASE, at.RESTING), (at.ROLE, at.PRODUCER)):
            lab._file().set_word(at.row(last) + word * at.WORD, value)
        lab._file().set_word(at.ROWS_USED, last + 1)
        assert [w.name for w in lab.workers] == ["P0"]
        with pytest.raises(shmlab.ArgumentError, match="no living worker"):
            lab.kill(last)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "NAME"),
        (("nonsense",), "not the name of a segment"),
        (("shmlab-0123456789abcdef",), "no such segment"),
        (("shmlab-0123456789abcdef", "-1"), "items a second"),
        (("shmlab-0123456789abcdef", "nan"), "items a second"),
    ],
)
def test_a_guest_says_what_is_wrong(built: Path, arguments: tuple[str, ...], says: str) -> None:
    for program in ("producer", "consumer"):
        ended = subprocess.run([built / program, *arguments], capture_output=True, text=True, timeout=10)
        assert ended.returncode == 1 and says in ended.stderr


@pytest.mark.parametrize("strategy", ["busy_waiting", "condition", "unbounded"])
def test_a_lab_of_another_strategy_is_refused(built: Path, strategy: str) -> None:
    with Lab(strategy) as lab:
        ended = subprocess.run([built / "producer", lab.name], capture_output=True, text=True, timeout=10)
        assert ended.returncode == 1 and ("semaphores" in ended.stderr or "bounded" in ended.stderr)
        assert not any(lab._file().word(at.row(row) + at.ROLE * at.WORD) for row in range(2, lab._file().layout.rows))


def test_c_and_python_agree_on_every_offset(tmp_path: Path) -> None:
    rows = [name for name in vars(at) if name in _row_words()]
    lines = [f'printf("{name} %zu\\n", offsetof(struct row, {name.lower()}));' for name in rows]
    slots = ("state", "ticket", "time", "checksum", "length", "payload")
    lines += [f'printf("SLOT_{name.upper()} %zu\\n", offsetof(struct slot, {name}));' for name in slots]
    controls = ("state", "capacity", "step_time", "at_cap", "rows_used", "frozen")
    lines += [f'printf("{name.upper()} %zu\\n", offsetof(struct segment, control.{name}));' for name in controls]
    lines += [f'printf("h_{name} %zu\\n", offsetof(struct header, {name}));' for name in at.HEADER_WORDS]
    source = tmp_path / "offsets.c"
    source.write_text(f'#include "shmlab.h"\nint main(void) {{\n{chr(10).join(lines)}\nreturn 0; }}\n')
    compile_c(source, tmp_path / "offsets")
    said = subprocess.run([tmp_path / "offsets"], capture_output=True, text=True, check=True).stdout
    found = {name: int(value) for name, value in (line.split() for line in said.splitlines())}
    expected = {name: getattr(at, name) * at.WORD for name in rows}
    expected |= {f"SLOT_{name.upper()}": getattr(at, f"SLOT_{name.upper()}") * at.WORD for name in slots[:-1]}
    expected |= {"SLOT_PAYLOAD": at.SLOT_PAYLOAD, **{name.upper(): getattr(at, name.upper()) for name in controls}}
    expected |= {f"h_{name}": i * at.WORD for i, name in enumerate(at.HEADER_WORDS)}
    assert found == expected and len(rows) > 30


def _row_words() -> set[str]:
    names = list(vars(at))
    return {n for n in names[names.index("PHASE") : names.index("LATENCY") + 1] if isinstance(getattr(at, n), int)}


def test_the_ticket_is_made_as_in_python(guests: Guests) -> None:
    with Lab(producers=0, consumers=0 + 1, consume_rate=0.1) as lab:
        guests.name(guests.start("producer", lab.name, "1000", "3"))
        slots = eventually(lambda: (s := lab.snapshot()).occupancy >= 2 and s).slots
        row = lab._file().layout.rows - 1
        tickets = {ticket for ticket, state in zip(slots.tickets, slots.states, strict=True) if state == at.FULL}
        assert tickets <= {(row + 1) << SEQUENCE_BITS | number for number in range(3)}
