"""The limits of a lab, in one place, and the checks that enforce them.

Every public argument passes through one of these checks before anything is created, so a bad
value costs nothing and leaves nothing behind. They are implemented below the widgets because a browser
can send anything.
"""

import math
import operator
import os
from collections.abc import Mapping
from types import CodeType

from shmlab.memory.errors import ArgumentError

SLOTS = (2, 1024)  # of a bounded buffer
CAP_SLOTS = 16_384  # an unbounded buffer never has more slots than this,
CAP_BYTES = 32 << 20  # nor more bytes of slots than this
PAYLOAD = (8, 65_536)  # bytes of one item
RATE = (0.1, 100_000.0)  # items per second of one worker
SLOW_MOTION = (0.0, 2.0)  # seconds that one protocol step takes
PATTERNS = ("constant", "poisson", "bursty")
ME = "me"  # the parameter through which a put or get receives the number of its process


def _allowed(name: str, most: int) -> int:
    """Return a limit that the administrator of a server may lower in the environment, such as SHMLAB_WORKERS=8."""
    wanted = os.environ.get(f"SHMLAB_{name}", "")
    return max(1, min(most, int(wanted))) if wanted.isascii() and wanted.isdecimal() else most


WORKERS = _allowed("WORKERS", 32)  # of one lab, producers and consumers together
LABS = _allowed("LABS", 32)  # that one program may have running
PROCESSES = _allowed("PROCESSES", 128)  # that one program may have running, in all its labs
MEMORY = _allowed("MEMORY", 512) << 20  # bytes of all segments of one program's labs; MiB in the environment
RUN_TIME = _allowed("RUN_TIME", 12 * 3600)  # seconds after which a process of a lab ends

HEXADECIMAL = "0123456789abcdef"


def whole(value: object, name: str, least: int, most: int) -> int:
    """Return `value` as an int between `least` and `most`; booleans, floats and strings are refused."""
    try:
        result = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        result = None
    if result is None or isinstance(value, bool):
        raise ArgumentError(f"{name} must be a whole number from {least:,} to {most:,}, not {value!r}.")
    if not least <= result <= most:
        raise ArgumentError(f"{name} must be from {least:,} to {most:,}, not {result:,}.")
    return result


def number(value: object, name: str, least: float, most: float, unit: str) -> float:
    """Return `value` as a finite float between `least` and `most`."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise ArgumentError(f"{name} must be a number from {least:g} to {most:,g} {unit}, not {value!r}.")
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result) or not least <= result <= most:
        raise ArgumentError(f"{name} must be from {least:g} to {most:,g} {unit}, not {value!r}.")
    return result


def rate(value: object, name: str = "rate") -> float | None:
    """Return `value` as items per second, or None for "as fast as possible"."""
    if value is None:
        return None
    try:
        return number(value, name, *RATE, "items per second")
    except ArgumentError as error:
        raise ArgumentError(f"{str(error)[:-1]}; None means as fast as possible.") from None


def choice(value: object, name: str, allowed: tuple[str, ...]) -> str:
    """Return `value`, one of the `allowed` words."""
    if not isinstance(value, str) or value not in allowed:
        raise ArgumentError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def lock(value: object, semaphores: Mapping[str, int]) -> str:
    """Return `value`, one of `semaphores` (with their initial values) that a worker can hold: one that starts at 1."""
    locks = [name for name, initial in semaphores.items() if initial == 1]
    if isinstance(value, str) and value in locks:
        return value
    why = f" {value} counts, nobody holds it." if isinstance(value, str) and value in semaphores else ""
    if not locks:
        raise ArgumentError(f"holding must be left out: no semaphore starts at 1, as a lock does, not {value!r}.{why}")
    raise ArgumentError(f"holding must be one of {', '.join(locks)}, not {value!r}.{why}")


def function(value: object, name: str, *arguments: str) -> None:
    """Refuse anything but None or a function that can be called with these arguments."""
    if value is None:
        return
    shape = f"{name} must be a function {name}({', '.join(arguments)})"
    if not callable(value):
        raise ArgumentError(f"{shape}, not {value!r}.")
    try:
        import inspect  # here: a worker loads this module, but checks no function

        inspect.signature(value).bind(*arguments)
    except TypeError as error:
        raise ArgumentError(f"{shape}: {error}.") from None
    except ValueError:  # some built-in functions have no signature
        return


def takes_number(code: CodeType, usual: int) -> bool:
    """Return whether a put or get takes one argument more than the `usual` ones: `me`, the number of its process."""
    return code.co_argcount == usual + 1 and code.co_varnames[usual] == ME


def numbers(value: object, name: str, most: int) -> list[int]:
    """Return `value` as a list of process numbers, each from 0 to `most`."""
    if not isinstance(value, (list, tuple, range, set, frozenset)):
        raise ArgumentError(f"{name} must be a list of numbers of processes, such as [0, 1], not {value!r}.")
    return [whole(number, f"{name}, the number of a process,", 0, most) for number in value]


def yes_or_no(value: object, name: str) -> bool:
    """Return `value`, True or False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{name} must be True or False, not {value!r}.")
    return value


def is_segment_name(value: object) -> bool:
    """Return whether `value` is a name as `create` makes them: `shmlab-` and 16 hexadecimal digits."""
    return isinstance(value, str) and len(value) == 23 and value[:7] == "shmlab-" and not value[7:].strip(HEXADECIMAL)


def segment_name(value: object) -> str:
    """Return `value`, a valid name of a segment."""
    if not isinstance(value, str) or not is_segment_name(value):
        raise ArgumentError(
            f"a segment's name is 'shmlab-' and 16 hexadecimal digits, not {value!r}. Running labs: `shmlab ls`."
        )
    return value
