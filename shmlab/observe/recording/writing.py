"""Convert snapshots of a lab to the lines of a recording file."""

import zlib
from collections.abc import Sequence
from typing import Any

from shmlab.observe.events import Event
from shmlab.observe.recording import codec, file_format
from shmlab.observe.recording.differences import Flat, changed, gone
from shmlab.observe.snapshot import Snapshot


class Writing:
    """Produces the lines of one recording in order: `header`, then `moment` repeatedly, then `end`."""

    def __init__(self) -> None:
        self.moments = self.size = 0
        self.began = self.latest = 0.0
        self._crc = 0
        self._known: Flat = {}
        self._raw, self._output = b"", ""

    def header(self, lab: dict[str, Any], machine: dict[str, str]) -> bytes:
        """Return the first line: what was recorded, and where."""
        version = {"shmlab": file_format.KIND, "version": file_format.VERSION}
        return self._counted({**version, "lab": lab, "machine": machine})

    def moment(self, snapshot: Snapshot, events: Sequence[Event], output: str) -> bytes:
        """Return the line for one moment: its differences from the previous one. Empty if only time has passed.

        `events` are the new ones, `output` is all that the workers have printed.
        """
        state = codec.state(snapshot)
        line: dict[str, Any] = {"changed": changed(self._known, state)}
        if lost := gone(self._known, state):
            line["gone"] = lost
        if fresh := codec.slots(self._raw, snapshot.slots):
            line["slots"] = fresh
        if events:
            line["events"] = [[event.time, event.kind, _whole(event.text)] for event in events]
        if (output := _whole(output[-file_format.OUTPUT :])) != self._output:
            self._output = line["output"] = output
        if len(line) == 1 and line["changed"].keys() <= {"/time", "/consistent"}:
            return b""
        self.began = self.began or snapshot.time
        self.latest = snapshot.time
        self.moments += 1
        self._known, self._raw = state, snapshot.slots.raw
        return self._counted(line)

    def end(self, why: str) -> bytes:
        """Return the last line."""
        return file_format.written({"end": why, "moments": self.moments, "crc32": self._crc})

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self.latest - self.began

    def _counted(self, thing: dict[str, Any]) -> bytes:
        line = file_format.written(thing)
        self._crc = zlib.crc32(line, self._crc)
        self.size += len(line)
        return line


def _whole(text: str) -> str:
    """Return a text without lone surrogates, which cannot be displayed, cut to a length that can be read again."""
    return text[-file_format.TEXT :].encode("utf-8", "replace").decode()
