"""Programs that put and get in processes of their own, and note what they did where a kill cannot take it back.

    python -m tests.ring.peer put NAME NUMBER COUNT HOW NOTES
    python -m tests.ring.peer get NAME NUMBER 0 HOW NOTES

An item is 16 bytes: the number of its producer, its own number. NOTES is a file of words: how many, then what.
"""

import mmap
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.clone import ROOT

ITEM = struct.Struct("QQ")
STOP = 1 << 63  # an item of this producer number ends the consumer that gets it
MOST = 1 << 20  # items that fit in the notes


class Notes:
    """What one peer did: a list of numbers in a mapped file, complete up to its length at every instant."""

    def __init__(self, path: Path) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.truncate(fd, 8 * (MOST + 1))
        self._words = memoryview(mmap.mmap(fd, 0)).cast("Q")
        os.close(fd)

    def note(self, number: int) -> None:
        length = self._words[0]
        self._words[length + 1] = number
        self._words[0] = length + 1

    def __len__(self) -> int:
        return self._words[0]

    def __iter__(self) -> Iterator[int]:
        return iter(self._words[1 : 1 + len(self)].tolist())


def start(
    what: str, name: str, number: int, notes: Path, count: int = 0, how: str = "one"
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.ring.peer", what, name, str(number), str(count), how, str(notes)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)


def producer(name: str, number: int, count: int, how: str, notes: Notes) -> None:
    """Put items 0, 1, ... `count` - 1 (0: without end), and note each number once put has come back."""
    from shmlab import Ring

    ring = Ring.attach(name, "producer")
    first = len(notes)
    while not count or first < count:
        several = min(7, count - first) if count else 7
        items = [ITEM.pack(number, first + i) for i in range(several if how == "many" else 1)]
        if how == "many":
            ring.put_many(items)
        elif how == "place":
            with ring.claim() as slot:
                slot[:] = items[0]
        else:
            ring.put(items[0])
        for _ in items:
            notes.note(first)
            first += 1


def consumer(name: str, number: int, how: str, notes: Notes) -> None:
    """Get items and note each, as producer << 40 | number."""
    from shmlab import Ring

    ring = Ring.attach(name, "consumer")
    while True:
        if how == "many":
            items = ring.get_many(5)
        elif how == "place":
            with ring.peek() as item:
                items = [bytes(item)]
        else:
            items = [ring.get()]
        for item in items:
            who, which = ITEM.unpack(item)
            if who == STOP:
                return
            notes.note(who << 40 | which)


if __name__ == "__main__":
    what, name, number, count, how, path = sys.argv[1:]
    if what == "put":
        producer(name, int(number), int(count), how, Notes(Path(path)))
    else:
        consumer(name, int(number), how, Notes(Path(path)))
