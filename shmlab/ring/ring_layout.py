"""The shared variables and semaphores of a ring's segment, by name.

Each variable has a cache line of its own, because each has a different writer:

    in_, out           items put and items taken since the ring was created
    producer_sleeps    1: a producer sleeps on `space`, or is about to; likewise for a consumer on `items`
    consumer_sleeps
    producers_lost     1: a peer died that may have held `put_mutex`; likewise for `get_mutex`
    consumers_lost
"""

from shmlab.memory import layout as at

STRATEGY = "ring"
VARIABLES = ("in_", "out", "producer_sleeps", "consumer_sleeps", "producers_lost", "consumers_lost")
SEMAPHORES = {"space": 0, "items": 0, "put_mutex": 1, "get_mutex": 1}


def offset(name: str) -> int:
    """Return the byte offset of a shared variable in the segment."""
    return at.variable(VARIABLES.index(name))


def layout(slots: int, item: int, producers: int, consumers: int) -> at.Layout:
    """Return the layout of a ring; the producers' rows come first."""
    return at.Layout(STRATEGY, VARIABLES, SEMAPHORES, slots, slots, item, producers + consumers, producers=producers)
