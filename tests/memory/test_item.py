"""An item is recognised, and damage to it noticed."""

import zlib

from hypothesis import assume, given, strategies as st

from shmlab.memory import item as items

rows, sequences, sizes = st.integers(0, 1023), st.integers(0, items.SEQUENCE), st.integers(8, 4096)


@given(rows, sequences, sizes)
def test_an_item_tells_its_producer_and_number(row: int, sequence: int, size: int) -> None:
    item = items.make(row, sequence, size, 5)
    assert (item.producer, item.sequence, len(item.payload), item.time) == (row, sequence, size, 5)
    assert item.ticket == (row + 1) * 2**48 + sequence  # the contract for other languages
    assert item.whole()
    assert repr(item) == f"<item {sequence} of producer row {row}>"


@given(rows, sequences, st.integers(0, 63), st.integers(1, 255))
def test_one_changed_byte_of_the_payload_is_noticed(row: int, sequence: int, position: int, difference: int) -> None:
    item = items.make(row, sequence, 64, 0)
    damaged = bytearray(item.payload)
    damaged[position] ^= difference
    assert not items.Item(item.ticket, bytes(damaged), 0, item.checksum).whole()


@given(rows, sequences, sequences, sizes)
def test_a_ticket_with_the_payload_of_another_item_is_noticed(row: int, one: int, other: int, size: int) -> None:
    assume(one != other)
    a, b = items.make(row, one, size, 0), items.make(row, other, size, 0)
    assert not items.Item(a.ticket, b.payload, 0, b.checksum).whole()


def test_half_of_one_item_and_half_of_the_next_are_not_a_whole() -> None:
    a, b = items.make(0, 1, 4096, 0), items.make(0, 2, 4096, 0)
    torn = a.payload[:2048] + b.payload[2048:]
    assert not items.Item(a.ticket, torn, 0, a.checksum).whole()
    assert not items.Item(b.ticket, torn, 0, b.checksum).whole()


def test_memory_that_was_never_filled_is_no_item() -> None:
    nothing = items.Item(0, bytes(8), 0, items.checksum(bytes(8), 0))
    assert nothing.producer == -1 and not nothing.whole()


@given(st.binary(min_size=8, max_size=64), st.integers(0, 2**64 - 1))
def test_the_checksum_is_crc_32_begun_with_the_two_halves_of_the_ticket(payload: bytes, ticket: int) -> None:
    assert items.checksum(payload, ticket) == zlib.crc32(payload, (ticket & 0xFFFFFFFF) ^ (ticket >> 32))
