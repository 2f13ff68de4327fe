"""What queueing theory says about a buffer: the queue M/M/1/K, and Little's law.

Items come at random, at a constant rate on average (the gaps between them are exponential: the first M); the time that
one server needs for each is exponential, too (the second M); there are K places, the server's own among them, and while
all are taken nothing comes. With `ratio` = rate of arrival / rate of service, the probability of n items in the system
is proportional to ratio ** n, for n from 0 to K.

A lab's buffer is such a system with K = slots + 2: beside the slots there is a place at the consumer, for the item that
it works on, and one at the producer, which stands still with an item in its hand while all slots are full.

`occupancy` measures how full a buffer is, with the producer and consumer of `exponential`; `littles_law` watches a lab.

Sources: L. Kleinrock, Queueing Systems, volume 1 (1975), section 3.6; J. D. C. Little, A proof for the queuing formula
L = λW, Operations Research 9 (1961).
"""

HANDS = 2  # places beside the slots: the producer's and the consumer's hand


def states(ratio: float, places: int) -> list[float]:
    """The probability of 0, 1, ... `places` items in the system, for a ratio > 0 and places >= 1."""
    base = min(ratio, 1 / ratio)  # powers of it do not overflow
    weights = [base**n for n in range(places + 1)]
    if ratio > 1:
        weights.reverse()
    total = sum(weights)
    return [weight / total for weight in weights]


def in_system(ratio: float, places: int) -> float:
    """How many items are in the system on average."""
    return sum(n * chance for n, chance in enumerate(states(ratio, places)))


def occupied(ratio: float, slots: int) -> float:
    """How many slots of a lab's buffer hold an item on average."""
    return sum(min(max(n - 1, 0), slots) * chance for n, chance in enumerate(states(ratio, slots + HANDS)))


def throughput(ratio: float, slots: int) -> float:
    """Items that get through a lab's buffer, as a share of what the consumer could take: it is idle in state 0."""
    return 1 - states(ratio, slots + HANDS)[0]


def slots_for_burst(burst: int, burst_rate: float, consume_rate: float) -> float:
    """How many slots a burst of so many items needs, if nobody is to wait. Rates are in items per second.

    Those that the consumer takes while the burst lasts need none.
    """
    return max(0.0, burst * (1 - consume_rate / burst_rate))
