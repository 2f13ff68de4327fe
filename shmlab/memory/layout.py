"""The binary contract of a segment: what is at which byte. Described for other languages in docs/layout.md.

All words are 8 bytes, little-endian and 8-byte aligned. From low addresses to high ones:

    header      what the segment is: constant once published, guarded by a checksum
    control     words that the owner writes and every worker reads (one cache line each)
    variables   the protocol's shared variables (one cache line each)
    rows        one record for each worker: settings (owner writes), state and counters (worker writes)
    receipts    for each row a window of bytes: has item n of this producer been delivered?
    slots       state, ticket, time, checksum, payload; last, because an unbounded buffer grows here

A ring (shmlab.Ring) has no receipts, and its slots are bare payloads, end to end.

Offsets appear in no other module.
"""

import struct
import zlib
from collections.abc import Mapping

from shmlab.memory.errors import SegmentRefused

MAGIC = int.from_bytes(b"SHMLAB\r\n", "little")
VERSION = 1
WORD = 8
LINE = 128  # two cache lines: the processor fetches them in pairs
PAGE = 4096

# --- header: offset of each constant word --------------------------------------------------------
HEADER_WORDS = (
    "magic",
    "version",
    "checksum",
    "size",
    "owner_pid",
    "owner_uid",
    "created",
    "unbounded",
    "capacity",
    "cap",
    "payload",
    "stride",
    "slots_at",
    "rows",
    "window",
    "receipts_at",
    "variable_count",
    "semaphore_count",
    "producers",
)
STRATEGY_AT, STRATEGY_BYTES = 192, 64
VARIABLES_AT, VARIABLE_COUNT = 256, 32
NAME_BYTES = 24
SEMAPHORES_AT, SEMAPHORE_COUNT = 1024, 16
INITIAL_AT = SEMAPHORES_AT + SEMAPHORE_COUNT * NAME_BYTES
HEADER_SIZE = PAGE
RING_ITEM = 1 << 28  # maximum bytes of one item of a ring
_CHECKSUM_AT = HEADER_WORDS.index("checksum") * WORD

# --- control: offset of each word ----------------------------------------------------------------
CONTROL_AT = HEADER_SIZE
STATE = CONTROL_AT  # RUNNING, PAUSED or STOPPED
CAPACITY = CONTROL_AT + LINE  # current number of slots; an unbounded buffer's producers raise it
STEP_TIME = CONTROL_AT + 2 * LINE  # slow motion: nanoseconds before each protocol step
AT_CAP = CONTROL_AT + 3 * LINE  # 1 once an unbounded buffer has been refused more slots
ROWS_USED = CONTROL_AT + 4 * LINE  # rows from here on have never been given to a worker
FROZEN = CONTROL_AT + 5 * LINE  # nonzero while the owner repairs: workers give up waiting, and park between two items
RUNNING, PAUSED, STOPPED = range(3)

# --- shared variables ----------------------------------------------------------------------------
SHARED_AT = CONTROL_AT + PAGE


def variable(index: int) -> int:
    """Return the offset of shared variable number `index`."""
    return SHARED_AT + index * LINE


# --- rows: word index within a row ---------------------------------------------------------------
ROWS_AT = SHARED_AT + PAGE
ROW_SIZE = 2048
# the worker writes
PHASE, PID, WAITS, HOLDS, SINCE, BLOCKED, SLOT, HAND = range(8)
PRODUCED, CONSUMED, RECEIVED, LATE, OVERWRITTEN_ITEMS, EMPTY_READS, OUT_OF_ORDER, CORRUPTED = range(8, 16)
SETTLED, DELIVERED, ORDERS_DONE = range(16, 19)
TURN = 19  # of a ring's peer: 1 while it holds, or is about to take, its side's mutex
PARKED = 20  # the value of FROZEN for which it is parked, holding nothing and waiting for nothing
# the owner writes, in the row of a dead worker
DIED = 21  # items lost because this row's worker died after dequeuing them
# the worker writes, while it settles the oldest of its receipts
CLOSING = 22  # the value SETTLED is about to have; 0 when nothing is being settled
BEFORE = 23  # the previous value of DELIVERED
# the owner writes (a cache line of its own)
ROLE, NUMBER, RATE, PATTERN, ORDERS, QUOTA, NEWS, BASE, LEAVE = range(32, 41)
# the worker writes: a histogram of item latencies
LATENCY, LATENCY_BUCKETS = 64, 128

