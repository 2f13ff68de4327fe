"""What queueing theory says about a buffer: the queue M/M/1/K, and Little's law.

Items arrive at random, at a constant mean rate (the gaps between them are exponential: the first M); the service time
of the one server is also exponential (the second M); there are K places, including the one at the server, and while
all are taken nothing arrives. With `ratio` = arrival rate / service rate, the probability of n items in the system
is proportional to ratio ** n, for n from 0 to K.

A lab's buffer is such a system with K = slots + 2: besides the slots there is a place at the consumer, for the item
that it works on, and one at the producer, which is blocked holding an item while all slots are full.

`occupancy` measures how full a buffer is, with the producer and consumer of `exponential`; `littles_law` watches a lab.

Sources: L. Kleinrock, Queueing Systems, volume 1 (1975), section 3.6; J. D. C. Little, A proof for the queuing formula
L = λW, Operations Research 9 (1961).
"""

HANDS = 2  # places besides the slots: the item held by the producer and the one held by the consumer


def states(ratio: float, places: int) -> list[float]:
    """Return the probability of 0, 1, ... `places` items in the system, for a ratio > 0 and places >= 1."""
    base = min(ratio, 1 / ratio)  # its powers do not overflow
    weights = [base**n for n in range(places + 1)]
    if ratio > 1:
        weights.reverse()
    total = sum(weights)
    return [weight / total for weight in weights]


def in_system(ratio: float, places: int) -> float:
    """Return the mean number of items in the system."""
    return sum(n * chance for n, chance in enumerate(states(ratio, places)))


def occupied(ratio: float, slots: int) -> float:
    """Return the mean number of slots of a lab's buffer that hold an item."""
    return sum(min(max(n - 1, 0), slots) * chance for n, chance in enumerate(states(ratio, slots + HANDS)))


def throughput(ratio: float, slots: int) -> float:
    """Return the throughput of a lab's buffer as a fraction of the consumer's capacity: it is idle in state 0."""
    return 1 - states(ratio, slots + HANDS)[0]


def slots_for_burst(burst: int, burst_rate: float, consume_rate: float) -> float:
    """Return how many slots a burst of `burst` items needs so that no producer waits. Rates are in items per second.

    Items that the consumer takes during the burst need no slot.
    """
    return max(0.0, burst * (1 - consume_rate / burst_rate))
