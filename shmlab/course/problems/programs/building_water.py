"""Two hydrogen atoms and one oxygen atom pass together, as a molecule.

Source: Downey, The Little Book of Semaphores, 2nd edition, 5.6.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

ATOMS = 3
OXYGEN = 10  # what an oxygen atom adds to `bound`, to which each hydrogen atom adds 1


def oxygen(buf):
    buf.mutex.acquire()
    buf.oxygen += 1
    if buf.hydrogen >= 2:
        form(buf)
    else:
        buf.mutex.release()
    buf.oxygen_queue.acquire()
    bond(buf, OXYGEN)
    buf.mutex.release()  # the oxygen atom has kept the mutex for its molecule, whoever took it


def hydrogen(buf):
    buf.mutex.acquire()
    buf.hydrogen += 1
    if buf.hydrogen >= 2 and buf.oxygen >= 1:
        form(buf)
    else:
        buf.mutex.release()
    buf.hydrogen_queue.acquire()
    bond(buf, 1)


def form(buf):
    buf.hydrogen -= 2
    buf.oxygen -= 1
    buf.hydrogen_queue.release()
    buf.hydrogen_queue.release()
    buf.oxygen_queue.release()


def bond(buf, atom):
    """Take part in the molecule, and go on when its three atoms have done so."""
    buf.bound.fetch_add(atom)
    with buf.counting:
        buf.atoms += 1
        if buf.atoms == ATOMS:
            assert buf.bound.swap(0) == OXYGEN + 2, "atoms of two molecules were mixed"
            buf.atoms = 0
            for _ in range(ATOMS):
                buf.together.release()
    buf.together.acquire()


def careless_oxygen(buf):
    with buf.mutex:
        buf.oxygen += 1
        if buf.hydrogen >= 2:
            form(buf)
    buf.oxygen_queue.acquire()
    bond_at_once(buf, OXYGEN)  # BROKEN: the mutex is free, so that atoms of another molecule come


def careless_hydrogen(buf):
    with buf.mutex:
        buf.hydrogen += 1
        if buf.hydrogen >= 2 and buf.oxygen >= 1:
            form(buf)
    buf.hydrogen_queue.acquire()
    bond_at_once(buf, 1)


def bond_at_once(buf, atom):
    parts = buf.bound.fetch_add(atom) + atom
    if parts // OXYGEN + parts % OXYGEN == ATOMS:
        assert buf.bound.swap(0) == OXYGEN + 2, "atoms of two molecules were mixed"


SHARED = dict(
    oxygen=0,
    hydrogen=0,
    atoms=0,
    bound=Atomic(0),
    mutex=Semaphore(1),
    counting=Semaphore(1),
    together=Semaphore(0),
    oxygen_queue=Semaphore(0),
    hydrogen_queue=Semaphore(0),
)
PROBLEM = Problem(
    "Building water",
    "Downey, The Little Book of Semaphores, 5.6",
    "Hydrogen and oxygen atoms wait until two of the one and one of the other are there. These three bond before any "
    "atom of "
    "the next molecule does.",
    right("one mutex for each molecule", [oxygen, hydrogen, hydrogen], shared=SHARED),
    (
        wrong(
            "the mutex is given back too soon",
            "exception",
            "Atoms of a second molecule are let through before the first one is complete.",
            [careless_oxygen] * 2 + [careless_hydrogen] * 4,
            shared=SHARED,
        ),
    ),
    "The atom that completes a molecule takes the mutex, and the oxygen atom gives it back for all three.",
)
