"""One process, both ends: what goes in comes out, and every error says what to do."""

import os
import resource
import signal
import stat
import threading
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shmlab import cli
from shmlab.memory import segment
from shmlab.memory.errors import (
    ArgumentError,
    ItemRefused,
    NoRoom,
    RingClosed,
    RingTaken,
    RingTimeout,
    SegmentNotFound,
    SegmentRefused,
)
from shmlab.observe.observer import Observer
from shmlab.ring import protocol
from shmlab.ring.ring import Ring
from shmlab.ring.ring_snapshot import look
from tests.apparatus import DIRECTORY, buffer, descriptors, eventually, own_entries

pytestmark = pytest.mark.usefixtures("leaves_nothing")
SEATS = [(1, 1), (2, 1), (1, 2), (2, 2)]


@pytest.fixture(params=SEATS, ids=lambda seats: f"{seats[0]}x{seats[1]}")
def ring(request: Any) -> Iterator[Ring]:
    """A ring of 8 slots of 4 bytes: alone on a side, and in turn."""
    with Ring.create(8, 4, *request.param) as ring:
        yield ring


def item(number: int) -> bytes:
    return number.to_bytes(4, "big")


def items(numbers: range) -> list[bytes]:
    return [item(number) for number in numbers]


# --- what goes in comes out ---------------------------------------------------------------------------------------


def test_items_come_out_in_the_order_in_which_they_went_in_round_after_round(ring: Ring) -> None:
    for first in range(0, 100, 5):
        for number in range(first, first + 5):
            ring.put(item(number))
        assert len(ring) == 5
        assert [ring.get() for _ in range(5)] == items(range(first, first + 5))
    assert len(ring) == 0 and ring  # an empty ring is no false ring


@pytest.mark.parametrize("wrap", [list, tuple, b"".join, lambda all_: bytearray(b"".join(all_))])
def test_many_items_go_in_as_a_list_or_as_a_buffer(ring: Ring, wrap: Callable[[list[bytes]], Any]) -> None:
    for first in range(0, 100, 7):
        assert ring.put_many(wrap(items(range(first, first + 7)))) == 7
        assert ring.get_many(3) + ring.get_many(100) == items(range(first, first + 7))


def test_many_items_come_out_into_a_buffer(ring: Ring) -> None:
    room = bytearray(4 * 5 + 3)
    for first in range(0, 70, 7):
        ring.put_many(b"".join(items(range(first, first + 7))))
        assert ring.get_into(room) == 5
        assert room[:20] == b"".join(items(range(first, first + 5)))
        assert ring.get_into(memoryview(room)[:8]) == 2
        assert room[:8] == b"".join(items(range(first + 5, first + 7)))


def test_more_items_than_slots_go_in_while_somebody_takes_them(ring: Ring) -> None:
    got: list[bytes] = []

    def take() -> None:
        while len(got) < 1000:
            got.extend(ring.get_many(3, timeout=10))

    thread = threading.Thread(target=take)
    thread.start()
    try:
        assert ring.put_many(items(range(1000)), timeout=10) == 1000
    finally:
        thread.join()
    assert got == items(range(1000))


def test_large_items_go_in_as_a_list_too() -> None:
    with Ring.create(4, 10_000) as ring:
        large = [bytes([n]) * 10_000 for n in range(3)]
        assert ring.put_many(large) == 3
        assert ring.get_many(9) == large
        assert ring.put_many([memoryview(large[0]).cast("Q"), bytearray(large[1])]) == 2
        assert ring.get_many(9) == large[:2]
        with pytest.raises(ItemRefused, match="exactly 10,000 bytes, not 9,999"):
            ring.put_many([large[0], large[1][1:]])
        assert len(ring) == 0


def test_more_than_a_chunk_comes_out_as_one_list() -> None:
    with Ring.create(300, 4) as ring:
        ring.put_many(items(range(200)))
        assert ring.get_many(1000) == items(range(200))


@pytest.mark.parametrize("slots", [2, 3, 1000])
def test_any_number_of_slots_will_do(slots: int) -> None:
    with Ring.create(slots, 4) as ring:
        for first in range(0, 5 * slots, slots):
            assert ring.put_many(items(range(first, first + slots)), timeout=0) == slots
            assert len(ring) == slots
            assert ring.get_many(slots) == items(range(first, first + slots))


