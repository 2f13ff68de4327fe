"""The lab: real processes started, steered, watched and stopped."""

import errno
import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from typing import Any

import psutil
import pytest

import shmlab
from shmlab import ArgumentError, Lab, LabStopped, NoRoom, ShmlabError, strategies
from shmlab.lab import run
from shmlab.lab.scenarios import scenarios
from shmlab.lab.worker_pool import WorkerPool
from shmlab.observe.snapshot import Snapshot, Worker
from tests.apparatus import DIRECTORY, descriptors, entries, eventually, named, own_entries, watch, workers_of

pytestmark = pytest.mark.usefixtures("leaves_nothing")
FAST: dict[str, Any] = dict(produce_rate=None, consume_rate=None)
SOUND = ("semaphores", "busy_waiting", "condition", "unbounded")


def moving(lab: Lab, items: int = 5) -> Snapshot:
    """Wait until that many more items have been consumed."""
    goal = lab.snapshot().consumed + items
    return eventually(lambda: (s := lab.snapshot()).consumed >= goal and s)  # type: ignore[no-any-return]


def still(lab: Lab) -> Snapshot:
    """Wait until every worker rests on account of a pause, or waits for a slot or an item that nobody will give it."""

    def all_rest() -> Snapshot | None:
        seen = lab.snapshot()
        never = {"empty": seen.occupancy == seen.capacity, "full": not seen.occupancy}  # else it is waking up just now
        return seen if all(w.state == "paused" or never.get(w.waits or "") for w in seen.workers if w.alive) else None

    return eventually(all_rest)  # type: ignore[no-any-return]


# --- life ----------------------------------------------------------------------------------------


def test_nothing_exists_before_start_and_after_stop() -> None:
    before = own_entries()
    lab = Lab()
    assert not lab.running and own_entries() == before
    lab.start()
    name, pids = lab.name, [worker.pid for worker in lab.workers]
    assert lab.running and len(own_entries()) == len(before) + 4  # a segment and three semaphores
    lab.stop()
    assert not lab.running and own_entries() == before
    assert not workers_of(name) and not any(psutil.pid_exists(pid) for pid in pids)


def test_start_and_stop_twice_do_no_harm() -> None:
    lab = Lab()
    lab.stop()
    assert lab.start() is lab.start()
    name = lab.name
    eventually(lambda: len(workers_of(name)) == 2)
    assert len(lab.workers) == 2
    lab.stop()
    lab.stop()
    assert not workers_of(name)


def test_a_lab_can_be_started_again() -> None:
    lab = Lab(**FAST)
    names = set()
    for _ in range(3):
        with lab:
            names.add(lab.name)
            assert moving(lab).consumed < 1_000_000
            assert len(lab.workers) == 2
    assert len(names) == 3


def test_with_stops_also_when_the_body_fails() -> None:
    with pytest.raises(ZeroDivisionError), Lab() as lab:
        1 / 0  # noqa: B018
    assert not lab.running


def test_any_thread_may_start_and_stop() -> None:
    lab = Lab(**FAST)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            for ended in [threads.submit(lab.start) for _ in range(8)]:
                ended.result()
            eventually(lambda: len(workers_of(lab.name)) == 2)
            moving(lab)  # although the thread that started them may be idle or gone
            for ended in [threads.submit(lab.stop) for _ in range(8)]:
                ended.result()


def test_workers_outlive_the_thread_that_started_them() -> None:
    lab = Lab(**FAST)
    starter = threading.Thread(target=lab.start)
    starter.start()
    starter.join()
    try:
        adder = threading.Thread(target=lab.add_producer)
        adder.start()
        adder.join()
        moving(lab, 1000)
        assert all(worker.alive for worker in lab.workers) and len(lab.workers) == 3
    finally:
        lab.stop()


