"""A run of a lab in a file, to be played where, and when, there are no processes.

    with lab.record("run.jsonl"):
        ...
    recording = shmlab.recording.read("run.jsonl")
    print(recording.at(2.5).snapshot)

Nothing here needs shared memory: what was recorded on Linux is played everywhere. Writing a file while a lab runs is
the business of `shmlab.observe.recording.recorder`.
"""

from shmlab.observe.recording.perfetto import trace
from shmlab.observe.recording.reading import Moment, Recording, read
from shmlab.observe.recording.spreadsheet import table
from shmlab.observe.recording.writing import Writing

__all__ = ["Moment", "Recording", "Writing", "read", "table", "trace"]
