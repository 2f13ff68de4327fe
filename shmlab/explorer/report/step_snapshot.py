"""A program at some point of an interleaving, as a `Snapshot`: what the view of the live lab draws.

For real processes, the values are those in the segment and the semaphores.
"""

import time

from shmlab.explorer.model.model import Model
from shmlab.explorer.program import cells as kinds
from shmlab.explorer.program.operations import NAMES, STORE, Value
from shmlab.explorer.report.sheet import NOTHING
from shmlab.explorer.report.stepping import Stepping
from shmlab.memory import layout as at
from shmlab.memory.item import SEQUENCE, SEQUENCE_BITS
from shmlab.observe.snapshot import Slots, Snapshot, Worker

STRIDE = at.SLOT_PAYLOAD + at.WORD
INDICES = ("in_", "out")
ROLES = {True: "consumer", False: "producer"}


def snapshot(stepping: Stepping) -> Snapshot:
    """Return a snapshot of the current memory."""
    system, model = stepping.system, stepping.model
    memory = system.memory
    cells = stepping.real.cells() if stepping.real else model.cells()
    values = {name: cells[address] for address, name in enumerate(memory.names[: memory.slots_at])}
    contents = cells[memory.slots_at :]
    semaphores = {n: v for n, v in values.items() if memory.kind(memory.names.index(n)) == kinds.SEMAPHORE}
    slots = Slots(_slots(stepping, contents), STRIDE, at.WORD)
    index = {name: values.get(name) for name in INDICES}
    held = model.holders()
    workers = tuple(_worker(stepping, process, held) for process in range(system.size))
    return Snapshot(
        name=stepping.real.segment if stepping.real else "the model",
        strategy="explored",
        time=time.monotonic(),
        state="stopped" if stepping.over else "paused",
        consistent=True,
        bounded=not memory.endless,
        capacity=max(1, len(contents)),
        cap=len(contents),
        cap_reached=False,
        size=stepping.real.places.layout.size if stepping.real else 0,
        in_=index["in_"],
        out=index["out"],
        variables={n: NOTHING if v is None else v for n, v in values.items() if n not in semaphores},  # type: ignore[misc]
        semaphores={n: v or 0 for n, v in semaphores.items()},
        slots=slots,
        workers=workers,
        produced=0,
        consumed=sum(worker.items for worker in workers if worker.role == "consumer"),
        lost=0,
        duplicated=0,
        out_of_order=0,
        corrupted=0,
        overwritten=0,
        empty_reads=0,
        latency_p50=None,
        latency_p99=None,
        header=b"",
    )


def _worker(stepping: Stepping, process: int, held: dict[int, list[int]]) -> Worker:
    now = stepping.standing(process)
    holds = [stepping.system.memory.name(address) for address, who in held.items() if process in who]
    return Worker(
        row=process,
        name=now.name,
        role=ROLES[process in stepping.system.consumers],
        pid=now.pid,
        alive=True,
        state=now.waits or now.ended or "at its gate",
        rate=None,
        pattern="",
        items=len(now.got),
        blocked=0.0,
        holds=holds[0] if holds else None,
        waits=now.waits.removeprefix("waits for ") if now.waits.startswith("waits for ") else None,
    )


def _slots(stepping: Stepping, contents: tuple[Value, ...]) -> bytes:
    """Return the slots as a lab's segment would store them: state, ticket, payload."""
    states = _states(stepping.model, contents)
    judge = stepping.system.judge
    raw = bytearray(len(contents) * STRIDE)
    words = memoryview(raw).cast("q")
    for slot, (value, state) in enumerate(zip(contents, states, strict=True)):
        word = slot * STRIDE // at.WORD
        if value is None:
            continue
        producer = judge.producer(value) if judge else None
        row = len(stepping.processes) if producer is None else producer  # a row that no process has: the view shows "?"
        words[word + at.SLOT_STATE] = state
        words[word + at.SLOT_TICKET] = (row + 1) << SEQUENCE_BITS | value & SEQUENCE
        words[word + at.SLOT_PAYLOAD // at.WORD] = value
    return bytes(raw)


def _states(model: Model, contents: tuple[Value, ...]) -> list[int]:
    """Return full, empty or overwritten for each slot: empty once a consumer has read it, whatever it contains."""
    memory, consumers = model.system.memory, model.system.consumers
    states = [at.EMPTY if value is None else at.FULL for value in memory.initial[memory.slots_at :]]
    states += [at.EMPTY] * (len(contents) - len(states))
    for step in model.steps:
        if not step.variable.startswith("slots["):
            continue
        slot = int(step.variable[6:-1])
        if step.operation == NAMES[STORE]:
            unread = states[slot] == at.FULL and step.actor not in consumers
            states[slot] = at.EMPTY if step.value is None else at.OVERWRITTEN if unread else at.FULL
        elif step.actor in consumers:
            states[slot] = at.EMPTY
    return states
