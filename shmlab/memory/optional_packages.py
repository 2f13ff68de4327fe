"""Packages that only parts of shmlab need. The core works without them; the parts report which one is missing."""

import contextlib
from collections.abc import Collection, Iterator
from types import ModuleType

from shmlab.memory.errors import PackageMissing


@contextlib.contextmanager
def needed_for(purpose: str) -> Iterator[None]:
    """Run imports inside this context. Raises PackageMissing, naming the `purpose`, if a package is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not error.name or error.name.partition(".")[0] == "shmlab":
            raise
        raise PackageMissing(error.name.partition(".")[0], purpose) from None


def pickled(value: object, by_value: Collection[ModuleType]) -> bytes:
    """Return `value` pickled for another program, with the functions of the modules `by_value` that it cannot import.

    Raises PackageMissing, and what cloudpickle raises for a value that cannot be sent.
    """
    with needed_for("to send a function to another process"):
        import cloudpickle
    for module in by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        data: bytes = cloudpickle.dumps(value)
    finally:
        for module in by_value:
            cloudpickle.unregister_pickle_by_value(module)
    return len(data).to_bytes(8, "little") + data