def test_commands_from_many_threads_do_not_disturb_each_other() -> None:
    errors: list[BaseException] = []

    def steer(seed: int) -> None:
        chance = random.Random(seed)
        acts: list[Callable[[], object]] = [
            lambda: lab.snapshot(),
            lambda: str(lab),
            lambda: setattr(lab, "produce_rate", chance.choice([None, 1, 1000])),
            lambda: lab.set_rate("C0", chance.choice([None, 50])),
            lab.pause,
            lab.resume,
            lambda: lab.one_item("P0"),
            lambda: lab.output,
        ]
        for _ in range(60):
            try:
                chance.choice(acts)()
            except BaseException as error:
                errors.append(error)
                raise

    with Lab() as lab:
        threads = [threading.Thread(target=steer, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        lab.resume()
        lab.produce_rate = lab.consume_rate = None
        moving(lab)


@pytest.mark.slow
def test_snapshots_go_on_while_another_thread_stops_the_lab() -> None:
    errors: list[BaseException] = []

    def look() -> None:
        while not done.is_set():
            try:
                str(lab.snapshot())
            except BaseException as error:
                errors.append(error)
                return

    for _ in range(8):
        lab, done = Lab(**FAST).start(), threading.Event()
        eyes = [threading.Thread(target=look) for _ in range(3)]
        for eye in eyes:
            eye.start()
        moving(lab)
        lab.stop()
        done.set()
        for eye in eyes:
            eye.join()
    assert errors == []


@pytest.mark.slow
def test_many_starts_and_stops_leave_no_descriptor_no_thread_and_no_child() -> None:
    def footprint() -> tuple[int, int, int]:
        return descriptors(), threading.active_count(), len(psutil.Process().children(recursive=True))

    with Lab():
        pass
    before = footprint()
    for _ in range(50):
        with Lab(**FAST):
            pass
    eventually(lambda: all(now <= then for now, then in zip(footprint(), before, strict=True)))


def test_stop_is_quick_even_when_workers_are_stalled_or_asleep_or_spin() -> None:
    for strategy in ("semaphores", "busy_waiting"):
        lab = Lab(strategy, 4, producers=2, consumers=1, produce_rate=None, consume_rate=0.1).start()
        eventually(lambda lab=lab: lab.snapshot().occupancy >= 3)
        lab.stall("C0")
        began = time.monotonic()
        lab.stop()
        assert time.monotonic() - began < 3


def test_a_forked_child_that_exits_does_not_stop_its_parents_lab() -> None:
    import atexit
    import warnings

    with Lab(**FAST) as lab:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads, which is what is tried here
            child = os.fork()
        if not child:
            try:
                atexit._run_exitfuncs()
                lab.stop()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert lab.running and lab.name in entries()
        moving(lab)


# --- steering ------------------------------------------------------------------------------------


def test_pause_holds_everyone_between_two_items_and_resume_goes_on() -> None:
    with Lab(produce_rate=2000, consume_rate=2000) as lab:
        moving(lab)
        lab.pause()
        assert lab.paused
        seen = still(lab)
        assert seen.state == "paused"
        for _ in watch(0.3):
            now = lab.snapshot()
            assert (now.produced, now.consumed) == (seen.produced, seen.consumed)
        lab.resume()
        assert not lab.paused
        moving(lab)


def test_one_item_at_a_time_while_paused() -> None:
    with Lab(slots=4) as lab:
        lab.pause()
        seen = still(lab)
        made, taken, held = seen.produced, seen.consumed, seen.occupancy
        for count in range(1, 4 - held + 1):
            lab.one_item("P0")
            eventually(lambda count=count: lab.snapshot().produced == made + count)
        lab.one_item("P0")  # full: waits
        eventually(lambda: lab.snapshot().worker("P0").state == "waiting for empty")
        lab.one_item("C0")
        eventually(lambda: lab.snapshot().consumed == taken + 1)
        eventually(lambda: lab.snapshot().produced == made + 4 - held + 1)
        assert still(lab).occupancy == 4


def test_two_orders_at_once_are_two_items() -> None:
    with Lab(slots=64) as lab:
        lab.pause()
        made = still(lab).produced
        for _ in range(20):
            lab.one_item("P0")
        eventually(lambda: lab.snapshot().produced == made + 20)
        for _ in watch(0.1):
            assert lab.snapshot().produced == made + 20


def test_workers_join_and_leave_while_running() -> None:
    with Lab(**FAST) as lab:
        added = lab.add_producer(rate=50, pattern="poisson")
        assert (added.name, added.role, added.rate, added.pattern) == ("P1", "producer", 50, "poisson")
        assert lab.add_consumer().name == "C1"
        eventually(lambda: lab.snapshot().worker("P1").items > 2)
        lab.remove(added)
        eventually(lambda: lab.snapshot().worker("P1").state == "ended")
        eventually(lambda: not psutil.pid_exists(added.pid))
        lab.remove("C0")
        eventually(lambda: not lab.snapshot().worker("C0").alive)
        seen = moving(lab)
        assert not seen.faults and seen.semaphores["mutex"] in (0, 1)
        assert lab.add_producer().name == "P2"


def test_a_worker_can_be_named_by_itself_its_name_or_its_row() -> None:
    with Lab(producers=3) as lab:
        for which, row in ((lab.workers[0], 0), ("P1", 1), (2, 2)):
            lab.set_rate(which, 77)
            assert lab.workers[row].rate == 77


@pytest.mark.parametrize("worker", ["P9", "", "p0", None, -1, 99, True, 0.0, 1.5, "P0\0", b"P0", [], math.nan])
def test_an_unknown_worker_lists_the_living(worker: Any) -> None:
    with Lab() as lab:
        for verb in (lab.kill, lab.stall, lab.unstall, lab.remove, lab.one_item, lambda w: lab.set_rate(w, 5)):
            with pytest.raises(ArgumentError, match=r"no living worker .* Living: P0, C0"):
                verb(worker)
        assert all(w.alive for w in lab.workers)


def test_a_dead_worker_cannot_be_steered_any_more() -> None:
    with Lab() as lab:
        dead = lab.workers[0]
        lab.kill(dead)
        with pytest.raises(ArgumentError, match="Living: C0"):
            lab.stall(dead)


@pytest.mark.slow
def test_the_row_of_a_dead_worker_does_not_stand_for_its_successor() -> None:
    with Lab(produce_rate=1, consume_rate=1) as lab:
        dead = lab.workers[0]
        lab.kill(dead)
        for _ in range(30):
            lab.add_producer(rate=0.1)
        successor = lab.add_producer(rate=0.1)
        assert successor.row == dead.row and successor.items == 0
        with pytest.raises(ArgumentError, match="no living worker"):
            lab.kill(dead)
        with pytest.raises(ArgumentError, match="32 workers at most"):
            lab.add_consumer()


def test_nobody_is_shown_as_dead_before_the_repair_knows_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told, ended = threading.Event(), WorkerPool._ended
    monkeypatch.setattr(WorkerPool, "_ended", lambda *death: told.wait(10) and ended(*death))
    with Lab(repair=False, **FAST) as lab:
        os.kill(lab.workers[0].pid, signal.SIGKILL)
        assert lab._pool
        eventually(lab._pool.process(0).ended.is_set)
        assert lab.snapshot().worker("P0").alive and not lab.damaged
        told.set()
        eventually(lambda: not lab.snapshot().worker("P0").alive)
        assert lab.damaged


def test_a_killed_worker_is_gone_and_the_others_go_on() -> None:
    with Lab(producers=2, consumers=2, **FAST) as lab:
        moving(lab)
        victim = lab.workers[1]
        assert lab.kill(victim) is True
        assert not psutil.pid_exists(victim.pid)
        seen = lab.snapshot().worker("P1")
        assert (seen.state, seen.alive, seen.achieved, seen.cpu) == ("killed", False, 0.0, 0.0)


def test_a_worker_killed_in_its_critical_section_leaves_the_others_waiting_for_it() -> None:
    with Lab(producers=2, consumers=1, slow_motion=0.01, repair=False, **FAST) as lab:
        assert lab.kill("P0", holding="mutex") is True
        seen = eventually(lambda: (s := lab.snapshot()).worker("P1").waits and s.worker("C0").waits and s)
        assert seen.worker("P0").holds == "mutex" and seen.worker("P0").state == "killed"
        assert seen.semaphores["mutex"] == 0
        assert seen.worker("P1").state == "waiting for mutex"  # there are free slots
        assert seen.worker("C0").waits in ("mutex", "full")
        consumed = seen.consumed
        for _ in watch(0.3):
            assert lab.snapshot().consumed == consumed


def test_a_worker_is_caught_inside_at_full_speed_too() -> None:
    with Lab(producers=2, consumers=2, repair=False, **FAST) as lab:
        moving(lab)
        assert lab.kill("C1", holding="mutex", timeout=20) is True
        assert lab.snapshot().worker("C1").holds == "mutex"
        eventually(lambda: all(w.waits for w in lab.workers if w.alive))  # for mutex, or for one who waits for it
        consumed = lab.snapshot().consumed
        for _ in watch(0.2):
            assert lab.snapshot().consumed == consumed


def test_waiting_for_a_worker_that_never_gets_inside_ends() -> None:
    with Lab(producers=1, produce_rate=0.1) as lab:
        assert lab.kill("P0", holding="mutex", timeout=0.2) is False
        assert lab.snapshot().worker("P0").alive


def test_only_a_lock_can_be_held() -> None:
    with Lab(produce_rate=None) as lab:
        with pytest.raises(ArgumentError, match=r"^holding must be one of mutex, not 'lock'\.$"):
            lab.kill("P0", holding="lock")
        for name in ("empty", "full"):
            with pytest.raises(ArgumentError, match=f"one of mutex, not '{name}'. {name} counts, nobody holds it."):
                lab.kill("P0", holding=name)
        assert lab.snapshot().worker("P0").alive
    with Lab("busy_waiting") as lab, pytest.raises(ArgumentError, match="must be left out: no semaphore starts at 1"):
        lab.kill("P0", holding="mutex")


def test_a_stalled_worker_stops_where_it_is_and_goes_on() -> None:
    with Lab(**FAST) as lab:
        moving(lab)
        lab.stall("C0")
        eventually(lambda: lab.snapshot().worker("C0").state == "stalled")
        eventually(lambda: lab.snapshot().worker("P0").waits)
        consumed = lab.snapshot().consumed
        for _ in watch(0.2):
            assert lab.snapshot().consumed == consumed
        lab.unstall("C0")
        moving(lab, 1000)
        assert not lab.snapshot().faults


def test_a_stalled_worker_can_be_killed() -> None:
    with Lab() as lab:
        lab.stall("P0")
        lab.kill("P0")
        assert lab.snapshot().worker("P0").state == "killed"


@pytest.mark.slow
def test_slow_motion_slows_every_step_and_can_be_changed() -> None:
    with Lab(slow_motion=0.02, **FAST) as lab:
        began, seen = time.monotonic(), moving(lab, 3)
        assert time.monotonic() - began > 3 * 5 * 0.02  # get takes more than five steps an item
        states: set[int] = set()

        def seen_moving() -> bool:
            states.update(lab.snapshot().slots.states)
            return {1, 3} <= states

        eventually(seen_moving)  # filling and draining last long enough to be seen
        lab.slow_motion = 0
        assert moving(lab, 2000).consumed > seen.consumed + 2000
        assert lab.slow_motion == 0


# --- rates ---------------------------------------------------------------------------------------


def achieved(lab: Lab, worker: str, seconds: float) -> float:
    """Items per second of a worker over so long, from its counter."""
    began = lab.snapshot()
    end = time.monotonic() + seconds
    seen = eventually(lambda: time.monotonic() >= end and lab.snapshot(), seconds + 5)
    return float(seen.worker(worker).items - began.worker(worker).items) / (seen.time - began.time)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "pattern", "seconds", "tolerance"),
    [
        (100, "constant", 3, 0.01),
        (1000, "constant", 3, 0.01),
        (10_000, "constant", 3, 0.01),
        (1000, "bursty", 3, 0.02),  # a window may begin and end in a burst
        (5000, "poisson", 4, 0.03),  # 4 standard deviations of 20,000 items
    ],
)
def test_a_rate_is_met(rate: float, pattern: str, seconds: float, tolerance: float) -> None:
    """In one of three windows: another program may take the processors away for a while."""
    with Lab(slots=1024, produce_rate=rate, consume_rate=None, pattern=pattern) as lab:
        moving(lab)
        measured = []
        for _ in range(3):
            measured.append(achieved(lab, "P0", seconds))
            if measured[-1] == pytest.approx(rate, rel=tolerance):
                break
        else:
            pytest.fail(f"asked {rate}, measured {measured}")
        assert lab.snapshot().worker("P0").achieved == pytest.approx(rate, rel=0.2)


