"""Which tasks a student has passed: a small file of their own, which they may delete, or take to another machine.

It lies at `$SHMLAB_PROGRESS`, else in the user's folder for data (`$XDG_DATA_HOME`, `~/.local/share`). A file that
cannot be read or written is no reason to stop anybody: then nothing is kept, and `trouble` says why.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "SHMLAB_PROGRESS"


def place() -> Path:
    """Where the file is, or would be."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "shmlab" / "progress.json"


class Progress:
    """What was tried and passed. `tasks`: name -> {"passed": bool, "tries": number, "seed": number or None}."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.trouble = ""

    @property
    def path(self) -> Path:
        return self._path or place()

    @property
    def where(self) -> str:
        """The path as one reads it: `~` is the user's own folder."""
        home, path = Path.home(), self.path
        return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

    @property
    def tasks(self) -> dict[str, dict[str, object]]:
        """What is in the file; nothing where there is none, or where it is damaged."""
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        entries = known.get("tasks") if isinstance(known, dict) else None
        if not isinstance(entries, dict):
            return {}
        return {str(name): entry for name, entry in entries.items() if isinstance(entry, dict)}

    def passed(self, name: str) -> bool:
        """Whether a task was passed once."""
        return self.tasks.get(name, {}).get("passed") is True

    def note(self, name: str, passed: bool, seed: int | None = None) -> None:
        """Keep a try. What was passed once stays passed."""
        tasks = self.tasks
        before: Mapping[str, object] = tasks.get(name, {})
        tries = before.get("tries")
        was = before.get("passed") is True
        tasks[name] = {
            "passed": passed or was,
            "tries": (tries if isinstance(tries, int) else 0) + 1,
            "seed": before.get("seed") if was and not passed else seed,
        }
        self._write(tasks)

    def forget(self) -> None:
        """Delete the file."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write(self, tasks: Mapping[str, object]) -> None:
        path, self.trouble = self.path, ""
        new = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps({"tasks": tasks}, indent=1) + "\n", encoding="utf-8")
            new.replace(path)  # at once: another notebook never reads half a file
        except OSError as error:
            self.trouble = f"Your progress was not kept: {error}."
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
