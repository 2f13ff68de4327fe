"""Fold the irrelevant steps of a sheet: those of calls that had returned before the decisive part began.

Only producers and consumers make calls, of put and get. The decisive part begins with the first step of the earliest
call that is involved in the failure: one that has not returned, the last one of each process that fails in it, and the
one in which the decisive step was taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from shmlab.explorer.model.model import Step
from shmlab.explorer.model.system import System
from shmlab.explorer.report.sheet import Line, Sheet

FEWEST = 3  # shorter stretches are not folded


def folded(made: Sheet, system: System, steps: Sequence[Step], decisive: int) -> Sheet:
    """Return the sheet of these steps with one line for each stretch of irrelevant steps.

    decisive: the index of a step that matters, as do all after it. For programs other than producers and consumers, and
    where there is little to leave out, return the sheet unchanged. The sheet must not end in an infinite loop.
    """
    if not system.judge or not steps:
        return made
    begins = _decisive_part(steps, decisive)
    ends = {(step.actor, step.call): at for at, step in enumerate(steps) if step.ends}
    void = [at < begins and ends.get((step.actor, step.call), begins) < begins for at, step in enumerate(steps)]
    lines: list[Line] = []
    for out, group in groupby(range(len(steps)), lambda number: void[number]):
        numbers = list(group)
        own = [made.lines[number] for number in numbers]
        if out and len(numbers) >= FEWEST:
            before = made.lines[numbers[0] - 1].values if numbers[0] else made.first
            own = [_one(own, before, dict(_told(system, [steps[number] for number in numbers])))]
        lines += own
    return replace(made, lines=lines)


def _decisive_part(steps: Sequence[Step], decisive: int) -> int:
    """Return the index of the first step of the decisive part."""
    begin: dict[tuple[int, int], int] = {}
    for at, step in enumerate(steps):
        begin.setdefault((step.actor, step.call), at)
    ended = {(step.actor, step.call) for step in steps if step.ends}
    after = {(step.actor, step.call) for step in steps[decisive:]}
    return min(at for call, at in begin.items() if call not in ended or call in after)


def _one(lines: Sequence[Line], before: Sequence[str], folded: dict[int, str]) -> Line:
    """Return one line for several; its values are those after the last."""
    after = lines[-1].values
    changed = [value != was for value, was in zip(after, before, strict=True)]
    return Line(lines[0].process, "", False, after, changed, 0, "", len(lines), folded)


def _told(system: System, steps: Sequence[Step]) -> Iterator[tuple[int, str]]:
    """Yield what each process did in these steps: `put 10, 11`."""
    assert system.judge
    for process in range(system.size):
        own = [step for step in steps if step.actor == process]
        moved = [str(step.moved) for step in own if step.ends]
        if moved:
            yield process, f"{'get' if process in system.consumers else 'put'} {', '.join(moved)}"
        elif own:
            yield process, "..."
