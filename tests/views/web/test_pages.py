"""A page of a lesson: its saved outputs, a player for each live lab, and nothing that asks the network."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

from shmlab import ArgumentError, cli, labs
from shmlab.observe.recording import Recording
from shmlab.views.web import lab_cells, page, player_data, recorded_runs
from tests.observe.recording.runs import recorded, story

LOADS = {"src", "srcset", "poster", "data", "action", "background"}


class Reader(HTMLParser):
    """What a browser would load, the players' data, and the text that can be seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.styles, self.text, self.inside = "", "", ""
        self.players: list[dict[str, Any]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = f"{tag} {dict(attrs).get('type') or ''}".strip()
        wanted = LOADS | ({"href"} if tag in ("link", "base", "image", "use") else set())
        self.loaded += [value or "" for name, value in attrs if name in wanted]

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script application/json":
            self.players.append(json.loads(data))
        elif self.inside.startswith("style"):
            self.styles += data
        elif not self.inside.startswith("script"):
            self.text += data


def lesson(folder: Path, *cells: tuple[str, str]) -> Path:
    """A notebook of cells, each its source and the text of its result."""
    book = nbformat.v4.new_notebook()
    for source, result in cells:
        outputs = [nbformat.v4.new_output("execute_result", {"text/plain": result})] if result else []
        book.cells.append(nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=1))
    nbformat.write(book, folder / "lesson.ipynb")
    return folder / "lesson.ipynb"


def test_the_film_shows_each_moment_as_it_was() -> None:
    shown, frame = player_data.film(Recording(recorded(40))), dict[str, Any]()
    assert len(shown["frames"]) == 40 and shown["machine"] == "a test"
    for (snapshot, events, _), difference in zip(story(40), shown["frames"], strict=True):
        frame |= difference
        assert frame["slots"] == snapshot.slots.letters and frame["items"] == snapshot.slots.sequences
        assert (frame["in"], frame["out"], frame["state"]) == (snapshot.in_, snapshot.out, snapshot.state)
        assert frame["semaphores"] == snapshot.semaphores and frame["variables"] == snapshot.variables
        assert [worker[0] for worker in frame["workers"]] == [worker.name for worker in snapshot.workers]
        assert frame["line"] == str(snapshot) and len(frame["news"]) == len(events)


def test_data_cannot_end_the_script_that_holds_them() -> None:
    text = player_data.player(Recording(recorded(title="</script><script>alert(1)</script>")))
    assert text.count("<script") == text.count("</script>") == 1
    assert Reader(text).players[0]["title"] == "</script><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("live = labs.live(slots=4, produce_rate=None)\nlive", {"slots": 4, "produce_rate": None}),
        (
            "%matplotlib inline\nfrom shmlab.labs import live\nlive('condition', 16)",
            {"strategy": "condition", "slots": 16},
        ),
        ("labs.live(slots=2)\nlabs.live(slots=3)", {"slots": 3}),
        ("labs.stepper(put)", None),
        ("this is no Python", None),
    ],
)
def test_the_arguments_of_a_live_lab_are_read_from_the_cell(source: str, expected: dict[str, Any] | None) -> None:
    found = lab_cells.live(source, labs.live)
    assert (found is None) is (expected is None)
    assert (found or {}).items() >= (expected or {}).items()


@pytest.mark.parametrize("source", ["labs.live(put=put, get=get)", "labs.live(slot=3)", "labs.live(*many)"])
def test_arguments_that_nobody_can_know_are_refused(source: str) -> None:
    with pytest.raises(ArgumentError, match=r"labs\.live"):
        lab_cells.live(source, labs.live)


@pytest.mark.slow
def test_a_page_has_everything_in_it_and_plays_a_real_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaves_nothing: None
) -> None:
    asked, real = [], recorded_runs.record
    monkeypatch.setattr(recorded_runs, "record", lambda arguments, _: asked.append(arguments) or real(arguments, 1))
    path = lesson(
        tmp_path,
        ("live = labs.live(slots=4, produce_rate=50, consume_rate=20)\nlive", "<LiveLab: semaphores, 4 slots>"),
        ("2 * 3", "6"),
        ("labs.stepper(put, get)", "<Stepper: a & b>"),
        ("labs.live(put=put, get=get)", "<LiveLab: your own>"),
    )
    made = page(path, 5, labs.live)
    read = Reader(made.text)
    assert made.players == len(read.players) == len(asked) == 1 and asked[0]["slots"] == 4
    assert "put=put" in made.missing[0] and len(made.missing) == 1
    (shown,) = read.players
    assert len(shown["frames"]) > 3 and shown["about"] == "semaphores, 4 slots, 1 producer, 1 consumer"
    assert "<Stepper: a & b>" in read.text and read.text.count("which needs a kernel") == 2
    assert [url for url in read.loaded if not url.startswith("data:")] == []
    assert not re.findall(r"url\(\s*['\"]?(?!data:|#)[^)]*|@import", read.styles)
    for word in ("MathJax", "require.min.js", "mermaid.esm", "unpkg"):
        assert word not in made.text


def test_the_command_makes_a_page_for_each_notebook_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson(tmp_path, ("1 + 1", "2"))
    assert cli.main(["export", str(tmp_path), "--to", str(tmp_path / "pages/of/mine")]) == 0
    assert "0 recorded runs" in capsys.readouterr().out
    assert (tmp_path / "pages/of/mine/lesson.html").read_text().startswith("<!DOCTYPE html>")


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none, bad, good = tmp_path / "none.ipynb", tmp_path / "bad.ipynb", lesson(tmp_path, ("1", "1"))
    bad.write_text("{")
    (tmp_path / "empty").mkdir()
    to = ["--to", str(tmp_path / "pages")]
    for wrong in (
        [str(none), *to],
        [str(bad), *to],
        [str(tmp_path / "empty"), *to],
        [str(good), str(good), *to],
        [str(good), *to, "--seconds", "0"],
        [str(good), "--to", str(bad)],
    ):
        assert cli.main(["export", *wrong]) == 2
        assert capsys.readouterr().err.startswith("shmlab export: ")
