"""Infer which lock protects which cell while a program is explored.

No declaration says what a lock protects. The search first assumes that every lock protects every cell, checks each
access, and restarts with a weaker assumption as soon as an access contradicts one it has relied on. An access that
contradicts it in any interleaving also occurs in the reduced search, so an assumption that survives is true.

Source: Stoller and Cohen, Optimistic Synchronization-Based State-Space Reduction (2003).
"""

from collections.abc import Sequence

from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.operations import ATOMIC, LEAVE, LOAD, RELEASE, STORE

Held = frozenset[int]  # addresses of the locks that a process holds


class Contradicted(Exception):
    """An access contradicts an assumption that the search has relied on: it must restart."""


class Protection:
    """Which processes have accessed which cell so far, holding which of `locks`. The assumptions only get weaker.

    Interchangeable processes, which are permuted during the search, count as one user that is never alone: `kinds[p]`
    is the number of the first process that runs the same program as process p.
    """

    def __init__(self, locks: Held, kinds: Sequence[int]) -> None:
        self.locks, self._kinds = locks, list(kinds)
        self._by: dict[int, Held] = {}  # the locks that were held at every access to a cell
        self._users: dict[int, set[int]] = {}
        self._writers: dict[int, set[int]] = {}
        self._shown: set[int] = set()  # semaphores whose value is read
        self._relied: set[int] = set()  # cells on whose accesses being private the search has relied

    def note(self, process: int, node: Node, held: Held) -> None:
        """Record an access of `process`, at `node`, holding the locks `held`. Raises Contradicted."""
        at = node.address
        users, writers = self._users.setdefault(at, set()), self._writers.setdefault(at, set())
        by = self._by.get(at, self.locks) & held
        known = (len(users), len(writers), self._by.get(at, self.locks))
        users.add(self._kinds[process])
        if node.kind != LOAD:
            writers.add(self._kinds[process])
        self._by[at] = by
        if at in self._relied and (len(users), len(writers), by) != known:
            self._relied.clear()
            raise Contradicted

    def no_lock(self, address: int) -> None:
        """Record that a semaphore protects nothing: a process releases it without holding it. Raises Contradicted."""
        self.locks -= {address}
        self._by = {at: by - {address} for at, by in self._by.items()}
        self._relied.clear()
        raise Contradicted

    def shown(self, address: int) -> None:
        """Record a read of a semaphore, which shows whether it is held. Raises Contradicted the first time."""
        if address not in self._shown:
            self._shown.add(address)
            self.no_lock(address)

    def private(self, process: int, node: Node, held: Held) -> bool:
        """Return whether no other process can observe this step, or change its effect before it is taken."""
        at, kind = node.address, node.kind
        if kind == RELEASE:
            return at not in self._shown
        if kind not in (LOAD, STORE, ATOMIC, LEAVE):
            return False
        others = set((self._users if kind != LOAD else self._writers).get(at, ()))
        if self._kinds.count(self._kinds[process]) == 1:
            others.discard(process)
        if others and not self._by.get(at, self.locks) & held:
            return False
        self._relied.add(at)
        return True
