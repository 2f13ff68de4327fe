"""A lock that nobody waits for in vain, made of semaphores that are not fair: two rooms and two turnstiles.

Morris's claim needs a semaphore that its releaser does not take back while somebody waits. POSIX does not promise that:
there Morris's program is safe, but somebody may still starve.
Source: Morris, A Starvation-Free Solution to the Mutual Exclusion Problem (1979); Downey, 4.3.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Critical
from shmlab.memory.semaphores import Semaphore


def through_two_rooms(buf):
    with buf.mutex:
        buf.first_room += 1
    buf.first_door.acquire()
    buf.second_room += 1
    with buf.mutex:
        buf.first_room -= 1
        empty = buf.first_room == 0
    if empty:
        buf.second_door.release()
    else:
        buf.first_door.release()
    buf.second_door.acquire()
    buf.second_room -= 1
    with buf.critical:
        pass
    if buf.second_room == 0:
        buf.first_door.release()
    else:
        buf.second_door.release()


def comes_again(buf):
    while True:
        with buf.mutex, buf.critical:  # BROKEN: it may be back before those who wait have woken
            pass


SHARED = dict(
    first_room=0,
    second_room=0,
    mutex=Semaphore(1),
    first_door=Semaphore(1),
    second_door=Semaphore(0),
    critical=Critical(),
)
PROBLEM = Problem(
    "A mutex without starvation",
    "Morris (1979); Downey, The Little Book of Semaphores, 4.3",
    "Processes come back to the same critical section again and again. Nobody may be passed over for ever. Morris "
    "does it with semaphores whose releaser does not take them back while others wait. POSIX promises less: there "
    "his program is safe, and somebody may still starve.",
    right("two rooms", [through_two_rooms] * 3, shared=SHARED),
    (
        wrong(
            "both doors open at first",
            "mutual-exclusion",
            "Exactly one of the two doors may be open.",
            [through_two_rooms] * 3,
            shared=SHARED | dict(second_door=Semaphore(1)),
        ),
        wrong(
            "one semaphore",
            "starvation",
            "POSIX does not say whom a release wakes, nor that the releaser is not faster: one may wait for ever.",
            [comes_again] * 3,
            shared=SHARED,
            must_enter=[0],
        ),
    ),
    "The first room fills while the second one empties; the doors change places when a room is empty.",
)
