"""A student's work in a copy of the course is never written over; the course's own files are renewed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab import course
from shmlab.course import copying
from shmlab.course.copying import MANIFEST, copy
from shmlab.memory import errors

FIRST, SOURCE = course.FIRST, "sources/main.c"


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The course of the installed version: to be changed like an upgrade does."""
    files = {FIRST: b"lesson 0, version 1", "exercises/01.ipynb": b"tasks, version 1", SOURCE: b"int main"}
    monkeypatch.setattr(course, "files", lambda: dict(files))
    return files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder/course"


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder but the manifest."""
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if name != MANIFEST}


def test_a_copy_has_every_file_and_nothing_else(folder: Path) -> None:
    done = copy(folder)
    assert contents(folder) == course.files()
    assert set(done.new) == course.files().keys() and not (done.renewed or done.kept or done.withdrawn)
    assert str(done) == f"The course is in {folder}: {len(course.files())} new."


def test_a_second_copy_has_nothing_to_do(version: dict[str, bytes], folder: Path) -> None:
    copy(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert str(copy(folder)) == f"The course is in {folder}: nothing to renew."
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_upgrade_renews_what_is_the_courses_and_keeps_what_is_the_students(
    version: dict[str, bytes], folder: Path
) -> None:
    copy(folder)
    (folder / "exercises/01.ipynb").write_bytes(b"my answer")
    (folder / "mine.ipynb").write_bytes(b"my own")
    version |= {FIRST: b"lesson 0, version 2", "exercises/01.ipynb": b"tasks, version 2", "13.ipynb": b"a new one"}
    done = copy(folder)
    assert (done.new, done.renewed, done.kept) == (("13.ipynb",), (FIRST,), ("exercises/01.ipynb",))
    assert contents(folder) == version | {"exercises/01.ipynb": b"my answer", "mine.ipynb": b"my own"}


def test_what_is_kept_is_named_with_the_way_to_a_fresh_one(version: dict[str, bytes], folder: Path) -> None:
    copy(folder)
    (folder / FIRST).write_bytes(b"lesson 0 with outputs")
    said = str(copy(folder))
    assert f"Kept, since you changed or ran them: {FIRST}. For a fresh one, rename or delete yours" in said
    (folder / FIRST).rename(folder / "mine.ipynb")
    assert str(copy(folder)) == f"The course is in {folder}: 1 new."
    assert contents(folder) == version | {"mine.ipynb": b"lesson 0 with outputs"}


def test_work_is_kept_through_two_upgrades(version: dict[str, bytes], folder: Path) -> None:
    copy(folder)
    (folder / FIRST).write_bytes(b"mine")
    for number in (2, 3):
        version[FIRST] = b"lesson 0, version %d" % number
        assert copy(folder).kept == (FIRST,)
    assert (folder / FIRST).read_bytes() == b"mine"


def test_a_change_that_was_taken_back_makes_a_file_the_courses_again(version: dict[str, bytes], folder: Path) -> None:
    copy(folder)
    (folder / FIRST).write_bytes(b"mine")
    version[FIRST] = b"lesson 0, version 2"
    copy(folder)
    (folder / FIRST).write_bytes(b"lesson 0, version 1")
    assert copy(folder).renewed == (FIRST,)


def test_a_file_that_was_there_before_the_course_is_kept(version: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / FIRST).write_bytes(b"of somebody else")
    assert copy(folder).kept == (FIRST,)
    assert (folder / FIRST).read_bytes() == b"of somebody else"


def test_a_folder_or_a_link_in_the_place_of_a_file_is_kept(version: dict[str, bytes], folder: Path) -> None:
    (folder / FIRST).mkdir(parents=True)
    (folder / "sources").mkdir()
    (folder / SOURCE).symlink_to("nowhere")
    assert copy(folder).kept == (FIRST, SOURCE)
    assert (folder / FIRST).is_dir() and (folder / SOURCE).is_symlink()


def test_a_lesson_that_left_the_course_is_named_and_left(version: dict[str, bytes], folder: Path) -> None:
    copy(folder)
    del version[SOURCE]
    assert str(copy(folder)).endswith(f"No longer in the course, and yours to delete: {SOURCE}.")
    (folder / SOURCE).unlink()
    assert copy(folder).withdrawn == ()


DAMAGE = ["", "{", "[]", "null", '{"files": 1}', '{"files": {"00_start_here.ipynb": 1}}', '{"files": ["a"]}', "\x00"]


@pytest.mark.parametrize("manifest", DAMAGE)
def test_without_a_readable_manifest_whatever_differs_is_kept(
    version: dict[str, bytes], folder: Path, manifest: str
) -> None:
    copy(folder)
    (folder / MANIFEST).write_text(manifest)
    version |= {FIRST: b"lesson 0, version 2"}
    assert copy(folder).kept == (FIRST,)
    version |= {SOURCE: b"int main, version 2"}  # was equal, so the second manifest knows it
    assert copy(folder).renewed == (SOURCE,)


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Copying ends with an error after so many files were written."""
    left, write = [0], copying._write

    def until(path: Path, content: bytes) -> None:
        if not left[0]:
            raise OSError(28, "No space left on device", str(path))
        left[0] -= 1
        write(path, content)

    monkeypatch.setattr(copying, "_write", until)
    yield left
    monkeypatch.setattr(copying, "_write", write)


@pytest.mark.parametrize("files", [1, 2, 3])
def test_an_upgrade_that_was_broken_off_anywhere_is_finished_by_the_next(
    version: dict[str, bytes], folder: Path, broken_off: list[int], files: int
) -> None:
    broken_off[0] = 9
    copy(folder)
    version |= {name: b"version 2" for name in version}
    broken_off[0] = files
    with pytest.raises(errors.ArgumentError, match=r"cannot copy the course into .*: No space left on device"):
        copy(folder)
    broken_off[0] = 9
    assert not copy(folder).kept
    assert contents(folder) == version


def test_half_a_file_is_never_seen(version: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy(folder)

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    before = contents(folder)
    version[FIRST] = b"lesson 0, version 2"
    with pytest.raises(errors.ArgumentError):
        copy(folder)
    assert contents(folder) == before


@pytest.mark.parametrize("within", ["", "exercises"])
def test_the_courses_own_folder_is_refused(within: str) -> None:
    before = sorted((course.place() / "notebooks").iterdir())
    with pytest.raises(errors.ArgumentError, match="is where the course itself lies"):
        copy(course.place() / "notebooks" / within)
    assert sorted((course.place() / "notebooks").iterdir()) == before


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/course"])
def test_a_folder_that_cannot_be_made_gets_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.ArgumentError, match=r"cannot copy the course into .* Name a folder that is yours"):
        copy(tmp_path / place)


def test_the_manifest_says_what_it_is(version: dict[str, bytes], folder: Path) -> None:
    copy(folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert "keeps what you changed" in manifest["about"]
    assert manifest["files"].keys() == version.keys()