def test_a_claimed_slot_is_put_at_the_end_of_the_block_and_an_item_is_taken_at_the_end_of_its_own(ring: Ring) -> None:
    for number in range(20):
        with ring.claim() as slot:
            slot[:] = item(number)
            assert len(ring) == 0
        assert len(ring) == 1
        with ring.peek() as seen:
            assert bytes(seen) == item(number) and seen.readonly
            assert len(ring) == 1
        assert len(ring) == 0


def test_a_block_that_raises_puts_nothing_and_takes_nothing(ring: Ring) -> None:
    with pytest.raises(KeyError), ring.claim() as slot:
        slot[:] = item(1)
        raise KeyError
    assert len(ring) == 0
    ring.put(item(2))
    with pytest.raises(KeyError), ring.peek():
        raise KeyError
    assert ring.get(timeout=1) == item(2)


def test_a_slot_that_is_kept_is_no_longer_writable(ring: Ring) -> None:
    with ring.claim() as slot:
        slot[:] = item(1)
    with pytest.raises(ValueError, match="released"):
        slot[0] = 7
    with ring.claim() as slot:
        array_of = memoryview(slot)  # what numpy.frombuffer does: the slot cannot be taken away from it
        array_of[:] = item(2)
    assert ring.get_many(2) == items(range(1, 3))


@pytest.mark.parametrize("weak", [False, True])
def test_on_processors_of_weaker_order_too(ring: Ring, weak: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WEAK", weak)
    ring.put(item(1))
    assert ring.get() == item(1)


def test_counters_beyond_30_and_62_bits_are_nothing_special() -> None:
    for passed in (10**9, 1 << 31, (1 << 62) + 5):
        with Ring.create(8, 4) as ring:
            for name in ("in_", "out"):
                ring.word(name)[0] = passed
            ring.put_many(items(range(6)))
            assert ring.get() == item(0)
            ring.put_many(items(range(6, 9)))
            assert ring.get_many(99) == items(range(1, 9))


# --- waiting ------------------------------------------------------------------------------------------------------


def test_nobody_waits_longer_than_asked(ring: Ring) -> None:
    for timeout in (0, 0.01, -1):
        with pytest.raises(RingTimeout, match=r"no item in 'shmlab-.*' within .* s: it is empty.*Let producers put"):
            ring.get(timeout=timeout)
        with pytest.raises(RingTimeout):
            ring.get_many(3, timeout=timeout)
        with pytest.raises(TimeoutError), ring.peek(timeout=timeout):
            pytest.fail("there was nothing to see")
    assert ring.put_many(items(range(12)), timeout=0.01) == 8  # as many as there was room for
    for timeout in (0, 0.01):
        with pytest.raises(RingTimeout, match=r"no free slot in .*its 8 slots are full.*Let consumers take"):
            ring.put(item(9), timeout)
        with pytest.raises(RingTimeout):
            ring.put_many(item(9), timeout=timeout)
        with pytest.raises(RingTimeout), ring.claim(timeout):
            pytest.fail("there was no room")
    assert ring.get_many(99) == items(range(8))  # and nothing went wrong by it
    ring.put(item(1))
    assert ring.get() == item(1)


def test_who_sleeps_is_woken(ring: Ring) -> None:
    for wait in (ring.get, lambda: ring.get_many(1)):
        thread = threading.Thread(target=wait)
        thread.start()
        eventually(lambda: ring.word("consumer_sleeps")[0])
        ring.put(item(1))
        thread.join(0.09)  # less than a nap: it was woken, it did not look by itself
        assert not thread.is_alive()


def test_an_interrupted_wait_holds_nothing(ring: Ring) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.02)  # in here: on a busy machine the time is soon over
                ring.get()
    finally:
        signal.signal(signal.SIGALRM, before)
    ring.put(item(1))
    assert ring.get(timeout=1) == item(1)


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda ring: ring.put(b"abc"), "exactly 4 bytes, not 3"),
        (lambda ring: ring.put(b"abcde"), "exactly 4 bytes, not 5"),
        (lambda ring: ring.put("abcd"), "an item is bytes, not str"),
        (lambda ring: ring.put(None), "an item is bytes, not NoneType"),
        (lambda ring: ring.put_many(b"abcde"), "a buffer of 5 bytes is no whole number of items of 4 bytes"),
        (lambda ring: ring.put_many([b"abcd", b"abc", b"abcde"]), "exactly 4 bytes, not 3"),
        (lambda ring: ring.put_many([1]), "an item is bytes, not int"),
        (lambda ring: ring.put_many(["abcd"]), "an item is bytes, not str"),
        (lambda ring: ring.put_many([array("i", [1, 2, 3, 4])]), "exactly 4 bytes, not 16"),
        (lambda ring: ring.put_many(7), "a list of items or a contiguous buffer"),
        (lambda ring: ring.put_many(memoryview(bytes(16))[::2]), "a list of items or a contiguous buffer"),
        (lambda ring: ring.get_into(b"abcd"), "needs a writable buffer of at least one item, 4 bytes"),
        (lambda ring: ring.get_into(bytearray(3)), "needs a writable buffer of at least one item, 4 bytes"),
        (lambda ring: ring.get_into(7), "takes a writable contiguous buffer"),
        (lambda ring: ring.get_many(0), "most must be at least 1"),
    ],
)
def test_what_is_no_whole_item_is_refused_and_changes_nothing(
    ring: Ring, call: Callable[[Any], None], says: str
) -> None:
    with pytest.raises((ItemRefused, ArgumentError), match=says):
        call(ring)
    assert len(ring) == 0
    ring.put(b"abcd", timeout=1)
    assert ring.get(timeout=1) == b"abcd"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (dict(slots=1), "slots must be from 2 to 1,048,576"),
        (dict(slots=8.0), "slots must be a whole number"),
        (dict(item=0), "item must be from 1"),
        (dict(producers=0), "producers must be from 1 to 64"),
        (dict(consumers=65), "consumers must be from 1 to 64"),
    ],
)
def test_a_ring_that_cannot_be_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        Ring.create(**wrong)


