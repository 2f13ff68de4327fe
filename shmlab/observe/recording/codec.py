"""Convert a snapshot to plain data and back: the only module that knows both forms.

`state` takes a snapshot apart; `RecordedState` rebuilds one, moment by moment. The fields and their types
are read from the dataclasses `Snapshot` and `Worker`, so a new field is recorded as soon as it exists.
"""

import base64
import zlib
from collections.abc import Callable
from dataclasses import fields
from types import MappingProxyType
from typing import Any, get_args

from shmlab.memory import layout as at, limits
from shmlab.observe.recording import file_format
from shmlab.observe.recording.differences import Flat, leaves
from shmlab.observe.recording.file_format import Wrong
from shmlab.observe.snapshot import Slots, Snapshot, Worker

PARTS = ("variables", "semaphores", "slots", "workers", "header")  # snapshot fields that are not one plain value
SIZES = ("stride", "payload")  # bytes from slot to slot, bytes of an item
MOST_WORKERS = 1024
MOST_SLOT_BYTES = limits.SLOTS[1] * at.slot_stride(limits.PAYLOAD[1])
Check = Callable[[object, str], Any]


def _check(kind: Any) -> Check:
    """Return a function that checks that a value has the type `kind` of a dataclass field."""
    checks: dict[Any, Check] = {
        str: file_format.text,
        int: file_format.whole,
        float: file_format.real,
        bool: file_format.truth,
    }
    if type(None) in get_args(kind):
        inner = _check(next(each for each in get_args(kind) if each is not type(None)))
        return lambda value, name: None if value is None else inner(value, name)
    return checks[kind]


SIMPLE = {field.name: _check(field.type) for field in fields(Snapshot) if field.name not in PARTS}
SIMPLE |= {name: file_format.whole for name in SIZES}
SIMPLE["header"] = lambda value, name: _header(file_format.text(value, name))
WORKER = {field.name: _check(field.type) for field in fields(Worker)}


def state(snapshot: Snapshot) -> Flat:
    """Return all of a snapshot except its slots, as leaves."""
    nested: dict[str, Any] = {name: getattr(snapshot, name) for name in SIMPLE if name not in (*SIZES, "header")}
    nested |= {"stride": snapshot.slots.stride, "payload": snapshot.slots.payload}
    nested["header"] = base64.b64encode(snapshot.header).decode()
    nested["variables"], nested["semaphores"] = dict(snapshot.variables), dict(snapshot.semaphores)
    nested["workers"] = {
        str(i): {name: getattr(worker, name) for name in WORKER} for i, worker in enumerate(snapshot.workers)
    }
    return dict(leaves(nested))


def slots(before: bytes, now: Slots) -> dict[str, str]:
    """Return the slots whose bytes have changed, by number; memory that did not exist before counts as zeros."""
    found = {}
    old, new, zeros = memoryview(before), memoryview(now.raw), bytes(now.stride)
    for i in range(len(now)):
        place = slice(i * now.stride, (i + 1) * now.stride)
        if new[place] != (old[place] or zeros):
            found[str(i)] = base64.b64encode(zlib.compress(new[place], 1)).decode()
    return found