PRODUCER, CONSUMER = 1, 2
GONE = 3  # as a role: a dead worker that is no longer shown, but whose row is not yet repaired, thus not free
ROLES = {PRODUCER: "producer", CONSUMER: "consumer"}
NOBODY, STARTING, RESTING, WORKING, HELD_BACK, FINISHED, CAPPED, LEFT, FAILED = range(9)
NO_QUOTA = (1 << 63) - 1


def row(index: int) -> int:
    """Return the offset of the record of worker `index`."""
    return ROWS_AT + index * ROW_SIZE


def row_word(index: int, word: int) -> int:
    """Return the offset of `word` of row `index`, in bytes from the beginning of the segment."""
    return ROWS_AT + index * ROW_SIZE + word * WORD


def first_word(index: int) -> int:
    """Return where row `index` begins in a view of the whole segment as words."""
    return (ROWS_AT + index * ROW_SIZE) // WORD


# --- slots: word index within a slot -------------------------------------------------------------
SLOT_STATE, SLOT_TICKET, SLOT_TIME, SLOT_CHECKSUM, SLOT_LENGTH = range(5)
SLOT_PAYLOAD = 5 * WORD  # in bytes
EMPTY, FILLING, FULL, DRAINING, OVERWRITTEN = range(5)
STATES = ("empty", "filling", "full", "draining", "overwritten")
LETTERS = "·wFrX"

# --- latency: four buckets for each doubling, from 1 microsecond on ------------------------------


def latency_bucket(nanoseconds: int) -> int:
    """Return the bucket that counts a latency of so many `nanoseconds`, 0 and up; each is at most 25 % wide."""
    units = nanoseconds >> 8
    if units < 4:
        return 0
    top = units.bit_length()
    return min(LATENCY_BUCKETS - 1, ((top - 3) << 2) + ((units >> (top - 3)) & 3))


def latency_of(bucket: int) -> float:
    """Return the middle of a `bucket`, in seconds."""
    return (4 + (bucket & 3) + 0.5) * (1 << (bucket >> 2)) * 256e-9


class Layout:
    """The constants of one segment, as its header gives them.

    `strategy` is the name of the protocol. The buffer starts with `capacity` slots and has at most `cap`: more than
    `capacity` only if it is `unbounded`. `payload` is the bytes of one item, `rows` the maximum number of workers.
    `variables` are the names of the shared variables in order; `semaphores` maps each
    semaphore's name to its initial value. `producers` is 0 in a lab's segment; in a ring's, it is the
    number of rows for producers, which come first.
    """

    __slots__ = (
        "cap",
        "capacity",
        "created",
        "owner_pid",
        "owner_uid",
        "payload",
        "producers",
        "receipts_at",
        "rows",
        "semaphores",
        "size",
        "slots_at",
        "strategy",
        "stride",
        "unbounded",
        "variables",
        "window",
    )

    def __init__(
        self,
        strategy: str,
        variables: tuple[str, ...],
        semaphores: Mapping[str, int],
        capacity: int,
        cap: int,
        payload: int,
        rows: int,
        unbounded: bool = False,
        producers: int = 0,
    ) -> None:
        self.strategy, self.variables, self.semaphores = strategy, variables, dict(semaphores)
        self.capacity, self.cap, self.payload, self.rows, self.unbounded = capacity, cap, payload, rows, unbounded
        self.producers = producers
        self.stride = payload if producers else slot_stride(payload)
        self.window = 0 if producers else _round_up(max(8192, 2 * cap), PAGE)
        self.receipts_at = row(rows)
        self.slots_at = self.receipts_at + rows * self.window
        self.size = self.size_for(capacity)
        self.owner_pid = self.owner_uid = self.created = 0

    def size_for(self, capacity: int) -> int:
        """Return the bytes of the whole segment when it has `capacity` slots."""
        return _round_up(self.slots_at + capacity * self.stride, PAGE)

    def slot(self, index: int) -> int:
        """Return where slot `index` begins, in bytes from the beginning of the segment."""
        return self.slots_at + index * self.stride

    def slot_word(self, index: int, word: int) -> int:
        """Return the offset of `word` of slot `index`, in bytes from the beginning of the segment."""
        return self.slots_at + index * self.stride + word * WORD

    def receipts(self, index: int) -> int:
        """Return the offset of the receipts of row `index`, one byte for each of the last `window` items."""
        return self.receipts_at + index * self.window

    def header(self) -> bytes:
        """Return the header page, with its checksum."""
        page = bytearray(HEADER_SIZE)
        for position, name in enumerate(HEADER_WORDS):
            struct.pack_into("<Q", page, position * WORD, self._word(name))
        _put_name(page, STRATEGY_AT, self.strategy, STRATEGY_BYTES)
        for i, name in enumerate(self.variables):
            _put_name(page, VARIABLES_AT + i * NAME_BYTES, name, NAME_BYTES)
        for i, (name, initial) in enumerate(self.semaphores.items()):
            _put_name(page, SEMAPHORES_AT + i * NAME_BYTES, name, NAME_BYTES)
            struct.pack_into("<Q", page, INITIAL_AT + i * WORD, initial)
        struct.pack_into("<Q", page, _CHECKSUM_AT, _checksum(page))
        return bytes(page)

    def _word(self, name: str) -> int:
        fixed = {"magic": MAGIC, "version": VERSION, "checksum": 0}
        counts = {"variable_count": len(self.variables), "semaphore_count": len(self.semaphores)}
        if name in fixed:
            return fixed[name]
        return counts[name] if name in counts else int(getattr(self, name))


