"""Every test here closes what it opened: widgets are counted before and after."""

import threading
from collections.abc import Iterator

import pytest
from ipywidgets.widgets.widget import _instances


@pytest.fixture(autouse=True)
def _no_thread_of_ours_stays() -> Iterator[None]:
    yield
    assert [t.name for t in threading.enumerate() if t.name in ("shmlab-view", "shmlab-tasks")] == []


@pytest.fixture
def leaves_no_widget() -> Iterator[None]:
    before = set(_instances)
    yield
    assert [type(_instances[key]).__name__ for key in _instances if key not in before] == []
