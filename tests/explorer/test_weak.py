"""memory="weak": the classic litmus tests, and any small program, against axioms that know nothing of buffers."""

import random

import pytest

import shmlab
from shmlab import explore
from shmlab.explorer.program.cells import Atomic
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.report.verdict import Verdict
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore
from tests.explorer.litmus import Operation, Program, allowed, ends, outcomes

X, Y = 0, 1
F: Operation = ("F",)


def w(cell: int, value: int = 1) -> Operation:
    return ("W", cell, value)


def r(cell: int) -> Operation:
    return ("R", cell)


def fenced(program: Program) -> Program:
    """The program with a fence between any two operations of a thread."""
    return tuple(tuple(op for first in thread for op in (F, first))[1:] for thread in program)


# Each with the outcome that no interleaving gives: what the loads of each thread give, and (x, y) at the end.
# The Arm architecture allows every one of them without fences, but CoRR, and none with fences.
# Source: Alglave, Maranget, Tautschnig, Herding Cats (2014), figures 5 to 13; Arm Architecture Reference Manual, B2.3.
LITMUS = {
    "SB": (((w(X), r(Y)), (w(Y), r(X))), (((0,), (0,)), (1, 1))),
    "MP": (((w(X), w(Y)), (r(Y), r(X))), (((), (1, 0)), (1, 1))),
    "LB": (((r(X), w(Y)), (r(Y), w(X))), (((1,), (1,)), (1, 1))),
    "S": (((w(X, 2), w(Y)), (r(Y), w(X, 1))), (((), (1,)), (2, 1))),
    "R": (((w(X), w(Y, 1)), (w(Y, 2), r(X))), (((), (0,)), (1, 2))),
    "2+2W": (((w(X, 1), w(Y, 2)), (w(Y, 1), w(X, 2))), (((), ()), (1, 1))),
    "IRIW": (((w(X),), (w(Y),), (r(X), r(Y)), (r(Y), r(X))), (((), (), (1, 0), (1, 0)), (1, 1))),
}


@pytest.mark.parametrize("name", LITMUS)
def test_accesses_change_places_and_fences_keep_them_in_order(name: str) -> None:
    program, odd = LITMUS[name]
    assert odd in outcomes(program)
    assert odd not in outcomes(fenced(program))
    assert odd not in outcomes(program, memory="sc")
    assert (odd in outcomes(program, memory="tso")) == (name in ("SB", "R"))


def test_a_fence_of_one_thread_alone_keeps_nothing_in_order() -> None:
    for name in ("SB", "MP", "LB", "2+2W"):
        (first, second), odd = LITMUS[name]
        assert odd in outcomes((*fenced((first,)), second))
        assert odd in outcomes((first, *fenced((second,))))


def test_nobody_reads_an_older_value_of_a_cell_after_a_newer_one() -> None:
    corr: Program = ((w(X, 1), w(X, 2)), (r(X), r(X)))
    assert {got[1] for got, _ in outcomes(corr)} == {(a, b) for a in range(3) for b in range(a, 3)}
    own: Program = ((w(X, 1), r(X)), (w(X, 2), r(X)))
    assert outcomes(own) == allowed(own)


def test_what_a_store_depends_on_is_read_first() -> None:
    """LB with data dependencies: no value comes out of thin air, and none comes too early."""

    def copy(buf, source, target, more):
        buf.cell[target] = buf.cell[source] + more

    verdict = explore([(copy, 0, 1, 0), (copy, 1, 0, 0)], shared=dict(cell=[0, 0]), memory="weak")
    assert verdict.ok
    seen = ends([(copy, 0, 1, 1), (copy, 1, 0, 1)], dict(cell=[0, 0]), "weak")
    assert {cells for _, cells in seen} == {(2, 1), (1, 2), (1, 1)}


def programs(seed: int, shapes: list[tuple[int, ...]], many: int) -> list[Program]:
    """Random programs, in which each store to a cell stores another value."""
    lots = random.Random(seed)
    made = []
    for _ in range(many):
        stored = [0, 0]
        threads = []
        for length in lots.choice(shapes):
            thread: list[Operation] = []
            for _ in range(length):
                what, cell = lots.choices("WRF", (45, 45, 10))[0], lots.randrange(2)
                stored[cell] += what == "W"
                thread.append(w(cell, stored[cell]) if what == "W" else r(cell) if what == "R" else F)
            threads.append(tuple(thread))
        made.append(tuple(threads))
    return made


def narrow(program: Program) -> bool:
    """Whether a thread loads a cell, then another one or more, then stores to a cell that it has loaded: the model lets
    no store overtake a load of its own cell, nor those in front of that.
    """
    for thread in program:
        for i, op in enumerate(thread):
            if op[0] == "W" and any(r(op[1]) == load and j for j, load in enumerate(thread[:i])):
                return True
    return False


def check(program: Program) -> None:
    ours, axioms = outcomes(program), allowed(program)
    assert ours <= axioms, program
    assert ours == axioms or narrow(program), program


