"""What the explorer runs in place of a program's own text: marked functions and marked methods.

Functions are copied, and what they call by name with them. Methods are found through classes, which go by
many names: so the classes stay, and hold marked methods while a process runs in the explorer, and only then.
A program's own functions and classes are those that stand where it stands: in the same notebook or file.

What outlives a call (a global list, a default argument, an attribute of a class) can be read but must not be
changed: a state of a process does not tell of it, and real processes would not share it.
"""

import contextlib
import dis
import inspect
import random
import threading
import time
import types
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from shmlab.explorer import marking
from shmlab.explorer.errors import CannotFollow
from shmlab.explorer.freezing import Opaque, freeze

Function = types.FunctionType
Track = Callable[[Function, Function], Function]
UNFOLLOWED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
GLOBALS = frozenset(["LOAD_GLOBAL", "LOAD_NAME"])
CONTAINERS = (list, tuple, set, frozenset, deque, dict)
SCALARS = (int, str, float, bytes, type(None))
ENOUGH = 100  # elements of a container in which to look for objects
ONE_AT_A_TIME = threading.RLock()  # for the classes that hold marked methods


class Copies:
    """The marked copies of a program's functions, and the marked methods of its classes.

    `markers` are the names that a copy finds besides its own globals; `track(copy, own)` wraps each copy.
    """

    def __init__(self, markers: Mapping[str, object], track: Track) -> None:
        self._markers, self._track = markers, track
        self._functions: dict[Function, Function] = {}
        self._names: dict[int, dict[str, Any]] = {}  # the copied globals, by the identity of the own ones
        self._classes: set[type] = set()
        self._methods: list[tuple[type, str, object, object]] = []  # class, name, own, marked
        self._lasting: dict[str, tuple[Callable[[], object], Hashable]] = {}

    def of(self, function: object) -> Function:
        """The marked copy of a function; what it mentions is marked, too. Raises CannotFollow."""
        if not isinstance(function, Function):
            raise CannotFollow(f"{function!r} is not a function: give plain functions, defined with def.")
        if function in self._functions:
            return self._functions[function]
        own = function.__globals__
        names = self._globals(own)
        code = marking.marked(function)
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        called = {name: cell for name, cell in cells.items() if _is_beside(_content(cell), own)}
        cells |= {name: types.CellType() for name in called}
        closure = tuple(cells[name] for name in code.co_freevars)
        copy = Function(code, names, function.__name__, function.__defaults__, closure or None)
        copy.__kwdefaults__ = function.__kwdefaults__
        marked = self._functions[function] = self._track(copy, function)
        for name, cell in called.items():
            cells[name].cell_contents = self._instead(cell.cell_contents, own)
        for name in mentioned(function, GLOBALS):
            if name in own and name not in self._markers:
                self._look_at(name, own)
        self._watch_function(marked, copy)
        return marked

    def look_into(self, value: object, own: dict[str, Any]) -> None:
        """Mark the methods of an object, of a class, and of what is in a list of such. Raises CannotFollow."""
        if isinstance(value, CONTAINERS):
            for part in islice(value.values() if isinstance(value, dict) else value, ENOUGH):
                self._look_into_class(type(part), own)
        self._look_into_class(value if isinstance(value, type) else type(value), own)

    def _look_into_class(self, kind: type, own: dict[str, Any]) -> None:
        for base in kind.__mro__:
            if base in self._classes:
                continue
            self._classes.add(base)
            if base.__module__ != own.get("__name__"):
                continue
            for name, thing in list(vars(base).items()):
                marked = self._method(thing, own)
                if marked is not thing:
                    self._methods.append((base, name, thing, marked))
                elif not name.startswith("__") and (isinstance(thing, SCALARS) or _may_change(thing, own)):
                    self._watch(f"{base.__name__}.{name}", partial(getattr, base, name, None))
            self._watch(f"the attributes of {base.__name__}", partial(_names, base))

    def _method(self, thing: Any, own: dict[str, Any]) -> object:
        """What a class holds under a name, marked; `thing` itself where there is nothing to mark."""
        if isinstance(thing, (staticmethod, classmethod)):
            inner = self._method(thing.__func__, own)
            return thing if inner is thing.__func__ else type(thing)(inner)  # type: ignore[arg-type]
        if type(thing) is property:
            parts = (thing.fget, thing.fset, thing.fdel)
            marked = [self._method(part, own) for part in parts]
            return thing if marked == [*parts] else property(*marked)  # type: ignore[arg-type]
        if not _is_beside(thing, own) or thing.__code__.co_flags & UNFOLLOWED:
            return thing
        try:
            marking.definition(thing)
        except CannotFollow:  # no text of the student's, but of a decorator such as dataclass
            return thing
        return self.of(thing)

    def _look_at(self, name: str, own: dict[str, Any]) -> None:
        """Mark what a global name stands for."""
        value = own[name]
        names = self._globals(own)
        if names.get(name) is value:
            names[name] = self._instead(value, own)
        if _may_change(value, own):
            self._watch(f"the global `{name}`", partial(_itself, value))

    def _instead(self, value: Any, own: dict[str, Any]) -> object:
        """What stands in the copies for something that the text mentions."""
        if not _is_beside(value, own):
            self.look_into(value, own)
            return value
        try:
            return self.of(value)
        except CannotFollow:
            if value.__code__.co_argcount == 0:  # without arguments it never sees `buf`: no business of ours
                return value
            raise

    def _globals(self, own: dict[str, Any]) -> dict[str, Any]:
        names = self._names.get(id(own))
        if names is None:
            names = self._names[id(own)] = dict(own)
            for name, value in own.items():
                if value is time:
                    names[name] = _NoTime()
                elif value is random:
                    names[name] = _Refusing("random")
                elif value is time.sleep:
                    names[name] = _no_sleep
            names.setdefault("print", _silent)
            names.update(self._markers)
        return names

    # --- what outlives a call ---------------------------------------------------------------------------------

    def _watch_function(self, marked: Function, copy: Function) -> None:
        if copy.__name__ in copy.__code__.co_names:
            self._watch(f"an attribute of {copy.__name__}", partial(_attributes, marked))
        for default in [*(copy.__defaults__ or ()), *(copy.__kwdefaults__ or {}).values()]:
            if _may_change(default, copy.__globals__):
                self._watch(f"a default argument of {copy.__name__}", partial(_itself, default))
        for name, cell in zip(copy.__code__.co_freevars, copy.__closure__ or (), strict=True):
            value = _content(cell)
            if isinstance(value, SCALARS) or _may_change(value, copy.__globals__):
                self._watch(f"the variable `{name}` around {copy.__name__}", partial(_content, cell))

    def _watch(self, what: str, get: Callable[[], object]) -> None:
        with contextlib.suppress(Opaque, RecursionError):
            self._lasting.setdefault(what, (get, freeze(get())))

    def changed(self) -> str | None:
        """What has been changed that outlives a call, in words; None if nothing has."""
        for what, (get, before) in self._lasting.items():
            try:
                if freeze(get()) != before:
                    return what
            except Opaque:
                return what
        return None

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """While this lasts, classes hold marked methods."""
        if not self._methods:
            yield
            return
        with ONE_AT_A_TIME:
            try:
                for kind, name, _, marked in self._methods:
                    type.__setattr__(kind, name, marked)
                yield
            finally:
                for kind, name, own, _ in self._methods:
                    type.__setattr__(kind, name, own)


