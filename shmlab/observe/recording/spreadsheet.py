"""A recording as a table with a line for each moment, for a spreadsheet or pandas."""

import csv
import io
from typing import Any

from shmlab.observe.recording.reading import Recording

FACTS = ("state", "capacity", "occupancy", "in_", "out", "produced", "consumed")
FAULTS = ("lost", "duplicated", "out_of_order", "corrupted", "overwritten", "empty_reads", "died")


def table(recording: Recording) -> str:
    """Return CSV with a header: seconds, the buffer, its faults, the semaphores, state and items of each process.

    What did not exist at a moment is left empty.
    """
    lines, names = list[dict[str, Any]](), dict.fromkeys(("seconds", *FACTS, *FAULTS))
    for moment in recording:
        snapshot = moment.snapshot
        line = {"seconds": f"{moment.seconds:.6f}"} | {name: getattr(snapshot, name) for name in (*FACTS, *FAULTS)}
        line |= {f"semaphore {name}": value for name, value in snapshot.semaphores.items()}
        for worker in snapshot.workers:
            line |= {f"{worker.name} {what}": getattr(worker, what) for what in ("pid", "state", "items")}
        names |= dict.fromkeys(line)
        lines.append(line)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
