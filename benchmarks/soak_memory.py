"""How much memory this process and the workers of its labs have to themselves, and whether that grows."""

import ctypes
import gc
from collections.abc import Iterable
from pathlib import Path

from shmlab import Worker

GROWTH = 5 << 20  # bytes by which a process may grow
ITEMS = 20  # that a worker has moved before it is measured for the first time
LARGE, MMAP_THRESHOLD = 1 << 18, -3  # bytes from which a block is returned once it is free; glibc's number for that
C_LIBRARY = ctypes.CDLL(None)  # it keeps what was freed, above all by other threads; what is used is to be measured
C_LIBRARY.mallopt(MMAP_THRESHOLD, LARGE)


class Memory:
    """What was measured: this process (the notebook's kernel, in a course) after each lab, workers while they live."""

    def __init__(self) -> None:
        self.kernel: list[int] = []  # bytes
        self.workers = 0  # bytes by which a worker has grown, at most
        self._young: dict[int, int] = {}  # of each worker, when it was first seen with some items behind it

    def note(self) -> None:
        """Measure this process, without what only waits to be collected or to be given back."""
        gc.collect()
        C_LIBRARY.malloc_trim(0)
        self.kernel.append(private("self"))

    def note_workers(self, workers: Iterable[Worker]) -> None:
        """Measure the workers that live."""
        for worker in workers:
            if worker.alive and worker.items > ITEMS and (now := private(str(worker.pid))):
                self.workers = max(self.workers, now - self._young.setdefault(worker.pid, now))

    def forget_workers(self) -> None:
        """Their numbers may be given to others."""
        self._young.clear()

    def grown(self) -> int:
        """Bytes by which this process was larger in the second half of the time than in the first.

        Python keeps what its largest moment took, so the largest moment of the first half is the measure.
        """
        half = (len(self.kernel) + 1) // 2
        return max(0, max(self.kernel[half:], default=0) - max(self.kernel[:half]))

    def moments(self) -> dict[str, int]:
        """Bytes of this process at the start, in the middle and at the end."""
        kernel = self.kernel or [0]
        return {"start": kernel[0], "middle": kernel[len(kernel) // 2], "end": kernel[-1]}

    def figures(self) -> dict[str, float]:
        """In MiB: this process at those moments and at most; and how much it and a worker grew."""
        growth = {"growth in the second half": self.grown(), "a worker's growth at most": self.workers}
        sizes = self.moments() | {"most": max(self.kernel)} | growth
        return {f"memory, {what}, MiB": round(size / 2**20, 2) for what, size in sizes.items()}


def private(process: str) -> int:
    """Bytes that a process has in memory and shares with nobody; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("RssAnon")), 0)
