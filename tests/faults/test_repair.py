"""A worker may die anywhere: the others go on, and every item is delivered or known to have died with a consumer."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from shmlab import Lab
from shmlab.lab import quiesce, worker_pool
from shmlab.lab.rebuild import Dead
from shmlab.memory import layout as at
from shmlab.observe.events import EventLog
from shmlab.observe.snapshot import Snapshot, Worker
from shmlab.processes.supervisor import RunningProgram
from tests.apparatus import buffer, eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.usefixtures("leaves_nothing")]
SOUND = ("semaphores", "condition", "unbounded", "busy_waiting")
PROMISED = 0.1  # seconds until the others go on: measured by benchmarks/repair.py, here only that they do
KILLS = 60  # of each strategy; `python -m benchmarks.repair` kills 1,000 times


def crowd(strategy: str) -> dict[str, Any]:
    """As many workers as the strategy is sound for, as fast as they can."""
    count = 1 if strategy == "busy_waiting" else 2
    rate = 2000 if strategy == "unbounded" else None  # else it grows to its cap, and each look takes milliseconds
    return {"producers": count, "consumers": count, "produce_rate": rate, "consume_rate": None}


def replace(lab: Lab, dead: Worker) -> None:
    (lab.add_producer if dead.role == "producer" else lab.add_consumer)()


def goes_on(lab: Lab) -> Snapshot:
    """Wait until items go in and come out again."""
    before = lab.snapshot()

    def moved() -> Snapshot | None:
        now = lab.snapshot()
        return now if now.produced > before.produced + 5 and now.consumed > before.consumed + 5 else None

    return eventually(moved)  # type: ignore[no-any-return]


def drained(lab: Lab) -> Snapshot:
    """Let the producers leave and the consumers take what is left."""
    for worker in lab.workers:
        if worker.alive and worker.role == "producer":
            lab.remove(worker)
    eventually(lambda: not any(w.alive for w in lab.workers if w.role == "producer"))

    def empty() -> Snapshot | None:
        now = lab.snapshot()
        return now if not now.occupancy and now.produced == now.consumed + now.died else None

    try:
        return eventually(empty)  # type: ignore[no-any-return]
    except AssertionError:
        pytest.fail(f"not all items are accounted for: {lab.snapshot()}")


def exact(now: Snapshot) -> None:
    assert (now.faults, now.produced) == (0, now.consumed + now.died), str(now)


@pytest.mark.parametrize("strategy", SOUND)
def test_kills_at_random_moments_lose_nothing_silently(strategy: str) -> None:
    chance = random.Random(7)
    with Lab(strategy, **crowd(strategy)) as lab:
        goes_on(lab)
        for _ in range(KILLS):
            victim = chance.choice([w for w in lab.workers if w.alive])
            for _ in range(chance.randrange(200)):
                lab.snapshot()  # lets some time pass: the kernel's clock is not a test's
                if chance.random() < 0.05:
                    break
            lab.kill(victim)
            eventually(lambda: not lab.damaged)
            replace(lab, victim)
            assert not goes_on(lab).faults
        exact(drained(lab))


def instructions(strategy: str, role: str) -> Callable[[int | str], bool]:
    """Kills the only worker of a role before one instruction of its eleventh item; False if that has fewer.

    There are but two rows: who comes after a dead worker gets its row, and goes on with its accounts.
    """

    def killed_at(instruction: int | str) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("shmlab.memory.limits.WORKERS", 2)
            return dies(instruction)

    def dies(instruction: int | str) -> bool:
        original = worker_pool.WORKER
        settings = {**crowd(strategy), "producers": 1, "consumers": 1}
        settings[f"{role}s"] = 0
        with Lab(strategy, **settings) as lab:
            try:
                worker_pool.WORKER = ("tests.faults.dying", str(instruction))
                victim = (lab.add_producer if role == "producer" else lab.add_consumer)()
            finally:
                worker_pool.WORKER = original
            ended = lambda: not lab.snapshot().worker(victim.name).alive  # noqa: E731
            most = 500 if isinstance(instruction, int) else 10_000  # the first receipts are settled after 8,192
            done = lambda: ended() or lab.snapshot().consumed > most  # noqa: E731
            eventually(done, 30)
            if not ended():
                return False
            eventually(lambda: not lab.damaged)
            replace(lab, victim)
            goes_on(lab)
            exact(drained(lab))
            return True

    return killed_at


@pytest.mark.parametrize("role", ["producer", "consumer"])
@pytest.mark.parametrize("strategy", SOUND)
def test_killed_before_any_instruction_of_put_or_get_nothing_is_lost_silently(strategy: str, role: str) -> None:
    """Every 41st here; `python -m benchmarks.repair` tries all."""
    killed_at = instructions(strategy, role)
    tried = 0
    for instruction in range(3, 5000, 41):
        if not killed_at(instruction):
            break
        tried += 1
    assert tried >= 4


def test_killed_while_it_settles_receipts_a_producer_leaves_exact_books() -> None:
    """test_receipts.py stops before each instruction, without a process; here a real one stops before every 29th."""
    killed_at = instructions("semaphores", "producer")
    tried = 0
    for instruction in range(0, 500, 29):
        if not killed_at(f"settle:{instruction}"):
            break
        tried += 1
    assert tried >= 2


@pytest.mark.parametrize("strategy", ["semaphores", "condition", "unbounded"])
@pytest.mark.parametrize("name", ["P0", "C0"])
def test_killed_in_its_critical_section_nobody_is_left_waiting(strategy: str, name: str) -> None:
    with Lab(strategy, **crowd(strategy)) as lab:
        goes_on(lab)
        assert lab.kill(name, holding="mutex", timeout=20)
        goes_on(lab)
        eventually(lambda: any("Repaired" in event.text and "mutex = 1" in event.text for event in lab.events))
        assert lab.snapshot().worker(name).holds is None
        exact(drained(lab))


def test_two_die_at_once() -> None:
    with Lab(producers=3, consumers=3, produce_rate=None, consume_rate=None) as lab:
        for _ in range(10):
            goes_on(lab)
            alive = [w for w in lab.workers if w.alive]
            pair = [next(w for w in alive if w.role == role) for role in ("producer", "consumer")]
            for worker in pair:
                lab.kill(worker)
            for worker in pair:
                replace(lab, worker)
        goes_on(lab)
        exact(drained(lab))


@pytest.mark.parametrize("strategy", SOUND)
def test_all_die_and_new_ones_go_on(strategy: str) -> None:
    with Lab(strategy, **crowd(strategy)) as lab:
        for _ in range(3):
            goes_on(lab)
            dead = [w for w in lab.workers if w.alive]
            for worker in dead:
                lab.kill(worker)
            eventually(lambda: not lab.damaged)
            for worker in dead:
                replace(lab, worker)
        goes_on(lab)
        exact(drained(lab))


def test_a_worker_killed_while_it_sleeps_on_a_semaphore() -> None:
    with Lab(producers=2, consumers=0, produce_rate=None) as lab:
        eventually(lambda: [w.waits for w in lab.workers] == ["empty", "empty"])
        lab.kill("P0")
        eventually(lambda: not lab.damaged)
        lab.add_consumer()
        goes_on(lab)
        exact(drained(lab))


def test_a_repair_wakes_who_sleeps_on_a_semaphore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their sleeps would last a minute here."""
    monkeypatch.setattr(worker_pool, "WORKER", ("tests.faults.sleepy",))
    with Lab(producers=3, consumers=0, produce_rate=None) as lab:
        eventually(lambda: [w.waits for w in lab.workers] == ["empty"] * 3, 30)
        lab.kill("P0")
        eventually(lambda: not lab.damaged, 30)


