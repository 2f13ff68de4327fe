"""Keys pass on wishes; what cannot be done is said, and harms nothing."""

import pytest

from shmlab import Lab
from shmlab.memory import limits
from shmlab.views.terminal.steering import Steering, times_as_fast

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.mark.parametrize(
    ("rate", "times", "faster"),
    [(5, 2, 10), (5, 0.5, 2.5), (0.1, 0.5, 0.1), (100_000, 2, None), (None, 2, None), (None, 0.5, 1000)],
)
def test_faster_and_slower_stay_within_what_is_allowed(rate: float, times: float, faster: float) -> None:
    assert times_as_fast(rate, times) == faster


def test_keys_choose_kill_take_away_and_add() -> None:
    with Lab(producers=1, consumers=1) as lab:
        steering = Steering(lab)
        assert steering.marked(lab.snapshot()) == "P0"
        steering.obey("\t", lab.snapshot())
        assert steering.marked(lab.snapshot()) == "C0"
        steering.obey("k", lab.snapshot())
        assert not lab.snapshot().worker("C0").alive
        steering.obey("K", lab.snapshot())  # it is dead already
        assert [w.name for w in lab.workers] == ["P0"]
        steering.obey("cp", lab.snapshot())
        assert sorted(w.name for w in lab.workers) == ["C1", "P0", "P1"]
        steering.obey("s", lab.snapshot())
        assert (lab.produce_rate, lab.consume_rate) == (2.5, 2)
        steering.obey("qz", lab.snapshot())
        assert steering.quit


@pytest.mark.slow
def test_a_wish_that_cannot_be_is_answered_with_a_sentence() -> None:
    with Lab(producers=limits.WORKERS - 1, consumers=1) as lab:
        steering = Steering(lab)
        steering.obey("p", lab.snapshot())
        assert f"{limits.WORKERS} workers at most" in steering.note
        steering.obey(" ", lab.snapshot())
        assert not steering.note and lab.paused


def test_to_a_lab_whose_items_are_counted_out_nobody_is_added() -> None:
    with Lab() as lab:
        steering = Steering(lab, fixed=True)
        steering.obey("pc", lab.snapshot())
        assert len(lab.workers) == 2 and "add" not in steering.keys
