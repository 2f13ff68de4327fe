"""The lecture as `shmlab present` shows it, in a real Chromium: it fits, keys lead, a page ends its kernel."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from shmlab.course.lecture import stations
from tests.apparatus import entries, eventually
from tests.views.present.hall import Hall, hall

FULL_HD, OLD = {"width": 1920, "height": 1080}, {"width": 1280, "height": 720}
LEGIBLE = 15.9  # px of type at 1920 by 1080
WORKERS = 3  # that a lab of this lecture may have
SLOTS = "() => [...document.querySelectorAll('.shmlab-slots path')].map(path => path.style.fill).join()"
# The smallest type that is seen, and how far anything that is seen reaches beyond its window or what clips it.
LOOK = """() => {
  const seen = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || at.closest('style, script, option, .state-line, .unseen')) continue;
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const box = range.getBoundingClientRect();
    if (!box.width || !at.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    const grown = at.getScreenCTM ? at.getScreenCTM().a : 1;
    const frame = (at.closest('.cards, .steps, .shmlab') ?? document.body).getBoundingClientRect();
    const bottom = Math.min(innerHeight, frame.bottom);
    const beyond = Math.max(box.right - innerWidth, box.bottom - bottom, -box.left, -box.top);
    seen.push([walk.currentNode.textContent.trim(), parseFloat(getComputedStyle(at).fontSize) * grown, beyond]);
  }
  return seen;
}"""
COUNT = """() => new Promise(done => {
  let frames = 0;
  const eye = new MutationObserver(() => frames += 1);
  eye.observe(document.querySelector('.shmlab-slots .bqplot'), {subtree: true, attributes: true});
  setTimeout(() => { eye.disconnect(); done(frames / 2) }, 2000);
})"""  # each batch of changes to the slots is one frame


@pytest.fixture(scope="module")
def lecture(chromium: str) -> Iterator[Hall]:
    with hall(SHMLAB_WORKERS=str(WORKERS)) as served:
        yield served


@pytest.fixture(scope="module")
def page(lecture: Hall, window: BrowserContext) -> Iterator[Page]:
    page = window.new_page()
    page.set_viewport_size(FULL_HD)
    yield page
    page.close()


@pytest.fixture(scope="module")
def heard(page: Page, lecture: Hall) -> dict[str, list[str]]:
    """Open the page; what it complains of, and which addresses it asks."""
    said: dict[str, list[str]] = {"errors": [], "asked": []}
    page.on("console", lambda message: said["errors"].append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said["errors"].append(str(error)))
    page.on("request", lambda request: said["asked"].append(request.url))
    page.goto(lecture.address, timeout=90_000)
    page.wait_for_selector(".shmlab.lecture .ask", timeout=60_000)
    return said


def segment(page: Page) -> str:
    return page.locator(".shown .head code").inner_text(timeout=30_000).removeprefix("/dev/shm/")


def title(page: Page) -> str:
    return page.locator(".shmlab.lecture > .bar .title").inner_text().lower()


def small(page: Page) -> list[str]:
    """What is too small to be read from the last row."""
    return [text for text, size, _ in page.evaluate(LOOK) if size < LEGIBLE]


def hidden(page: Page) -> list[str]:
    """What does not fit on the screen."""
    return [text for text, _, beyond in page.evaluate(LOOK) if beyond > 1]


def test_keys_start_a_lab_that_is_drawn_pause_it_and_replace_it(page: Page, heard: dict[str, list[str]]) -> None:
    assert "full screen" in page.locator("#keys").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".shown .bqplot")
    name = segment(page)
    assert any(name in entry for entry in entries())
    first: Any = page.evaluate(SLOTS)
    eventually(lambda: page.evaluate(SLOTS) != first)
    assert page.evaluate(COUNT) > 3  # 30 on a machine that has nothing else to do
    page.keyboard.press("p")
    eventually(lambda: "paused" in page.locator(".shown .head .pill").first.inner_text())
    page.keyboard.press("p")
    eventually(lambda: "running" in page.locator(".shown .head .pill").first.inner_text())
    page.keyboard.press("PageDown")
    page.wait_for_selector(".shmlab.lecture .notice")
    page.keyboard.press("Space")
    eventually(lambda: title(page) == stations[1].title)
    eventually(lambda: not any(name in entry for entry in entries()))
    page.keyboard.press("ArrowLeft")
    eventually(lambda: title(page) == stations[0].title)
    page.keyboard.press("0")
    eventually(lambda: title(page) == stations[-1].title)


def test_each_station_fits_and_is_legible(page: Page, heard: dict[str, list[str]]) -> None:
    for number, station in enumerate(stations[:-1], 1):  # the last fills while it measures: looked at by hand
        page.set_viewport_size(FULL_HD)
        page.keyboard.press(str(number))
        eventually(lambda station=station: title(page) == station.title)  # type: ignore[misc]
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(".shown .stage", timeout=30_000)
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(".shmlab.lecture .notice")
        eventually(lambda: small(page) == [], 20)
        for size in (FULL_HD, OLD):
            page.set_viewport_size(size)
            eventually(lambda: hidden(page) == [], 20)  # the charts follow the window a little later
    page.set_viewport_size(FULL_HD)


def test_a_visitor_s_clicks_go_no_further_than_the_limits(page: Page, heard: dict[str, list[str]]) -> None:
    page.keyboard.press("1")
    eventually(lambda: title(page) == stations[0].title)
    page.keyboard.press("ArrowRight")
    more = page.locator(".shown").get_by_role("button", name="+ producer")
    for _ in range(WORKERS):
        more.click()
    eventually(lambda: f"{WORKERS}" in page.locator(".shown .note .error").inner_text())
    assert page.locator(".shown .card").count() == WORKERS


def test_nobody_else_was_asked_and_nothing_went_wrong(page: Page, heard: dict[str, list[str]], lecture: Hall) -> None:
    assert heard["errors"] == []
    assert [url for url in heard["asked"] if not url.startswith((lecture.url, "data:"))] == []


def test_a_page_that_is_left_ends_its_kernel_and_ctrl_c_the_rest(
    page: Page, heard: dict[str, list[str]], lecture: Hall
) -> None:
    (first,) = lecture.kernels()
    page.reload(timeout=90_000)
    page.wait_for_selector(".shmlab.lecture .ask", timeout=60_000)
    eventually(lambda: not first.is_running())
    page.keyboard.press("ArrowRight")
    name = segment(page)
    said = lecture.end(signal.SIGINT)
    assert lecture.process.returncode == 0 and "Traceback" not in said
    eventually(lambda: not any(name in entry for entry in entries()))