def test_the_unsynchronised_buffer_goes_on_too() -> None:
    with Lab("unsynchronised", producers=2, consumers=2, produce_rate=None, consume_rate=None) as lab:
        for _ in range(10):
            victim = next(w for w in reversed(lab.workers) if w.alive)
            lab.kill(victim)
            eventually(lambda: not lab.damaged)
            replace(lab, victim)
            goes_on(lab)


def test_a_stalled_worker_holds_the_repair_up_until_it_goes_on() -> None:
    with Lab(producers=2, consumers=2, produce_rate=None, consume_rate=None) as lab:
        goes_on(lab)
        lab.stall("P1")
        assert lab.kill("C1")
        eventually(lambda: any("stalled" in event.text for event in lab.events if "repair" in event.text))
        assert lab.damaged == ("C1",)
        lab.unstall("P1")
        eventually(lambda: not lab.damaged)
        goes_on(lab)
        exact(drained(lab))


def test_stop_does_not_wait_for_a_repair_that_cannot_be() -> None:
    lab = Lab(producers=2, produce_rate=None, consume_rate=None).start()
    lab.stall("P1")
    lab.kill("P0")
    began = time.monotonic()
    lab.stop()
    assert time.monotonic() - began < 5


def test_without_repair_the_damage_stays_until_it_is_asked_for() -> None:
    with Lab(producers=2, consumers=1, slow_motion=0.01, produce_rate=None, consume_rate=None, repair=False) as lab:
        assert lab.kill("P0", holding="mutex")
        eventually(lambda: all(w.waits for w in lab.workers if w.alive))
        assert lab.damaged == ("P0",) and lab.snapshot().worker("P0").holds == "mutex"
        told = lab.repair()
        assert "mutex = 1" in told[-1] and lab.damaged == ()
        goes_on(lab)
        assert lab.repair() == []
        exact(drained(lab))


