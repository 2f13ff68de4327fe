"""A semaphore is no number: a protocol text that uses it as one is told so, in a lab and in the explorer alike."""

COMPARING = ("eq", "ne", "lt", "le", "gt", "ge")
CALCULATING = (
    *("add", "radd", "iadd", "sub", "rsub", "isub", "mul", "rmul", "mod", "rmod", "floordiv", "truediv"),
    *("neg", "int", "float", "index"),
)
VALUES = ("value", "_value", "get_value", "locked", "count", "is_set")  # what other libraries call a semaphore's value
USE = "take one with .acquire(), give one back with .release()."
NO_VALUE = (
    "a semaphore's value cannot be read, since it may have changed before one can act on it. Count in a shared "
    "variable of your own, or wait with .acquire()."
)


class Opaque:
    """The base of what cannot be compared, calculated with or taken for true or false."""

    __slots__ = ()

    def _no_number(self) -> Exception:
        """What is raised for that."""
        raise NotImplementedError

    def _refuse(self, *_: object) -> object:
        raise self._no_number()

    def __bool__(self) -> bool:
        raise self._no_number()

    __hash__ = object.__hash__


for _name in (*COMPARING, *CALCULATING):
    setattr(Opaque, f"__{_name}__", Opaque._refuse)


class Countless(Opaque):
    """The base of the semaphores of a lab. `name` is what the protocol calls it."""

    __slots__ = ()
    name: str

    def _no_number(self) -> Exception:
        return TypeError(f"buf.{self.name} is no number: {USE}")

    def __getattr__(self, name: str) -> object:  # what is there never comes here
        if name == "name":
            raise AttributeError(name)
        raise AttributeError(f"buf.{self.name} has no {name}: {NO_VALUE if name in VALUES else USE}")
