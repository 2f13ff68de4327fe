"""Two processes and their address spaces: code, data, heap, libraries, stack, and what each finds at an address."""

from __future__ import annotations

from functools import partial

import ipywidgets

from shmlab.experiments.exhibits.child import DeadProcess
from shmlab.experiments.exhibits.pair import Pair
from shmlab.memory.errors import ArgumentError
from shmlab.processes import address_space
from shmlab.views.notebook.address_space_drawing import Spaces
from shmlab.views.notebook.exhibit import Exhibit
from shmlab.views.notebook.plain_widgets import Parts


class AddressSpaces(Exhibit):
    """The view of a `Pair`: `own_page`, `store`, `load` have a process do something; `print` shows the state as a line.

    Each takes the name of the process, "A" or "B". Raises ArgumentError, and Ended for a process that has ended.
    """

    def __init__(self) -> None:
        super().__init__(Pair(), "Two processes, two address spaces")

    def build(self, parts: Parts) -> list[ipywidgets.Widget]:
        self.field = ipywidgets.Text(f"{address_space.OWN:#_x}", placeholder="an address", layout={"width": "190px"})
        caption = parts.text("", '<span class="caption">address</span>')
        groups = []
        for name in self.pair.children:
            load = self.button(f"{name} loads it", f"have {name} read 8 bytes there", partial(self._look, name))
            again = self.button(f"new {name}", f"a new process if {name} has ended", partial(self.pair.again, name))
            groups.append(parts.row([load, again], "group"))
        controls = parts.row([parts.row([parts.row([caption, self.field], "field"), *groups], "line")], "controls")
        self.spaces = Spaces(list(self.pair.children), parts)
        return [controls, self.note, self.spaces.box]

    def show(self) -> None:
        pair = self.pair
        areas = {name: address_space.areas(pair.regions(name)) for name in pair.children}
        values = {name: pair.own_values(name) for name in pair.children}
        heads = {name: child.ending or f"pid {child.pid}" for name, child in pair.children.items()}
        self.spaces.update(areas, values, heads)

    def _look(self, name: str) -> str:
        try:
            address = int(self.field.value, 16)
        except ValueError:
            raise ArgumentError(f"an address is a hexadecimal number such as {address_space.OWN:#_x}.") from None
        found = self.load(name, address)
        return "" if isinstance(found, DeadProcess) else f"{name} finds {found} at {address:#_x}"

    def own_page(self, name: str, address: int) -> None:
        """Have the kernel map a private page for a process at this address, from `maps.OWN` to `maps.OWN_END`."""
        self.pair.own_page(name, address)

    def store(self, name: str, address: int, value: int) -> DeadProcess | None:
        """Have a process store `value` as 8 bytes at its own `address`; return its DeadProcess if that killed it."""
        return self.pair.store(name, address, value)

    def load(self, name: str, address: int) -> int | DeadProcess:
        """Return what a process reads at an address, or its DeadProcess if that killed it."""
        return self.pair.load(name, address)

    def regions(self, name: str) -> tuple[address_space.Region, ...]:
        """Return the address space of a process, from /proc/PID/maps."""
        return self.pair.regions(name)

    def again(self, name: str) -> None:
        """Start a new process in place of one that has ended."""
        self.pair.again(name)
