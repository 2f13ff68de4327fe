"""What lies outside `buf`: which parts of Python and of the operating system an explored program may use.

Everything is recognised by identity, whatever its name. Constants stay unchanged. What is harmless does nothing
here (`print`, `time.sleep`). What differs between processes is modelled (`os.getpid`). What differs between runs
(`random.random`, `time.time`) returns a `Varying`, which can be used to calculate, sleep and print, but not to
decide. Everything else is refused, with a message on what to write instead.
"""

import builtins
import functools
import importlib.util
import itertools
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from shmlab.explorer.program import long_calls
from shmlab.explorer.program.constant import BEYOND, CLOCKS, CONTEXTS, DICE, IDENTITY, SPEAKING, SYS, home
from shmlab.explorer.program.explorer_errors import CannotFollow, ExplorerError, NotDeterministic
from shmlab.explorer.program.freezing import SharedHandle
from shmlab.explorer.program.refusals import NO_WAY, WHY, outlives, refusal, varies
from shmlab.explorer.program.stand_ins import PID, Me, ModelledFunction, RefusedObject, Silent, Varying, nothing
from shmlab.strategies import choice

MODELLED = ("print", "range", "iter", "pow", "vars", "hash", "__import__", *BEYOND)  # of Python's built-ins
UNKNOWN = object()  # the answer of `Outside.model` for what is not modelled


@functools.cache
def own_builtins() -> dict[str, object]:
    """Return Python's built-ins, without those that a notebook or a site adds."""
    return {name: value for name, value in vars(builtins).items() if not callable(value) or home(value) == "builtins"}


