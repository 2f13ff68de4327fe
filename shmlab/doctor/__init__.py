"""Checks whether shmlab works on this machine: one line for each thing it needs, with the cure for each problem.

    from shmlab.doctor import doctor

"well", "hint" if something is not optimal, "LOOK" if something essential is wrong. The last line is the
proof: a real producer and a real consumer send items through a real segment.

`kernel` checks the system and its calls, `machine` Python, memory and tools, `packages` the dependencies of shmlab;
each returns a `finding`.
"""

from collections.abc import Iterator
from functools import partial

from shmlab.doctor import kernel, machine, packages
from shmlab.doctor.finding import Finding, guarded

__all__ = ["Finding", "doctor", "findings", "report"]


def doctor() -> None:
    """Print every finding, each on its own line."""
    report()


def report() -> int:
    """Print every finding; return 1 if something essential is wrong, else 0."""
    wrong = False
    for finding in findings():
        print(finding, flush=True)
        wrong |= finding.wrong
    return int(wrong)


def findings() -> Iterator[Finding]:
    """Check one thing after the other, always in the same order. A failing check does not stop the others.

    Missing packages are listed together on one line.
    """
    about = []
    for finding in _machine():
        about.append(finding.wrong)
        yield finding
    yield guarded("packages", packages.lack)
    absent = packages.missing()
    for name in packages.PACKAGES:
        if name not in absent:
            yield guarded(name, partial(packages.package, name))
    yield guarded("widgets", packages.widgets)
    yield guarded("front end", packages.front_end)
    yield guarded("server", packages.server)
    yield guarded("compiler", machine.compiler)
    yield guarded("strace", machine.strace)
    yield guarded("leftovers", machine.leftovers)
    yield guarded("two processes", partial(machine.items, any(about)))


def _machine() -> Iterator[Finding]:
    """Check what a lab itself depends on."""
    yield guarded("Python", machine.python)
    yield guarded("system", kernel.system)
    yield guarded("sandbox", kernel.sandbox)
    yield guarded("limits", kernel.limits)
    yield guarded("shared memory", machine.memory)
    yield guarded("processors", machine.processors)
    yield from kernel.calls()
