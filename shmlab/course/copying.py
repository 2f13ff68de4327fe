"""Copy the course to a student's own folder, never overwriting the student's work.

A file there is the course's as long as it has the checksum of a version that was once copied there; running a notebook
saves its outputs, and from then on it is the student's. The course's files are updated, the student's are kept. The
checksums are in the folder itself, in `.shmlab-course.json`, and are written **before** the files: if a copy is
interrupted at any point, it leaves no file that the next one would mistake for the student's.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shmlab import course
from shmlab.memory.errors import ArgumentError

MANIFEST = ".shmlab-course.json"


@dataclass(frozen=True, slots=True)
class Copy:
    """What was done to a folder, as lists of file names."""

    folder: Path
    new: tuple[str, ...]  # did not exist
    renewed: tuple[str, ...]  # existed in an older version
    kept: tuple[str, ...]  # are the student's
    withdrawn: tuple[str, ...]  # came from an older course, and are no longer part of it

    def __str__(self) -> str:
        done = [f"{len(self.new)} new" if self.new else "", f"{len(self.renewed)} renewed" if self.renewed else ""]
        said = [f"The course is in {self.folder}: {', '.join(filter(None, done)) or 'nothing to renew'}."]
        if self.kept:
            said.append(
                f"Kept, since you changed or ran them: {', '.join(self.kept)}. For a fresh one, rename or delete "
                "yours and do this again."
            )
        if self.withdrawn:
            said.append(f"No longer in the course, and yours to delete: {', '.join(self.withdrawn)}.")
        return "\n".join(said)


def copy(folder: Path) -> Copy:
    """Copy the course to `folder`, which is created if it is missing, and update the course's own files there.

    Raises ArgumentError (the folder cannot be written, or is the course's own), CourseMissing.
    """
    new = course.files()
    home = course.place() / "notebooks"
    if folder.resolve().is_relative_to(home):
        raise ArgumentError(f"'{folder}' is where the course itself lies. Name another folder, or open it right there.")
    known = _known(folder)
    there = {name: _checksum_at(folder / name) for name in new.keys() | known.keys()}
    fresh = {name: _checksum(content) for name, content in new.items()}
    kept = [name for name in new if there[name] not in (None, fresh[name], *known.get(name, ()))]
    stale = [name for name in new if there[name] != fresh[name] and name not in kept]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remember(folder, known, fresh)
        for name in stale:
            _write(folder / name, new[name])
    except OSError as error:
        reason = f"{error.strerror} ('{error.filename}')" if error.filename else error.strerror
        raise ArgumentError(f"cannot copy the course into '{folder}': {reason}. Name a folder that is yours.") from None
    return Copy(
        folder,
        new=tuple(name for name in stale if there[name] is None),
        renewed=tuple(name for name in stale if there[name] is not None),
        kept=tuple(kept),
        withdrawn=tuple(sorted(name for name in known.keys() - new.keys() if there[name] is not None)),
    )


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum_at(path: Path) -> str | None:
    """Return a file's checksum: None if nothing is there, "" if it cannot be read as a file, so it is not ours."""
    if not os.path.lexists(path):
        return None
    try:
        return _checksum(path.read_bytes())
    except OSError:
        return ""


def _known(folder: Path) -> dict[str, list[str]]:
    """Return the checksums of all files ever copied there, by name; none if the manifest is damaged: all are kept."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {str(name): [str(checksum) for checksum in checksums] for name, checksums in files.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _remember(folder: Path, known: Mapping[str, list[str]], fresh: Mapping[str, str]) -> None:
    files = dict(known)
    for name, checksum in fresh.items():
        files[name] = [*(old for old in known.get(name, ()) if old != checksum), checksum]
    about = "Checksums of the course's files: `shmlab notebooks` renews these and keeps what you changed."
    if files != known:
        _write(folder / MANIFEST, json.dumps({"about": about, "files": files}, indent=1).encode() + b"\n")


def _write(path: Path, content: bytes) -> None:
    """Write the whole file or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    finally:
        with contextlib.suppress(OSError):
            half.unlink()
