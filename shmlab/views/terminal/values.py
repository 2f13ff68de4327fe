"""What the processes synchronise with, and whether it worked: semaphores, shared variables, counts, faults."""

from rich.text import Text

from shmlab.observe.snapshot import Snapshot
from shmlab.views import format

TOKENS = 12  # at most so many are drawn; above, a number is shown
BAR = 20  # columns of the occupancy bar


def occupancy(snapshot: Snapshot) -> Text:
    """Return how full the buffer is, as a bar and in numbers."""
    full = snapshot.occupancy
    length = round(BAR * full / snapshot.capacity)
    places = "".join(f"  {name} {at}" for name, at in (("in", snapshot.in_), ("out", snapshot.out)) if at is not None)
    bound = "" if snapshot.bounded else f"  (at most {snapshot.cap:,})"
    return Text.assemble(
        (f"{full:,} of {snapshot.capacity:,} slots full ", ""), ("█" * length, "green"), ("░" * (BAR - length), "dim"),
        places, bound,
    )  # fmt: skip


def semaphores(snapshot: Snapshot) -> Text:
    """Return each semaphore: its value, its tokens, who holds it, who waits for it."""
    line = Text()
    for name, value in snapshot.semaphores.items():
        most = 1 if name == "mutex" else snapshot.capacity
        line.append(f"{name} ").append(str(value), style="bold")
        if most <= TOKENS and value <= most:
            line.append(" " + "●" * value, style="green").append("○" * (most - value), style="dim")
        holders = [w.name + ("" if w.alive else " ✕") for w in snapshot.workers if w.holds == name]
        waiters = [w.name for w in snapshot.workers if w.waits == name and w.alive]
        if holders:
            line.append(f" held by {', '.join(holders)}", style="magenta")
        if waiters:
            line.append(f" {', '.join(waiters)} wait{'s' if len(waiters) == 1 else ''}", style="yellow")
        line.append("   ")
    return line


def variables(snapshot: Snapshot) -> Text:
    """Return the shared variables of the protocol."""
    return Text("   ".join(f"{name} = {value}" for name, value in snapshot.variables.items()))


def flow(snapshot: Snapshot) -> Text:
    """Return the number of items that went through, and how long they took."""
    between = f"{format.seconds(snapshot.latency_p50)} median, {format.seconds(snapshot.latency_p99)} p99"
    return Text(f"{snapshot.produced:,} produced   {snapshot.consumed:,} consumed   in the buffer: {between}")


def faults(snapshot: Snapshot) -> Text:
    """Return every kind of fault with its count; those that occurred have a cross, a word and a colour."""
    line = Text("✓ no faults", style="green")
    if snapshot.faults:
        line = Text(f"✕ {snapshot.faults:,} fault{'s' * (snapshot.faults != 1)}", style="bold red")
    counts = {
        "lost": snapshot.lost,
        "duplicated": snapshot.duplicated,
        "out of order": snapshot.out_of_order,
        "corrupted": snapshot.corrupted,
    }
    for name, count in counts.items():
        line.append(f"   {count:,} {name}", style="bold red" if count else "dim")
    return line


def others(snapshot: Snapshot) -> Text:
    """Return what is not a fault but worth mentioning; empty if there is nothing."""
    counts = {
        "overwritten": snapshot.overwritten,
        "empty reads": snapshot.empty_reads,
        "died with a consumer": snapshot.died,
    }
    return Text("   ".join(f"{count:,} {name}" for name, count in counts.items() if count), style="yellow")
