"""A recorded run of a lab, to be played back anywhere, at any time, without any processes.

    with lab.record("run.jsonl"):
        ...
    recording = shmlab.recording.read("run.jsonl")
    print(recording.at(2.5).snapshot)

Nothing here needs shared memory: a recording made on Linux can be played back on any system. Writing a file while a
lab runs is done in `shmlab.observe.recording.recorder`.
"""

from shmlab.observe.recording.perfetto import trace
from shmlab.observe.recording.reading import Moment, Recording, read
from shmlab.observe.recording.spreadsheet import table
from shmlab.observe.recording.writing import Writing

__all__ = ["Moment", "Recording", "Writing", "read", "table", "trace"]