def test_a_new_rate_acts_at_once_even_when_the_next_item_is_far_away() -> None:
    with Lab(slots=1024, produce_rate=0.1, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().worker("P0").state == "resting")
        assert lab.snapshot().produced == 0
        began = time.monotonic()
        lab.produce_rate = 1000
        eventually(lambda: lab.snapshot().produced > 0)
        assert time.monotonic() - began < 2  # of the 10 s that it would sleep; benchmarks/core.py tells how much less
        assert lab.produce_rate == 1000 and lab.workers[0].rate == 1000


@pytest.mark.slow
def test_rates_may_differ_between_workers() -> None:
    with Lab(slots=1024, producers=2, produce_rate=20, consume_rate=None) as lab:
        lab.set_rate("P1", 400, pattern="bursty")
        began = [w.items for w in lab.workers]
        eventually(lambda: lab.workers[1].items >= began[1] + 200)
        assert lab.workers[0].items - began[0] < 60
        assert [w.rate for w in lab.workers] == [20, 400, None]
        assert [w.pattern for w in lab.workers] == ["constant", "bursty", "constant"]


@pytest.mark.parametrize("pattern", ["constant", "poisson", "bursty"])
def test_every_pattern_moves_items_without_faults(pattern: str) -> None:
    with Lab(produce_rate=500, consume_rate=700, pattern=pattern) as lab:
        assert not moving(lab, 100).faults


