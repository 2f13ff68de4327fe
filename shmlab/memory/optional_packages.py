"""Packages that only some of shmlab needs. The core works without them; what needs one that is missing says so."""

import contextlib
from collections.abc import Collection, Iterator
from types import ModuleType

from shmlab.memory.errors import PackageMissing


@contextlib.contextmanager
def needed_for(purpose: str) -> Iterator[None]:
    """Import within it. Raises PackageMissing, with what it is needed for, where a package is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not error.name or error.name.partition(".")[0] == "shmlab":
            raise
        raise PackageMissing(error.name.partition(".")[0], purpose) from None


def pickled(value: object, by_value: Collection[ModuleType]) -> bytes:
    """`value` for another program, with the functions of the modules that it cannot import.

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
