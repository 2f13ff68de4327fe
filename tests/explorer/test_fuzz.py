"""Random programs: no disagreement between merged automata, whole histories, brute force and a machine. See `fuzz`."""

import pytest

from tests.explorer import fuzz


@pytest.mark.slow
def test_some_random_programs_agree() -> None:
    found = fuzz.run(seed=7, count=30)
    assert found.total() - found[fuzz.SKIPPED] == 30
    assert found["brute force"] and found["machine"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_five_hundred_random_programs_agree() -> None:
    found = fuzz.run(seed=11, count=500)
    assert found.total() - found[fuzz.SKIPPED] == 500
