"""`order=False`: items may come out in any order, and still each has to come out exactly once."""

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.report.verdict import Verdict
from shmlab.memory.errors import ArgumentError


def put(buf, item):
    """Onto a stack."""
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.count] = item
        buf.count += 1
    buf.full.release()


def get(buf):
    """From the stack."""
    buf.full.acquire()
    with buf.mutex:
        buf.count -= 1
        item = buf.slots[buf.count]
    buf.empty.release()
    return item


def get_unlocked(buf):
    buf.full.acquire()
    buf.count -= 1
    item = buf.slots[buf.count]
    buf.empty.release()
    return item


def explored(get=get, order=False, **sizes) -> Verdict:
    return explore(put, get, order=order, **sizes)


def test_a_stack_is_right_only_where_order_does_not_matter() -> None:
    wrong = explored(items=3, order=True)
    assert wrong.fault == "reordered" and wrong.steps[-1].variable.startswith("slots[")  # told when it is read
    assert explored(items=3).ok


SIZES = [dict(), dict(producers=2), dict(consumers=2), dict(producers=2, consumers=2, items=1)]


@pytest.mark.parametrize("sizes", SIZES)
def test_what_else_is_wrong_is_found_all_the_same(sizes) -> None:
    found = explored(get_unlocked, **sizes)
    assert not found.ok and found.fault != "reordered"


@pytest.mark.slow
def test_a_search_by_states_that_stand_for_many_knows_it_too() -> None:
    """And remembers less: whoever gets a later item first need not be told from whoever gets it last."""
    sizes = dict(producers=3, consumers=3, items=2)
    assert explored(**sizes).ok and explored(**sizes).reduced
    assert not explored(order=True, **sizes).ok


def test_processes_of_other_kinds_have_no_order_to_be_left_out() -> None:
    with pytest.raises(ArgumentError, match="order=False is for put and get"):
        explore([(put, 1)], order=False)
    with pytest.raises(ArgumentError, match="order must be True or False"):
        explore(put, get, order="no")  # type: ignore[arg-type]
