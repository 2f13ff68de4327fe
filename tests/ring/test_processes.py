"""Real processes on one ring: every item exactly once and in order, also when they are killed anywhere."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab.memory import segment
from shmlab.memory.errors import RingClosed, RingTimeout
from shmlab.ring.ring import Ring
from tests.apparatus import eventually, watch
from tests.ring import peer
from tests.ring.peer import ITEM, ROOT, STOP, Notes

pytestmark = pytest.mark.usefixtures("leaves_nothing")
HELD = {"one": 1, "place": 1, "many": 5}  # items that a consumer may have in hand
PUTTING = {"one": 1, "place": 1, "many": 7}  # items that a producer may have put without having noted it


class Crowd:
    """Producers and consumers on one ring, each a process with notes of its own; any of them may be killed."""

    def __init__(self, ring: Ring, folder: Path, how: str) -> None:
        self.ring, self.folder, self.how = ring, folder, how
        self.notes: dict[str, dict[int, Notes]] = {"put": {}, "get": {}}
        self.alive: list[tuple[str, int, subprocess.Popen[bytes]]] = []
        self.killed: Counter[str] = Counter()

    def add(self, what: str, count: int = 0) -> None:
        number = len(self.notes[what])
        path = self.folder / f"{what}{number}"
        self.notes[what][number] = Notes(path)
        self.alive.append((what, number, peer.start(what, self.ring.name, number, path, count, self.how)))

    def kill(self, which: int) -> str:
        what, _, process = self.alive.pop(which)
        process.kill()
        process.wait()
        self.killed[what] += 1
        return what

    def join(self, what: str) -> None:
        for entry in [entry for entry in self.alive if entry[0] == what]:
            assert entry[2].wait(20) == 0
            self.alive.remove(entry)

    def drain(self) -> None:
        """Let the consumers take everything, and end them."""
        eventually(lambda: not len(self.ring), 20)
        consumers = [process for what, _, process in self.alive if what == "get"]
        while running := [process for process in consumers if process.poll() is None]:
            self.ring.put(ITEM.pack(STOP, 0), timeout=20)  # one at a time: get_many takes several
            eventually(lambda running=running: any(process.poll() is not None for process in running), 20)
        self.join("get")

    def check(self) -> None:
        """Every item that was put came out once, or was in the hand of a consumer when that was killed."""
        got: Counter[int] = Counter()
        for notes in self.notes["get"].values():
            last: dict[int, int] = {}
            for note in notes:
                who, which = note >> 40, note & ((1 << 40) - 1)
                assert which > last.get(who, -1), "out of order"
                last[who] = which
                got[note] += 1
        assert not got or max(got.values()) == 1, "doubled"
        missing = 0
        for number, notes in self.notes["put"].items():
            arrived = {note & ((1 << 40) - 1) for note in got if note >> 40 == number}
            missing += len(set(notes) - arrived)
            assert len(arrived - set(notes)) <= PUTTING[self.how], "invented"
        assert missing <= HELD[self.how] * self.killed["get"], "lost"

    def end(self) -> None:
        for _, _, process in self.alive:
            process.kill()
            process.wait()


@pytest.fixture
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowd]:
    seats, how = request.param
    with Ring.create(8, ITEM.size, *seats) as ring:
        crowd = Crowd(ring, tmp_path, how)
        try:
            yield crowd
        finally:
            crowd.end()


ALONE, PAIRS, MIXED = (1, 1), (2, 2), (3, 3)
crowds = pytest.mark.parametrize(
    "crowd",
    [(seats, how) for seats in (ALONE, PAIRS) for how in HELD],
    indirect=True,
    ids=lambda p: f"{p[0][0]}x{p[0][1]}-{p[1]}",
)


@pytest.mark.slow
@crowds
def test_every_item_comes_out_once_and_in_order(crowd: Crowd) -> None:
    count = 20_000
    for _ in range(crowd.ring.consumers):
        crowd.add("get")
    for _ in range(crowd.ring.producers):
        crowd.add("put", count)
    crowd.join("put")
    crowd.drain()
    crowd.check()
    assert sum(map(len, crowd.notes["get"].values())) == count * crowd.ring.producers


def kill_one_after_another(crowd: Crowd, kills: int, seed: int) -> None:
    """Kill one at a random moment, start its successor, and see the others go on."""
    chance, ring = random.Random(seed), crowd.ring
    for what, seats in (("put", ring.producers), ("get", ring.consumers)):
        for _ in range(seats):
            crowd.add(what)
    in_, out = ring.word("in_"), ring.word("out")
    eventually(lambda: out[0] > 100, 20)
    for _ in range(kills):
        moment = chance.random() * 0.004
        for passed in watch(0.01):
            if passed > moment:
                break
        crowd.add(crowd.kill(chance.randrange(len(crowd.alive))))
        before = in_[0], out[0]
        eventually(lambda before=before: in_[0] > before[0] + 20 and out[0] > before[1] + 20, 20)  # type: ignore[misc]
    for which in reversed([i for i, entry in enumerate(crowd.alive) if entry[0] == "put"]):
        crowd.kill(which)
    crowd.drain()
    crowd.check()


@pytest.mark.slow
@crowds
def test_a_killed_peer_loses_and_doubles_nothing_and_the_others_go_on(crowd: Crowd) -> None:
    kill_one_after_another(crowd, 8, seed=1)


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("kills", [40, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize("crowd", [(MIXED, how) for how in HELD], indirect=True, ids=list(HELD))
def test_very_many_kills(crowd: Crowd, kills: int) -> None:
    kill_one_after_another(crowd, kills, seed=2)


OWNER = """
import sys
from shmlab import Ring
ring = Ring.create(8, 4)
print(ring.name, flush=True)
sys.stdin.read()
"""


def test_when_the_owner_is_killed_its_peers_find_out_and_nothing_is_left() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with owner:
        assert owner.stdout
        name = owner.stdout.readline().decode().strip()
        with Ring.attach(name, "consumer") as ring:
            owner.kill()
            owner.wait()
            with pytest.raises(RingClosed, match="its owner has ended"):
                ring.get(timeout=10)
        assert name not in segment.names()


def test_a_stopped_producer_holds_up_nobody_who_takes(tmp_path: Path) -> None:
    with Ring.create(8, ITEM.size) as ring:
        process = peer.start("put", ring.name, 0, tmp_path / "put")
        try:
            eventually(lambda: len(ring) == 8)
            os.kill(process.pid, signal.SIGSTOP)
            taken = [ring.get(timeout=5) for _ in range(8)]
            assert taken == [ITEM.pack(0, n) for n in range(8)]
            os.kill(process.pid, signal.SIGCONT)
            assert ring.get(timeout=5) == ITEM.pack(0, 8)
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("timeout", [0, 0.01, None])
def test_the_mutex_of_one_killed_in_its_turn_is_inherited_by_whoever_comes_next(
    tmp_path: Path, timeout: float | None
) -> None:
    with Ring.create(8, ITEM.size, 1, 2) as ring:
        process = peer.start("get", ring.name, 0, tmp_path / "get")
        eventually(lambda: ring.word("consumer_sleeps")[0])  # it sleeps in its turn
        process.kill()
        process.wait()
        for number in range(3):
            ring.put(ITEM.pack(0, number))
            assert ring.get(timeout=timeout) == ITEM.pack(0, number)
        assert not ring.word("consumers_lost")[0]


def test_a_peer_that_sleeps_in_its_turn_is_not_taken_for_dead(tmp_path: Path) -> None:
    with Ring.create(8, ITEM.size, 1, 2) as ring:
        process = peer.start("get", ring.name, 0, tmp_path / "get")
        eventually(lambda: ring.word("consumer_sleeps")[0])
        for timeout in (0, 0.2):
            with pytest.raises(RingTimeout, match="another consumer has its turn"):
                ring.get(timeout=timeout)
        ring.put(ITEM.pack(STOP, 0))
        assert process.wait(10) == 0
        ring.put(ITEM.pack(0, 1))
        assert ring.get(timeout=5) == ITEM.pack(0, 1)
