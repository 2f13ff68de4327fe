"""Searchers share a list with everybody but deleters; inserters exclude each other; a deleter is alone.

Source: Andrews, Concurrent Programming (1991); Downey, The Little Book of Semaphores, 2nd edition, 6.1.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

SEARCHERS, INSERTERS = 0, 1


def enter(buf, kind):
    """The first of its kind keeps deleters out."""
    with buf.switch[kind]:
        buf.count[kind] += 1
        if buf.count[kind] == 1:
            buf.nobody[kind].acquire()


def leave(buf, kind):
    with buf.switch[kind]:
        buf.count[kind] -= 1
        if buf.count[kind] == 0:
            buf.nobody[kind].release()


def searcher(buf):
    enter(buf, SEARCHERS)
    buf.searching.fetch_add(1)
    buf.searching.fetch_add(-1)
    leave(buf, SEARCHERS)


def inserter(buf):
    enter(buf, INSERTERS)
    with buf.insert:
        buf.inserting.fetch_add(1)
        buf.inserting.fetch_add(-1)
    leave(buf, INSERTERS)


def deleter(buf):
    with buf.nobody[SEARCHERS], buf.nobody[INSERTERS]:
        buf.deleting.fetch_add(1)
        buf.deleting.fetch_add(-1)


def careless_deleter(buf):
    with buf.nobody[SEARCHERS]:  # BROKEN: inserters may be at work
        buf.deleting.fetch_add(1)
        buf.deleting.fetch_add(-1)


def careless_inserter(buf):
    enter(buf, INSERTERS)
    buf.inserting.fetch_add(1)  # BROKEN: another one may insert at the same place
    buf.inserting.fetch_add(-1)
    leave(buf, INSERTERS)


def apart(memory):
    searching, inserting, deleting = memory.searching, memory.inserting, memory.deleting
    fine = inserting <= 1 and (deleting == 0 or (deleting == 1 and not searching and not inserting))
    return fine or f"{searching} search, {inserting} insert and {deleting} delete at the same time"


ASKED = dict(
    shared=dict(
        count=[0, 0],
        searching=Atomic(0),
        inserting=Atomic(0),
        deleting=Atomic(0),
        switch=[Semaphore(1)] * 2,
        nobody=[Semaphore(1)] * 2,
        insert=Semaphore(1),
    ),
    invariant=apart,
)
PROBLEM = Problem(
    "Search, insert, delete",
    "Andrews (1991); Downey, The Little Book of Semaphores, 6.1",
    "Three kinds of processes use one list. Searchers may work beside each other and beside one inserter; a deleter "
    "has to be "
    "alone.",
    right("a switch for each kind", [searcher, searcher, inserter, inserter, deleter], **ASKED),
    (
        wrong(
            "the deleter forgets the inserters",
            "invariant",
            "A deleter has to keep out both other kinds.",
            [searcher, inserter, careless_deleter],
            **ASKED,
        ),
        wrong(
            "inserters side by side",
            "invariant",
            "The switch keeps deleters out, and not the other inserters.",
            [careless_inserter] * 2,
            **ASKED,
        ),
    ),
    "The first of a kind takes `nobody`, and the last gives it back: who is that in the schedule?",
)
