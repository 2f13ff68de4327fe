"""The lecture in a real Chromium: the question first, keys lead through it, and what was shown is gone."""

from tests.apparatus import entries, eventually
from tests.browser.harness import Open


def test_keys_lead_through_it_and_nothing_of_a_station_outlives_it(notebook: Open) -> None:
    book = notebook("from shmlab import labs\nlabs.lecture()")
    book.run(0)
    page = book.page
    assert "Who waits, and for what?" in page.locator(".shmlab.lecture .ask").inner_text()
    assert page.locator(".shmlab.lecture .shown .bqplot").count() == 0
    page.get_by_role("button", name="show it").click()
    page.wait_for_selector(".shmlab.lecture .shown .bqplot")
    name = page.locator(".shmlab.lecture .shown .head code").inner_text().removeprefix("/dev/shm/")
    assert any(name in entry for entry in entries())
    page.keyboard.press("Space")  # the button keeps the focus
    page.wait_for_selector(".shmlab.lecture .notice")
    page.locator(".shmlab.lecture > .bar .noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    title = page.locator(".shmlab.lecture > .bar .title")
    eventually(lambda: title.inner_text().lower() == "fast consumer")
    eventually(lambda: not any(name in entry for entry in entries()))
