"""The exact numbers of interleavings, against running each of them."""

from collections.abc import Callable

import pytest

from shmlab.explorer.model.build import Program
from shmlab.explorer.search.counting import interleavings
from shmlab.explorer.search.search import search
from tests.explorer import brute, programs as p

FEASIBLE: dict[str, Callable[[], Program]] = {
    "lost 2x1": lambda: p.lost_update(2, 1),
    "lost 2x3": lambda: p.lost_update(2, 3),
    "lost 3x1": lambda: p.lost_update(3, 1),
    "semaphores 1+1, 2 items": lambda: p.buffer(*p.S, 1, 1, 2),
    "wrong order 1+1, 2 items": lambda: p.buffer(*p.WRONG, 1, 1, 2),
    "dining 3": lambda: p.dining(p.philosopher, 3),
    "dining in order 3": lambda: p.dining(p.philosopher_ordered, 3),
}
MANY: dict[str, Callable[[], Program]] = {
    "lost 3x2": lambda: p.lost_update(3, 2),
    "semaphores 1+1, 3 items": lambda: p.buffer(*p.S, 1, 1, 3),
}
LONG: dict[str, Callable[[], Program]] = {"no mutex 2+1, 1 item": lambda: p.buffer(*p.NO_MUTEX, 2, 1, 1)}
MADE = {**FEASIBLE, **MANY, **LONG}


@pytest.mark.parametrize(
    "name",
    [
        *FEASIBLE,
        *(pytest.param(name, marks=pytest.mark.slow) for name in MANY),
        *(pytest.param(name, marks=pytest.mark.long) for name in LONG),
    ],
)
def test_brute_force_counts_the_same(name: str) -> None:
    expected = brute.interleavings(MADE[name]())
    assert expected
    assert interleavings(search(MADE[name]().system())) == expected[:2]
