"""Recorded runs in a real Chromium: in the view of the live lab, and in a page that has no kernel."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from shmlab import labs
from shmlab.observe.recording import Recording
from shmlab.views.web import page, player_data
from tests.apparatus import eventually
from tests.browser.harness import Jupyter, Open
from tests.clone import ROOT
from tests.observe.recording.runs import recorded, story

MOMENTS = 40
LESSON = ROOT / "notebooks/05_producer_consumer.ipynb"


def seconds(text: str) -> float:
    return float(text.split(" s")[0])


def test_a_recorded_run_is_played_in_the_view(server: Jupyter, notebook: Open) -> None:
    (server.root / "run.jsonl").write_bytes(recorded(MOMENTS))
    book = notebook("from shmlab import labs\nlabs.replay('run.jsonl')")
    book.run(0)
    view = book.page.locator(".shmlab")
    clock, line = view.locator(".clock"), view.locator(".state-line")
    expect(clock).to_contain_text("0.0 s of 3.9 s")
    expect(view.locator(".note")).to_contain_text("no process runs here")
    assert view.locator(".shmlab-ring .bqplot").count() == 1 and view.locator(".card").count() == 2
    view.get_by_role("button", name="play").click()
    eventually(lambda: seconds(clock.inner_text()) > 1)
    view.get_by_role("button", name="pause").click()
    expect(view.get_by_role("button", name="play")).to_be_visible()  # no moment is on its way any more
    handle = view.locator(".time .noUi-handle")
    handle.focus()
    book.page.keyboard.press("Home")
    expect(line).to_contain_text(f"[{story(MOMENTS)[0][0].slots.letters}]")
    book.page.keyboard.press("End")
    expect(line).to_contain_text(f"[{story(MOMENTS)[-1][0].slots.letters}]")
    expect(view.locator(".head")).to_contain_text("stopped")


@pytest.fixture
def lesson(tmp_path: Path, window: BrowserContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Page, list[str]]]:
    """The page of a lesson with a run made by hand, opened from its file; what it asks of the network is noted."""
    made = Recording(recorded(MOMENTS))
    monkeypatch.setattr("shmlab.views.web.recorded_runs.record", lambda arguments, seconds: made)
    path = tmp_path / "lesson.html"
    path.write_text(page(LESSON, 5, labs.live).text, encoding="utf-8")
    opened, asked = window.new_page(), list[str]()
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: asked.append(str(error)))
    opened.goto(path.as_uri())
    yield opened, asked
    opened.close()


def test_a_page_plays_without_a_kernel_by_keyboard_and_asks_nobody(lesson: tuple[Page, list[str]]) -> None:
    opened, asked = lesson
    player = opened.locator(".shmlab-player")
    clock, line = player.locator(".clock"), player.locator(".state-line")
    frames = player_data.film(Recording(recorded(MOMENTS)))["frames"]
    expect(line).to_have_text(frames[0]["line"])
    player.get_by_role("slider").focus()
    opened.keyboard.press("End")
    expect(line).to_have_text(frames[-1]["line"])
    assert "stopped" in player.inner_text()
    opened.keyboard.press("Home")
    expect(line).to_have_text(frames[0]["line"])
    letters = story(MOMENTS)[0][0].slots.letters
    assert player.locator(".ring .slot").count() == 8
    for state, letter in enumerate("·wFrX"):  # each slot's colour, and its letter
        assert player.locator(f".ring .s{state}").count() == letters.count(letter)
        assert player.locator(f".ring .t{state}").get_by_text(letter, exact=True).count() == letters.count(letter)
    player.get_by_role("button", name="play").focus()
    opened.keyboard.press("Space")
    eventually(lambda: seconds(clock.inner_text()) > 1)
    opened.keyboard.press("Space")
    expect(player.get_by_role("button", name="play")).to_be_focused()  # while it plays, it is called pause
    stopped, speed = clock.inner_text(), player.get_by_role("combobox")
    speed.select_option("4 ×")
    speed.press("Space")  # opens the list, and plays nothing
    speed.press("Escape")
    opened.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert clock.inner_text() == stopped
    player.get_by_role("button", name="play").press("Enter")
    expect(clock).to_have_text("3.9 s of 3.9 s")
    assert asked == [opened.url]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_follows_the_readers_theme(lesson: tuple[Page, list[str]], scheme: str) -> None:
    opened, _ = lesson
    opened.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    colours = [
        opened.eval_on_selector(selector, "element => getComputedStyle(element).backgroundColor")
        for selector in ("body", ".shmlab-player")
    ]
    light = [sum(int(part) for part in colour[4:-1].split(",")[:3]) > 380 for colour in colours]
    assert light == [scheme == "light"] * 2