@pytest.mark.slow
def test_a_resting_worker_costs_nearly_nothing() -> None:
    with Lab(produce_rate=0.1, consume_rate=0.1, producers=4, consumers=4) as lab:
        eventually(lambda: all(w.state == "resting" for w in lab.workers))
        before = [psutil.Process(w.pid).cpu_times() for w in lab.workers]
        for _ in watch(1.0):
            pass
        after = [psutil.Process(w.pid).cpu_times() for w in lab.workers]
        used = sum(b.user + b.system - a.user - a.system for a, b in zip(before, after, strict=True))
        assert used <= 0.02 * len(lab.workers)  # 2 % of a core each, measured in hundredths of a second


# --- buffers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [2, 3, 64, 1024])
def test_a_bounded_buffer_never_holds_more_than_its_slots(slots: int) -> None:
    with Lab(slots=slots, produce_rate=None, consume_rate=0.1) as lab:
        seen = eventually(lambda: (s := lab.snapshot()).worker("P0").waits == "empty" and s)
        assert seen.occupancy == seen.capacity == slots == len(seen.slots)
        assert seen.bounded and seen.cap == slots and not seen.cap_reached
        lab.consume_rate = None
        assert not moving(lab, 500).faults


def test_busy_waiting_keeps_one_slot_free() -> None:
    with Lab("busy_waiting", 5, produce_rate=None, consume_rate=0.1) as lab:
        eventually(lambda: lab.snapshot().worker("P0").state == "spinning")
        assert lab.snapshot().occupancy == 4


