"""Does shmlab work on this machine? One line for each thing it needs, with the cure for what is wrong.

    from shmlab.doctor import doctor

"well", "hint" where something is not at its best, "LOOK" where something essential is wrong. The last line is the
proof: a real producer and a real consumer send items through a real segment.
"""

from collections.abc import Iterator

from shmlab.doctor import machine, packages, system
from shmlab.doctor.finding import Finding

__all__ = ["Finding", "doctor", "findings"]


def doctor() -> None:
    """Print every finding, each on a line of its own."""
    for finding in findings():
        print(finding, flush=True)


def findings() -> Iterator[Finding]:
    """Look at one thing after the other, always the same ones in the same order."""
    yield machine.python()
    yield system.system()
    yield system.sandbox()
    yield system.limits()
    yield machine.memory()
    yield machine.processors()
    yield from system.calls()
    for name in packages.PACKAGES:
        yield packages.package(name)
    yield packages.widgets()
    yield packages.front_end()
    yield packages.server()
    yield machine.compiler()
    yield machine.strace()
    yield machine.leftovers()
    yield machine.items()
