"""Why a schedule fails, if one sentence can say: a process used a value that was no longer current.

One process reads a variable; before it has finished using the value, another reads the same value, or changes it.
There may be several such places in a schedule, and most do no harm. The one that counts is the one without which
the schedule does not fail: neither if the first process continues alone until it has changed the variable, nor if
the other one does so before the first one reads it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shmlab.explorer.model.model import Model, Step
from shmlab.explorer.model.system import System
from shmlab.explorer.model.tso import BufferedSystem
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import NAMES, RELEASE, STORE

Otherwise = Callable[[System, Sequence[int], Sequence[Step], "Conflict"], Iterator[tuple[Model, Sequence[int]]]]
ALONE, TO_THE_END = 100, 500  # steps for which a process may run alone, and all of them may
MOST = 20_000  # steps taken to find the place: half a second
AT_ONCE = ("overwrite", "empty-read", "mutual-exclusion", "exception")  # faults of one step, detected when it is taken
SLOT = "slots["


@dataclass(frozen=True, slots=True)
class Conflict:
    """Indices of two steps: one process reads a variable, and `other` is another's step on the same variable.

    `waits`: the other's store was earlier, and was still in its store buffer. `late`: the process that would have
    changed the variable had it been faster; then there is no other step, and `other` is that of the read.
    """

    read: int
    other: int
    waits: bool = False
    late: int | None = None


def cause(system: System, actors: Sequence[int]) -> Conflict | None:
    """Return the conflict without which this schedule would not have this fault; None if no single one is the cause.

    If the fault is a violated condition: failing that, one without which it would be violated in another way.
    """
    if system.buffered and not isinstance(system, BufferedSystem):
        return None
    model = Model(system).run(actors)
    fault, partly, taken = model.fault, None, 0
    if not fault:
        return None
    for place, otherwise in _tried(model.steps, system.size):
        if taken > MOST:
            break
        faults = []
        for changed, rest in otherwise(system, actors, model.steps, place):
            faults.append(_fault(changed, rest, fault.word in AT_ONCE))
            taken += len(changed.steps)
        if not faults:
            continue
        if all(other is None or other.word != fault.word for other in faults):
            return place
        if fault.word == "invariant" and all(other is None or other.reason != fault.reason for other in faults):
            partly = partly or place
    return partly


def _tried(steps: Sequence[Step], size: int) -> Iterator[tuple[Conflict, Otherwise]]:
    """Yield places that may be the cause, each with the alternative to try; the likeliest first."""
    places = list(_places(steps, size))
    for place in places:
        yield place, _drained_first if place.waits else _one_after_the_other
    for place in places:
        if not place.waits and not _reads(steps[place.other]):
            yield place, _one_to_its_end
    for place in _too_early(steps, size):
        yield place, _the_late_one_first


# --- in words -------------------------------------------------------------------------------------------------------


def sentence(model: Model, place: Conflict) -> str:
    """Return the cause in words. `model`: the program after the schedule."""
    system, steps = model.system, model.steps
    read, other = steps[place.read], steps[place.other]
    first = f"{read.name} read {read.variable} = {_value(read.value)} at step {place.read + 1}"
    if place.waits:
        return (
            f"{first}, while the {_value(other.value)} that {other.name} stored there at step {place.other + 1} was "
            "still in its store buffer."
        )
    if place.late is not None:
        return f"{first}, before {system.names[place.late]} had changed it{_consequence(model, place, '')}."
    who = system.names[other.actor % system.size]
    if _reads(other):
        meanwhile = f"{first}, and so did {who} at step {place.other + 1}, before {read.name} had changed it"
    else:
        meanwhile = f"{first}, before {who} made it {_value(other.after)} at step {place.other + 1}"
    return f"{meanwhile}{_consequence(model, place, who)}."


def _consequence(model: Model, place: Conflict, who: str) -> str:
    steps, fault = model.steps, model.fault
    read = steps[place.read]
    ours = [(at, s) for at, s in enumerate(steps) if at > place.read and s.actor == read.actor]
    theirs = {(s.operation, s.variable) for s in steps if s.name == who}
    for _, step in ours:
        if step.variable.startswith(SLOT) and (step.operation, step.variable) in theirs:
            did = "filled" if step.operation == NAMES[STORE] else "took from"
            return f": both {did} slot {step.variable[len(SLOT) : -1]}"
    if fault and fault.word == "mutual-exclusion":
        return ": so both went in"
    for at, step in ours:
        if at > place.other and step.variable == read.variable and not _reads(step):
            return f", and made it {_value(step.after)} at step {at + 1} all the same"
    return f", and went on as if it still were {_value(read.value)}" if ours else ""


def _value(value: object) -> str:
    return "None" if value is None else str(value)


# --- places that may be the cause -----------------------------------------------------------------------------------


def _reads(step: Step) -> bool:
    return step.operation == "load" or (step.operation == "atomic" and step.value is not None)


def _places(steps: Sequence[Step], size: int) -> Iterator[Conflict]:
    """Yield conflicts, the latest first, because what is close to the fault is more likely to be its cause."""
    for read in range(len(steps) - 1, -1, -1):
        step = steps[read]
        if step.actor >= size or not _reads(step) or step.before != step.after:
            continue  # in an atomic read-modify-write, no other process comes in between
        for at in _buffered(steps, read, size):
            yield Conflict(read, at, waits=True)
        second = None
        for at in range(read + 1, len(steps)):
            other = steps[at]
            if other.variable != step.variable:
                continue
            if other.actor % size == step.actor:
                if _reads(other):
                    continue
                break
            if other.before != other.after:
                yield Conflict(read, at)
                break
            if second is None and _reads(other) and other.value == step.value:
                second = at
        if second is not None and (not _gave_back(steps[read:second], step.actor) or _goes_by(steps, read)):
            yield Conflict(read, second)


def _too_early(steps: Sequence[Step], size: int) -> Iterator[Conflict]:
    """Yield reads that may have come before another process changed the variable, the latest first."""
    for read in range(len(steps) - 1, -1, -1):
        step = steps[read]
        if step.actor < size and _reads(step) and step.before == step.after:
            yield from (Conflict(read, read, late=other) for other in range(size) if other != step.actor)


def _gave_back(steps: Sequence[Step], actor: int) -> bool:
    """Return whether a process releases a semaphore in these steps: it may be done by then with what it had read."""
    return any(step.actor == actor and step.operation == NAMES[RELEASE] for step in steps)


def _goes_by(steps: Sequence[Step], read: int) -> bool:
    """Return whether a process changes a variable based on this read, without reading it again."""
    first = steps[read]
    later = [s for s in steps[read + 1 :] if (s.actor, s.variable) == (first.actor, first.variable)]
    return bool(later) and not _reads(later[0])


def _buffered(steps: Sequence[Step], read: int, size: int) -> list[int]:
    """Return the stores of others to the variable being read that were still in their store buffers."""
    variable, reader = steps[read].variable, steps[read].actor
    drained: dict[int, int] = {}
    for step in steps[:read]:
        if step.actor >= size and step.variable == variable:
            drained[step.actor % size] = drained.get(step.actor % size, 0) + 1
    found: dict[int, list[int]] = {}
    for at, step in enumerate(steps[:read]):
        stores = step.operation == NAMES[STORE] and step.variable == variable and step.actor != reader
        if stores and step.before == step.after != step.value:
            found.setdefault(step.actor, []).append(at)
    return [at for actor, all_stores in found.items() for at in all_stores[drained.get(actor, 0) :]]


# --- what would have happened otherwise ---------------------------------------------------------------------------


def _one_after_the_other(
    system: System, actors: Sequence[int], steps: Sequence[Step], place: Conflict
) -> Iterator[tuple[Model, Sequence[int]]]:
    """Yield the program where one of the two runs alone until it has changed the variable, and the remaining steps.

    Yield no more if both read the same value and one of them would never change it.
    """
    variable, both_read = steps[place.read].variable, _reads(steps[place.other])
    for first in (actors[place.read], actors[place.other] % system.size):
        model, has_changed = Model(system).run(actors[: place.read]), False
        for _ in range(ALONE):
            step = _taken(model, first)
            has_changed = step is not None and step.variable == variable and step.before != step.after
            if step is None or has_changed:
                break
            _drain(model, first)
        if both_read and not has_changed:
            return
        yield model, _without(actors[place.read :], first, sum(s.actor == first for s in model.steps[place.read :]))


def _one_to_its_end(
    system: System, actors: Sequence[int], steps: Sequence[Step], place: Conflict
) -> Iterator[tuple[Model, Sequence[int]]]:
    """Yield the program where one of the two runs alone as far as it can."""
    for first in (actors[place.read], actors[place.other] % system.size):
        model = Model(system).run(actors[: place.read])
        while len(model.steps) < place.read + ALONE and _taken(model, first):
            _drain(model, first)
        yield model, _without(actors[place.read :], first, sum(s.actor == first for s in model.steps[place.read :]))


def _the_late_one_first(
    system: System, actors: Sequence[int], steps: Sequence[Step], place: Conflict
) -> Iterator[tuple[Model, Sequence[int]]]:
    """Yield the program where the variable is changed before it is read; nothing if that never happens."""
    assert place.late is not None
    model = Model(system).run(actors[: place.read])
    for _ in range(ALONE):
        step = _taken(model, place.late)
        if step is None:
            return
        _drain(model, place.late)
        if step.variable == steps[place.read].variable and step.before != step.after:
            yield model, _without(actors[place.read :], place.late, len(model.steps) - place.read)
            return


def _without(actors: Sequence[int], actor: int, number: int) -> list[int]:
    """Return a schedule without the first `number` steps of one actor, which it has already taken."""
    left = []
    for one in actors:
        if one == actor and number:
            number -= 1
        else:
            left.append(one)
    return left


def _drained_first(
    system: System, actors: Sequence[int], _: Sequence[Step], place: Conflict
) -> Iterator[tuple[Model, Sequence[int]]]:
    """Yield the program where the store does not wait in its buffer."""
    model = Model(system).run(actors[: place.other + 1])
    _drain(model, actors[place.other])
    yield model, actors[place.other + 1 :]


def _drain(model: Model, process: int) -> None:
    while model.system.buffered and _taken(model, model.system.size + process):
        pass


def _taken(model: Model, actor: int) -> Step | None:
    """Take and return a step of this actor; None if it cannot take one."""
    if model.fault:
        return None
    try:
        return model.step(actor)
    except ReplayFailed:
        return None


def _fault(model: Model, rest: Sequence[int], at_once: bool) -> Fault | None:
    """Return the fault after the remaining steps, as far as possible, and, unless `at_once`, after running on."""
    for actor in rest:
        _taken(model, actor)
    last = -1
    for _ in range(0 if at_once else TO_THE_END):
        able = [] if model.fault else model.enabled()
        if not able:
            break
        last = last if last in able else able[0]
        model.step(last)
    return model.fault
