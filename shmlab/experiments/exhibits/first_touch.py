"""When memory is allocated: at the first access to each page, and the kernel sees that access only.

Mapping a segment only reserves addresses. At the first access, a page has no entry in the process's page table; the
processor traps to the kernel (a page fault), which finds or allocates the page and maps it. Later accesses bypass it.

Source: Silberschatz, Galvin, Gagne, "Demand Paging"; proc_pid_stat(5), field minflt.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shmlab.experiments.exhibits.lifecycle import Lifecycle
from shmlab.experiments.exhibits.pair import PAGE
from shmlab.memory import limits
from shmlab.processes import address_space

PAGES = (1, 16_384)


@dataclass(frozen=True, slots=True)
class Touch:
    """What a process did to a segment: the page faults it caused, and the memory it is then charged for the segment."""

    what: str
    faults: int
    account: address_space.Account

    def __str__(self) -> str:
        charged, share = self.account.resident >> 10, self.account.share >> 10
        return f"{self.what:32} {self.faults:6,} page faults, {charged:6,} KiB resident, its share {share:6,} KiB"


def touch(pages: int = 1024, write: bool = True) -> Iterator[Touch]:
    """Let A create a segment of `pages` pages and store into each, twice; then B stores into or loads from each."""
    does = "B stores into every page" if write else "B loads from every page"
    size = PAGE * limits.whole(pages, "pages", *PAGES)
    with Lifecycle() as life:
        yield _touch(life, "A", "A creates it", lambda: life.create("A", size))
        yield _touch(life, "A", "A stores into every page", lambda: life.touch("A"))
        yield _touch(life, "A", "A stores into every page again", lambda: life.touch("A"))
        life.attach("B")
        yield _touch(life, "B", does, lambda: life.touch("B", write))
        yield _touch(life, "A", "A looks at its account again", lambda: None)


def faults(pid: int) -> int:
    """Return a process's minor page faults, those that needed no disk."""
    with open(f"/proc/{pid}/stat", errors="surrogateescape") as file:
        return int(file.read().rpartition(") ")[2].split()[7])


def _touch(life: Lifecycle, name: str, what: str, act: Callable[[], object]) -> Touch:
    pid = life.child(name).pid
    before = faults(pid)
    act()
    after = faults(pid)
    region = life.region(name)
    assert region is not None
    return Touch(what, after - before, address_space.account(pid, region.inode))
