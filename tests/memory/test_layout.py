"""The binary contract: what stands where, and what is refused."""

import itertools
import struct
import zlib

import pytest
from hypothesis import given, strategies as st

from shmlab.memory import layout as at
from shmlab.memory.errors import SegmentRefused
from shmlab.memory.layout import Layout, parse

NAME = "shmlab-0123456789abcdef"
names = st.from_regex(r"[a-z_]{1,23}", fullmatch=True)
layouts = st.builds(
    Layout,
    strategy=st.text("abc_", min_size=1, max_size=at.STRATEGY_BYTES - 1),
    variables=st.lists(names, max_size=at.VARIABLE_COUNT, unique=True).map(tuple),
    semaphores=st.dictionaries(names, st.integers(0, 1024), max_size=at.SEMAPHORE_COUNT),
    capacity=st.integers(2, 1024),
    cap=st.integers(1024, 16_384),
    payload=st.integers(8, 65_536),
    rows=st.integers(1, 64),
    unbounded=st.booleans(),
)


def layout() -> Layout:
    return Layout("semaphores", ("in_", "out"), {"empty": 8, "full": 0, "mutex": 1}, 8, 8, 8, 4)


def with_checksum(page: bytes) -> bytes:
    """The page with the checksum that belongs to it: CRC-32 of all its bytes but the word at 16."""
    return page[:16] + zlib.crc32(page[:16] + page[24:]).to_bytes(8, "little") + page[24:]


@given(layouts)
def test_what_a_header_says_is_what_was_written(written: Layout) -> None:
    read = parse(written.header(), written.size, NAME)
    for field in Layout.__slots__:
        assert getattr(read, field) == getattr(written, field), field
    assert list(read.semaphores) == list(written.semaphores)  # their order numbers them


@pytest.mark.slow
@given(layouts)
def test_no_two_parts_overlap_and_every_word_is_aligned(layout: Layout) -> None:
    parts = [
        (0, at.HEADER_SIZE),
        *((word, at.LINE) for word in (at.STATE, at.CAPACITY, at.STEP_TIME, at.AT_CAP, at.ROWS_USED)),
        *((at.variable(i), at.LINE) for i in range(at.VARIABLE_COUNT)),
        *((at.row(i), at.ROW_SIZE) for i in range(layout.rows)),
        *((layout.receipts(i), layout.window) for i in range(layout.rows)),
        *((layout.slot(i), layout.stride) for i in range(layout.capacity)),
        (layout.size, 0),
    ]
    for (start, length), (following, _) in itertools.pairwise(parts):
        assert start % at.WORD == 0
        assert start + length <= following
    assert layout.stride >= at.SLOT_PAYLOAD + layout.payload
    assert layout.size_for(layout.cap) - layout.size >= (layout.cap - layout.capacity - 1) * layout.stride - at.PAGE


def test_the_parts_of_a_header_and_of_a_row_do_not_overlap() -> None:
    assert len(at.HEADER_WORDS) * at.WORD <= at.STRATEGY_AT
    assert at.STRATEGY_AT + at.STRATEGY_BYTES <= at.VARIABLES_AT
    assert at.VARIABLES_AT + at.VARIABLE_COUNT * at.NAME_BYTES <= at.SEMAPHORES_AT
    assert at.INITIAL_AT + at.SEMAPHORE_COUNT * at.WORD <= at.HEADER_SIZE
    assert at.ORDERS_DONE < at.ROLE and at.ROLE * at.WORD % at.LINE == 0  # each writer has lines of its own
    assert at.LEAVE < at.LATENCY and (at.LATENCY + at.LATENCY_BUCKETS) * at.WORD <= at.ROW_SIZE


@given(st.integers(0, 1 << 40))
def test_a_latency_is_told_within_a_quarter(nanoseconds: int) -> None:
    bucket = at.latency_bucket(nanoseconds)
    assert 0 <= bucket < at.LATENCY_BUCKETS
    if 1024 <= nanoseconds < 1 << 40:
        assert at.latency_of(bucket) == pytest.approx(nanoseconds * 1e-9, rel=0.25)


def test_a_longer_latency_is_never_in_an_earlier_bucket() -> None:
    buckets = [at.latency_bucket(int(1.01**n)) for n in range(3000)]
    assert buckets == sorted(buckets)
    assert set(buckets) == set(range(at.LATENCY_BUCKETS))


@pytest.mark.parametrize(
    ("word", "value", "cause"),
    [
        ("magic", 1, "magic number: another program made it"),
        ("version", 2, "layout version 2, this shmlab speaks version 1: use the same shmlab version"),
        ("capacity", 9, "asks for impossible sizes"),
        ("capacity", 1, "asks for impossible sizes"),
        ("cap", 1 << 40, "asks for impossible sizes"),
        ("rows", 0, "asks for impossible sizes"),
        ("variable_count", 33, "asks for impossible sizes"),
        ("semaphore_count", 17, "asks for impossible sizes"),
        ("slots_at", 0, "contradicts itself"),
        ("stride", 8, "contradicts itself"),
        ("size", 1 << 50, "contradicts itself"),
        ("unbounded", 2, "contradicts itself"),
    ],
)
def test_an_impossible_word_is_refused_although_the_checksum_fits(word: str, value: int, cause: str) -> None:
    page = bytearray(layout().header())
    struct.pack_into("<Q", page, at.HEADER_WORDS.index(word) * at.WORD, value)
    with pytest.raises(SegmentRefused, match=cause):
        parse(with_checksum(bytes(page)), layout().size, NAME)


@pytest.mark.parametrize("name", [b"a" * 24, b"\xff" * 23, b"in_\0junk"])
def test_a_variable_with_an_impossible_name_is_refused(name: bytes) -> None:
    page = bytearray(layout().header())
    page[at.VARIABLES_AT : at.VARIABLES_AT + len(name)] = name
    with pytest.raises(SegmentRefused, match="contradicts itself"):
        parse(with_checksum(bytes(page)), layout().size, NAME)


@given(st.integers(0, at.HEADER_SIZE - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_in_the_header_is_noticed(position: int, difference: int) -> None:
    page = bytearray(layout().header())
    page[position] ^= difference
    with pytest.raises(SegmentRefused):
        parse(bytes(page), layout().size, NAME)


header_bytes = st.integers(0, 1535)  # the part of the page that means something


@given(st.lists(st.tuples(header_bytes, st.integers(0, 255)), min_size=1, max_size=12))
def test_a_header_changed_on_purpose_with_a_fitting_checksum_is_refused_or_still_makes_sense(
    changes: list[tuple[int, int]],
) -> None:
    page = bytearray(layout().header())
    for position, value in changes:
        page[position] = value
    forged = with_checksum(bytes(page))
    try:
        read = parse(forged, 1 << 62, NAME)
    except SegmentRefused:
        return
    assert forged[:192] == read.header()[:192]  # nothing was believed that shmlab would not have written


@given(st.binary(max_size=at.HEADER_SIZE + 64))
def test_bytes_of_anything_else_are_refused(data: bytes) -> None:
    with pytest.raises(SegmentRefused):
        parse(data, len(data), NAME)


def test_the_checksum_is_the_plain_crc_32_of_all_other_bytes() -> None:
    page = layout().header()
    assert with_checksum(page) == page