@pytest.mark.slow
def test_any_small_program_has_the_outcomes_that_the_axioms_allow() -> None:
    for program in programs(1, [(2, 2), (3, 3), (2, 2, 2)], 40):
        check(program)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_any_program_has_the_outcomes_that_the_axioms_allow(seed: int) -> None:
    for program in programs(100 + seed, [(4, 3), (3, 3), (3, 2, 2)], 40):
        check(program)


# --- semaphores and atomic variables ------------------------------------------------------------------------------


def test_semaphores_order_what_they_guard() -> None:
    for name in ("semaphores", "condition", "unbounded"):
        assert explore(name, items=1, memory="weak").ok, name
    assert not explore("unsynchronised", items=2, memory="weak").ok


def message(buf, kind):
    """Pass a message: fill the cell, then raise the flag, in one of several ways."""
    buf.cell = 7
    if kind == "post":
        buf.flag.post()
    elif kind == "store":
        buf.flag.store(1)
    else:
        buf.plain = 1


def receiver(buf, kind):
    """One look at the flag; then the cell."""
    seen = buf.flag.try_wait() if kind == "post" else buf.flag.load() if kind == "store" else buf.plain
    return buf.cell if seen else 7


@pytest.mark.parametrize(("kind", "arrives"), [("post", True), ("store", True), ("plain", False)])
def test_a_release_and_an_acquire_pass_a_message(kind: str, arrives: bool) -> None:
    shared = dict(cell=0, plain=0, flag=Atomic(0))
    verdict = explore(
        [(message, kind), (receiver, kind)], shared=shared, final=lambda _, results: results[1] == 7, memory="weak"
    )
    assert verdict.ok == arrives


def failed(buf):
    buf.mine = 1
    if buf.lock.try_wait():
        return "taken"
    return buf.other


def opposite(buf):
    buf.other = 1
    buf.fence.swap(0)
    return buf.mine


@pytest.mark.parametrize("memory", ["tso", "weak"])
def test_a_failed_attempt_on_a_semaphore_is_no_fence(memory: str) -> None:
    shared = dict(mine=0, other=0, lock=Atomic(0), fence=Atomic(0))
    verdict = explore([failed, opposite], shared=shared, final=lambda _, got: got != [0, 0], memory=memory)
    assert verdict.fault == "invariant"
    assert explore([failed, opposite], shared=shared, final=lambda _, got: got != [0, 0]).ok


def test_taking_a_semaphore_does_not_wait_for_stores_but_giving_it_back_does() -> None:
    def enter(buf):
        buf.inside = 1
        buf.lock.acquire()
        held = buf.seen
        buf.lock.release()
        return held

    def look(buf):
        buf.seen = 1
        buf.fence.swap(0)
        return buf.inside

    shared = dict(inside=0, seen=0, lock=Semaphore(1), fence=Atomic(0))
    assert not explore([enter, look], shared=shared, final=lambda _, got: got != [0, 0], memory="weak").ok
    assert explore([enter, look], shared=shared, final=lambda _, got: got != [0, 0], memory="tso").ok


# --- the verdict ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken() -> Verdict:
    return explore("busy_waiting", items=2, capacity=2, memory="weak")


def test_busy_waiting_fails_on_a_weak_machine_and_not_on_x86(broken: Verdict) -> None:
    assert broken.fault == "invented" and broken.reason == "C got None, which nobody put"
    assert explore("busy_waiting", items=2, capacity=2, memory="tso").ok


def test_a_schedule_tells_which_store_drains_and_who_catches_up(broken: Verdict) -> None:
    assert broken.schedule == "P P P P P P p!in_ c?in_ C C C C"
    assert broken.model(broken.schedule).fault and broken.model(broken.actors).fault
    table = str(broken.show())
    assert "in_ = 1 drains" in table and "in_ = 1 is noticed" in table
    assert broken.reason in str(broken.replay(real=False))
    with pytest.raises(ReplayFailed, match="a real processor cannot be told"):
        broken.replay()
    with pytest.raises(ReplayFailed, match="C: drain in_ has nothing left to do"):
        broken.model("c!in_")


def test_a_store_that_goes_ahead_stands_in_the_schedule() -> None:
    def swap(buf, mine, other):
        got = buf.cell[other]
        buf.cell[mine] = 1
        return got

    found = explore(
        [(swap, 0, 1), (swap, 1, 0)],
        shared=dict(cell=[0, 0]),
        final=lambda _, got: got != [1, 1],
        memory="weak",
    )
    assert found.schedule and "+" in found.schedule
    assert "goes ahead" in str(found.show())


def test_the_stepper_has_no_buttons_for_it(broken: Verdict) -> None:
    for make in (lambda: shmlab.labs.stepper("semaphores", memory="weak"), lambda: shmlab.labs.stepper(broken)):
        with pytest.raises(ArgumentError, match=r"memory='weak' is for explore\(\) alone"):
            make()


def test_waiting_in_a_loop_is_no_livelock_because_everybody_catches_up_at_last() -> None:
    def wait(buf):
        while buf.ready[1] == buf.ready[0]:
            pass

    def tell(buf):
        buf.ready[0] = 1

    assert explore([wait, tell], shared=dict(ready=[0, 0]), memory="weak").ok
