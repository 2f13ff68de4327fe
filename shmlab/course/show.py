"""`show(function)`: the live source of running code, never a copy of it."""

import inspect
import textwrap

from shmlab.memory.errors import ArgumentError


def show(thing: object) -> None:
    """Print the source of a function, class or module (`thing`), such as `show(strategies.semaphores.put)`.

    Raises ArgumentError for what has no source.
    """
    try:
        source = inspect.getsource(thing)  # type: ignore[arg-type]
    except (TypeError, OSError) as error:
        raise ArgumentError(
            f"show prints the source of a function, class or module; {thing!r} has none: {error}."
        ) from None
    print(textwrap.dedent(source).rstrip())
