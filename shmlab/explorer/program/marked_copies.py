"""What the explorer runs instead of a program's own code: marked functions and marked methods.

Functions are copied together with everything that they reach, each judged once (`instead`). Constants stay; the
program's own functions are marked; the operating system is modelled or refused (`outside`); what outlives a call may be
read, but not changed (`lasting`). Methods are found through classes, which are reachable in many ways: so the classes
are not copied, but hold marked methods while a process runs in the explorer, and only then.
"""

import contextlib
import copy
import enum
import functools
import inspect
import types
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType as Function
from typing import Any

from shmlab.explorer.program import marking
from shmlab.explorer.program.classes import Classes
from shmlab.explorer.program.codes import codes, mentioned, refuse
from shmlab.explorer.program.constant import (
    CONSTANT,
    CONSTANT_HOMES,
    IDENTITY,
    IN_C,
    ITERATORS,
    MAPPINGS,
    SCALARS,
    SEQUENCES,
    home,
    is_pure,
    may_change,
    slots,
)
from shmlab.explorer.program.explorer_errors import CannotFollow, NoText
from shmlab.explorer.program.freezing import MARKED, SharedHandle
from shmlab.explorer.program.lasting import Lasting
from shmlab.explorer.program.outside import UNKNOWN, Outside
from shmlab.explorer.program.stand_ins import RefusedObject
from shmlab.memory.condition_variable import Condition
from shmlab.memory.semaphores import Semaphore
from shmlab.strategies.functions import is_own, names

