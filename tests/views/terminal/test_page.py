"""What a page shows of a snapshot, in terminals of every size."""

import re

import pytest
from rich.console import Console

from shmlab.memory import layout
from shmlab.observe.events import Event
from shmlab.observe.snapshot import Snapshot
from shmlab.views.terminal.terminal_page import TerminalPage
from tests.views.notebook.scene import snapshot, worker

SIZES = [(80, 24), (120, 40), (200, 60), (50, 12), (20, 5)]
EVENTS = [Event(n / 10, "info", f"event {n}") for n in range(50)]


def drawn(page: TerminalPage, width: int = 80, height: int = 24) -> list[str]:
    console = Console(width=width, height=height)
    return ["".join(part.text for part in line) for line in console.render_lines(page.drawn(width, height), pad=False)]


def text(snap: Snapshot, **values: object) -> str:
    return "\n".join(drawn(TerminalPage(snap, **values)))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slots", [2, 8, 40, 1024])
def test_a_page_fits_its_terminal_and_ends_with_the_keys(size: tuple[int, int], slots: int) -> None:
    crew = tuple(worker(row) for row in range(32))
    page = TerminalPage(snapshot([layout.FULL] * slots, workers=crew), EVENTS, "a note " * 30, " q quit")
    lines = drawn(page, *size)
    assert max(map(len, lines)) <= size[0]
    if size[1] >= 12:
        assert len(lines) == size[1] and lines[-1].strip() == "q quit"
        assert any("more" in line for line in lines) or size[1] > 40  # of the 32 processes
        assert sum("F" * min(slots, 8) in line.replace(" ", "") for line in lines)


def test_every_slot_is_a_letter_and_a_colour_and_in_and_out_point_to_theirs() -> None:
    lines = drawn(TerminalPage(snapshot([0, 1, 2, 3, 4, 0, 0, 0], in_=5, out=2)))
    row = next(n for n, line in enumerate(lines) if line.split() == list("·wFrX···"))
    assert lines[row - 1].index("in") // 4 == 5 and lines[row + 1].index("out") // 4 == 2
    console = Console(width=80, height=24)
    styles = {
        part.text.strip(): part.style.bgcolor
        for line in console.render_lines(TerminalPage(snapshot([0, 1, 2, 3, 4])).drawn(80, 24))
        for part in line
        if part.style and part.text.strip() in "wFrX" and part.text.strip()
    }
    assert len({str(colour) for colour in styles.values()}) == 4 and None not in styles.values()


def test_slots_for_which_there_is_no_room_are_counted() -> None:
    shown = "\n".join(drawn(TerminalPage(snapshot([layout.FULL] * 2000)), 80, 24))
    (hidden,) = re.findall(r"F … ([\d,]+) more", shown)
    assert shown.count("F") + int(hidden.replace(",", "")) == 2000 and "F" * 80 in shown


def test_a_process_is_told_with_what_it_waits_for_and_what_it_holds() -> None:
    crew = (
        worker(0, state="waiting for mutex", waits="mutex", rate=None, achieved=1234.5),
        worker(1, "consumer", state="consuming", holds="mutex"),
        worker(2, "consumer", state="killed", holds="mutex", alive=False),
        worker(3, "consumer", state="failed", alive=False, error="ZeroDivisionError"),
    )
    shown = text(snapshot(workers=crew, semaphores={"mutex": 0}), marked="C1")
    assert re.search(r"P0 producer +4000 … waiting for mutex +1,23[45] +max +12", shown)
    assert re.search(r"▸ C1 consumer +4001 ▶ consuming, holds mutex", shown)
    assert "✕ killed" in shown and "✕ failed: ZeroDivisionError" in shown
    assert "mutex 0 ○ held by C1, C2 ✕ P0 waits" in shown


def test_faults_are_counted_in_the_open() -> None:
    assert "✓ no faults   0 lost   0 duplicated" in text(snapshot())
    shown = text(snapshot(lost=2, duplicated=1, overwritten=7, died=1))
    assert "✕ 3 faults   2 lost   1 duplicated" in shown and "7 overwritten   1 died with a consumer" in shown


def test_the_last_events_are_told_the_newest_last() -> None:
    lines = [line for line in drawn(TerminalPage(snapshot(), EVENTS)) if "event" in line]
    assert lines[-1].endswith("event 49") and lines == sorted(lines) and len(lines) > 3
    assert any("event 49" in line for line in drawn(TerminalPage(snapshot(), EVENTS, keys="q"), 120, 40))


def test_a_buffer_without_semaphores_and_one_without_bound() -> None:
    shown = text(snapshot(semaphores={}, strategy="busy_waiting"))
    assert "mutex" not in shown and "in_ = 3   out = 4" in shown
    assert "(at most 16,384)" in text(snapshot(bounded=False, cap=16384))


def test_what_a_process_or_a_segment_is_called_is_no_markup() -> None:
    crew = (worker(state="failed", alive=False, error="[red]no[/red] [bold"),)
    assert "failed: [red]no[/red] [bold" in text(snapshot(workers=crew), note="[x] [/x]")
