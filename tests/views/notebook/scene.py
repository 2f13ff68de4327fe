"""Snapshots made by hand: what the view draws, without processes."""

import struct
from typing import Any

from shmlab.memory import layout
from shmlab.memory.item import SEQUENCE_BITS
from shmlab.observe.snapshot import Slots, Snapshot, Worker

STRIDE = layout.SLOT_PAYLOAD + 8


def slots(states: list[int], producers: list[int] | None = None, sequences: list[int] | None = None) -> Slots:
    """Slots in these states; slot i holds item i of producer 0 unless told otherwise."""
    parts = []
    for i, state in enumerate(states):
        producer, sequence = (producers or [0] * len(states))[i], (sequences or list(range(len(states))))[i]
        raw = bytearray(STRIDE)
        struct.pack_into("<Q", raw, layout.SLOT_STATE * layout.WORD, state)
        struct.pack_into("<Q", raw, layout.SLOT_TICKET * layout.WORD, (producer + 1) << SEQUENCE_BITS | sequence)
        parts.append(bytes(raw))
    return Slots(b"".join(parts), STRIDE, 8)


def worker(row: int = 0, role: str = "producer", **values: Any) -> Worker:
    """A worker that rests."""
    usual: dict[str, Any] = {
        "row": row,
        "name": f"{role[0].upper()}{row}",
        "role": role,
        "pid": 4000 + row,
        "alive": True,
        "state": "resting",
        "rate": 5.0,
        "pattern": "constant",
        "items": 12,
        "blocked": 0.5,
        "holds": None,
        "waits": None,
    }
    return Worker(**usual | values)


def snapshot(states: list[int] | None = None, **values: Any) -> Snapshot:
    """A snapshot of a running lab with these slots."""
    states = states if states is not None else [0, 2, 2, 1, 3, 4, 0, 0]
    content = values.pop("slots", None) or slots(states)
    usual: dict[str, Any] = {
        "name": "shmlab-0123456789abcdef",
        "strategy": "semaphores",
        "time": 1.0,
        "state": "running",
        "consistent": True,
        "bounded": True,
        "capacity": len(content),
        "cap": len(content),
        "cap_reached": False,
        "size": 4096,
        "in_": 3,
        "out": 4,
        "variables": {"in_": 3, "out": 4},
        "semaphores": {"empty": 3, "full": 5, "mutex": 1},
        "slots": content,
        "workers": (worker(), worker(1, "consumer")),
        "produced": 20,
        "consumed": 15,
        "lost": 0,
        "duplicated": 0,
        "out_of_order": 0,
        "corrupted": 0,
        "overwritten": 0,
        "empty_reads": 0,
        "latency_p50": 0.25,
        "latency_p99": 0.5,
        "header": bytes(range(256)) * (layout.HEADER_SIZE // 256),
    }
    return Snapshot(**usual | values)