def test_an_unbounded_buffer_grows_so_that_its_producer_never_waits_and_says_when_it_may_not_grow() -> None:
    with Lab("unbounded", 2, payload=8192, produce_rate=None, consume_rate=0.1).start(paused=True) as lab:
        first = lab.snapshot()
        lab.resume()
        assert not first.bounded and first.cap > 1000
        grown = eventually(lambda: (s := lab.snapshot()).capacity > 64 and s)
        assert grown.size > first.size and len(grown.slots) == grown.capacity
        capped = eventually(lambda: (s := lab.snapshot()).worker("P0").state == "at the cap" and s, 30)
        assert capped.cap_reached and capped.capacity == capped.cap == capped.occupancy
        assert capped.size <= 64 << 20  # bytes: the machine is protected
        assert capped.worker("P0").alive and "empty" not in capped.semaphores
        lab.consume_rate = None
        produced = capped.produced
        eventually(lambda: lab.snapshot().produced > produced + capped.cap)
        assert not lab.snapshot().faults
    assert lab.snapshot().worker("P0").blocked == pytest.approx(0, abs=5)


@pytest.mark.parametrize("payload", [8, 9, 100, 4096, 65_536])
def test_every_payload_size_arrives_whole(payload: int) -> None:
    report = Lab(slots=4, payload=payload).run(items=300)
    assert report.finished and not report.faults and report.consumed == 300
    assert all(len(slot.payload) == payload for slot in report.slots)
    assert report.slots[0].payload == bytes((report.slots[0].sequence & 0xFF,)) * payload


# --- run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "producers", "consumers"),
    [*((name, 1, 1) for name in SOUND), *((name, 2, 3) for name in SOUND if name != "busy_waiting")],
)
def test_a_sound_strategy_delivers_every_item_exactly_once(strategy: str, producers: int, consumers: int) -> None:
    report = Lab(strategy, 64, producers, consumers).run(items=20_000, timeout=60)
    assert report.finished and not report.stuck, str(report)
    assert (report.produced, report.consumed, report.faults) == (20_000, 20_000, 0)
    assert report.overwritten == report.empty_reads == report.occupancy == 0
    assert 0 < report.seconds < 60
    shares = [w.items for w in report.workers if w.role == "producer"]
    assert sum(shares) == 20_000 and max(shares) - min(shares) <= 1


def test_a_run_that_starts_its_lab_counts_no_item_made_before_the_shares_were_given_out() -> None:
    """The first producers would otherwise be at full speed while the later ones are being started."""
    report = Lab("semaphores", 64, producers=4, **FAST).run(items=400)
    assert (report.produced, report.consumed) == (400, 400), str(report)


MANY = pytest.mark.parametrize("items", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])


@MANY
@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("strategy", SOUND)
def test_a_sound_strategy_delivers_very_many_items_without_a_fault(strategy: str, items: int) -> None:
    report = Lab(strategy, slots=64).run(items, timeout=400)
    assert report.finished, str(report)
    assert (report.produced, report.consumed, report.faults) == (items, items, 0)
    assert report.overwritten == report.empty_reads == 0


@MANY
@pytest.mark.slow
@pytest.mark.timeout(420)
def test_very_many_items_of_four_producers_and_four_consumers_without_a_fault(items: int) -> None:
    report = Lab("semaphores", slots=64, producers=4, consumers=4).run(items, timeout=400)
    assert report.finished and (report.consumed, report.faults) == (items, 0), str(report)


def test_the_unsynchronised_strategy_shows_faults_within_seconds() -> None:
    """A race needs no luck when every step takes a moment: the stores to `count` overlap at once."""
    with Lab("unsynchronised", slots=4, producers=2, consumers=2, slow_motion=0.001, **FAST) as lab:
        seen = eventually(lambda: (s := lab.snapshot()).faults and s, 20)
        assert seen.lost or seen.duplicated or seen.corrupted or seen.out_of_order
        assert lab.warning


def test_busy_waiting_with_two_producers_warns_and_shows_faults() -> None:
    with Lab("busy_waiting", slots=4, producers=2, slow_motion=0.001, **FAST) as lab:
        assert lab.warning and "one producer and one consumer only" in lab.warning
        eventually(lambda: lab.snapshot().faults, 20)


def test_run_counts_only_its_own_items_and_gives_the_rates_back() -> None:
    with Lab(produce_rate=300, consume_rate=300) as lab:
        before = moving(lab).produced
        for _ in range(2):
            report = lab.run(items=500)
            assert report.finished and report.produced >= before + 500
            before = report.produced
        assert [w.rate for w in lab.workers] == [300, 300]
        moving(lab)


def test_a_run_that_cannot_go_on_says_that_it_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "NO_MOTION", 0.5)
    with Lab(producers=2, consumers=1, slow_motion=0.01, repair=False, **FAST) as lab:
        lab.kill("P0", holding="mutex")
        lab.slow_motion = 0
        report = lab.run(items=100, timeout=60)
        assert report.stuck and not report.finished and str(report).startswith("stuck after")


def test_a_run_ends_when_its_time_is_up() -> None:
    report = Lab(slow_motion=0.1).run(items=10_000, timeout=0.5)
    assert not report.finished and not report.stuck
    assert str(report).startswith("out of time")


def test_a_run_without_producers_is_refused() -> None:
    with pytest.raises(ArgumentError, match="at least one producer"):
        Lab(producers=0).run(items=10)


