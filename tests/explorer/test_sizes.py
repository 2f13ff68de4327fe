"""`sizes`: one question for all sizes up to some."""

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.program import call_stack
from shmlab.explorer.report.sizes import up_to
from shmlab.memory.errors import ArgumentError
from tests.explorer import programs as p


def forgets_to_wait(buf, item):
    """Right as long as nobody puts more items than there are slots."""
    with buf.mutex:
        buf.slots[buf.in_ % buf.capacity] = item
        buf.in_ += 1
    buf.full.release()


def get(buf):
    buf.full.acquire()
    item = buf.slots[buf.out % buf.capacity]
    buf.out += 1
    return item


def test_the_smallest_come_first_and_none_is_left_out() -> None:
    sizes = [tuple(size.values()) for size in up_to(3)]
    assert sizes[0] == (2, 1, 1, 1) and sizes[-1] == (3, 3, 3, 3)
    assert len(set(sizes)) == len(sizes) == 2 * 3 * 3 * 3
    assert {size["capacity"] for size in up_to(2, endless=True)} == {None}


def test_the_smallest_size_that_fails_is_told() -> None:
    assert explore(forgets_to_wait, get).ok
    found = explore(forgets_to_wait, get, sizes=3)
    assert found.fault == "overwrite"
    assert "That is the size capacity=2, producers=1, consumers=1, items=3; the " in str(found)
    assert len(found.system.names) == 2 and found.schedule


def test_all_of_them_are_right() -> None:
    found = explore("semaphores", sizes=2, max_seconds=600)
    assert found.ok
    says = "That is the size capacity=2, producers=2, consumers=2, items=2; the 7 smaller ones are right, too."
    assert str(found).endswith(says)


def test_they_share_the_time() -> None:
    found = explore("semaphores", sizes=3, max_seconds=0.2)
    assert not found.complete and "because it took more than 0.2 s" in str(found)


@pytest.mark.parametrize("sizes", [None, 3])
def test_a_time_that_is_up_at_once_gets_a_verdict(sizes: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_stack, "GRACE", 0.0)
    found = explore("semaphores", sizes=sizes, max_seconds=0)
    assert not found.complete and "because it took more than 0 s" in str(found)


def test_what_has_no_sizes_is_refused() -> None:
    with pytest.raises(ArgumentError, match="sizes is for put and get"):
        explore([(p.increment, 1)], shared=dict(count=0), sizes=2)
    with pytest.raises(ArgumentError, match="sizes must be from 1 to 6"):
        explore("semaphores", sizes=9)
