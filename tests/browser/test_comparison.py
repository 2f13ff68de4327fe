"""The comparison in a real Chromium on a real JupyterLab: the page stays alive while it is measured."""

import re
import time

from tests.apparatus import eventually
from tests.browser.harness import Notebook, Open

START = """from shmlab.experiments.comparison import planned
from shmlab.views.notebook.comparison_view import LiveComparison
live = LiveComparison(planned(["pipe", "textbook", "queue"], [8, 4096], rounds=50, seconds=120))
live"""
SOON = 5.0  # seconds in which another cell is done while everything is being measured


def percent(book: Notebook) -> int:
    """How far it says it is."""
    match = re.search(r"(\d+) %", book.page.locator(".shmlab .bar").inner_text())
    assert match
    return int(match[1])


def test_the_chart_fills_in_the_page_stays_alive_and_cancel_ends_it(notebook: Open) -> None:
    book = notebook(START, "6 * 7", "live.close()")
    said: list[str] = []
    book.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    book.run(0)
    book.page.wait_for_selector(".shmlab .curves path.line")
    began = time.monotonic()
    book.run(1)
    assert "42" in book.output(1) and time.monotonic() - began < SOON
    eventually(lambda: percent(book) > 1, 30)
    table = book.page.locator(".shmlab .figures")
    eventually(lambda: len(re.findall(r"\d [kM]\b", table.inner_text())) > 3, 30)
    assert book.page.locator(".shmlab .curves text.label, .shmlab .curves .object_grp text").count() >= 3
    book.page.get_by_role("button", name="■ cancel").click()
    status = book.page.locator(".shmlab [role=status]")
    eventually(lambda: status.inner_text().startswith("cancelled"), 15)
    with book.page.expect_download() as download:
        book.page.get_by_role("button", name="CSV").click()
    assert "items_per_second" in download.value.path().read_text()
    book.run(2)
    assert said == []
