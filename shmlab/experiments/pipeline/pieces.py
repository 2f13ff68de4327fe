"""The protocol of pieces: text of any length through slots of a fixed size.

A slot holds a piece: whose it is (the number of the module), how many bytes of it count, and what it is. The pieces of
one module come in order, from one producer; the last one says so. A producer that has no more modules says that, too.
"""

import struct
from typing import NamedTuple

HEADER = struct.Struct("<IHH")  # module, bytes that count, kind; then the bytes
PART, LAST, FAILED, END = range(4)


class Piece(NamedTuple):
    """A piece of module number `module`. LAST and PART carry bytes, FAILED and END none."""

    module: int
    kind: int
    text: bytes = b""


def room(payload: int) -> int:
    """How many bytes of text go into a slot of `payload` bytes."""
    return payload - HEADER.size


def pack(piece: Piece, payload: int) -> bytes:
    """The piece as the payload of a slot, filled up with zeros."""
    return (HEADER.pack(piece.module, len(piece.text), piece.kind) + piece.text).ljust(payload, b"\0")


def unpack(payload: bytes) -> Piece:
    """The piece that a slot's payload holds."""
    module, length, kind = HEADER.unpack_from(payload)
    return Piece(module, kind, payload[HEADER.size : HEADER.size + length])
