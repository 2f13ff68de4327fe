"""Stand-ins in an explored program for things outside `buf`: refused, varying, silent, or the process itself."""

from collections.abc import Callable

from shmlab.explorer.program.freezing import SharedHandle

PID = 10_000_000  # of the first explored process: no real process has it, because Linux stops at 4,194,304


class RefusedObject(SharedHandle):
    """The stand-in for what cannot be explored: any use of it is refused, with the line."""

    __slots__ = ("_name", "_refuse")
    _refuse: Callable[[], Exception]

    def __init__(self, name: str, refuse: Callable[[], Exception]) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_refuse", refuse)

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def __getattr__(self, name: str) -> object:
        if name in ("_name", "_refuse", "__isabstractmethod__", "__set_name__"):
            raise AttributeError(name)
        raise self._refuse()


class Varying(RefusedObject):
    """A value that differs between runs: a program may calculate, sleep or print with it, and nothing else."""

    __slots__ = ()

    def __getitem__(self, _: object) -> "Varying":
        return self

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # for isinstance
        raise self._refuse()


def _refuses(self: RefusedObject, *_: object, **__: object) -> object:
    raise self._refuse()


def _calculates(self: Varying, *_: object) -> Varying:
    return self


_REFUSING = (
    "bool eq ne lt le gt ge hash index int float complex iter next len contains str format call enter exit getitem "
    "setitem delitem setattr delattr"
)
_CALCULATING = "add sub mul truediv floordiv mod pow lshift rshift and or xor"
REFUSING = _REFUSING.split()
CALCULATING = ["neg", "pos", "abs", "invert", "round", "trunc", "floor", "ceil", *_CALCULATING.split()]
CALCULATING += [f"r{name}" for name in _CALCULATING.split()]
for _name in [*REFUSING, *CALCULATING]:
    setattr(RefusedObject, f"__{_name}__", _refuses)
for _name in CALCULATING:
    setattr(Varying, f"__{_name}__", _calculates)


class ModelledFunction(SharedHandle):
    """The stand-in for a function, called `name`."""

    __slots__ = ("_call", "_name", "varies")

    def __init__(self, name: str, call: Callable[..., object], varies: bool = False) -> None:
        self._name, self._call, self.varies = name, call, varies

    def __call__(self, *given: object, **named: object) -> object:
        return self._call(*given, **named)

    def __repr__(self) -> str:
        return f"<function {self._name}>"


class Silent(SharedHandle):
    """The destination of output that nobody needs to see: standard output, a logger."""

    __slots__ = ()
    _name = "output"

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):
            raise AttributeError(name)
        return nothing


class Me(SharedHandle):
    """The process or thread, when it asks for its own identity."""

    __slots__ = ("_name", "ident", "name", "native_id", "pid")
    daemon = False

    def __init__(self, number: int, name: str) -> None:
        self._name = self.name = name
        self.pid = self.ident = self.native_id = PID + number

    def is_alive(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Me) and other.pid == self.pid

    def __hash__(self) -> int:
        return hash(self.pid)


def nothing(*_: object, **__: object) -> None:
    """Do nothing: stands in for what has no effect on other processes."""