Track = Callable[[Function, Function], Function]
UNFOLLOWED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Copies:
    """The marked copies of a program's functions, and the marked methods of its classes.

    `markers` are the names that a copy finds besides its own globals; `track(copy, own)` wraps each copy.
    """

    def __init__(self, markers: Mapping[str, object], track: Track, outside: Outside) -> None:
        self._markers, self._track, self.outside = markers, track, outside
        self.lasting = Lasting()
        self.unread: set[types.CodeType] = set()  # code objects without source
        self._functions: dict[Function, Function] = {}
        self._names: dict[int, dict[str, Any]] = {}  # the copied globals, by the identity of the original ones
        self._cells: dict[int, tuple[types.CellType, types.CellType]] = {}
        self._known: dict[int, tuple[object, object]] = {}  # id -> (original, stand-in); the original is kept alive
        self.classes = Classes(self.instead, self.lasting, outside)

    def of(self, function: object) -> Function:
        """Return the marked copy of a function; what it reaches is judged, too. Raises CannotFollow."""
        if not isinstance(function, Function):
            raise CannotFollow(f"{function!r} is not a function: give plain functions, defined with def.")
        if function in self._functions:
            return self._functions[function]
        try:
            code = marking.marked(function)
        except NoText:  # made by exec: its reads accumulate from its beginning, finer than needed but still correct
            if function.__code__.co_flags & UNFOLLOWED:
                raise
            code = function.__code__
            self.unread |= set(codes(code))
        return self._copied(function, code, self._track)

    def plain(self, function: Function) -> Function:
        """Return a copy without marks: of a lambda, a generator, the result of a decorator. Raises CannotFollow."""
        if function in self._functions:
            return self._functions[function]
        return self._copied(function, marking.ticking(function), self._ticked)

    def _ticked(self, copied: Function, own: Function) -> Function:
        """Wrap a lambda in a tick: it has no statements to put one into, and C may call it repeatedly."""
        if own.__name__ != "<lambda>":
            return copied
        tick = self._markers["__tick__"]

        @functools.wraps(own)
        def ticked(*given: object, **named: object) -> object:
            tick()  # type: ignore[operator]
            return copied(*given, **named)

        del vars(ticked)["__wrapped__"]
        vars(ticked)[MARKED] = copied
        return ticked  # type: ignore[return-value]

    def _copied(self, function: Function, code: types.CodeType, track: Track) -> Function:
        refuse(function)
        own, called = function.__globals__, function.__name__
        known = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        cells = {name: self._cells.get(id(cell), (cell, types.CellType()))[1] for name, cell in known.items()}
        fresh = [name for name, cell in known.items() if id(cell) not in self._cells]
        self._cells |= {id(known[name]): (known[name], cells[name]) for name in fresh}
        mine = self._globals(own)
        copied = Function(code, mine, called, None, tuple([cells[name] for name in code.co_freevars]) or None)
        marked = self._functions[function] = track(copied, function)
        if IDENTITY.intersection(names(function.__code__)):
            self.outside.tells_apart = True
        copied.__defaults__ = function.__defaults__ and tuple(
            [self.lasting_part(value, f"a default argument of {called}") for value in function.__defaults__]
        )
        keywords = (function.__kwdefaults__ or {}).items()
        copied.__kwdefaults__ = {
            name: self.lasting_part(value, f"a default argument of {called}") for name, value in keywords
        }
        for name in fresh:
            with contextlib.suppress(ValueError):  # not bound yet
                cells[name].cell_contents = self.instead(known[name].cell_contents, name)
            value = _content(cells[name])
            if isinstance(value, SCALARS) or may_change(value):
                what = f"the variable `{name}` around {called}"
                self.lasting.watch(what, partial(_content, cells[name]), cells[name])
        for name in mentioned(function.__code__):
            if name in own and name not in self._markers:
                mine[name] = self.lasting_part(own[name], name, f"the global `{name}`")
        for name, value in vars(function).items():
            vars(marked)[name] = self.instead(value, f"{called}.{name}")
        self.lasting.watch_function(f"an attribute of {called}", vars(marked))
        return marked

    def lasting_part(self, value: object, name: str, what: str = "") -> object:
        """Return the stand-in for a `value` that outlives a call: a global, a default, a module attribute."""
        stand = self.instead(value, name)
        if may_change(stand):
            self.lasting.watch(what or name, partial(_itself, stand), stand)
        return stand

    def _globals(self, own: dict[str, Any]) -> dict[str, Any]:
        if id(own) not in self._names:
            mine = self._names[id(own)] = dict(own)
            mine |= {"__builtins__": self.outside.builtins_of(own), **self._markers}
        return self._names[id(own)]

    # --- each thing that a program reaches ----------------------------------------------------------------------

    def instead(self, value: object, name: str) -> Any:
        """Return the stand-in for `value`, called `name`: itself, a copy or a model. Raises CannotFollow."""
        kind = type(value)
        if kind in CONSTANT or isinstance(value, SharedHandle):
            return value
        if known := self._known.get(id(value)):
            return known[1]
        stand = self.outside.model(value)
        if stand is UNKNOWN:
            self._known[id(value)] = (value, value)  # it may contain itself
            try:
                stand = self._judged(value, kind, name)
            except BaseException:
                self._known.pop(id(value))
                raise
        self._known[id(value)] = (value, stand)
        return stand

    def _judged(self, value: Any, kind: type, name: str) -> object:
        if isinstance(value, type):
            return self._class(value, name)
        if kind is Function:
            return self._function(value, name)
        if isinstance(value, IN_C):
            return self._in_c(value, name)
        if kind is types.MethodType:
            stand = self.instead(value.__self__, name)
            # A method in C accepts only its original self.
            if isinstance(stand, RefusedObject) or type(value.__func__) is not Function:
                named = home(value) in ("multiprocessing", "random") and "." in name
                return stand if isinstance(stand, RefusedObject) and not named else self.outside.refused(value, name)
            return types.MethodType(self.instead(value.__func__, name), stand)
        if kind in SEQUENCES:
            parts = [self.instead(part, f"{name}[{i}]") for i, part in enumerate(value)]
            same = all(a is b for a, b in zip(parts, value, strict=True))
            return value if same else deque(parts, value.maxlen) if kind is deque else kind(parts)
        if kind in MAPPINGS or kind is types.SimpleNamespace:
            inside = value if kind in MAPPINGS else vars(value)
            return self._with(value, {key: self.instead(part, f"{name}[{key!r}]") for key, part in inside.items()})
        if kind is partial:
            arguments = [self.instead(part, name) for part in value.args]
            return partial(self.instead(value.func, name), *arguments, **self.instead(value.keywords, name))
        if kind in ITERATORS or kind in (bytearray, array):
            return value
        if isinstance(value, enum.Enum):
            self.classes.look_into(kind, name)
            return value
        if kind is functools._lru_cache_wrapper:
            why = "remembers what it has given before, and that outlives the call: leave out the cache."
            return self.outside.refused(value, name, CannotFollow(f"{name} {why}"))
        if kind in (Semaphore, Condition) or kind.__module__ == "shmlab.explorer.program.cells":
            why = f"describes what is to be shared: write shared=dict({name}={kind.__name__}(...)) and use buf.{name}."
            return self.outside.refused(value, name, CannotFollow(f"{name} is {kind.__name__}(...), which {why}"))
        if home(kind) in CONSTANT_HOMES or (home(kind) == "collections" and hasattr(kind, "__get__")):
            return value
        if home(kind) == "numpy" and is_pure(kind):
            if hasattr(value, "dtype") and value.dtype.hasobject:
                return self.outside.refused(value, name)
            return value
        if is_own(kind):
            return self._object(value, kind, name)
        return self.outside.refused(value, name)

    def _with(self, value: Any, parts: dict[Any, Any]) -> object:
        """Return a mapping or object with these parts: itself, if they are unchanged."""
        inside = vars(value) if isinstance(value, types.SimpleNamespace) else value
        changed = {key: part for key, part in parts.items() if inside[key] is not part}
        if not changed:
            return value
        stand = copy.copy(value)
        (vars(stand) if isinstance(stand, types.SimpleNamespace) else stand).update(changed)
        return stand

    def _function(self, function: Function, name: str) -> object:
        if is_own(function):
            return self.plain(function) if _cannot_be_marked(function) else self.of(function)
        if not is_pure(function):
            return self.outside.refused(function, name)
        contents = [_content(cell) for cell in function.__closure__ or ()]
        stands = [self.instead(content, name) for content in contents]
        if all(a is b for a, b in zip(contents, stands, strict=True)):
            return function
        cells = tuple([types.CellType(stand) for stand in stands])
        other = Function(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
        other.__kwdefaults__ = function.__kwdefaults__
        return other

    def _in_c(self, function: Any, name: str) -> object:
        """Return the stand-in for a function or method written in C."""
        owner = getattr(function, "__self__", None)
        if owner is None or isinstance(owner, (types.ModuleType, type)):
            if is_pure(function) or (isinstance(owner, type) and issubclass(owner, BaseException)):
                return function
            return self.outside.refused(function, name)
        stand = self.instead(owner, name)
        if isinstance(stand, RefusedObject):
            return stand
        return function if stand is owner else getattr(stand, function.__name__)

    def _class(self, kind: type, name: str) -> object:
        if is_own(kind):
            try:
                self.classes.look_into(kind, name)
            except CannotFollow as error:
                return self.outside.refused(kind, name, error)
        elif not (issubclass(kind, BaseException) or is_pure(kind) or kind in CONSTANT) and home(kind) != "shmlab":
            return self.outside.refused(kind, name)
        else:
            self.classes.watch_names(kind)
        return kind

    def _object(self, value: Any, kind: type, name: str) -> object:
        """Return the stand-in for an object of a class that the program defines."""
        if self.instead(kind, kind.__name__) is not kind:
            return self.outside.refused(value, name)
        filled = [slot for base in kind.__mro__ for slot in slots(base) if hasattr(value, slot)]
        parts = {**getattr(value, "__dict__", {}), **{slot: getattr(value, slot) for slot in filled}}
        stands = {part: self.instead(thing, f"{name}.{part}") for part, thing in parts.items()}
        elements = value.values() if isinstance(value, dict) else value if isinstance(value, SEQUENCES) else ()
        if any(self.instead(element, name) is not element for element in list(elements)):
            raise CannotFollow(f"{name} holds functions: keep them in a plain list, or in a dict.")
        if all(stands[part] is thing for part, thing in parts.items()):
            return value
        stand = copy.copy(value)
        for part, thing in stands.items():
            object.__setattr__(stand, part, thing)
        return stand

    def changed(self) -> str | None:
        """Return what has been changed that outlives a call, in words; None if nothing has."""
        return self.lasting.changed()


def _cannot_be_marked(function: Function) -> bool:
    """Return whether a helper runs without marks: a lambda, a generator, one without source (of a dataclass)."""
    if function.__name__ == "<lambda>" or function.__code__.co_flags & UNFOLLOWED:
        return True
    try:
        marking.definition(function)
    except CannotFollow:
        return True
    return False


def _itself(value: object) -> object:
    return value


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None