def parse(page: bytes, actual_size: int, name: str) -> Layout:
    """Return the layout that a header `page` describes, in a segment of `actual_size` bytes called `name`.

    Raises SegmentRefused, with cause and remedy, for anything that is not exactly a header of this version.
    """
    if len(page) < HEADER_SIZE:
        raise SegmentRefused(f"'{name}' has {len(page)} bytes, less than a header: truncated, or not of shmlab. {CURE}")
    word = dict(zip(HEADER_WORDS, struct.unpack_from(f"<{len(HEADER_WORDS)}Q", page), strict=True))
    if word["magic"] != MAGIC:
        raise SegmentRefused(f"'{name}' does not begin with shmlab's magic number: another program made it. {CURE}")
    if word["version"] != VERSION:
        raise SegmentRefused(
            f"'{name}' has layout version {word['version']}, this shmlab speaks version {VERSION}: "
            "use the same shmlab version on both sides."
        )
    if word["checksum"] != _checksum(page):
        raise SegmentRefused(f"the header of '{name}' is damaged (its checksum does not fit). {CURE}")
    if not (
        word["variable_count"] <= VARIABLE_COUNT
        and word["semaphore_count"] <= SEMAPHORE_COUNT
        and 2 <= word["capacity"] <= word["cap"] <= 1 << 20
        and 1 <= word["rows"] <= 1024
        and word["payload"] <= (RING_ITEM if word["producers"] else 1 << 20)
        and word["producers"] < word["rows"]
    ):
        raise SegmentRefused(f"the header of '{name}' asks for impossible sizes. {CURE}")
    layout = Layout(
        _name(page, STRATEGY_AT, STRATEGY_BYTES),
        tuple(_name(page, VARIABLES_AT + i * NAME_BYTES, NAME_BYTES) for i in range(word["variable_count"])),
        {
            _name(page, SEMAPHORES_AT + i * NAME_BYTES, NAME_BYTES): struct.unpack_from(
                "<Q", page, INITIAL_AT + i * WORD
            )[0]
            for i in range(word["semaphore_count"])
        },
        word["capacity"],
        word["cap"],
        word["payload"],
        word["rows"],
        bool(word["unbounded"]),
        word["producers"],
    )
    layout.owner_pid, layout.owner_uid, layout.created = word["owner_pid"], word["owner_uid"], word["created"]
    if layout.header() != page:
        raise SegmentRefused(f"the header of '{name}' contradicts itself. {CURE}")
    if actual_size < layout.size:
        raise SegmentRefused(f"'{name}' has {actual_size} bytes where {layout.size} belong: truncated. {CURE}")
    return layout


CURE = "Stop its lab and start a new one; `shmlab clean` removes what dead labs left."


def slot_stride(payload: int) -> int:
    """Return the bytes from one slot to the next for this `payload`: whole cache lines, not shared between slots."""
    return _round_up(SLOT_PAYLOAD + payload, 64)


def header_words(page: bytes) -> list[tuple[int, str, int]]:
    """Return the words of a header, from its `page` of bytes: offset, name and value of each."""
    values = struct.unpack_from(f"<{len(HEADER_WORDS)}Q", page)
    return [(i * WORD, name, value) for i, (name, value) in enumerate(zip(HEADER_WORDS, values, strict=True))]


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _checksum(page: bytes | bytearray) -> int:
    return zlib.crc32(page[_CHECKSUM_AT + WORD :], zlib.crc32(page[:_CHECKSUM_AT]))


def _put_name(page: bytearray, at: int, name: str, room: int) -> None:
    data = name.encode()
    page[at : at + len(data)] = data
    assert len(data) < room, name


def _name(page: bytes, at: int, room: int) -> str:
    return page[at : at + room - 1].split(b"\0")[0].decode("ascii", "ignore")  # non-ASCII names do not survive header()
