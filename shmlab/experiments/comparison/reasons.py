"""Explanations of what is surprising in a comparison. Each sentence appears only if the figures show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shmlab.experiments.comparison import units

if TYPE_CHECKING:
    from shmlab.experiments.comparison.plan import Plan
    from shmlab.experiments.comparison.result import Result

CLEAR = 1.15  # a ratio above this is no coincidence
WIDE = 0.5  # a figure with a wider spread is not to be trusted


class Compared(Protocol):
    """What is explained: the figures of a comparison, and how they were measured."""

    plan: Plan

    @property
    def results(self) -> tuple[Result, ...]: ...
    def result(self, way: str, size: int) -> Result: ...


def why(comparison: Compared) -> list[str]:
    """Return the sentences that these figures support."""
    found = [
        *_pipe_and_textbook(comparison),
        *_queues(comparison),
        *_zero_copy(comparison),
        *_network(comparison),
        *_file(comparison),
        *_background(comparison),
        *_spread(comparison),
    ]
    return [sentence for sentence in found if sentence]


def _ratio(comparison: Compared, one: str, other: str, size: int) -> float:
    """Return how many times as fast `one` is; 0 if there are no figures."""
    first, second = (_rate(comparison, name, size) for name in (one, other))
    return first / second if first and second else 0.0


def _result(comparison: Compared, way: str, size: int) -> Result | None:
    try:
        return comparison.result(way, size)
    except KeyError:
        return None


def _rate(comparison: Compared, way: str, size: int) -> float:
    result = _result(comparison, way, size)
    return (result and result.rate) or 0.0


def _calls(comparison: Compared, way: str, size: int) -> str:
    result = _result(comparison, way, size)
    return f" ({result.calls:.2g} were counted)" if result and result.calls is not None else ""


def _pipe_and_textbook(comparison: Compared) -> list[str]:
    sizes = comparison.plan.sizes
    slower = [size for size in sizes if _ratio(comparison, "pipe", "textbook", size) > CLEAR]
    faster = [size for size in sizes if _ratio(comparison, "textbook", "pipe", size) > CLEAR]
    found = []
    if slower:
        size = slower[0]
        found.append(
            f"With items of {units.size(size)} a pipe is "
            f"{units.times(_ratio(comparison, 'pipe', 'textbook', size))} times as fast as the textbook buffer, "
            "although that one needs no copy through the kernel: put and get "
            "are four semaphore operations each, one Python statement after the other, and wait for the same mutex; "
            f"a pipe takes one write and one read{_calls(comparison, 'pipe', size)}, and does the rest in C."
        )
    if faster and (not slower or max(faster) > max(slower)):
        size = max(faster)
        found.append(
            f"With items of {units.size(size)} the textbook buffer is "
            f"{units.times(_ratio(comparison, 'textbook', 'pipe', size))} times as fast as a pipe: the cost of the "
            "semaphores stays what it was, and now the copying counts. A pipe holds 1 MiB at most, so that "
            "a large item goes through in pieces, and for each of them someone has to wait."
        )
    return found


def _queues(comparison: Compared) -> list[str]:
    size = min(comparison.plan.sizes)
    ratio = _ratio(comparison, "connection", "queue", size)
    if ratio <= CLEAR:
        return []
    return [
        f"multiprocessing.Queue is a Pipe with more around it, and {units.times(ratio)} times slower at "
        f"{units.size(size)}: put hands the item to a thread, which pickles it and takes a lock, and the "
        "two threads of the producer share one interpreter lock."
    ]


def _zero_copy(comparison: Compared) -> list[str]:
    large = max(comparison.plan.sizes)
    ratio = _ratio(comparison, "ring_in_place", "ring", large)
    if large < 1 << 16 or ratio <= CLEAR:
        return []
    return [
        f"In place, items of {units.size(large)} go {units.times(ratio)} times as fast as with put and get on the "
        "same ring: the consumer looks at the item where it lies (here at its first byte only), and copies nothing."
    ]


def _network(comparison: Compared) -> list[str]:
    size = min(comparison.plan.sizes)
    ratio = _ratio(comparison, "pipe", "tcp", size)
    if ratio <= CLEAR:
        return []
    return [
        f"TCP is {units.times(ratio)} times slower than a pipe at {units.size(size)}, although nothing leaves the "
        "machine: each item passes through the whole network stack, as if it did."
    ]


def _file(comparison: Compared) -> list[str]:
    size = min(comparison.plan.sizes)
    trips = {
        name: result.trip for name in ("file", "pipe") if (result := _result(comparison, name, size)) and result.trip
    }
    if len(trips) < 2 or trips["file"] >= trips["pipe"]:
        return []
    return [
        f"The file answers faster ({units.seconds(trips['file'])} there and back, a pipe takes "
        f"{units.seconds(trips['pipe'])}) because its reader never sleeps: it looks again and again and keeps a "
        "processor busy for nothing. Waking a sleeping process is what the others pay for."
    ]


def _background(comparison: Compared) -> list[str]:
    size = min(comparison.plan.sizes)
    result = _result(comparison, "zeromq", size)
    if not result or result.calls is None or result.calls > 0.5:
        return []
    return [
        f"ZeroMQ makes {result.calls:.2g} system calls for an item of {units.size(size)}: its threads gather many "
        "small items and send them in one go. That helps throughput, not the round trip"
        f"{f' of {units.seconds(result.trip)}' if result.trip else ''}."
    ]


def _spread(comparison: Compared) -> list[str]:
    measured = [result for result in comparison.results if result.rates]
    wide = sum(result.spread > WIDE for result in measured)
    once = sum(len(result.rates) == 1 for result in measured)
    said = []
    if wide:
        said.append(
            f"{wide} of {len(measured)} figures differ by more than {100 * WIDE:.0f} % from round to round: other "
            "programs were at work, or the system moved processes between processors. Run it again on a calm machine, "
            "or with more rounds."
        )
    if once and comparison.plan.rounds > 1:
        said.append(
            f"{once} of {len(measured)} figures were measured once only, for lack of time: nothing tells how far "
            "they can be trusted. Run it again on a calm machine, or with more seconds."
        )
    return said
