"""The tests in this directory drive a real Chromium.

They share one JupyterLab and one Chromium; each test opens a page and a kernel of its own. Both end with the last test
of this directory, since Playwright keeps an event loop in this thread, in which later tests could not start theirs.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.harness import Jupyter, Notebook, Open, browser

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> str:
    """Path of the machine's Chromium. Without one, a person's run skips and a CI run fails."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "no Chromium on this machine; `sudo apt install chromium` brings it"
    if os.environ.get("CI"):
        pytest.fail(f"CI is set: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="package")
def server(chromium: str) -> Iterator[Jupyter]:
    with Jupyter() as jupyter:
        yield jupyter


@pytest.fixture(scope="package")
def window(chromium: str) -> Iterator[BrowserContext]:
    with browser(width=1280, height=1400) as context:
        yield context


@pytest.fixture
def notebook(server: Jupyter, window: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens notebooks of the given cells. Closes them, and fails if a cell wrote to standard error."""
    opened: list[Notebook] = []

    def make(*cells: str) -> Notebook:
        name = f"{request.node.name}.ipynb"
        server.notebook(name, *cells)
        opened.append(Notebook(window, server, name))
        return opened[-1]

    yield make
    for book in opened:
        errors = book.page.locator(
            ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
        ).all_inner_texts()
        for kernel in server.kernels():
            server.get(f"/api/kernels/{kernel['id']}", method="DELETE").close()
        book.page.close()
        assert errors == [], "a cell wrote to standard error"
