"""The main job in a real Chromium on a real JupyterLab: real processes, drawn live, steered by hand."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator

from shmlab.experiments.pipeline import tools
from tests.apparatus import entries, eventually, workers_of
from tests.browser.harness import Notebook, Open

START = "from shmlab import labs\nlive = labs.live(slots=8, produce_rate=20, consume_rate=15)\nlive"
NAME = re.compile(r"shmlab-[0-9a-f]{16}")
PRODUCER, CONSUMER = ".shmlab .card.producer", ".shmlab .card.consumer"


def segment(book: Notebook) -> str:
    """The name of the segment that the view shows."""
    text = book.page.locator(".shmlab .head code").inner_text()
    match = NAME.search(text)
    assert match, text
    return match[0]


def number(place: Locator) -> float:
    """The first number in a text of the page."""
    match = re.search(r"[\d,.]+", place.inner_text())
    assert match, place.inner_text()
    return float(match[0].replace(",", ""))


def gone(name: str) -> bool:
    """Whether no process works on this segment and nothing of it is left in /dev/shm."""
    return not workers_of(name) and not any(name in entry for entry in entries())


def colours(book: Notebook) -> Any:
    """What is painted into the slots now."""
    script = "() => [...document.querySelectorAll('.shmlab-slots path')].map(path => path.style.fill).join()"
    return book.page.evaluate(script)


def test_the_slots_change_as_real_processes_fill_and_drain_them(notebook: Open) -> None:
    book = notebook(START)
    book.run(0)
    book.page.wait_for_selector(".shmlab .bqplot")
    name = segment(book)
    assert len(workers_of(name)) == 2
    first = colours(book)
    eventually(lambda: colours(book) != first)
    before = number(book.page.locator(f"{CONSUMER} .facts"))
    eventually(lambda: number(book.page.locator(f"{CONSUMER} .facts")) > before + 10)


def test_the_achieved_rate_follows_the_dragged_slider(notebook: Open) -> None:
    book = notebook(START)
    book.run(0)
    speed = book.page.locator(f"{CONSUMER} .speed b")
    eventually(lambda: 13 < number(speed) < 17, 15)
    handle = book.page.locator(f"{CONSUMER} .noUi-handle").first
    handle.scroll_into_view_if_needed()
    place = handle.bounding_box()
    assert place
    book.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    book.page.mouse.down()
    book.page.mouse.move(place["x"] - 60, place["y"] + place["height"] / 2, steps=8)
    book.page.mouse.up()
    asked = book.page.locator(f"{CONSUMER} .speed span")

    def followed() -> bool:
        wanted = number(asked)  # read anew each time: a drag asks for several rates on its way
        return wanted < 8 and abs(number(speed) - wanted) <= 0.25 * wanted + 0.2

    eventually(followed, 30)


def test_a_killed_producer_s_card_says_so(notebook: Open) -> None:
    book = notebook(START)
    book.run(0)
    name = segment(book)
    eventually(lambda: len(workers_of(name)) == 2)
    book.page.locator(PRODUCER).get_by_role("button", name="kill").click()
    eventually(lambda: "killed" in book.page.locator(f"{PRODUCER} .pill").inner_text())
    eventually(lambda: len(workers_of(name)) == 1)
    eventually(lambda: "waiting for full" in book.page.locator(f"{CONSUMER} .pill").inner_text())


@pytest.mark.skipif(bool(tools.missing()), reason="no C compiler: `sudo apt install gcc` brings it")
def test_a_program_in_c_that_joins_gets_a_card(notebook: Open) -> None:
    book = notebook(START, "from shmlab.experiments.exhibits import in_c\nprint(in_c.join(live.lab, 'producer', 3))")
    book.run(0)
    book.page.wait_for_selector(".shmlab .bqplot")
    book.run(1)
    card = book.page.locator(PRODUCER, has_text="P31")
    eventually(lambda: card.count() == 1)
    eventually(lambda: number(card.locator(".facts")) > 3)


def test_running_the_cell_again_closes_the_old_lab(notebook: Open) -> None:
    book = notebook(START)
    book.run(0)
    first = segment(book)
    book.run(0)
    eventually(lambda: book.page.locator(".shmlab .head code").count() == 1 and segment(book) != first)
    eventually(lambda: gone(first))
    assert len(workers_of(segment(book))) == 2


def test_an_interrupt_stops_the_cell_and_not_the_lab(notebook: Open) -> None:
    book = notebook(START, "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('interrupted')")
    book.run(0)
    name = segment(book)
    book.run(1, wait=False)
    book.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    before = number(book.page.locator(f"{CONSUMER} .facts"))
    eventually(lambda: number(book.page.locator(f"{CONSUMER} .facts")) > before)  # drawn while the cell sleeps
    book.command("notebook:interrupt-kernel")
    eventually(lambda: "interrupted" in book.output(1))
    assert len(workers_of(name)) == 2
    before = number(book.page.locator(f"{CONSUMER} .facts"))
    eventually(lambda: number(book.page.locator(f"{CONSUMER} .facts")) > before)


@pytest.mark.parametrize("method", ["restart", "shutdown"])
def test_nothing_is_left_when_the_kernel_ends(notebook: Open, method: str) -> None:
    book = notebook(START)
    book.run(0)
    name = segment(book)
    eventually(lambda: len(workers_of(name)) == 2)
    book.page.evaluate(
        f"async () => {{ await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.{method}() }}"
    )
    eventually(lambda: gone(name))


def test_pause_start_and_a_scenario(notebook: Open) -> None:
    book = notebook("from shmlab import labs\nlive = labs.live(slots=8, produce_rate=15, consume_rate=20)\nlive")
    book.run(0)  # the buffer never gets full, where a producer would wait for a slot and not rest
    page = book.page
    page.locator(".shmlab").get_by_role("button", name="pause").click()
    eventually(lambda: "paused" in page.locator(".shmlab .head .pill").first.inner_text())
    eventually(lambda: "paused" in page.locator(f"{PRODUCER} .pill").inner_text())
    page.locator(".shmlab").get_by_role("button", name="start").click()
    eventually(lambda: "running" in page.locator(".shmlab .head .pill").first.inner_text())
    first = segment(book)
    page.locator(".shmlab .field", has_text="scenario").locator("select").select_option("race")
    eventually(lambda: segment(book) != first)
    eventually(lambda: gone(first))
    eventually(lambda: re.search(r"[1-9]\d* (lost|duplicated|out of order)", page.locator(".shmlab").inner_text()), 30)
