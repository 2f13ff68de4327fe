"""Local values as keys: two local states are the same when their frozen values are equal.

`freeze` turns what a process holds in its local variables into a hashable value, by content: lists,
dictionaries, objects, iterators with their position. What has no honest content (an open file, a
generator) raises `Opaque`, and the process is then known by its whole history instead.
"""

import enum
import types
from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from typing import Any

EMPTY: tuple[Any, ...] = ([], (), "", b"", range(0), range(1 << 70), {}, {}.values(), {}.items(), set())
ITERATORS = (
    *(type(iter(empty)) for empty in EMPTY),
    type(reversed([])),
    type(reversed({})),
    enumerate,
    zip,
    reversed,
    map,
    filter,
)
BY_CLASS_STATEMENT = 1 << 9  # in type.__flags__; without __slots__, all that such an object has is in its __dict__
MARKED = "shmlab_marked"  # where a function that only keeps track of the calls of another one names that other


class Opaque(Exception):
    """A value whose content cannot be seen."""


class Handle:
    """The base of what a process holds of shared memory itself: `buf`, `buf.flag`, `buf.mutex`. Its name is all."""

    __slots__ = ()
    _name = "buf"


def freeze(value: Any, seen: dict[int, object] | None = None) -> Hashable:
    """A hashable value that is equal for equal content. Raises Opaque.

    `seen` remembers the mutable objects met so far, so that two names for one list differ from two equal lists.
    """
    kind = type(value)
    if kind is int or kind is str or value is None or kind is bytes:
        return value  # type: ignore[no-any-return]
    if kind is bool or kind is float or kind is complex:
        return (kind, repr(value))  # 1, 1.0 and True are equal and must not be taken for each other
    if isinstance(value, Handle):
        return (Handle, value._name)
    if isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType, enum.Enum)):
        return (kind, value)
    if seen is None:
        seen = {}
    if isinstance(value, tuple) or kind is frozenset:
        parts = [freeze(part, seen) for part in value]
        return (kind, frozenset(parts) if kind is frozenset else tuple(parts))
    if kind is range:
        return (range, repr(value))
    if id(value) in seen:
        return ("again", list(seen).index(id(value)))
    seen[id(value)] = value  # kept alive, so that no other object gets its id meanwhile
    return (kind, _content(value, seen))


def _content(value: Any, seen: dict[int, object]) -> Hashable:
    """What is inside a mutable object."""
    if type(value) in (list, bytearray, deque):
        return tuple([freeze(part, seen) for part in value])
    if type(value) in (dict, OrderedDict, Counter):
        return tuple([(freeze(key, seen), freeze(part, seen)) for key, part in value.items()])
    if type(value) is set:
        return frozenset([freeze(part, seen) for part in value])
    if type(value) is types.FunctionType:
        value = vars(value).get(MARKED, value)
        return (
            value.__code__,
            freeze(value.__defaults__, seen),
            tuple([_cell(c, seen) for c in value.__closure__ or ()]),
        )
    if type(value) is types.MethodType:
        return (freeze(value.__func__, seen), freeze(value.__self__, seen))
    if type(value) in ITERATORS:
        try:
            _, *rest = value.__reduce__()
        except TypeError:
            raise Opaque from None
        return tuple([freeze(part, seen) for part in rest])
    kind: Any = type(value)
    ordinary = kind.__reduce_ex__ is object.__reduce_ex__ and kind.__flags__ & BY_CLASS_STATEMENT
    if ordinary and not hasattr(kind, "__slots__"):
        return freeze(vars(value), seen)
    raise Opaque


def _cell(cell: types.CellType, seen: dict[int, object]) -> Hashable:
    try:
        return freeze(cell.cell_contents, seen)
    except ValueError:
        return "unbound"
