"""The order given to a stage: plain data, on its command line."""

import json
from dataclasses import asdict, dataclass
from typing import Any

COMPILER, ASSEMBLER, LINKER = "compiler", "assembler", "linker"  # the kinds of stages, in order


@dataclass(frozen=True, slots=True)
class Order:
    """An order: `kind` of stage; `sources` by module number, of which a compiler takes `mine`, `rounds` times.

    `place` is the owner's folder for object modules; `producers` how many processes put into the segment it gets from.
    """

    kind: str
    sources: tuple[str, ...]
    place: str
    optimise: str = "-O1"
    rounds: int = 1
    mine: tuple[int, ...] = ()
    producers: int = 1

    def text(self) -> str:
        """Return the order as one command-line argument."""
        return json.dumps(asdict(self))


def read(text: str) -> Order:
    """Return the order encoded in `text`."""
    plain: dict[str, Any] = json.loads(text)
    known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()}
    return Order(**known)
