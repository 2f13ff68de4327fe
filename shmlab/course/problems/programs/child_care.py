"""At a child care centre there is an adult for every so many children; an adult who wants to go waits until it may.

Source: Hemmendinger, in Downey, The Little Book of Semaphores, 2nd edition, 7.2.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

PER_ADULT = 2
ADULT = 100  # what an adult adds to the number inside, to which a child adds 1


def child_that_stays(buf):
    buf.places.acquire()
    buf.inside.fetch_add(1)


def adult(buf):
    buf.inside.fetch_add(ADULT)
    for _ in range(PER_ADULT):
        buf.places.release()
    with buf.mutex:  # one adult at a time takes its places back
        for _ in range(PER_ADULT):
            buf.places.acquire()
    buf.inside.fetch_add(-ADULT)


def adult_beside_another(buf):
    buf.inside.fetch_add(ADULT)
    for _ in range(PER_ADULT):
        buf.places.release()
    for _ in range(PER_ADULT):
        buf.places.acquire()  # BROKEN: two adults may each have half of what one of them needs
    buf.inside.fetch_add(-ADULT)


def adult_who_just_goes(buf):
    buf.inside.fetch_add(ADULT)
    for _ in range(PER_ADULT):
        buf.places.release()
    buf.inside.fetch_add(-ADULT)  # BROKEN: its places are still there to be taken


def looked_after(memory):
    adults, children = divmod(memory.inside, ADULT)
    return children <= PER_ADULT * adults or f"{children} children and {adults} adults"


def one_may_go(memory, _):
    adults, children = divmod(memory.inside, ADULT)
    return children < PER_ADULT or adults == 1 or f"{adults} adults stay with {children} children, though one is enough"


ASKED = dict(
    shared=dict(inside=Atomic(0), places=Semaphore(0), mutex=Semaphore(1)), invariant=looked_after, must_finish=[]
)
PROBLEM = Problem(
    "Child care",
    "Downey, The Little Book of Semaphores, 7.2",
    "There has to be an adult for every two children. Children wait at the door until there are enough adults, and "
    "an adult "
    "who wants to go waits until it is not needed any more. Here two children come, and stay.",
    right("one adult at a time takes its places back", [adult] * 2 + [child_that_stays] * 2, final=one_may_go, **ASKED),
    (
        wrong(
            "two adults take places at once",
            "invariant",
            "Each has one of the two places that one of them would need to go, and waits for the other's.",
            [adult_beside_another] * 2 + [child_that_stays] * 2,
            final=one_may_go,
            **ASKED,
        ),
        wrong(
            "an adult goes without asking",
            "invariant",
            "The places that it has brought have to go with it.",
            [adult_who_just_goes] * 2 + [child_that_stays] * 2,
            **ASKED,
        ),
    ),
    "The semaphore counts places for children. An adult brings two, and has to take two back.",
)
