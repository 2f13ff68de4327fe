"""Real work with an item: the producer fills a frame with numbers, the consumer adds them up.

python -m benchmarks.frames SIZE SECONDS        # one process does both, with no transfer at all: frames a second
"""

import sys
import time

import numpy as np

from shmlab.experiments.comparison import way


def fill(frame: memoryview, number: int) -> None:
    """Write a number into every word of the frame."""
    np.frombuffer(frame, np.uint64).fill(number)


def view(frame: memoryview) -> int:
    """Add up all words of the frame."""
    return int(np.frombuffer(frame, np.uint64).sum())


def alone(size: int, seconds: float) -> float:
    """Frames a second that one process fills and adds up."""
    frames = [memoryview(bytearray(size)) for _ in range(way.slots(size))]  # in turn, as in a buffer of as many slots
    began, count = 0.0, 0
    for number in range(1 << 40):
        if number == 4 * len(frames):  # warm by now
            began, count = time.perf_counter(), 0
        frame = frames[number % len(frames)]
        fill(frame, number)
        if view(frame) != number * size // 8:
            raise SystemExit("a sum is wrong")
        count += 1
        if began and time.perf_counter() - began > seconds:
            break
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    size, seconds = sys.argv[1:3] or ("1048576", "1")
    print(alone(int(size), float(seconds)))
