"""Local values as keys: two local states are the same if their frozen values are equal.

`freeze` turns the values of a process's local variables into a hashable value, by content: lists, dictionaries,
objects, iterators with their position. Values that may share objects are frozen in one call, because two names
for one list are not the same as two equal lists. A value without accessible content (an open file, a generator)
raises `OpaqueValue`, and the process is then identified by its whole history instead.
"""

import enum
import gc
import types
from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from typing import Any

MARKED = "shmlab_marked"  # the attribute in which a wrapper that only records calls keeps the function that it wraps
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
BY_ITSELF = ("__dict__", "__weakref__", "__slotnames__")  # what Python adds to a class
OWN_WORD = (
    *("__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs__", "__getnewargs_ex__"),
    *("__getattr__", "__getattribute__"),
)


class OpaqueValue(Exception):
    """A value whose content cannot be seen. The message is its type."""


class SharedHandle:
    """The base of a process's handles to shared memory: `buf`, `buf.flag`, `buf.mutex`. Identified by name alone."""

    __slots__ = ()
    _name = "buf"

    def __deepcopy__(self, _: object) -> "SharedHandle":
        return self


def freeze(value: Any, seen: dict[int, object] | None = None) -> Hashable:
    """Return a hashable value that is equal for equal content. Raises OpaqueValue.

    `seen` records the mutable objects met so far, so that two names for one list differ from two equal lists.
    """
    kind = type(value)
    if kind is int or kind is str or value is None or kind is bytes:
        return value  # type: ignore[no-any-return]
    if kind is bool or kind is float or kind is complex:
        return (kind, repr(value))  # 1, 1.0 and True are equal, but must be distinguished
    if isinstance(value, SharedHandle):
        return (SharedHandle, value._name)
    if isinstance(value, (types.ModuleType, enum.Enum)) or (isinstance(value, type) and not _is_inner(value)):
        return (kind, value)
    if seen is None:
        seen = {}
    if kind is tuple or (isinstance(value, tuple) and not kind.__dictoffset__):  # a named tuple has no other content
        return (kind, tuple([freeze(part, seen) for part in tuple.__iter__(value)]))
    if kind is range:
        return (range, repr(value))
    if id(value) in seen:
        return ("again", list(seen).index(id(value)))
    seen[id(value)] = value  # kept alive, so that no other object reuses its id
    return (freeze(kind, seen) if _is_inner(kind) else kind, _content(value, seen))


def _is_inner(kind: type) -> bool:
    """Return whether a class is defined inside a function: each run recreates it, so its content identifies it."""
    return "<locals>" in kind.__qualname__


def _content(value: Any, seen: dict[int, object]) -> Hashable:
    """Return the content of a mutable object."""
    kind = type(value)
    if kind is deque:
        return (value.maxlen, *(freeze(part, seen) for part in value))
    if kind in (list, bytearray, set, frozenset):  # a set, too, is frozen in iteration order
        return tuple([freeze(part, seen) for part in value])
    if kind is dict:
        items = value.items()
        return tuple([(key if type(key) is str else freeze(key, seen), freeze(part, seen)) for key, part in items])
    if kind in (OrderedDict, Counter):
        return (freeze(dict(value), seen), freeze(vars(value), seen))
    if kind is types.FunctionType:
        attributes = dict(vars(value))
        value = attributes.pop(MARKED, value)
        inside = (value.__defaults__, value.__kwdefaults__, attributes)
        return (value.__code__, freeze(inside, seen), tuple([_cell(c, seen) for c in value.__closure__ or ()]))
    if isinstance(value, type):
        body = {name: part for name, part in vars(value).items() if name not in BY_ITSELF}
        return (value.__qualname__, freeze((value.__module__, value.__bases__, body), seen))
    if kind is types.MethodType:
        return (freeze(value.__func__, seen), freeze(value.__self__, seen))
    if kind is property:
        return freeze((value.fget, value.fset, value.fdel), seen)
    if kind in (staticmethod, classmethod):
        return freeze(value.__func__, seen)
    if kind is types.BuiltinFunctionType:
        return (value.__qualname__, freeze(value.__self__, seen))
    if kind in VIEWS:
        return freeze(value.mapping, seen)
    return tuple([freeze(part, seen) for part in _parts(value)])


def _parts(value: Any) -> list[object]:
    """Return what pickle would save of an object: its attributes, slots and elements. Raises OpaqueValue.

    Refuse a class that customises this (a dataclass apart): it might leave something out; also an exception, which
    has more than it saves (its traceback), and itertools, which newer Python versions do not save.
    """
    kind = type(value)
    words = [*OWN_WORD, *(["__iter__"] * isinstance(value, list)), *(["items"] * isinstance(value, dict))]
    own = [word for name in words if isinstance(word := getattr(kind, name, None), types.FunctionType)]
    if (
        any(word.__module__ != "dataclasses" for word in own)
        or isinstance(value, BaseException)
        or kind.__module__ == "itertools"
    ):
        raise OpaqueValue(kind.__name__)
    try:
        saved = value.__reduce_ex__(2)
        if isinstance(saved, str):  # a name under which it can be found, not its content
            raise OpaqueValue(kind.__name__)
        _, arguments, *state = saved
        elements = [list(part) for part in state[1:] if part is not None]
    except (TypeError, ValueError, RuntimeError):  # it cannot be saved: never, or not now
        raise OpaqueValue(kind.__name__) from None
    parts = [arguments, *state[:1], *elements]
    if hasattr(kind, "__next__"):  # an iterator of a dictionary or a set saves what is left, but not its source
        parts += [owner for owner in gc.get_referents(value) if isinstance(owner, (dict, set))]
    return parts


def _cell(cell: types.CellType, seen: dict[int, object]) -> Hashable:
    try:
        return freeze(cell.cell_contents, seen)
    except ValueError:
        return "unbound"
