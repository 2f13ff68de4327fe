"""The bounded buffer with nothing but two indices: each side asks again and again.

Only the producer moves `in_`, only the consumer moves `out`. One slot stays free, so that
in_ == out means empty and nothing else. Sound for one producer and one consumer, on processors that
show stores in order, such as x86: `explore("busy_waiting", memory="weak")` tells what happens on
others. A waiting process burns its processor.
Source: Lamport, Proving the Correctness of Multiprocess Programs (1977); Silberschatz, Galvin,
Gagne, Operating System Concepts, "IPC in Shared-Memory Systems".
"""

from shmlab.memory import fences

TITLE = "busy waiting on in and out, one slot kept free"


def shared(capacity: int) -> dict[str, int]:
    return dict(in_=0, out=0)


def at_rest(capacity: int, used: int) -> dict[str, int]:
    return {}  # in_ and out tell it all


def put(buf, item):
    while (buf.in_ + 1) % buf.capacity == buf.out:
        pass  # full: ask again
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity  # after the slot is filled: this store hands it over


def get(buf):
    while buf.in_ == buf.out:
        pass  # empty: ask again
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity  # after the slot is read: this store gives it back
    return item


def warning(producers: int, consumers: int) -> str | None:
    if producers <= 1 and consumers <= 1:
        if not fences.WEAK:
            return None
        return (
            f"Busy waiting on two indices is sound where stores are seen in order. This machine ({fences.MACHINE}) may "
            "show the new index before the item in its slot. Watch the faults, or see "
            "explore('busy_waiting', memory='weak')."
        )
    return (
        "Busy waiting on two indices is sound for one producer and one consumer only: "
        f"with {producers} and {consumers}, two processes move the same index. Watch the faults."
    )
