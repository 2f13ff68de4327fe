"""`buf` as an explored program uses it: each access is passed to an engine, as one step.

The engine is a function `access(kind, address, argument)` that returns the value. In the model it suspends
the program there; with real processes it waits at its gate and then accesses real memory. The program's
source is the same for both.
"""

from types import FrameType

from shmlab.explorer.program import buf_parts, cells
from shmlab.explorer.program.buf_parts import PARTS, Access, Array, Engine, PartArray, Refuse
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.explorer_errors import ExplorerError, UnknownVariable, ValueRefused
from shmlab.explorer.program.freezing import SharedHandle
from shmlab.explorer.program.operations import LOAD, STORE
from shmlab.memory import condition_variable
from shmlab.strategies import choice

HERE = (globals(), vars(buf_parts), vars(condition_variable), vars(choice))


def caller(frame: FrameType) -> FrameType:
    """Return the frame of the program's own source: the first one from here on that is not part of `buf`."""
    while any(frame.f_globals is here for here in HERE):
        assert frame.f_back
        frame = frame.f_back
    return frame


class ModelBuf(SharedHandle):
    """The base class of every `buf`."""

    __slots__ = ()
    _engine: Engine

    def __getattr__(self, name: str) -> object:
        raise self._unknown(name)

    def __setattr__(self, name: str, value: object) -> None:
        kind = type(self).__dict__.get(name)
        if isinstance(kind, property) and kind.fset:
            kind.fset(self, value)
        elif kind is None:
            raise self._unknown(name)
        else:
            how = "store into one of its elements" if isinstance(kind, Array) else "use its own operations"
            what = "is a constant" if name == "capacity" else f"cannot be replaced: {how}"
            raise self._engine.error(ValueRefused(f"buf.{name} {what}."))

    def _unknown(self, name: str) -> ExplorerError:
        from shmlab.strategies.own import nearest

        return self._engine.error(UnknownVariable(nearest(name, self._engine.memory.known())))

    def __repr__(self) -> str:
        return "<buf>"


def bind(memory: Memory, access: Access, refuse: Refuse) -> ModelBuf:
    """Return a `buf` for one process, which passes every access to `access`."""
    engine = Engine(memory, access, refuse)
    body: dict[str, object] = {"__slots__": (), "_engine": engine}
    if memory.capacity:
        body["capacity"] = memory.capacity
    for name, address in memory.addresses.items():
        if name == "slots" and memory.endless:
            body[name] = Array(engine, name, address, None)
        elif name not in memory.lengths:
            kind = memory.kind(address)
            body[name] = PARTS[kind](engine, name, address) if kind in PARTS else _variable(engine, name, address)
        elif memory.lengths[name] and memory.kind(address) != cells.VARIABLE:
            part = PARTS[memory.kind(address)]
            body[name] = PartArray(part(engine, f"{name}[{i}]", address + i) for i in range(memory.lengths[name]))
        else:
            body[name] = Array(engine, name, address, memory.lengths[name])
    for name, lock in memory.conditions.items():
        body[name] = buf_parts.ConditionPart(engine, name, memory.addresses, lock)
    for name, length in memory.rows.items():
        body[name] = PartArray(body.pop(one) for one in condition_variable.each(name, length))  # type: ignore[misc]
    buf: type[ModelBuf] = type("Buf", (ModelBuf,), body)
    return buf()


def _variable(engine: Engine, name: str, address: int) -> property:
    def load(_: ModelBuf) -> object:
        return engine.access(LOAD, address, None)

    def store(_: ModelBuf, value: object) -> None:
        engine.access(STORE, address, engine.value(value, name))

    return property(load, store)