def test_slow_motion_is_waited_for() -> None:
    with Lab(producers=2, consumers=2, slow_motion=0.02, produce_rate=None, consume_rate=None) as lab:
        goes_on(lab)
        for name in ("P0", "C0"):
            lab.kill(name)
        eventually(lambda: not lab.damaged)
        goes_on(lab)


def test_a_protocol_of_one_s_own_gets_its_accounts_right_but_not_its_semaphores() -> None:
    from shmlab.strategies import semaphores

    lab = Lab(put=semaphores.put, get=semaphores.get, produce_rate=None, consume_rate=None, producers=2, consumers=2)
    with lab:
        goes_on(lab)
        lab.kill("P0", holding="mutex", timeout=20)
        eventually(lambda: not lab.damaged)
        assert lab.snapshot().semaphores["mutex"] == 0


class Starting:
    """Whoever works on a segment: in row 1 a worker whose process is about to be there, and that has no name yet."""

    def present(self) -> dict[int, RunningProgram | None]:
        return {1: None}

    def name(self, row: int) -> str:
        raise KeyError(row)

    def tell_all(self) -> None:
        pass

    def free(self, row: int) -> None:
        pass


def test_a_repair_that_meets_a_worker_without_a_name_is_only_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiesce, "PATIENCE", 0.01)
    with buffer(capacity=3) as it:
        repairs = quiesce.Recovery(it.file, it.strategy, EventLog(), False, Starting())
        repairs.died(0, Dead("P0", at.PRODUCER))
        assert repairs.repair() == []
        assert repairs.blocked == "The repair waits for a worker that is only starting."


def test_a_repair_that_cannot_be_done_leaves_the_lab_in_peace_for_ever_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each failed try at least as long as that one froze the lab, and twice as long as after the one before."""
    monkeypatch.setattr(quiesce, "PATIENCE", 0.02)
    monkeypatch.setattr(quiesce, "AGAIN", 0.001)
    with buffer(capacity=3) as it:
        stores: list[tuple[float, bool]] = []
        store = it.file.set_word

        def set_word(offset: int, value: int) -> None:
            store(offset, value)
            if offset == at.FROZEN:
                stores.append((time.monotonic(), value != 0))

        monkeypatch.setattr(it.file, "set_word", set_word)
        repairs = quiesce.Recovery(it.file, it.strategy, EventLog(), True, Starting())
        repairs.died(0, Dead("P0", at.PRODUCER))
        eventually(lambda: len(stores) >= 9)
        repairs.close()
    begun = [when for when, frozen in stores if frozen]
    ended = [when for when, frozen in stores if not frozen]
    peace = [later - earlier for earlier, later in zip(ended, begun[1:], strict=False)][:4]
    assert all(it >= 0.02 * 2**number for number, it in enumerate(peace)), peace


def test_it_is_tried_again_at_once_when_who_held_it_up_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Starting()
    with buffer(capacity=3) as it:
        repairs = quiesce.Recovery(it.file, it.strategy, EventLog(), False, crowd)
        waits = threading.Thread(target=repairs._let_work, args=[3600.0])
        waits.start()
        waits.join(0.3)
        assert waits.is_alive()
        monkeypatch.setattr(crowd, "present", dict)
        waits.join(10)
        assert not waits.is_alive()
