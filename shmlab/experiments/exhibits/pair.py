"""Two real processes, A and B, with separate address spaces."""

import contextlib
import mmap
from collections.abc import Callable
from typing import Self

from shmlab.experiments.exhibits.child import Child, DeadProcess, Ended
from shmlab.memory import limits
from shmlab.processes import address_space

PAGE = mmap.PAGESIZE
NAMES = ("A", "B")
ADDRESS = (1, (1 << 47) - 8)
VALUE = (-(1 << 63), (1 << 63) - 1)


class Pair:
    """Two processes and the orders they accept. `close` ends them; use it with `with`, or let a lab own it.

    `changed` is called after every order. Raises ShmlabError if a process does not start.
    """

    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.children: dict[str, Child] = {}
        self.dead: dict[str, DeadProcess] = {}
        try:
            for name in NAMES:
                self.children[name] = Child(name)
            for child in self.children.values():
                child.begin()
        except BaseException:
            self.close()
            raise

    def child(self, name: object) -> Child:
        """Return the process of that name. Raises ArgumentError."""
        return self.children[limits.choice(name, "the process", tuple(self.children))]

    def ask(self, name: object, verb: str, *arguments: object) -> object:
        """Send an order to a process; return its result, or its DeadProcess; see `Child.ask`."""
        child = self.child(name)
        try:
            given = child.ask(verb, *arguments)
            if isinstance(given, DeadProcess):
                self.dead[child.name] = given
            return given
        finally:
            self.changed()

    def again(self, name: object) -> None:
        """Start a new process in place of one that has ended. Nothing remains of the old one's memory."""
        child = self.child(name)
        if not child.alive:
            fresh = Child(child.name)
            fresh.begin()
            self.children[child.name] = fresh
            self.dead.pop(child.name, None)
            self.changed()

    # memory by address

    def own_page(self, name: object, address: int) -> None:
        """Map a private page for a process at `address`, from `address_space.OWN` to `address_space.OWN_END`."""
        place = limits.whole(address, "address", address_space.OWN, address_space.OWN_END - 1)
        there = address_space.at(self.regions(name), place)
        if there is None or there.kind != "own page":  # a cell may be run again
            self.ask(name, "own_page", place // PAGE * PAGE)

    def store(self, name: object, address: int, value: int) -> DeadProcess | None:
        """Have a process store 8 bytes at one of its addresses; return its DeadProcess if the kernel forbids that."""
        place, number = limits.whole(address, "address", *ADDRESS), limits.whole(value, "value", *VALUE)
        given = self.ask(name, "store", place, number)
        return given if isinstance(given, DeadProcess) else None

    def load(self, name: object, address: int) -> "int | DeadProcess":
        """Return the 8 bytes that a process reads at an address; its DeadProcess if nothing is mapped there."""
        given = self.ask(name, "load", limits.whole(address, "address", *ADDRESS))
        assert isinstance(given, int | DeadProcess)
        return given

    def regions(self, name: object) -> tuple[address_space.Region, ...]:
        """Return the address space of a process, from /proc/PID/maps; empty if it has ended."""
        return self.child(name).regions()

    def own_values(self, name: object) -> dict[int, int]:
        """Return the first 8 bytes of each private page of a process, by address."""
        child = self.child(name)
        pages = [region.start for region in child.regions() if region.kind == "own page"]
        with contextlib.suppress(Ended):  # it may end meanwhile
            return {page: value for page in pages if isinstance(value := child.ask("load", page), int)}
        return {}

    def kill(self, name: object) -> DeadProcess:
        """End a process with SIGKILL. Raises Ended."""
        child = self.child(name)
        try:
            self.dead[child.name] = child.kill()
            return self.dead[child.name]
        finally:
            self.changed()

    def end(self, name: object) -> None:
        """End a process gracefully; the kernel unmaps what it had mapped. Raises Ended."""
        child = self.child(name)
        if not child.alive:
            raise Ended(f"{child.name} has ended already ({child.ending}).")
        child.end()
        self.changed()

    def close(self) -> None:
        """End both processes. A second call has no effect."""
        for child in self.children.values():
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        return " | ".join(self._line(child) for child in self.children.values())

    @staticmethod
    def _line(child: Child) -> str:
        areas = address_space.areas(child.regions())
        if not areas:
            return f"{child.name} {child.ending}: no memory any more"
        said = ", ".join(f"{area.kind} at {area.start:x}" for area in areas)
        return f"{child.name} (pid {child.pid}): {said}"
