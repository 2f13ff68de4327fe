"""What has not changed since the last look is kept, and what has changed is read anew."""

import random

from shmlab.memory import layout as at
from shmlab.observe.observer import Observer
from shmlab.observe.row_cache import Latencies, Rows, _percentiles
from tests.apparatus import Buffer, buffer


def work(it: Buffer, row: int, **words: int) -> None:
    for name, value in words.items():
        it.set_word(row, getattr(at, name), value)


def use(it: Buffer) -> None:
    """Two workers have rows."""
    for row, role in enumerate((at.PRODUCER, at.CONSUMER)):
        work(it, row, ROLE=role, PHASE=at.RESTING, PID=1)
    it.file.set_word(at.ROWS_USED, 2)


def test_a_row_in_which_nothing_has_changed_is_the_same_tuple_and_the_same_worker() -> None:
    with buffer() as it, Observer(it.file) as eye:
        use(it)
        before = eye.snapshot().workers
        work(it, 0, PRODUCED=7)
        after = eye.snapshot().workers
        assert after[1] is before[1]
        assert (before[0].items, after[0].items) == (0, 7)


def test_a_change_in_any_word_of_a_row_is_seen() -> None:
    with buffer() as it:
        use(it)
        known = Rows(it.file, 2, None)
        for word in range(at.LEAVE + 1):
            it.set_word(1, word, it.word(1, word) + 1)
            now = Rows(it.file, 2, known)
            assert now.rows[0] is known.rows[0] and now.rows[1][word] == known.rows[1][word] + 1
            known = now


def test_of_one_at_work_the_time_tells_whether_it_spins() -> None:
    with buffer() as it, Observer(it.file) as eye:
        use(it)
        work(it, 0, PHASE=at.WORKING, SINCE=1)
        assert eye.snapshot().worker("P0").state == "spinning"


def test_more_rows_than_at_the_last_look_are_all_read() -> None:
    with buffer() as it, Observer(it.file) as eye:
        use(it)
        assert len(eye.snapshot().workers) == 2
        work(it, 3, ROLE=at.PRODUCER, NUMBER=1, PHASE=at.RESTING)
        it.file.set_word(at.ROWS_USED, 4)
        assert [worker.name for worker in eye.snapshot().workers] == ["P0", "C0", "P1"]


def test_latencies_added_up_row_by_row_are_those_of_all_rows() -> None:
    chance = random.Random(3)
    with buffer() as it:
        use(it)
        kept, known = Latencies(), None
        for _ in range(50):
            row, bucket = chance.randrange(2), chance.randrange(at.LATENCY_BUCKETS)
            for word in (at.RECEIVED, at.LATENCY + bucket, at.CONSUMED):
                it.set_word(row, word, it.word(row, word) + 1)
            known = Rows(it.file, 2, known)
            counts = [sum(it.word(row, at.LATENCY + i) for row in range(2)) for i in range(at.LATENCY_BUCKETS)]
            whole = b"".join(count.to_bytes(at.WORD, "little") for count in counts)
            assert kept.percentiles(known) == _percentiles(int.from_bytes(whole, "little"))
            assert kept.percentiles(known)[0] is not None


def test_latencies_that_were_read_before_the_item_was_counted_are_read_again() -> None:
    with buffer() as it:
        use(it)
        kept = Latencies()
        work(it, 1, RECEIVED=1)
        assert kept.percentiles(Rows(it.file, 2, None)) == (None, None)
        it.set_word(1, at.LATENCY + 5, 1)
        work(it, 1, CONSUMED=1)
        assert kept.percentiles(Rows(it.file, 2, None))[0] == at.latency_of(5)
