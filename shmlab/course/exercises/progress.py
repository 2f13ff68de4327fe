"""Which tasks a student has passed: a small file of their own, which they may delete, or take to another machine.

It is at `$SHMLAB_PROGRESS`, else in the user's data folder (`$XDG_DATA_HOME`, `~/.local/share`). A file that cannot be
read or written never stops anybody: nothing is recorded then, and `trouble` says why.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "SHMLAB_PROGRESS"


def place() -> Path:
    """Return the path of the file, whether or not it exists."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "shmlab" / "progress.json"


class Progress:
    """The tasks tried and passed. `tasks`: name -> {"passed": bool, "tries": number, "seed": number or None}."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.trouble = ""

    @property
    def path(self) -> Path:
        return self._path or place()

    @property
    def where(self) -> str:
        """The path in readable form: `~` is the user's home folder."""
        home, path = Path.home(), self.path
        return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

    @property
    def tasks(self) -> dict[str, dict[str, object]]:
        """The content of the file; empty if it is missing or damaged."""
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        entries = known.get("tasks") if isinstance(known, dict) else None
        if not isinstance(entries, dict):
            return {}
        return {str(name): entry for name, entry in entries.items() if isinstance(entry, dict)}

    def passed(self, name: str) -> bool:
        """Return whether a task was ever passed."""
        return self.tasks.get(name, {}).get("passed") is True

    def note(self, name: str, passed: bool, seed: int | None = None) -> None:
        """Record a try. A task that was once passed stays passed."""
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
            new.replace(path)  # atomic: another notebook never reads a partial file
        except OSError as error:
            self.trouble = f"Your progress was not kept: {error}."
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