def mentioned(function: Function, how: frozenset[str] = frozenset()) -> list[str]:
    """All names of globals and attributes in a function's text, or those in instructions called like that."""
    found: dict[str, None] = {}
    codes = [function.__code__]
    for code in codes:  # grows while it is walked: lambdas, comprehensions, functions inside
        names = [it.argval for it in dis.get_instructions(code) if it.opname in how] if how else code.co_names
        found |= dict.fromkeys(names)
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return list(found)


def functions_of(kind: type) -> Iterator[Function]:
    """The functions that make up a class."""
    for thing in vars(kind).values():
        parts = (thing.fget, thing.fset, thing.fdel) if isinstance(thing, property) else (thing,)
        for part in parts:
            inner = getattr(part, "__func__", part)
            if isinstance(inner, Function):
                yield inner


def _is_beside(value: object, own: dict[str, Any]) -> bool:
    """Whether it is a function of the program's own."""
    return type(value) is Function and value.__globals__ is own


def _may_change(value: object, own: dict[str, Any]) -> bool:
    """Whether a value can be changed: a container, an iterator, an object of the program's own."""
    kind = type(value)
    changing = isinstance(value, (*CONTAINERS, bytearray)) or hasattr(kind, "__next__")
    return changing or kind.__module__ == own.get("__name__")


def _names(kind: type) -> list[str]:
    return [name for name in vars(kind) if not name.startswith("__")]


def _itself(value: object) -> object:
    return value


def _attributes(function: Function) -> object:
    return {name: value for name, value in vars(function).items() if isinstance(value, (*SCALARS, *CONTAINERS))}


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None


class _Refusing(types.ModuleType):
    """Stands for the random module: a process whose steps are thrown cannot be explored."""

    def __getattr__(self, name: str) -> object:
        raise CannotFollow(
            f"random.{name} cannot be explored: all interleavings are tried anyway. Leave it out, or give the value "
            "as an argument of the process."
        )


class _NoTime(types.ModuleType):
    """The time module, but sleeping takes no time: every interleaving is explored, however long somebody sleeps."""

    def __init__(self) -> None:
        super().__init__("time")
        self.__dict__.update(vars(time), sleep=_no_sleep)


def _no_sleep(seconds: float) -> None:
    pass


def _silent(*values: object, **how: object) -> None:
    pass
