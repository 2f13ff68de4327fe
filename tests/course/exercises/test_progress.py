"""Progress: a small file of the student's own, which may be deleted, moved, damaged, or not be writable."""

import json
from pathlib import Path

import pytest

from shmlab.course.exercises import check
from shmlab.course.exercises.progress import VARIABLE, Progress, place

ANSWER = "P0 P1 P0 P1"


def test_what_was_passed_is_kept_and_stays_passed(kept: Path) -> None:
    assert check.vanish("P0 P0 P1 P1").state == "wrong"
    assert not Progress().passed("vanish")
    assert check.vanish(ANSWER).passed
    check.vanish("P0 P0 P1 P1")
    assert json.loads(kept.read_text())["tasks"] == {"vanish": {"passed": True, "tries": 3, "seed": None}}
    assert [entry.name for entry in kept.parent.iterdir()] == [kept.name]


def test_the_seed_of_what_was_passed_is_kept() -> None:
    check.vanish(ANSWER, seed=7)
    check.vanish("P0", seed=8)
    assert Progress().tasks["vanish"]["seed"] == 7


def test_it_is_shown_lesson_by_lesson_and_can_be_deleted(kept: Path) -> None:
    check.vanish(ANSWER)
    shown = check.progress()
    assert shown.startswith(f"1 of {len(check.tasks)} tasks passed")
    assert "● vanish" in shown and "○ smallest" in shown and str(kept) in shown
    check.forget()
    assert not kept.exists() and check.progress().startswith("0 of")
    check.forget()


def test_it_can_be_moved(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check.vanish(ANSWER)
    elsewhere = kept.with_name("elsewhere.json")
    kept.rename(elsewhere)
    monkeypatch.setenv(VARIABLE, str(elsewhere))
    assert check.progress().startswith("1 of")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"tasks": 3}', '{"tasks": {"vanish": 1}}', "\0"])
def test_a_damaged_file_counts_as_none_and_is_replaced(kept: Path, damage: str) -> None:
    kept.write_text(damage)
    assert check.progress().startswith("0 of")
    assert check.vanish(ANSWER).passed
    assert check.progress().startswith("1 of")


def test_what_cannot_be_written_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "progress.json"))
    assert check.vanish(ANSWER).passed
    assert "was not kept" in check.vanish.progress.trouble


def test_it_lies_in_the_users_folder_for_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert place() == tmp_path / "shmlab" / "progress.json"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place() == tmp_path / ".local/share/shmlab/progress.json"
    assert "Kept in ~/.local/share/shmlab/progress.json" in check.progress()


def test_a_misspelt_task_is_told_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match=r"no task 'vanihs'\. Did you mean check\.vanish\?"):
        check.vanihs  # noqa: B018
    assert "vanish" in dir(check) and "check.vanish" in str(check)