# --- what it tells -------------------------------------------------------------------------------


def test_the_repr_is_fixed_and_the_text_is_live() -> None:
    lab = Lab("condition", 4, producers=2)
    assert repr(lab) == str(lab) == "<Lab: condition, 4 slots, 2 producers, 1 consumer>"
    with lab:
        assert str(lab).startswith("condition (running): ") and "\n" not in str(lab)
        assert repr(lab) == "<Lab: condition, 4 slots, 2 producers, 1 consumer>"
    assert "(stopped)" in str(lab)


def test_the_last_snapshot_stays_after_the_stop_and_its_books_are_closed() -> None:
    for strategy in SOUND:
        with Lab(strategy, **FAST) as lab:
            moving(lab, 200)
        last = lab.snapshot()
        assert last.state == "stopped" and last is lab.snapshot()
        assert not last.faults and last.produced == last.consumed + last.occupancy, str(last)


def test_an_item_that_was_taken_and_is_not_counted_yet_is_in_motion() -> None:
    with Lab() as lab:
        moving(lab, 1)
    rest = lab.snapshot()
    looks = [replace(rest, consumed=rest.consumed - 1), rest]
    assert run.at_rest(lambda: looks.pop(0), 10) is rest


def test_a_run_has_not_ended_before_each_producer_has_counted_its_share() -> None:
    """One item more is made before the shares are given; later the last item arrives before its producer counts it."""
    with Lab(**FAST).start(paused=True) as lab:
        before = lab.snapshot()
        lab.one_item("P0")
        eventually(lambda: lab.snapshot().produced == 1)
        with run.Trial(lab._alive(), before, 1) as trial:
            report = trial.report(lab.snapshot, 20)
            assert (report.produced, report.consumed) == (2, 2)
            workers = tuple(replace(w, items=1) if w.name == "P0" else w for w in report.workers)
            uncounted = replace(lab.snapshot(), produced=1, workers=workers)
            assert trial._ended(uncounted, 20) is None


def test_a_lab_that_never_ran_says_so() -> None:
    lab = Lab()
    commands: list[Callable[[], object]] = [
        lab.pause, lab.resume, lab.snapshot, lab.add_producer, lab.add_consumer,
        lambda: lab.kill("P0"), lambda: lab.stall("P0"), lambda: lab.unstall("P0"), lambda: lab.remove("P0"),
        lambda: lab.one_item("P0"), lambda: lab.set_rate("P0", 3), lambda: lab.name, lambda: lab.workers,
    ]  # fmt: skip
    for command in commands:
        with pytest.raises(LabStopped, match=r"call start\(\)"):
            command()
    assert (lab.running, lab.paused, lab.output, lab.events) == (False, False, "", [])
    lab.produce_rate = 7  # may be set before the start
    with lab:
        assert lab.workers[0].rate == 7


def test_events_are_sentences_in_order() -> None:
    with Lab() as lab:
        lab.pause()
        lab.stall("P0")
        lab.kill("P0")
        lab.resume()
    kinds = [event.kind for event in lab.events]
    assert set(kinds) <= {"info", "command", "fault", "worker", "output"}
    texts = [event.text for event in lab.events]
    assert all(text.endswith((".", "?")) for text in texts), texts
    told = ("created", "P0 started", "C0 started", "Paused", "P0 is stalled", "P0 (pid", "Resumed", "Stopped")
    positions = [next(i for i, text in enumerate(texts) if part in text) for part in told]
    assert positions == sorted(positions), texts
    assert [e.time for e in lab.events] == sorted(e.time for e in lab.events)
    assert "Stopped" in texts[-1]


def test_workers_are_frozen_data() -> None:
    with Lab() as lab:
        worker = lab.workers[0]
        assert isinstance(worker, Worker) and worker.name == "P0"
        with pytest.raises(FrozenInstanceError):
            worker.rate = 3  # type: ignore[misc]


def test_the_segment_is_private_and_named_as_promised() -> None:
    with Lab() as lab:
        assert (DIRECTORY / lab.name).stat().st_mode & 0o777 == 0o600
        assert lab.name == lab.snapshot().name


@pytest.mark.slow
@pytest.mark.parametrize("name", list(scenarios))
def test_every_scenario_starts_and_does_what_is_special_about_it(name: str) -> None:
    scenario = scenarios[name]
    assert scenario.question.endswith("?") and scenario.name == name
    with Lab(**scenario.settings) as lab:
        scenario.begin(lab)
        dead = [w for w in lab.workers if not w.alive]
        assert bool(dead) == (name == "killed in the critical section")
        if dead:
            waiting = eventually(lambda: all(now := [w.waits for w in lab.workers if w.alive]) and now)
            assert "mutex" in waiting  # others may wait for one who waits for it
        elif name == "race":
            eventually(lambda: lab.snapshot().faults, 30)
        else:
            assert not moving(lab, 2).faults


