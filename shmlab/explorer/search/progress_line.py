"""A long search says where it is: one line that is written over itself, in a notebook or on a terminal."""

import contextlib
import os
import sys
from collections.abc import Iterator

from shmlab.explorer.search.search import Progress

QUIET = "SHMLAB_QUIET"  # set where output is compared, which must not tell how fast the machine is


@contextlib.contextmanager
def told() -> Iterator[Progress | None]:
    """What tells a person how far a search is; None where nobody sits before it, or $SHMLAB_QUIET is set."""
    stream = sys.stderr if sys.stderr.isatty() else sys.stdout
    if os.environ.get(QUIET) or not (stream.isatty() or "ipykernel" in sys.modules):
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
