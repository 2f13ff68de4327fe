"""docs/layout.md is the contract: its tables agree with layout.py, and a client that knows nothing else can join."""

import fcntl
import mmap
import os
import re
import struct
import time
import zlib
from _multiprocessing import SemLock
from types import TracebackType

import pytest

from shmlab.lab.lab import Lab
from shmlab.memory import layout as at
from shmlab.strategies import names
from tests.apparatus import eventually
from tests.clone import ROOT

DOCUMENT = (ROOT / "docs/layout.md").read_text()
ENTRY = re.compile(r"\| (\d+) \| `(\w+)` \|")


def table(heading: str) -> dict[str, int]:
    """Word -> offset, as the table below a heading tells."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {word: int(offset) for offset, word in ENTRY.findall(section)}


HEADER, CONTROL, ROW, SLOT = (table(heading) for heading in ("Header", "Control words", "Rows", "Slots"))


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"(?:^|, |: )(\d+) (?=[a-z])", text)]


def test_the_document_speaks_of_this_version() -> None:
    assert f"layout **version {at.VERSION}**" in DOCUMENT


def test_every_word_of_the_header_stands_where_the_document_says() -> None:
    assert {word: i * at.WORD for i, word in enumerate(at.HEADER_WORDS)} == HEADER
    parts = [tuple(map(int, found)) for found in re.findall(r"\| (\d+) \| (?:initial|names?) .* \| (\d+) \|", DOCUMENT)]
    assert parts == [
        (at.STRATEGY_AT, at.STRATEGY_BYTES),
        (at.VARIABLES_AT, at.NAME_BYTES),
        (at.SEMAPHORES_AT, at.NAME_BYTES),
        (at.INITIAL_AT, at.WORD),
    ]


def test_every_control_word_stands_where_the_document_says() -> None:
    constants = {"state": at.STATE, "capacity": at.CAPACITY, "step_time": at.STEP_TIME}
    assert {**constants, "at_cap": at.AT_CAP, "rows_used": at.ROWS_USED, "frozen": at.FROZEN} == CONTROL


def test_every_word_of_a_row_stands_where_the_document_says() -> None:
    first, last = (list(vars(at)).index(name) for name in ("PHASE", "LATENCY"))
    words = {name: value for name, value in list(vars(at).items())[first : last + 1] if isinstance(value, int)}
    assert {name.lower(): value * at.WORD for name, value in words.items()} == ROW


def test_every_word_of_a_slot_stands_where_the_document_says() -> None:
    words = ("SLOT_STATE", "SLOT_TICKET", "SLOT_TIME", "SLOT_CHECKSUM", "SLOT_LENGTH")
    assert {**{w.lower(): getattr(at, w) * at.WORD for w in words}, "slot_payload": at.SLOT_PAYLOAD} == SLOT


def test_the_regions_and_formulas_are_those_of_the_code() -> None:
    assert "| 4096 | control words | 4096 |\n| 8192 | shared variables | 4096 |\n| 12288 | rows" in DOCUMENT
    assert (at.CONTROL_AT, at.SHARED_AT, at.ROWS_AT) == (4096, 8192, 12288)
    assert "word at 8192 + 128 × *i*" in DOCUMENT and at.variable(3) == 8192 + 128 * 3
    assert "begins at 12288 + 2048 × *r*" in DOCUMENT and at.row(3) == 12288 + 2048 * 3


def test_the_values_that_words_take_are_those_of_the_code() -> None:
    meaning = dict(re.findall(r"\| `(\w+)` \|(?: \w+ \|)? (.*) \|", DOCUMENT))
    assert numbers(meaning["state"]) == [at.RUNNING, at.PAUSED, at.STOPPED]
    assert numbers(meaning["phase"]) == [
        *(at.NOBODY, at.STARTING, at.RESTING, at.WORKING, at.HELD_BACK, at.FINISHED, at.CAPPED, at.LEFT, at.FAILED)
    ]
    assert numbers(meaning["role"]) == [at.PRODUCER, at.CONSUMER, 0, at.GONE]
    assert numbers(meaning["slot_state"]) == [at.EMPTY, at.FILLING, at.FULL, at.DRAINING, at.OVERWRITTEN]


@pytest.mark.parametrize("nanoseconds", [0, 255, 1023, 1024, 1279, 1280, 5000, 10**6, 10**9, 10**12, 2**62])
def test_the_latency_formula_is_that_of_the_code(nanoseconds: int) -> None:
    u = nanoseconds >> 8
    k = u.bit_length()
    bucket = 0 if u < 4 else 4 * (k - 3) + ((u >> (k - 3)) & 3)
    assert at.latency_bucket(nanoseconds) == min(bucket, 127)


class Client:
    """A program that knows docs/layout.md and nothing of shmlab."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fd = os.open(f"/dev/shm/{name}", os.O_RDWR)
        self.map = mmap.mmap(self.fd, os.fstat(self.fd).st_size)
        self.bytes = memoryview(self.map)
        self.words = self.bytes.cast("Q")
        self.semaphores: dict[str, SemLock] = {}
        for i in range(self.header("semaphore_count")):
            name = self.text(1024 + 24 * i, 24)
            self.semaphores[name] = SemLock._rebuild(0, 1, 2**31 - 1, f"/{self.name}.{name}")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.semaphores.clear()
        self.words.release()
        self.bytes.release()
        self.map.close()
        os.close(self.fd)

    def header(self, word: str) -> int:
        return self.words[HEADER[word] // 8]

    def text(self, offset: int, room: int) -> str:
        return bytes(self.bytes[offset : offset + room]).split(b"\0")[0].decode("ascii")

    def variable(self, name: str) -> int:
        order = [self.text(256 + 24 * i, 24) for i in range(self.header("variable_count"))]
        return (8192 + 128 * order.index(name)) // 8

    def row(self, row: int, word: str) -> int:
        return (12288 + 2048 * row + ROW[word]) // 8

    def slot(self, index: int, word: str) -> int:
        return (self.header("slots_at") + self.header("stride") * index + SLOT[word]) // 8

    def join(self, role: int) -> int:
        row = self.header("rows") - 1
        lock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 12288 + 2048 * row, 1, 0)
        fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, lock)
        assert not self.words[self.row(row, "role")]
        self.words[self.row(row, "quota")] = 2**63 - 1
        self.words[self.row(row, "phase")] = 2
        self.words[self.row(row, "pid")] = os.getpid()
        self.words[self.row(row, "role")] = role
        self.words[CONTROL["rows_used"] // 8] = self.header("rows")
        return row

    def put(self, row: int, payload: bytes) -> None:
        words, number = self.words, self.words[self.row(row, "produced")]
        ticket = (row + 1) * 2**48 + number
        self.semaphores["empty"].acquire(10)
        self.semaphores["mutex"].acquire(10)
        slot = words[self.variable("in_")]
        words[self.row(row, "slot")] = slot
        words[self.slot(slot, "slot_state")] = 1
        words[self.slot(slot, "slot_ticket")] = ticket
        words[self.slot(slot, "slot_time")] = time.monotonic_ns()
        words[self.slot(slot, "slot_checksum")] = zlib.crc32(payload, (ticket ^ ticket >> 32) & 0xFFFFFFFF)
        words[self.slot(slot, "slot_length")] = len(payload)
        start = self.slot(slot, "slot_payload") * 8
        self.bytes[start : start + len(payload)] = payload
        words[self.slot(slot, "slot_state")] = 2
        words[self.variable("in_")] = (slot + 1) % words[CONTROL["capacity"] // 8]
        self.semaphores["mutex"].release()
        self.semaphores["full"].release()
        words[self.row(row, "produced")] = number + 1

    def get(self, row: int) -> bytes:
        words = self.words
        self.semaphores["full"].acquire(10)
        self.semaphores["mutex"].acquire(10)
        slot = words[self.variable("out")]
        words[self.row(row, "slot")] = slot
        words[self.slot(slot, "slot_state")] = 3
        ticket = words[self.slot(slot, "slot_ticket")]
        words[self.row(row, "hand")] = ticket
        start = self.slot(slot, "slot_payload") * 8
        payload = bytes(self.bytes[start : start + words[self.slot(slot, "slot_length")]])
        checksum = words[self.slot(slot, "slot_checksum")]
        words[self.slot(slot, "slot_state")] = 0
        words[self.variable("out")] = (slot + 1) % words[CONTROL["capacity"] // 8]
        self.semaphores["mutex"].release()
        self.semaphores["empty"].release()
        assert checksum == zlib.crc32(payload, (ticket ^ ticket >> 32) & 0xFFFFFFFF)
        producer, number = (ticket >> 48) - 1, ticket & (2**48 - 1)
        words[self.row(row, "received")] += 1
        window = self.header("window")
        self.bytes[self.header("receipts_at") + window * producer + number % window] = 1
        words[self.row(row, "consumed")] += 1
        words[self.row(row, "hand")] = 0
        return payload


@pytest.mark.parametrize("strategy", names)
def test_a_client_of_the_document_reads_what_the_observer_reads(strategy: str) -> None:
    with Lab(strategy, slots=6, payload=100) as lab, Client(lab.name) as client:
        page = bytes(client.bytes[:4096])
        assert page[:8] == b"SHMLAB\r\n"
        assert client.header("checksum") == zlib.crc32(page[24:], zlib.crc32(page[:16]))
        assert client.text(192, 64) == strategy
        stride = -(-(40 + 100) // 64) * 64
        window = -(-max(8192, 2 * client.header("cap")) // 4096) * 4096
        receipts_at = 12288 + client.header("rows") * 2048
        slots_at = receipts_at + client.header("rows") * window
        size = -(-(slots_at + 6 * stride) // 4096) * 4096
        expected = dict(stride=stride, window=window, receipts_at=receipts_at, slots_at=slots_at, size=size)
        assert {word: client.header(word) for word in expected} == expected
        snapshot = lab.snapshot()
        assert client.header("owner_pid") == os.getpid()
        assert list(client.semaphores) == list(snapshot.semaphores)
        for worker in snapshot.workers:
            assert client.words[client.row(worker.row, "pid")] == worker.pid


def test_a_producer_written_from_the_document_joins_and_all_its_items_are_accounted_for() -> None:
    payload = b"from elsewhere!!"
    with Lab(producers=0, consume_rate=None, payload=len(payload)) as lab, Client(lab.name) as client:
        row = client.join(role=1)
        for _ in range(100):
            client.put(row, payload)
        report = eventually(lambda: (s := lab.snapshot()).consumed == 100 and s)
        assert (report.produced, report.occupancy, report.faults) == (100, 0, 0)


def test_a_consumer_written_from_the_document_gets_whole_items_and_none_is_missed() -> None:
    with Lab(consumers=0, produce_rate=None) as lab, Client(lab.name) as client:
        row = client.join(role=2)
        assert [client.get(row) for _ in range(100)] == [bytes([n]) * 8 for n in range(100)]
        report = lab.snapshot()
        assert (report.consumed, report.faults) == (100, 0)