class Outside:
    """Models of the outside, for the process given by `me()` (number and name), which makes choices by `takes()`.

    `refuse` records an error with its line, so that a program that catches everything does not hide it. `tick`
    detects what takes too long. `instead` judges what else a module contains, and watches it. `speaks`: it may
    print.
    """

    def __init__(
        self,
        me: Callable[[], tuple[int, str] | None],
        takes: Callable[[], choice.Takes | None],
        refuse: Callable[[ExplorerError], ExplorerError],
        tick: Callable[[], object],
        instead: Callable[[object, str], object],
        speaks: bool = False,
    ) -> None:
        self._me, self._takes, self._refuse, self._instead, self._speaks = me, takes, refuse, instead, speaks
        self.chooses = False  # whether any process makes a choice with choose
        self.numbered = False  # whether any process asks for its number
        self.tells_apart = False  # whether any process asks for its identity; then no two are alike
        self._modules: dict[tuple[str, type[ExplorerError]], Module] = {}
        self.long = long_calls.Long(tick, lambda what: refuse(long_calls.refusal(what)))
        self._selves: dict[tuple[int, str], Me] = {}
        self._models = self._modelled()
        self.builtins = self._builtins()

    def model(self, value: object) -> object:
        """Return the stand-in for `value` if it is modelled here; else UNKNOWN."""
        if isinstance(value, types.ModuleType):
            return self.module(value)
        model = self._models.get(id(value), UNKNOWN)
        if model is not UNKNOWN:
            self.tells_apart = self.tells_apart or getattr(value, "__name__", "") in IDENTITY
            self.chooses = self.chooses or value is choice.choose
            return model
        if home(type(value)) == "logging" and not isinstance(value, type):
            return Silent()
        return UNKNOWN

    def module(self, module: types.ModuleType, error: type[ExplorerError] = CannotFollow) -> "Module":
        """Return the stand-in for a module. `error`: raised if anything depends on its random numbers or clocks."""
        if isinstance(module, Module):
            return module
        key = (module.__name__, error)
        if key not in self._modules:
            self._models |= self._modelled()  # it may have been imported just now
            self._modules[key] = Module(module, self, error)
        return self._modules[key]

    def attribute(self, module: types.ModuleType, name: str, error: type[ExplorerError]) -> object:
        """Return the stand-in for `module.name`."""
        value = getattr(module, name)
        called = f"{module.__name__}.{name}"
        if module is sys and name in SYS:
            return value
        model = self.model(value)
        if model is UNKNOWN:
            return self._instead(value, called)
        if error is not CannotFollow and getattr(model, "varies", False):
            return self._varying(called, error)
        return model

    def refused(self, value: object, name: str, error: ExplorerError | None = None) -> RefusedObject:
        """Return the stand-in for something that the program may mention, but not use."""
        why = error or refusal(value, name)
        return RefusedObject(name, lambda: self._refuse(type(why)(*why.args)))

    def raising(self, error: ExplorerError) -> Callable[..., object]:
        """Return a function that may exist, but not be called."""

        def raises(*_: object, **__: object) -> object:
            raise self._refuse(type(error)(*error.args))

        return raises  # a function, because it becomes a method

    def certain(self, value: object) -> object:
        """Return `value`, whose identity is compared; refuse a value from a clock or random numbers."""
        if type(value) is Varying:
            bool(value)  # refused
        return value

    def ordered(self, thing: object) -> object:
        """Return `thing`, which is iterated over; refuse a set whose order differs between runs."""
        if isinstance(thing, (set, frozenset)) and len(thing) > 1 and not all(map(_is_steady, thing)):
            what = "walks over a set of things other than numbers, whose order differs from run to run"
            raise self._refuse(CannotFollow(f"{what}: walk over sorted(...), or use a list."))
        return thing

    # --- the models -------------------------------------------------------------------------------------------

    def _modelled(self) -> dict[int, object]:
        found: dict[int, object] = {}

        def models(module: str, names: Iterable[str], make: Callable[[str], Any]) -> None:
            for name in names:
                if (thing := getattr(sys.modules.get(module), name, None)) is not None:
                    called, stand = f"{module}.{name}", make(f"{module}.{name}")
                    modelled = isinstance(stand, (SharedHandle, type))
                    found.setdefault(id(thing), stand if modelled else ModelledFunction(called, stand))

        models("time", ["sleep"], lambda _: nothing)
        models("os", ["sched_yield"], lambda _: nothing)
        models("random", ["seed"], lambda _: nothing)
        models("time", CLOCKS, self._varying)
        models("random", DICE, self._varying)
        models("os", ["getpid"], lambda name: lambda: self._number(name))
        models("os", ["getppid"], lambda _: lambda: PID - 1)
        models("threading", ["get_ident", "get_native_id"], lambda name: lambda: self._self(name).ident)
        models("threading", ["current_thread", "main_thread"], lambda name: lambda: self._self(name))
        models("multiprocessing", ["current_process"], lambda name: lambda: self._self(name))
        if not self._speaks:
            models("builtins", ["print"], lambda _: nothing)
        for stream in {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__} - {None}:
            found[id(stream)] = Silent()
        models("logging", SPEAKING, lambda _: nothing)
        models("logging", ["getLogger"], lambda _: lambda *_: Silent())
        walking = self.long.walking
        models("itertools", long_calls.ITERTOOLS, lambda name: walking(getattr(itertools, name.partition(".")[2])))
        models("math", list(long_calls.GROWING), lambda name: self.long.growing(name.partition(".")[2]))
        models("operator", ["pow", "ipow"], lambda _: self.long.power)
        models("operator", ["lshift", "ilshift"], lambda _: self.long.shift)
        models("operator", ["mul", "imul"], lambda _: self.long.times)
        models("math", ["prod"], lambda _: self.long.product)
        models("decimal", CONTEXTS, self._forbidden)
        models("statistics", ["NormalDist", "kde_random"], self._forbidden)
        models("builtins", ["range", "iter", "pow"], lambda name: getattr(self.long, name.partition(".")[2]))
        models("builtins", ["vars", "hash", "__import__"], lambda name: getattr(self, f"_{name.partition('.')[2]}"))
        models("builtins", BEYOND, self._forbidden)
        models("shmlab.strategies.choice", ["choose"], lambda _: self._choose)
        return found

    def _builtins(self) -> dict[str, object]:
        own = {name: vars(builtins)[name] for name in MODELLED}
        found = own_builtins() | {name: self._models[id(own[name])] for name in own if id(own[name]) in self._models}
        return found | {"exit": sys.exit, "quit": sys.exit, "help": nothing, "display": nothing}

    def builtins_of(self, names: dict[str, object]) -> dict[str, object]:
        """Return the stand-ins for the builtins of a program with these globals: only those that it was given."""
        own = names.get("__builtins__")
        if not isinstance(own, dict) or own is vars(builtins):
            return self.builtins
        return {name: stand for name, stand in self.builtins.items() if name in own}

    def _self(self, name: str) -> Me:
        me = self._me()
        if me is None:
            raise self._refuse(CannotFollow(f"{name}() tells processes apart: call it by that name."))
        return self._selves.setdefault(me, Me(*me))

    def _number(self, name: str) -> int:
        self.numbered = True
        return self._self(name).pid

    def _choose(self, *alternatives: object) -> object:
        takes = self._takes()
        if not 2 <= len(alternatives) <= choice.MOST:
            raise self._refuse(CannotFollow(f"choose takes 2 to {choice.MOST} alternatives, not {len(alternatives)}."))
        self.chooses = True
        if takes is None:
            raise self._refuse(CannotFollow("choose is for put, get and the functions of processes."))
        return choice.by(takes, alternatives)

    def _varying(self, name: str, error: type[ExplorerError] = CannotFollow) -> ModelledFunction:
        def refuse() -> Exception:
            return self._refuse(error(varies(name)))

        def throw(*_: object, **__: object) -> Varying:
            return Varying(name, refuse)

        return ModelledFunction(name, throw, varies=True)

    def _forbidden(self, name: str) -> Callable[..., object]:
        called = name.removeprefix("builtins.")

        def forbidden(*_: object, **__: object) -> object:
            raise self._refuse(CannotFollow(f"{called}() {WHY.get(called, NO_WAY)}"))

        return forbidden

    def _vars(self, *given: object) -> object:
        if len(given) != 1 or isinstance(given[0], types.ModuleType):
            raise self._refuse(CannotFollow(f"vars() {NO_WAY}"))
        return vars(given[0])

    def _hash(self, thing: object) -> int:
        if not isinstance(thing, int):
            raise self._refuse(CannotFollow("hash() differs from process to process: compare the values themselves."))
        return hash(thing)

    def ___import__(
        self, name: str, names: object = None, _: object = None, wanted: object = (), level: int = 0
    ) -> object:
        if level:
            package = names.get("__package__") if isinstance(names, dict) else None
            name = importlib.util.resolve_name("." * level + name, package or "")
        module = importlib.import_module(name)
        for part in wanted if isinstance(wanted, (tuple, list)) else ():
            if not hasattr(module, part):
                importlib.import_module(f"{name}.{part}")
        return self.module(module if wanted else sys.modules[name.partition(".")[0]], NotDeterministic)


def _is_steady(element: object) -> bool:
    """Return whether an element of a set has the same position in each run."""
    return all(map(_is_steady, element)) if type(element) is tuple else type(element) in (int, bool, float)


class Module(types.ModuleType):
    """The stand-in for a module: gives what is constant or modelled, refuses the rest, and cannot be changed."""

    def __init__(self, module: types.ModuleType, outside: Outside, error: type[ExplorerError]) -> None:
        super().__init__(module.__name__)
        vars(self).update(__behind=(module, outside, error))
        if hasattr(module, "__path__"):
            vars(self)["__path__"] = module.__path__

    def __getattr__(self, name: str) -> object:
        module, outside, error = vars(self)["__behind"]
        value = vars(self)[name] = outside.attribute(module, name, error)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        _, outside, _ = vars(self)["__behind"]
        raise outside._refuse(CannotFollow(f"{self.__name__}.{name} {outlives(name)}"))

    def __delattr__(self, name: str) -> None:
        setattr(self, name, None)
