"""What stands where in a ring's segment, by name: its shared variables and its semaphores.

One cache line for each variable, because each has a writer of its own:

    in_, out           items put, items taken, since the beginning
    producer_sleeps    1: a producer sleeps on `space`, or is about to; and the same for a consumer on `items`
    consumer_sleeps
    producers_lost     1: somebody died who may have held `put_mutex`; and the same for `get_mutex`
    consumers_lost
"""

from shmlab.memory import layout as at

STRATEGY = "ring"
VARIABLES = ("in_", "out", "producer_sleeps", "consumer_sleeps", "producers_lost", "consumers_lost")
SEMAPHORES = {"space": 0, "items": 0, "put_mutex": 1, "get_mutex": 1}


def offset(name: str) -> int:
    """Where a shared variable stands."""
    return at.variable(VARIABLES.index(name))


def layout(slots: int, item: int, producers: int, consumers: int) -> at.Layout:
    """The layout of a ring: the producers' rows come first."""
    return at.Layout(STRATEGY, VARIABLES, SEMAPHORES, slots, slots, item, producers + consumers, producers=producers)
