"""Santa sleeps until all reindeer are back, or a group of elves needs help.

Source: Trono, A New Exercise in Concurrency (1994); Downey, The Little Book of Semaphores, 2nd edition, 5.5.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

GROUP, REINDEER = 2, 2


def santa(buf):
    while True:
        buf.santa.acquire()
        with buf.mutex:
            if buf.reindeer == REINDEER:
                buf.sleigh.store(1)
                buf.reindeer = 0
                for _ in range(REINDEER):
                    buf.hitched.release()
            elif buf.elves == GROUP:
                buf.groups.fetch_add(1)
                for _ in range(GROUP):
                    buf.help.release()


def reindeer(buf):
    with buf.mutex:
        buf.reindeer += 1
        if buf.reindeer == REINDEER:
            buf.santa.release()
    buf.hitched.acquire()
    assert buf.sleigh.load(), "hitched before the sleigh was ready"


def elf(buf):
    buf.door.acquire()
    with buf.mutex:
        buf.elves += 1
        if buf.elves == GROUP:
            buf.santa.release()
        else:
            buf.door.release()
    buf.help.acquire()
    with buf.mutex:
        buf.elves -= 1
        if buf.elves == 0:
            buf.door.release()


def elf_that_does_not_wait(buf):
    buf.door.acquire()
    with buf.mutex:
        buf.elves += 1
        if buf.elves == GROUP:
            buf.santa.release()
        else:
            buf.door.release()
    with buf.mutex:  # BROKEN: the group may have gone when Santa looks
        buf.elves -= 1
        if buf.elves == 0:
            buf.door.release()


def reindeer_in_a_hurry(buf):
    with buf.mutex:
        buf.reindeer += 1
        if buf.reindeer == REINDEER:
            buf.santa.release()
    assert buf.sleigh.load(), "hitched before the sleigh was ready"  # BROKEN: Santa is only being woken


def helped(times):
    return lambda memory, _: memory.groups == times or f"Santa helped {memory.groups} of {times} groups"


SHARED = dict(
    elves=0,
    reindeer=0,
    mutex=Semaphore(1),
    santa=Semaphore(0),
    hitched=Semaphore(0),
    door=Semaphore(1),
    help=Semaphore(0),
    sleigh=Atomic(0),
    groups=Atomic(0),
)
PROBLEM = Problem(
    "Santa Claus",
    "Trono (1994); Downey, The Little Book of Semaphores, 5.5",
    "Santa sleeps. All reindeer together wake him to be hitched; so does a group of elves that needs help, and while "
    "it is "
    "helped no other elf may come in. Here there are two reindeer, and two elves make a group.",
    right(
        "elves wait for Santa",
        [santa, reindeer, reindeer, elf, elf],
        shared=SHARED,
        must_finish=range(1, 5),
        final=helped(1),
    ),
    (
        wrong(
            "elves that do not wait",
            "invariant",
            "Waking Santa is not yet being helped: he may find nobody when he looks.",
            [santa] + [elf_that_does_not_wait] * 2,
            shared=SHARED,
            must_finish=[1, 2],
            final=helped(1),
        ),
        wrong(
            "a reindeer does not wait for Santa",
            "exception",
            "The last reindeer wakes Santa, and all of them have to wait until he has prepared the sleigh.",
            [santa] + [reindeer_in_a_hurry] * 2,
            shared=SHARED,
            must_finish=[1, 2],
        ),
    ),
    "The elf that makes the group full does not open the door again: look at `door` and `elves` together.",
)
