"""The classes of a program: they are not copied, but hold marked methods while a process runs in the explorer.

A class is reachable in many ways (from its objects, as a base, in `isinstance`), so a copy would be a different class.
"""

import contextlib
import enum
import functools
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType as Function
from typing import Any

from shmlab.explorer.program.constant import SCALARS, may_change
from shmlab.explorer.program.explorer_errors import CannotFollow
from shmlab.explorer.program.freezing import BY_ITSELF, OpaqueValue, freeze
from shmlab.explorer.program.lasting import Lasting
from shmlab.explorer.program.outside import Outside
from shmlab.explorer.program.refusals import refusal
from shmlab.strategies.functions import is_own

HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
ONE_AT_A_TIME = threading.RLock()  # for the classes that hold marked methods


class Classes:
    """The classes that a program reaches. `instead` judges what they contain, `lasting` watches it."""

    def __init__(self, instead: Callable[[object, str], Any], lasting: Lasting, outside: Outside) -> None:
        self._instead, self._lasting, self._outside = instead, lasting, outside
        self._seen: set[type] = set()
        self._held: list[tuple[type, str, object, object]] = []  # class, name, own, instead

    def look_into(self, kind: type, name: str) -> None:
        """Mark the methods of a class and of its bases, and judge its other contents. Raises CannotFollow."""
        for base in kind.__mro__:
            if base in self._seen:
                continue
            self._seen.add(base)
            if is_own(base):
                self._look_into(base)
            elif self._instead(base, name) is not base:
                raise refusal(base, f"{kind.__name__}, which is made of {base.__name__},")
            else:
                self.watch_names(base)
        if type(kind) is not type:
            self._instead(type(kind), name)

    def watch_names(self, kind: type) -> None:
        """Watch the names in a class, if they can change."""
        if kind.__flags__ & HEAP_TYPE:
            self._lasting.watch(f"the attributes of {kind.__name__}", partial(_names, kind), kind)

    def _look_into(self, kind: type) -> None:
        for name, thing in list(vars(kind).items()):
            private = name.startswith("__") or (name.startswith("_") and issubclass(kind, enum.Enum))
            stand = self._method(thing, "" if private else f"{kind.__name__}.{name}")
            if stand is not thing:
                self._held.append((kind, name, thing, stand))
            if name == "__next__" and not isinstance(thing, Function):
                raise CannotFollow(f"{kind.__name__}.__next__ is not a function: define it with def.")
            if (isinstance(thing, SCALARS) or may_change(stand)) and (not private or _can_be_seen(stand)):
                get = partial(getattr, kind, name, None) if stand is thing else partial(_itself, stand)
                self._lasting.watch(f"{kind.__name__}.{name}", get, kind)
        self.watch_names(kind)

    def _method(self, thing: Any, name: str) -> Any:
        """Return the stand-in for a member of a class; `name` is empty for members that Python adds."""
        if isinstance(thing, (staticmethod, classmethod)):
            inner = self._method(thing.__func__, name)
            return thing if inner is thing.__func__ else type(thing)(inner)
        if type(thing) is property:
            parts = [thing.fget, thing.fset, thing.fdel]
            stands = [self._method(part, name) for part in parts]
            return thing if stands == parts else property(*stands)
        if type(thing) is functools.cached_property:
            other = functools.cached_property(self._method(thing.func, name))
            other.attrname = thing.attrname
            return other
        if type(thing) is Function and is_own(thing):
            try:
                return self._instead(thing, name)
            except CannotFollow as error:  # matters only if it is called
                return self._outside.raising(error)
        return self._instead(thing, name) if name else thing

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Install the marked methods in the classes for the duration of the block."""
        if not self._held:
            yield
            return
        with ONE_AT_A_TIME:
            try:
                for kind, name, _, marked in self._held:
                    type.__setattr__(kind, name, marked)
                yield
            finally:
                for kind, name, own, _ in self._held:
                    type.__setattr__(kind, name, own)


def _names(kind: type) -> list[str]:
    """Return the names in a class, without those that Python adds on demand."""
    return [name for name in vars(kind) if name not in BY_ITSELF and "annotat" not in name]


def _can_be_seen(value: object) -> bool:
    try:
        freeze(value)
    except (OpaqueValue, RecursionError):
        return False
    return True


def _itself(value: object) -> object:
    return value
