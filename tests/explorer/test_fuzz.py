"""Random programs: no disagreement between merged automata, whole histories and brute force. See `fuzz`."""

import pytest

from tests.explorer import fuzz


def test_a_dozen_random_programs_agree() -> None:
    assert sum(fuzz.run(seed=7, count=12).values()) >= 12


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_five_hundred_random_programs_agree() -> None:
    done = fuzz.run(seed=11, count=500)
    assert done["brute force"] + done["histories"] == 500
