"""What a stage is told to do: plain data, on its command line."""

import json
from dataclasses import asdict, dataclass
from typing import Any

COMPILER, ASSEMBLER, LINKER = "compiler", "assembler", "linker"  # the kinds of stages, in their order


@dataclass(frozen=True, slots=True)
class Order:
    """`kind` of stage; `sources` by module number, of which a compiler takes `mine`, `rounds` times over.

    `place` is a folder for object modules, the owner's; `producers` how many processes put into its segment.
    """

    kind: str
    sources: tuple[str, ...]
    place: str
    optimise: str = "-O1"
    rounds: int = 1
    mine: tuple[int, ...] = ()
    producers: int = 1

    def text(self) -> str:
        """As one argument of a command."""
        return json.dumps(asdict(self))


def read(text: str) -> Order:
    """The order that `text` gives."""
    plain: dict[str, Any] = json.loads(text)
    known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()}
    return Order(**known)
