"""The deliberate breaks of `mutants`: what is replaced by what, and which tests must notice.

Each is a mistake that somebody could make: a line forgotten, two lines exchanged, a condition too weak.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Break:
    """One mistake: `before`, which must stand exactly once in `file`, becomes `after`; `tests` must then fail."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    def times(self, clone: Path) -> int:
        """How often `before` stands in the file of that clone."""
        path = clone / self.file
        return path.read_text().count(self.before) if path.exists() else 0


SEGMENT, SHARED, RECEIPTS = "tests/memory/test_segment.py", "tests/memory/test_buf.py", "tests/memory/test_receipts.py"
REPAIR, OWNER = "tests/faults/test_repair.py", "tests/faults/test_owner_death.py"
EXPLORED, VERDICTS = "tests/ring/test_explored.py", "tests/explorer/test_verdicts.py"
PIPELINE = "tests/experiments/pipeline/test_pipeline.py"

BREAKS = (
    Break(
        "whoever comes to wait after a notify takes its wake-up",
        "shmlab/memory/condition_variable.py",
        "            self._woken.acquire()\n",
        "            pass\n",
        ("tests/memory/test_condition_variable.py",),
    ),
    # --- the segment -------------------------------------------------------------------------------------------
    Break(
        "memory is not reserved",
        "shmlab/memory/segment.py",
        "_reserve(file.fd, layout.size)",
        "os.ftruncate(file.fd, layout.size)",
        (SEGMENT,),
    ),
    Break(
        "a segment that others may write is attached",
        "shmlab/memory/segment.py",
        "if info.st_uid != os.geteuid() or info.st_mode & 0o077:",
        "if info.st_uid != os.geteuid():",
        (SEGMENT,),
    ),
    Break(
        "a short read stays short",
        "shmlab/memory/segment.py",
        'return os.pread(self.fd, size, offset).ljust(size, b"\\0")',
        "return os.pread(self.fd, size, offset)",
        (SEGMENT,),
    ),
    Break(
        "the cap is not noted",
        "shmlab/memory/segment.py",
        "self.words[at.AT_CAP // at.WORD] = 1",
        "pass",
        (SEGMENT, SHARED),
    ),
    Break(
        "semaphores of the living are swept",
        "shmlab/memory/segment.py",
        " or name_claim.stands(name):",
        ":",
        (SEGMENT,),
    ),
    Break(
        "a torn item is called whole",
        "shmlab/memory/item.py",
        "return self.ticket != 0 and self.checksum == checksum(self.payload, self.ticket)",
        "return self.ticket != 0",
        ("tests/memory/test_item.py", SHARED),
    ),
    # --- semaphores and the worker -----------------------------------------------------------------------------
    Break(
        "a sleeper does not see a repair",
        "shmlab/memory/semaphores.py",
        "            if words[FROZEN]:\n",
        "            if False:\n",
        ("tests/memory/test_semaphores.py", REPAIR),
    ),
    Break(
        "a lock given back is still told as held",
        "shmlab/memory/semaphores.py",
        "            self._words[self._holds] = 0\n",
        "            pass\n",
        ("tests/memory/test_semaphores.py",),
    ),
    Break(
        "a reset semaphore keeps the count of its sleepers",
        "shmlab/memory/semaphores.py",
        'value.to_bytes(8, "little")',
        'value.to_bytes(4, "little")',
        ("tests/memory/test_semaphores.py",),
    ),
    Break(
        "a producer that catches up makes more than its quota",
        "shmlab/worker/program.py",
        "for _ in range(min(due, left)):",
        "for _ in range(due):",
        ("tests/lab/test_lab.py::test_a_producer_that_catches_up_ends_with_its_share",),
    ),
    Break(
        "lateness is never dropped",
        "shmlab/worker/pacing.py",
        "self._next = max(self._next, now - FORGIVEN)",
        "pass",
        ("tests/worker/test_pacing.py",),
    ),
    Break(
        "a blocked producer catches up in a burst",
        "shmlab/worker/pacing.py",
        "if blocked > SHORT:",
        "if False:",
        ("tests/worker/test_pacing.py",),
    ),
    # --- accounts ----------------------------------------------------------------------------------------------
    Break(
        "the hand is not told before the slot is empty",
        "shmlab/memory/buf.py",
        "words[mine + at.HAND] = ticket",
        "pass",
        (SHARED,),
    ),
    Break(
        "a moved item stays in its old slot, too",
        "shmlab/memory/buf.py",
        "self._ordered.words[here // at.WORD] = at.EMPTY",
        "pass",
        (SHARED,),
    ),
    Break(
        "an item overtaken is not noticed",
        "shmlab/memory/receipts.py",
        "if sequence < self._newest[producer] and not self._data[receipt]:",
        "if False:",
        (RECEIPTS,),
    ),
    Break(
        "receipts are cleared before they are settled",
        "shmlab/memory/receipts.py",
        "    words[mine + at.SETTLED] = first + size  # before the bytes are cleared: a late receipt "
        "must not count as a new one\n"
        "    private_fence()()  # needed: the fences of `words` do not cover bytes\n"
        "    segment.data[start : start + size] = bytes(size)\n",
        "    segment.data[start : start + size] = bytes(size)\n    words[mine + at.SETTLED] = first + size\n",
        (RECEIPTS,),
    ),
    Break(
        "books are read while they are closed",
        "shmlab/observe/observer.py",
        "if unchanged and enough and before.capacity == after.capacity:",
        "if enough:",
        ("tests/observe/test_observer.py", RECEIPTS),
    ),
    Break(
        "an item that died in a hand counts as lost",
        "shmlab/observe/observer.py",
        "lost=max(0, missing - belated - on_the_way - died)",
        "lost=max(0, missing - belated - on_the_way)",
        ("tests/observe/test_observer.py", REPAIR),
    ),
    # --- after a death -----------------------------------------------------------------------------------------
    Break(
        "a half filled slot stays so",
        "shmlab/lab/rebuild.py",
        "        self.set_state(slot, at.EMPTY)\n",
        "        pass\n",
        (REPAIR,),
    ),
    Break(
        "an item handed over and already in a hand is forgotten",
        "shmlab/lab/rebuild.py",
        "if ticket in waiting or ticket in hands or self._receipt(ticket):",
        "if ticket in waiting or self._receipt(ticket):",
        ("tests/lab/test_rebuild.py",),
    ),
    Break(
        "a growth that is done is done again",
        "shmlab/lab/rebuild.py",
        "if not 0 < in_ - out <= half:",
        "if False:",
        (REPAIR,),
    ),
    Break(
        "the segment of a dead owner stays",
        "shmlab/processes/owner_watch.py",
        "                unlink(name)\n        end_workers(segment)",
        "                pass\n        end_workers(segment)",
        (OWNER,),
    ),
    Break(
        "further segments of a dead owner stay",
        "shmlab/processes/owner_watch.py",
        "(segment.name, *others)",
        "(segment.name,)",
        (PIPELINE,),
    ),
    Break(
        "what another lab's worker has started is killed, too",
        "shmlab/processes/descendants.py",
        "return _end(lambda _, names: name in names)",
        "return _end(lambda _, names: True)",
        ("tests/faults/test_offspring.py",),
    ),
    # --- protocols ---------------------------------------------------------------------------------------------
    Break(
        "the producer waits for a slot inside the mutex",
        "shmlab/strategies/semaphores.py",
        "    buf.empty.acquire()  # wait for a free slot; before mutex: waiting while holding it would deadlock\n"
        "    with buf.mutex:  # critical section\n",
        "    with buf.mutex:\n        buf.empty.acquire()\n",
        (VERDICTS,),
    ),
    Break(
        "a woken producer does not look again",
        "shmlab/strategies/condition.py",
        "while buf.count == buf.capacity:",
        "if buf.count == buf.capacity:",
        (VERDICTS,),
    ),
    Break(
        "the index moves before the slot is filled",
        "shmlab/strategies/busy_waiting.py",
        "    buf.slots[buf.in_] = item\n"
        "    buf.in_ = (buf.in_ + 1) % buf.capacity  # after the slot is filled: this store hands it over\n",
        "    place = buf.in_\n    buf.in_ = (buf.in_ + 1) % buf.capacity\n    buf.slots[place] = item\n",
        (VERDICTS,),
    ),
    Break(
        "the ring hands an item over before it is there",
        "shmlab/ring/protocol.py",
        "        ring.memory[ring.places[index % ring.slots]] = item\n"
        "        if WEAK:\n"
        "            ring.fence_release()  # the item, then in_\n"
        "            ring.fence_acquire(False)\n"
        "        ring.in_[0] = index + 1\n",
        "        ring.in_[0] = index + 1\n        ring.memory[ring.places[index % ring.slots]] = item\n",
        (EXPLORED,),
    ),
    Break(
        "the ring's sleeper makes no fence",
        "shmlab/ring/protocol.py",
        "        ring.barrier()  # the flag",
        "        pass  # the flag",
        (EXPLORED,),
    ),
    Break(
        "the mutex is inherited from the living",
        "shmlab/ring/turns.py",
        "    if INSIDE in before:\n        return False\n",
        "",
        (EXPLORED,),
    ),
    Break(
        "a living peer is taken for dead",
        "shmlab/ring/turns.py",
        "if turn[0] == INSIDE and not seats.taken(",
        "if turn[0] == INSIDE or not seats.taken(",
        (EXPLORED,),
    ),
    # --- the explorer ------------------------------------------------------------------------------------------
    Break(
        "an acquired semaphore keeps its value",
        "shmlab/explorer/model/system.py",
        "after = held - 1",
        "after = held",
        (VERDICTS,),
    ),
    Break(
        "nobody is seen to wait for ever",
        "shmlab/explorer/model/system.py",
        "if not self.excused.issuperset(self.waiting(state)):",
        "if False:",
        (VERDICTS,),
    ),
    Break(
        "a process sees its oldest store, not its newest",
        "shmlab/explorer/model/tso.py",
        "for address, value in reversed(own):",
        "for address, value in own:",
        ("tests/explorer/test_brute_force.py", VERDICTS),
    ),
    Break(
        "every endless run is called fair",
        "shmlab/explorer/search/liveness.py",
        "elif always <= stepping:",
        "elif stepping:",
        ("tests/explorer/test_progress.py", VERDICTS),
    ),
)
