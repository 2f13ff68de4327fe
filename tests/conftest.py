"""Nothing of ours may outlive a test run.

Each process that runs tests looks for what belongs to itself. With `pytest -n 3` there are three, so only the one
that started them can tell what belongs to nobody any more: it looks once, after all have ended.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.apparatus import entries, eventually, leftovers, orphans, own_entries

BEFORE = pytest.StashKey[set[str]]()
NAMED = 20  # of what is left, at most

# A limit on the time of one example says more of the machine than of the code: each test has its timeout.
hypothesis.settings.register_profile("shmlab", deadline=None)
hypothesis.settings.load_profile("shmlab")


def left(look: Callable[[], list[str]]) -> str:
    """What is still there after the few seconds that a process may need to end."""
    found: list[str] = []

    def nothing() -> bool:
        found[:] = look()
        return not found

    try:
        eventually(nothing, 5)
    except AssertionError:
        return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")
    return ""


@pytest.fixture(scope="session", autouse=True)
def _nothing_outlives_the_tests() -> Iterator[None]:
    before = entries()
    yield
    if found := left(lambda: leftovers(before)):
        pytest.fail(f"these outlived the tests: {found}")


@pytest.fixture
def clock_ahead(tmp_path: Path) -> dict[str, str]:
    """The environment of a program whose wall clock is set back by an hour whenever it goes to sleep."""
    if not (compiler := shutil.which("cc")):
        pytest.skip("there is no C compiler to make a wrong clock with")
    source, library = Path(__file__).with_name("ahead.c"), tmp_path / "ahead.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    return {"LD_PRELOAD": str(library), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}


@pytest.fixture
def leaves_nothing() -> Iterator[None]:
    """This process has as many segments and semaphores after the test as before."""
    before = own_entries()
    yield
    assert own_entries() == before


# --- what belongs to no process any more, seen by the one that started the others ------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[BEFORE] = entries()


@pytest.hookimpl(trylast=True)  # once the processes that ran the tests have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if found := left(lambda: orphans(config.stash[BEFORE])):
        report = pytest.TestReport(
            nodeid="tests/conftest.py::nothing_outlives_the_tests",
            location=("tests/conftest.py", None, "nothing outlives the tests"),
            keywords={},
            outcome="failed",
            longrepr=f"these outlived the tests, and their owner has ended: {found}",
            when="teardown",
        )
        config.hook.pytest_runtest_logreport(report=report)  # an error in the summary, and in a report in XML
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests out by file: `tests/sharing.py`."""
    from tests.sharing import ByFile

    return ByFile(config, log)