class RecordedState:
    """The state after some moments. `take` adds one more; then `snapshot()` is what was seen then.

    `take` raises Wrong for impossible data; the state must not be used after that.
    """

    def __init__(self) -> None:
        self.simple: dict[str, Any] = {}
        self.named: dict[str, dict[str, int]] = {"variables": {}, "semaphores": {}}
        self.workers: dict[int, dict[str, Any]] = {}
        self.raw = bytearray()

    def copy(self) -> "RecordedState":
        """Return an independent copy."""
        other = RecordedState()
        other.simple, other.raw = dict(self.simple), bytearray(self.raw)
        other.named = {name: dict(values) for name, values in self.named.items()}
        other.workers = {i: dict(values) for i, values in self.workers.items()}
        return other

    def take(self, changed: object, gone: object, slots: object) -> None:
        """Add one moment: the leaves that `changed`, the paths of those that are `gone`, the `slots` that changed."""
        before = self.simple.get("time", -file_format.REAL)
        if not isinstance(gone, list) or not isinstance(changed, dict) or not isinstance(slots, dict):
            raise Wrong("what changed is not told as it should be")
        for path in gone:
            self._forget(file_format.text(path, "a path").split("/"))
        for path, value in changed.items():
            self._learn(path, value)
        self._fit(before)
        for number, text in slots.items():
            self._fill(number, text)

    def _learn(self, path: str, value: object) -> None:
        match path.split("/"):
            case ["", name] if name in SIMPLE:
                self.simple[name] = SIMPLE[name](value, name)
            case ["", "variables" | "semaphores" as kind, name]:
                self.named[kind][file_format.text(name, "a name", at.NAME_BYTES)] = file_format.whole(value, name)
            case ["", "workers", number, name] if name in WORKER:
                self.workers.setdefault(_number(number, MOST_WORKERS), {})[name] = WORKER[name](value, name)
            case _:
                raise Wrong(f"nobody knows what {path[:60]!r} is")

    def _forget(self, parts: list[str]) -> None:
        match parts:
            case ["", "variables" | "semaphores" as kind, name] if name in self.named[kind]:
                del self.named[kind][name]
            case ["", "workers", number, name] if name in self.workers.get(_number(number, MOST_WORKERS), ()):
                worker = self.workers[int(number)]
                del worker[name]
                if not worker:
                    del self.workers[int(number)]
            case _:
                raise Wrong(f"{'/'.join(parts)[:60]!r} is gone, but never was")

    def _fit(self, before: float) -> None:
        """Check that everything is there and fits together."""
        now = self.simple
        if now.keys() != SIMPLE.keys():
            raise Wrong(f"{', '.join(sorted(SIMPLE.keys() - now.keys()))} is missing")
        if any(worker.keys() != WORKER.keys() for worker in self.workers.values()):
            raise Wrong("a worker is not told in full")
        if sorted(self.workers) != list(range(len(self.workers))):
            raise Wrong("a worker is missing")
        if any(worker["role"] not in at.ROLES.values() for worker in self.workers.values()):
            raise Wrong("a worker is neither producer nor consumer")
        if now["state"] not in ("running", "paused", "stopped") or not limits.is_segment_name(now["name"]):
            raise Wrong("the segment's name or state is none")
        if now["time"] < before:
            raise Wrong("time runs backwards")
        capacity, stride = now["capacity"], now["stride"]
        if not 2 <= capacity <= max(limits.SLOTS[1], limits.CAP_SLOTS):
            raise Wrong("no buffer has so many slots")
        if not 0 <= now["payload"] <= limits.PAYLOAD[1] or stride != at.slot_stride(now["payload"]):
            raise Wrong("no slot has that size")
        if capacity * stride > MOST_SLOT_BYTES:
            raise Wrong("no buffer is so large")
        if any(now[name] is not None and not 0 <= now[name] < capacity for name in ("in_", "out")):
            raise Wrong("in or out is not a slot")
        self.raw = self.raw[: capacity * stride].ljust(capacity * stride, b"\0")

    def _fill(self, number: object, text: object) -> None:
        stride = self.simple["stride"]
        place = _number(number, self.simple["capacity"]) * stride
        self.raw[place : place + stride] = _bytes(file_format.text(text, "a slot", 2 * stride + 1024), stride)

    def curve(self) -> tuple[int, int, int]:
        """Return only what the charts need: occupied slots, items produced and consumed so far."""
        states = memoryview(self.raw).cast("Q")[at.SLOT_STATE :: self.simple["stride"] // at.WORD].tolist()
        return len(states) - states.count(at.EMPTY), self.simple["produced"], self.simple["consumed"]

    def snapshot(self) -> Snapshot:
        """Return what was seen."""
        plain = dict(self.simple)
        plain |= {kind: MappingProxyType(dict(values)) for kind, values in self.named.items()}
        plain["slots"] = Slots(bytes(self.raw), plain.pop("stride"), plain.pop("payload"))
        return Snapshot(**plain, workers=tuple(Worker(**self.workers[i]) for i in sorted(self.workers)))


def _header(text: str) -> bytes:
    """Return the first bytes of the segment."""
    try:
        header = base64.b64decode(text, validate=True)
    except ValueError:
        raise Wrong("the header is not base64") from None
    if len(header) < at.STRATEGY_AT + at.STRATEGY_BYTES:
        raise Wrong("the header is cut off")
    return header


def _number(text: object, most: int) -> int:
    """Return a number below `most`, given as part of a path."""
    if not isinstance(text, str) or not text.isascii() or not text.isdecimal() or len(text) > 6 or int(text) >= most:
        raise Wrong("a number in a path is none")
    return int(text)


def _bytes(text: str, size: int) -> bytes:
    """Return the bytes of one slot, without ever unpacking more than its `size`."""
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(base64.b64decode(text, validate=True), size + 1)
    except (ValueError, zlib.error):
        raise Wrong("the bytes of a slot cannot be unpacked") from None
    if len(data) != size or not unpacking.eof or unpacking.unused_data:
        raise Wrong("a slot has another number of bytes")
    return data
