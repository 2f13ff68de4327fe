"""Nothing of ours may outlive a test run."""

from collections.abc import Iterator

import pytest

from tests.apparatus import entries, eventually, leftovers, own_entries


@pytest.fixture(scope="session", autouse=True)
def _nothing_outlives_the_tests() -> Iterator[None]:
    before = entries()
    yield
    found: list[str] = []

    def nothing_left() -> bool:
        found[:] = leftovers(before)
        return not found

    try:
        eventually(nothing_left, 5)
    except AssertionError:
        pytest.fail(f"these outlived the tests: {', '.join(found)}")


@pytest.fixture
def leaves_nothing() -> Iterator[None]:
    """This process has as many segments and semaphores after the test as before."""
    before = own_entries()
    yield
    assert own_entries() == before