def test_there_are_six_scenarios() -> None:
    assert list(scenarios) == [
        "balanced", "fast producer", "fast consumer", "bursts", "race", "killed in the critical section",
    ]  # fmt: skip


# --- bad input -----------------------------------------------------------------------------------

NONSENSE: list[Any] = [-1, "3", True, math.nan, math.inf, -math.inf, b"3", [], {}, object(), 10**9, 3 + 0j]
NAMES: list[Any] = ["", "nothing", "a/b", "a\0b", "a\nb", "../x", "-rf", None, 3, True, ["semaphores"], math.nan]
BAD: dict[str, list[Any]] = {
    "strategy": NAMES,
    "pattern": NAMES,
    "slots": [*NONSENSE, 0, 1, 1025, 2.5, 8.0, None],
    "producers": [*NONSENSE, 33, 1.5, 1.0, None],
    "consumers": [*NONSENSE, 33, 1.5, 1.0, None],
    "produce_rate": [*NONSENSE, 0, 0.09, 100_001, 1e300],
    "consume_rate": [*NONSENSE, 0, 0.09, 100_001, 1e300],
    "payload": [*NONSENSE, 0, 7, 65_537, 8.5, None],
    "slow_motion": [*NONSENSE, 2.01, None],
    "put": [3, "put", len, print],
    "get": [3, "get", len, print],
    "shared": [3, "in_", []],
}  # fmt: skip


@pytest.mark.parametrize(("argument", "value"), [(a, v) for a, values in BAD.items() for v in values], ids=named)
def test_a_bad_argument_is_refused_before_anything_is_created(argument: str, value: Any) -> None:
    before = own_entries()
    with pytest.raises(ArgumentError) as caught:
        Lab(**{argument: value})
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, ShmlabError)
    assert len(str(caught.value)) > 30 and str(caught.value).endswith(".")
    assert own_entries() == before


def test_too_many_workers_together_and_none_at_all_are_refused() -> None:
    for producers, consumers in ((20, 20), (0, 0)):
        with pytest.raises(ArgumentError, match="producers \\+ consumers"):
            Lab(producers=producers, consumers=consumers)


@pytest.mark.parametrize("value", [v for v in BAD["produce_rate"]], ids=named)
def test_a_bad_rate_changes_nothing_while_running(value: Any) -> None:
    with Lab(produce_rate=5, consume_rate=5) as lab:
        for act in (
            lambda: lab.set_rate("P0", value),
            lambda: lab.add_producer(rate=value),
            lambda: lab.add_consumer(rate=value),
            lambda: setattr(lab, "produce_rate", value),
            lambda: setattr(lab, "consume_rate", value),
        ):
            with pytest.raises(ArgumentError, match="as fast as possible"):
                act()
        assert [w.rate for w in lab.workers] == [5, 5] and (lab.produce_rate, lab.consume_rate) == (5, 5)


def test_other_bad_arguments_change_nothing_while_running() -> None:
    with Lab(produce_rate=5, consume_rate=5) as lab:
        acts: list[Callable[[], object]] = []
        for name in NAMES:
            if name is not None:
                acts += [
                    lambda name=name: lab.set_rate("P0", 7, pattern=name),
                    lambda name=name: lab.add_producer(pattern=name),
                    lambda name=name: lab.kill("P0", holding=name),
                ]
        for value in BAD["slow_motion"]:
            acts.append(lambda value=value: setattr(lab, "slow_motion", value))
        for value in (*NONSENSE[:-1], 0, 2.5):
            if value != 10**9:
                acts.append(lambda value=value: lab.run(items=value))
        for value in NONSENSE:
            acts += [lambda value=value: lab.run(timeout=value), lambda value=value: lab.kill("P0", timeout=value)]
        for act in acts:
            with pytest.raises(ArgumentError):
                act()
        assert all(w.alive and w.rate == 5 and w.pattern == "constant" for w in lab.workers) and len(lab.workers) == 2
        assert lab.slow_motion == 0


def test_an_item_count_beyond_any_run_is_refused() -> None:
    with pytest.raises(ArgumentError, match="items must be from 1 to"):
        Lab().run(items=1 << 41)


def test_numbers_of_numpy_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    lab = Lab(slots=numpy.int64(4), produce_rate=numpy.float32(7.5), consume_rate=numpy.int32(3))
    assert lab.slots == 4 and type(lab.slots) is int and lab.produce_rate == 7.5
    for bad in (numpy.bool_(True), numpy.float64(4), numpy.array([1, 2])):
        with pytest.raises(ArgumentError):
            Lab(slots=bad)


