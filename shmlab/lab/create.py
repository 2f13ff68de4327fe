"""From a strategy to a segment with its semaphores, and from a dead owner's segment to nothing."""

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

_running: dict[str, int] = {}  # this program's segments, and how many bytes each may come to have
_owned: dict[str, SegmentFile] = {}  # the same segments, whose locks tell that this program lives
_counting = threading.Lock()


def publish(strategy: Strategy, slots: int, payload: int) -> SegmentFile:
    """Create the segment and semaphores of a strategy; this process owns them. Raises NoRoom."""
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
    """Unlink the segment and its semaphores and give up the owner's lock."""
    segment.unlink(file.name, file.layout.semaphores)  # it needs no descriptor, and perhaps there is none
    file.close()
    with _counting:
        _running.pop(file.name, None)
        _owned.pop(file.name, None)


def _forked() -> None:
    """A child that this program has forked owns nothing: it must not keep the locks when its parent is dead."""
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
    """End the workers of dead owners, unlink what is left of their segments, remove their folders; tells what went.

    Raises NoRoom where /dev/shm cannot be looked at.
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
            with contextlib.suppress(ShmlabError):  # damaged: its rows tell nothing
                file = segment.open_unmapped(name)
                try:
                    owner_watch.end_workers(file)
                finally:
                    file.close()
    return segment.sweep() + scratch_folder.sweep(places)


def _cap(slots: int, payload: int) -> int:
    """The most slots that an unbounded buffer of such items may get: its first ones, doubled a whole number of times.

    Whole doublings, because a repair tells from the two capacities which items a dying producer had not moved yet.
    """
    most = min(limits.CAP_SLOTS, limits.CAP_BYTES // at.slot_stride(payload))
    while 2 * slots <= most:
        slots *= 2
    return slots
