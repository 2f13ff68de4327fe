"""One item on its way from a producer to a consumer.

Its ticket (producer and sequence number) and its checksum travel with the payload through the
slot, so no strategy can lose, duplicate or damage an item unnoticed.
"""

import zlib

SEQUENCE_BITS = 48
SEQUENCE = (1 << SEQUENCE_BITS) - 1


class Item:
    """The object that `put` receives and `get` returns.

    `ticket` is (row of the producer + 1) << 48 | number of the item; `payload` is its bytes;
    `time` is when it was produced, in nanoseconds of the machine's monotonic clock.
    """

    __slots__ = ("checksum", "payload", "ticket", "time")

    def __init__(self, ticket: int, payload: bytes, time: int, checksum: int) -> None:
        self.ticket, self.payload, self.time, self.checksum = ticket, payload, time, checksum

    @property
    def producer(self) -> int:
        """The row of the producer, or -1 for memory that has never been filled."""
        return (self.ticket >> SEQUENCE_BITS) - 1

    @property
    def sequence(self) -> int:
        """The number of the item, counted from 0 for each producer."""
        return self.ticket & SEQUENCE

    def whole(self) -> bool:
        """Return whether payload and ticket belong together: neither torn nor made up."""
        return self.ticket != 0 and self.checksum == checksum(self.payload, self.ticket)

    def __repr__(self) -> str:
        return f"<item {self.sequence} of producer row {self.producer}>"


def make(row: int, sequence: int, size: int, time: int) -> Item:
    """Make item number `sequence` of producer `row`: `size` payload bytes, each the low byte of its number."""
    ticket = (row + 1) << SEQUENCE_BITS | sequence
    payload = bytes((sequence & 0xFF,)) * size
    return Item(ticket, payload, time, checksum(payload, ticket))


def checksum(payload: bytes, ticket: int) -> int:
    """Return the CRC-32 of the payload, seeded with the ticket."""
    return zlib.crc32(payload, (ticket ^ ticket >> 32) & 0xFFFFFFFF)
