"""An agent puts two of three ingredients on the table; the smoker who has the third has to take both.

Source: Patil, Limitations and Capabilities of Dijkstra's Semaphore Primitives (1971); Parnas (1975); Downey, 4.5.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore
from shmlab.strategies.choice import choose

PAIRS = ((0, 1), (1, 2), (2, 0))  # ingredients on the table; pair i is for smoker i, who has the third
ROUNDS = 2


def agent(buf):
    for _ in range(ROUNDS):
        buf.table_empty.acquire()
        for ingredient in choose(*PAIRS):
            buf.ingredient[ingredient].release()
    buf.table_empty.acquire()


def pusher(buf, mine):
    while True:
        buf.ingredient[mine].acquire()
        with buf.mutex:
            for smoker, (a, b) in enumerate(PAIRS):
                other = b if a == mine else a if b == mine else mine
                if other != mine and buf.seen[other]:
                    buf.seen[other] = 0
                    buf.ready[smoker].release()
                    break
            else:
                buf.seen[mine] = 1


def smoker(buf, me):
    while True:
        buf.ready[me].acquire()
        buf.table_empty.release()


def greedy_smoker(buf, me):
    first, second = PAIRS[me]
    while True:
        buf.ingredient[first].acquire()  # BROKEN: takes what another smoker needs, too
        buf.ingredient[second].acquire()
        buf.table_empty.release()


SHARED = dict(
    seen=[0] * 3, table_empty=Semaphore(1), mutex=Semaphore(1), ingredient=[Semaphore(0)] * 3, ready=[Semaphore(0)] * 3
)
PROBLEM = Problem(
    "Cigarette smokers",
    "Patil (1971); Parnas (1975); Downey, The Little Book of Semaphores, 4.5",
    "An agent, whose program may not be changed, puts two of three ingredients on the table. Each of three smokers "
    "has an endless supply of one of them. Only the smoker who lacks exactly the two on the table may take them.",
    right(
        "helpers see both, then call the smoker",
        [agent, *((pusher, i) for i in range(3)), *((smoker, i) for i in range(3))],
        shared=SHARED,
        must_finish=[0],
    ),
    (
        wrong(
            "each smoker takes what it needs",
            "deadlock",
            "Two smokers may take one ingredient each, and wait for the other one.",
            [agent, *((greedy_smoker, i) for i in range(3))],
            shared=SHARED,
            must_finish=[0],
        ),
    ),
    "What the agent puts on the table is a choice: in the stepper you make it.",
)
