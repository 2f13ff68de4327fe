"""Does shmlab work on this machine? One line for each thing it needs, with the cure for what is wrong.

    from shmlab.doctor import doctor

"well", "hint" where something is not at its best, "LOOK" where something essential is wrong. The last line is the
proof: a real producer and a real consumer send items through a real segment.

`kernel` looks at the system and its calls, `machine` at Python, memory and tools, `packages` at what shmlab stands on;
each gives a `finding`.
"""

from collections.abc import Iterator
from functools import partial

from shmlab.doctor import kernel, machine, packages
from shmlab.doctor.finding import Finding, guarded

__all__ = ["Finding", "doctor", "findings", "report"]


def doctor() -> None:
    """Print every finding, each on a line of its own."""
    report()


def report() -> int:
    """Print every finding; 1 if something that is needed is not there, else 0."""
    wrong = False
    for finding in findings():
        print(finding, flush=True)
        wrong |= finding.wrong
    return int(wrong)


def findings() -> Iterator[Finding]:
    """Look at one thing after the other, always in the same order. One that fails keeps no other back.

    Packages that are missing stand together in one line.
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
    """What a lab itself depends on."""
    yield guarded("Python", machine.python)
    yield guarded("system", kernel.system)
    yield guarded("sandbox", kernel.sandbox)
    yield guarded("limits", kernel.limits)
    yield guarded("shared memory", machine.memory)
    yield guarded("processors", machine.processors)
    yield from kernel.calls()
