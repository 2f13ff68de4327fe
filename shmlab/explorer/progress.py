"""A long search says where it is: one line that is written over itself, in a notebook or on a terminal."""

import contextlib
import sys
from collections.abc import Iterator

from shmlab.explorer.search import Progress


@contextlib.contextmanager
def told() -> Iterator[Progress | None]:
    """What tells a person how far a search is; None where nobody sits before it."""
    stream = sys.stderr if sys.stderr.isatty() else sys.stdout
    if not (stream.isatty() or "ipykernel" in sys.modules):
        yield None
        return
    said = ""

    def tell(states: int, seconds: float) -> None:
        nonlocal said
        said = f"{states:,} states in {seconds:.0f} s"
        print(f"\r{said} ... (interrupt to stop: what was seen stays)", end="", file=stream, flush=True)

    yield tell
    if said:
        print(f"\r{said}, and then it was done.                     ", file=stream)
