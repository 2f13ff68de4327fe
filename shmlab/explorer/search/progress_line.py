"""Show the progress of a long search in one line that overwrites itself, in a notebook or on a terminal."""

import contextlib
import os
import sys
from collections.abc import Iterator

from shmlab.explorer.search.search import Progress

QUIET = "SHMLAB_QUIET"  # set where output is compared, which must not depend on the machine's speed


@contextlib.contextmanager
def told() -> Iterator[Progress | None]:
    """Yield a function that shows progress; None without a terminal or notebook, or if $SHMLAB_QUIET is set."""
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
