"""Create the segment and semaphores of a strategy; remove them, and those that dead owners left."""

import contextlib
import errno
import os
import threading

from shmlab.memory import layout as at, limits, rows, segment, semaphores
from shmlab.memory.errors import NoRoom, ShmlabError
from shmlab.memory.layout import Layout
from shmlab.memory.os_errors import no_room
from shmlab.memory.segment import SegmentFile
from shmlab.processes import descendants, owner_watch, scratch_folder
from shmlab.strategies import Strategy

_running: dict[str, int] = {}  # this program's segments, and the most bytes each may grow to
_owned: dict[str, SegmentFile] = {}  # the same segments, whose locks show that this program is alive
_counting = threading.Lock()


def publish(strategy: Strategy, slots: int, payload: int) -> SegmentFile:
    """Create the segment and semaphores of `strategy`, owned by this process. Raises NoRoom."""
    initial = strategy.shared(slots)
    values = {name: value.value for name, value in initial.items() if isinstance(value, semaphores.Semaphore)}
    variables = {name: value for name, value in initial.items() if not isinstance(value, semaphores.Semaphore)}
    cap = _cap(slots, payload) if strategy.unbounded else slots
    layout = Layout(
        strategy.name, tuple(variables), values, slots, cap, payload, limits.WORKERS, strategy.unbounded
    )

    def fill(file: SegmentFile) -> None:
        for i, value in enumerate(variables.values()):
            file.write(at.variable(i), value.to_bytes(at.WORD, "little", signed=True))
        semaphores.create_all(file.name, values)

    with _counting:
        _check_room(layout)
        file = segment.create(layout, fill)
        _running[file.name] = layout.size_for(layout.cap)
        _owned[file.name] = file
    return file


def withdraw(file: SegmentFile) -> None:
    """Unlink the segment and its semaphores, and release the owner's lock."""
    segment.unlink(file.name, file.layout.semaphores)  # by name: there may be no descriptor left
    file.close()
    with _counting:
        _running.pop(file.name, None)
        _owned.pop(file.name, None)


def _forked() -> None:
    """Drop all ownership in a forked child: it must not keep the locks after its parent dies."""
    for file in _owned.values():
        rows.forget(file)
    _owned.clear()
    _running.clear()


os.register_at_fork(after_in_child=_forked)


def _check_room(layout: Layout) -> None:
    if len(_running) >= limits.LABS:
        what = f"{limits.LABS:,} labs are running here"
    elif sum(_running.values()) + layout.size_for(layout.cap) > limits.MEMORY:
        what = f"the labs that run here may fill {limits.MEMORY >> 20:,} MiB"
    else:
        return
    raise NoRoom(errno.EDQUOT, f"{what}, and no more are allowed: stop one first (lab.stop(), labs.close()).")


def sweep() -> list[str]:
    """End dead owners' workers, unlink their segments, remove their folders; return what was removed.

    Raises NoRoom if /dev/shm cannot be read.
    """
    try:
        return _sweep()
    except OSError as error:
        step = "trying the locks there (open, flock)"
        raise no_room(error, f"look for leftovers in {segment.DIRECTORY}", step) from error


def _sweep() -> list[str]:
    places: set[str] = set()
    for name in segment.names():
        if segment.owner_is_dead(name):
            places |= descendants.temporary_folders(name)
            with contextlib.suppress(ShmlabError):  # damaged: its rows cannot be trusted
                file = segment.open_unmapped(name)
                try:
                    owner_watch.end_workers(file)
                finally:
                    file.close()
    return segment.sweep() + scratch_folder.sweep(places)


def _cap(slots: int, payload: int) -> int:
    """Return the maximum capacity of an unbounded buffer: `slots` doubled as often as the limits for `payload` allow.

    Only whole doublings, because a repair infers from the two capacities which items a dead producer had not moved.
    """
    most = min(limits.CAP_SLOTS, limits.CAP_BYTES // at.slot_stride(payload))
    while 2 * slots <= most:
        slots *= 2
    return slots