def test_a_lab_that_cannot_start_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    from shmlab.processes import supervisor

    real, count = supervisor.start, 0

    def start(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError("no more processes")
        return real(*arguments)

    monkeypatch.setattr(supervisor, "start", start)
    before = own_entries()
    lab = Lab(producers=2)
    with pytest.raises(OSError, match="no more processes"):
        lab.start()
    assert not lab.running and own_entries() == before and count == 2
    monkeypatch.undo()
    with lab:
        moving(lab, 1)


@pytest.mark.parametrize(
    "steer",
    [
        lambda pool: pool.send(0, signal.SIGSTOP, "is stalled"),
        lambda pool: pool.order_one(0),
        lambda pool: pool.let_leave(0),
        lambda pool: pool.set_rate(0, 7.0),
    ],
)
def test_steering_a_lab_that_another_thread_stops_just_now_says_so(steer: Callable[[WorkerPool], object]) -> None:
    """The other thread has stopped it between the look at the lab and the look at its segment."""
    with Lab() as lab:
        pool = lab._alive()
    with pytest.raises(LabStopped, match="the lab was stopped meanwhile"):
        steer(pool)


REFUSALS = {
    "no memory": OSError(errno.ENOMEM, "Cannot allocate memory"),
    "no process": BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    "no descriptor": OSError(errno.EMFILE, "Too many open files"),
    "no Python": FileNotFoundError(errno.ENOENT, "No such file or directory"),
    "no thread": RuntimeError("can't start new thread"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_worker_that_cannot_be_started_takes_no_row(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise REFUSALS[why]

    monkeypatch.setattr("shmlab.memory.limits.WORKERS", 4)
    with Lab(**FAST) as lab:
        lab.kill("P0")
        eventually(lambda: not lab.damaged)
        with monkeypatch.context() as patch:
            patch.setattr("subprocess.Popen", refuse)
            for _ in range(6):
                with pytest.raises(NoRoom, match="cannot start a process"):
                    lab.add_producer()
        assert [worker.name for worker in lab.workers] == ["P0", "C0"]
        assert [lab.add_producer().name, lab.add_consumer().name, lab.add_producer().name] == ["P1", "C1", "P2"]
        with monkeypatch.context() as patch:  # now the only row to be had is the dead worker's
            patch.setattr("subprocess.Popen", refuse)
            lab.kill("C0")
            eventually(lambda: not lab.damaged)
            with pytest.raises(NoRoom):
                lab.add_consumer()
        lab.add_consumer()
        moving(lab)
        with pytest.raises(ArgumentError, match="4 workers at most"):
            lab.add_producer()


def test_without_python_a_worker_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab() as lab:
        with monkeypatch.context() as patch:
            patch.setattr("sys.executable", "/nowhere/python")
            with pytest.raises(NoRoom, match=r"cannot start a process: No such file .* `shmlab doctor`"):
                lab.add_producer()
        assert lab.add_producer().name == "P1"


def test_what_a_user_may_reach_is_there() -> None:
    assert {"Lab", "Snapshot", "show", "strategies", "labs", "ShmlabError", "Semaphore"} <= set(dir(shmlab))
    assert all(getattr(shmlab, name) is not None for name in dir(shmlab) if name != "labs")
    with pytest.raises(AttributeError, match=r"shmlab has no 'lib'\. It has: "):
        _ = shmlab.lib
    assert set(strategies.names) == {*SOUND, "unsynchronised"}


def test_a_dead_worker_can_be_removed_from_the_list_and_its_accounts_stay() -> None:
    with Lab(**FAST) as lab:
        eventually(lambda: lab.snapshot().consumed > 100)
        lab.kill("P0")
        lab.remove("P0")
        after = lab.snapshot()
        assert "P0" not in [worker.name for worker in after.workers]
        assert after.produced > 100


# --- a run that is watched -------------------------------------------------------------------------


def test_a_run_that_is_watched_keeps_its_rates_and_counts_its_items_exactly() -> None:
    with Lab(producers=2, produce_rate=None, consume_rate=80).start(paused=True) as lab:
        asked = set()

        def look() -> Snapshot:
            if lab.paused:
                lab.resume()
            seen = lab.snapshot()
            asked.update((w.role, w.rate) for w in seen.workers)
            return seen

        report = lab.run(25, 30, look)
        assert (report.finished, report.produced, report.consumed) == (True, 25, 25)
        assert asked == {("producer", None), ("consumer", 80)}


def test_a_producer_that_catches_up_ends_with_its_share() -> None:
    """At this rate several items are due whenever it wakes."""
    with Lab(slots=64, produce_rate=50_000, consume_rate=None).start(paused=True) as lab:
        sent = 0
        for items in (1, 2, 3, 25, 50):
            lab.pause()
            report = lab.run(items, 30, lab.snapshot)
            sent += items
            assert report.produced == sent, str(report)


@pytest.mark.slow
def test_a_run_that_is_watched_is_not_stuck_because_it_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmlab.lab.run.NO_MOTION", 0.1)
    with Lab(produce_rate=2, consume_rate=2) as lab:
        assert lab.run(3, 30, lab.snapshot).finished  # half a second from item to item
        assert lab.run(3, 30, lab.snapshot).finished


def test_a_run_that_is_watched_is_stuck_when_all_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmlab.lab.run.NO_MOTION", 0.3)
    with Lab(slots=2, consumers=0, produce_rate=100) as lab:
        report = lab.run(5, 30, lab.snapshot)
        assert (report.finished, report.stuck, report.produced) == (False, True, 2)
