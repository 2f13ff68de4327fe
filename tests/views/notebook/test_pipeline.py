"""The view of a pipeline: real or recorded, it draws to the end, begins anew, and leaves nothing. Without a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shmlab import labs
from shmlab.experiments.pipeline import tools
from shmlab.experiments.pipeline.recorded_run import RecordedPipeline
from shmlab.memory.errors import ArgumentError, NoRoom
from shmlab.views.notebook.pipeline_view import LivePipeline
from tests.apparatus import eventually
from tests.clone import ROOT

SOURCES = str(ROOT / "notebooks/sources")
needs_tools = pytest.mark.skipif(bool(tools.missing()), reason="needs cc and as: sudo apt install gcc")


@pytest.fixture(autouse=True)
def _closed(leaves_no_widget: None, leaves_nothing: None) -> Iterator[None]:
    yield
    labs.close()


def shown(sources: str = SOURCES, **asked: Any) -> LivePipeline:
    """A view, and a browser that acknowledges every frame."""
    live = labs.pipeline(sources, **asked)
    live.frames.seq.observe(lambda change: setattr(live.frames.ack, "value", change["new"]), "value")
    return live


@pytest.mark.slow
@needs_tools
def test_it_draws_the_stages_to_the_end_and_what_the_program_prints() -> None:
    live = shown(slow_motion=0.0)
    assert len(live.rings) == 1 and len(live.cards) == 2
    assert live.wait().state == "finished"
    eventually(lambda: "crc32     cbf43926" in live.output.value and not live.pipeline.running)
    assert "finished" in live.head.value and "recorded" not in live.note.value
    eventually(lambda: "12</b> of 12 files" in live.cards[1].text.value)
    assert str(live).startswith("finished | cc: done, 12 of 12")


@needs_tools
def test_the_text_that_comes_out_next_is_shown() -> None:
    live = shown(slow_motion=0.05)
    eventually(lambda: "a piece of collatz.c" in live.text.value and ".globl" in live.text.value)


@pytest.mark.slow
@needs_tools
def test_another_number_of_stages_begins_anew_with_more_cards_and_rings() -> None:
    live = shown(slow_motion=0.05)
    first = live.pipeline
    live.stages.value = 3
    eventually(lambda: len(live.rings) == 2 and len(live.cards) == 3)
    assert not first.running and live.pipeline.running
    live.halt.click()
    eventually(lambda: not live.pipeline.running)
    eventually(lambda: "stopped" in live.head.value)
    live.slots.value = 2
    eventually(lambda: live.pipeline.running and live.rings[0].form.count == 2)


@pytest.mark.slow
@needs_tools
def test_a_mistake_in_a_file_is_told_in_the_view(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("int main(void) { return <nobody>; }")
    live = shown(str(tmp_path))
    eventually(lambda: "cc refused main.c" in live.note.value and "&lt;" in live.note.value)
    eventually(lambda: "failed" in live.head.value)


@needs_tools
def test_what_cannot_be_started_is_told_and_the_view_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    live = shown()

    def full(*_: object) -> None:
        raise NoRoom(28, "no room for a segment")

    monkeypatch.setattr("shmlab.lab.create.publish", full)
    live.again.click()
    eventually(lambda: "no room for a segment" in live.note.value)


def test_without_a_compiler_a_recorded_run_is_shown_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    live = shown(stages=3)
    assert isinstance(live.pipeline, RecordedPipeline) and len(live.rings) == 2
    assert "there is no `cc`" in live.note.value and "Recorded on" in live.note.value
    eventually(lambda: live.cards[0].text.value.count("compiling") or "putting" in live.cards[0].text.value)


def test_bad_arguments_open_nothing() -> None:
    with pytest.raises(ArgumentError, match="there is no C file"):
        labs.pipeline("no such folder")
    with pytest.raises(ArgumentError, match="stages must be from 2 to 3"):
        labs.pipeline(SOURCES, stages=5)


@needs_tools
def test_a_closed_view_is_a_line_of_text() -> None:
    live = shown()
    live.close()
    live.close()
    assert live._repr_mimebundle_() == {"text/plain": "<LivePipeline: 12 files, 2 stages>"}