def test_a_ring_that_does_not_fit_is_an_error_at_once() -> None:
    room = os.statvfs(DIRECTORY)
    if not room.f_blocks:
        pytest.skip("/dev/shm has no limit on this machine")
    before = descriptors()
    with pytest.raises(NoRoom, match="bytes free"):
        Ring.create(room.f_blocks * room.f_frsize // (1 << 20) + 1, 1 << 20)
    assert descriptors() == before


def test_moving_another_item_inside_the_block_of_one_is_refused(ring: Ring) -> None:
    with pytest.raises(ArgumentError, match=r"in place already|moved another item"), ring.claim() as slot:
        slot[:] = item(1)
        ring.put(item(2), timeout=1)
    with pytest.raises(ArgumentError, match="in place already"), ring.claim(), ring.claim():
        pytest.fail("one slot twice")
    ring.put(item(2))
    with pytest.raises(ArgumentError, match="in place already"), ring.peek(), ring.peek(timeout=0):
        pytest.fail("one item twice")
    ring.put(item(3), timeout=1)
    assert ring.get_many(9, timeout=1)[-1] == item(3)


# --- who may attach -----------------------------------------------------------------------------------------------


def test_a_ring_has_as_many_seats_as_it_was_made_for(ring: Ring) -> None:
    for role, seats in (("producer", ring.producers), ("consumer", ring.consumers)):
        peers = [Ring.attach(ring.name, role) for _ in range(seats)]
        for _ in range(2):
            with pytest.raises(RingTaken, match=rf"has {seats} {role}s? already.*create it with {role}s={seats + 1}"):
                Ring.attach(ring.name, role)
        peers.pop().close()
        Ring.attach(ring.name, role).close()  # a seat that was left can be taken
        for peer in peers:
            peer.close()


def test_the_ends_of_two_attached_rings_meet(ring: Ring) -> None:
    with Ring.attach(ring.name, "producer") as here, Ring.attach(ring.name, role="consumer") as there:
        here.put_many(items(range(5)))
        assert there.get() == item(0) and len(here) == len(ring) == 4


def test_a_lab_is_no_ring_and_a_ring_no_lab() -> None:
    with buffer() as lab, pytest.raises(SegmentRefused, match="is no ring but a lab that runs 'semaphores'"):
        Ring.attach(lab.name)
    with pytest.raises(SegmentNotFound):
        Ring.attach("shmlab-0000000000000000")
    with pytest.raises(ArgumentError, match="role must be one of producer, consumer"), Ring.create() as ring:
        Ring.attach(ring.name, "observer")


# --- life ---------------------------------------------------------------------------------------------------------


def test_a_ring_is_private_and_leaves_nothing_behind() -> None:
    before, files = own_entries(), descriptors()
    with Ring.create(8, 4, 2, 2) as ring:
        ring.put(item(1)), ring.get()
        mine = own_entries() - before
        assert {ring.name} < mine
        for entry in mine:
            assert stat.filemode((DIRECTORY / entry).stat().st_mode) == "-rw-------"
        assert ring.name in repr(ring) and "0 of 8 slots full" in repr(ring)
    assert own_entries() == before and descriptors() == files
    ring.close()
    assert "closed" in repr(ring)
    calls: list[Callable[[], object]] = [
        lambda: ring.put(item(1)),
        lambda: ring.get(),
        lambda: ring.put_many([item(1)]),
        lambda: ring.get_many(1),
        lambda: ring.get_into(bytearray(4)),
        lambda: ring.claim().__enter__(),
        lambda: ring.peek().__enter__(),
        lambda: len(ring),
    ]
    for call in calls:
        with pytest.raises(RingClosed, match="closed in this process: create or attach one"):
            call()


def test_what_was_kept_of_a_closed_ring_is_an_error_and_no_crash(ring: Ring) -> None:
    peer = Ring.attach(ring.name)
    peer.put(item(1)), peer.get()
    put, get, claim = peer.put, peer.get, peer.claim()
    peer.close()
    for call in (lambda: put(item(1)), get, claim.__enter__):
        with pytest.raises(RingClosed):
            call()


@pytest.mark.slow
def test_when_the_owner_closes_what_is_in_it_can_still_be_taken_and_then_all_find_out(ring: Ring) -> None:
    with Ring.attach(ring.name, "producer") as here, Ring.attach(ring.name, "consumer") as there:
        here.put_many(items(range(3)))
        ring.close()
        assert there.closed and ring.name not in segment.names()
        assert [there.get() for _ in range(3)] == items(range(3))
        for call in (there.get, lambda: there.get(0), lambda: there.get_many(9), lambda: there.peek().__enter__()):
            with pytest.raises(RingClosed, match="was closed, or its owner has ended"):
                call()
        with pytest.raises(RingClosed):
            here.put(item(1))  # that somebody would have to take


def test_who_sleeps_when_the_owner_closes_finds_out(ring: Ring) -> None:
    raised: list[BaseException] = []
    with Ring.attach(ring.name, "consumer") as there:

        def wait() -> None:
            try:
                there.get()
            except RingClosed as error:
                raised.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        eventually(lambda: ring.word("consumer_sleeps")[0])
        ring.close()
        thread.join(5)
        assert raised


# From 3.12 on Python warns of fork where there are threads, and pytest-xdist has some. This child only leaves.
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_process_made_by_fork_has_no_seat_and_takes_none_away(ring: Ring) -> None:
    ring.put(item(1))
    child = os.fork()
    if child == 0:
        try:
            ring.put(item(2))
        except RingClosed:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    seats = [Ring.attach(ring.name, "producer") for _ in range(ring.producers - 1)]
    with pytest.raises(RingTaken):
        Ring.attach(ring.name, "producer")
    for seat in seats:
        seat.close()
    assert ring.get() == item(1)


def test_to_attach_writes_no_file(ring: Ring) -> None:
    """Whoever is killed while it creates a semaphore leaves a file in /dev/shm that nobody can tell whose it is."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with Ring.attach(ring.name, "producer") as here, Ring.attach(ring.name, "consumer") as there:
            here.put(item(1))
            assert there.get() == item(1)
        with pytest.raises(OSError):
            Ring.create(8, 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# --- seen from outside --------------------------------------------------------------------------------------------


def test_a_snapshot_tells_how_full_it_is_and_who_sits_in_it(ring: Ring) -> None:
    ring.put_many(items(range(5)))
    ring.get()
    with Ring.attach(ring.name) as idle:
        seen = look(ring.name)
    assert (seen.in_, seen.out, seen.occupancy, seen.closed) == (5, 1, 4, False)
    assert (seen.slots, seen.item, seen.size) == (8, 4, idle.segment.layout.size)
    assert [list(map(bool, seats)) for seats in (seen.producers, seen.consumers)] == [
        [True] + [False] * (ring.producers - 1),
        [True] + [False] * (ring.consumers - 1),
    ]
    assert seen.producers[0] == os.getpid()
    assert f"4 of 8 slots full · items of 4 bytes · 1 taken · 1 of {ring.producers} producers" in str(seen)


def test_rings_are_listed_beside_labs_and_neither_is_taken_for_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    with Ring.create(8, 4) as ring, buffer() as lab:
        assert cli.main(["ls"]) == 0
        listed = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
        assert listed[ring.name].startswith("ring · open · 0 of 8 slots full")
        assert listed[lab.name].startswith("semaphores (")
        with pytest.raises(SegmentRefused, match="is a ring: look at it with"):
            Observer(ring.name)
        with pytest.raises(SegmentRefused, match="is no ring but a lab"):
            look(lab.name)
        with pytest.raises(SegmentNotFound):
            look("shmlab-0000000000000000")
