"""Random programs: no disagreement between merged automata, whole histories, brute force and a machine. See `fuzz`.

A sample, the same in every run; `make fuzz` takes another hundred, and as many random ones as one has time for.
"""

import pytest

from tests.explorer import fuzz


@pytest.mark.slow
def test_some_random_programs_agree() -> None:
    found = fuzz.run(seed=7, count=30)
    assert found.total() - found[fuzz.SKIPPED] == 30
    assert found["brute force"] and found["machine"]


@pytest.mark.long
def test_a_hundred_other_random_programs_agree() -> None:
    found = fuzz.run(seed=11, count=100)
    assert found.total() - found[fuzz.SKIPPED] == 100
