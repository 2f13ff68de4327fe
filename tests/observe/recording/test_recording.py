"""What is replayed equals what was recorded; a file that is not whole, or none of ours, is refused or told."""

import json
import os
import random
import zlib
from pathlib import Path

import pytest

from shmlab import RecordingRefused
from shmlab.observe import recording
from shmlab.observe.recording import Recording, file_format, reading
from tests.observe.recording.runs import file, recorded, story


def test_every_moment_comes_back_as_it_was_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "APART", 7)  # many kept states
    told = story(60)
    again = Recording(recorded(60))
    assert len(again) == 60 and again.ended == "stopped" and not again.cut
    numbers = [*range(60), *reversed(range(60)), *random.Random(2).choices(range(60), k=200)]
    for n in numbers:
        snapshot, events, output = told[n]
        moment = again[n]
        assert moment.snapshot == snapshot and moment.snapshot.slots.letters == snapshot.slots.letters
        assert moment.output == output and moment.seconds == pytest.approx(n / 10)
        assert [e.text.replace("?", "\udc80") for e in moment.news] == [e.text for e in events]
        assert len(moment.events) == sum(len(told[i][1]) for i in range(n + 1))


def test_a_moment_is_found_by_its_time() -> None:
    again = Recording(recorded())
    assert [again.at(t).seconds for t in (-1, 0, 0.05, 0.1, 0.69, 99)] == pytest.approx([0, 0, 0, 0.1, 0.6, 1.1])


def test_a_moment_in_which_nothing_changed_takes_no_line() -> None:
    writing = recording.Writing()
    (snapshot, *_), *_ = story()
    assert writing.moment(snapshot, [], "") and not writing.moment(snapshot, [], "")
    assert writing.moment(snapshot, [], "printed") and writing.moments == 2


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_recording_that_was_cut_off_is_played_up_to_there_and_says_so(cut: int) -> None:
    whole = recorded(end=None)
    assert Recording(whole).cut.startswith("This recording has no end: it was cut off. It is played up to there, 1.1 s")
    again = Recording(whole[:-cut])
    assert len(again) == 11 and "up to there, 1.0 s" in again.cut and again[10].snapshot == story()[10][0]


def test_what_is_cut_off_before_its_first_moment_is_refused() -> None:
    header, first, *_ = recorded().splitlines(keepends=True)
    for data in (header, header[:50], header + first[:-1]):
        with pytest.raises(RecordingRefused, match=r"no moment|cut off in its first line"):
            Recording(data)


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n", b"{}", b"[1]\n", b'{"shmlab": 3}\n', b"\0" * 5000, b'{"cells": []}\n']
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(RecordingRefused, match=r"run.jsonl': this is not a recording of shmlab"):
        recording.read(file(tmp_path, data))


def test_another_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    data = recorded().replace(b'"version":1', b'"version":2', 1)
    with pytest.raises(RecordingRefused, match="has version 2, and this shmlab plays version 1"):
        recording.read(file(tmp_path, data))


def test_a_file_that_cannot_be_read_is_refused_and_a_fifo_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "none", tmp_path / "fifo", "a\0b", "/dev/zero", 7.5):
        with pytest.raises(RecordingRefused):
            recording.read(path)  # type: ignore[arg-type]


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    data = recorded()
    place = data.index(b'"/produced":4000') + len(b'"/produced":')
    with pytest.raises(RecordingRefused, match="checksum does not fit"):
        Recording(data[:place] + b"5" + data[place + 1 :])


WRONG = {
    "time runs backwards": {"/time": 1.0},
    "in or out is not a slot": {"/in_": 16},
    "no buffer has so many slots": {"/capacity": 1 << 40},
    "no slot has that size": {"/stride": 1 << 40},
    "no buffer is so large": {"/capacity": 16_384, "/stride": 65_600, "/payload": 65_536, "/in_": 0},
    "a worker is not told in full": {"/workers/7/items": 1},
    "neither producer nor consumer": {"/workers/0/role": "<script>"},
    "name or state is none": {"/state": '"><script>'},
    "nobody knows what": {"/secret": 1},
    "is not a whole number": {"/produced": 1.5},
    "is not a number": {"/latency_p50": "1"},
    "has half a letter": {"/strategy": "\ud800"},
    "not a text of at most": {"/strategy": "x" * 100_000},
    "neither true nor false": {"/bounded": 1},
    "the header is cut off": {"/header": "AAAA"},
    "the header is not base64": {"/header": "???"},
    "a number in a path": {"/workers/-1/items": 1},
}


@pytest.mark.parametrize("why", WRONG)
def test_a_value_that_cannot_be_is_refused_with_its_line(why: str) -> None:
    lines = recorded(end=None).splitlines(keepends=True)
    told = json.loads(lines[9])
    told["changed"] |= WRONG[why]
    lines[9] = file_format.written(told)
    with pytest.raises(RecordingRefused, match=f"damaged in line 10: .*{why}"):
        Recording(b"".join(lines))


def test_bytes_that_unpack_to_more_than_a_slot_are_refused_before_they_are_unpacked() -> None:
    import base64

    bomb = base64.b64encode(zlib.compress(bytes(1 << 20), 9)).decode()
    lines = recorded(end=None).splitlines(keepends=True)
    lines[9] = file_format.written({"changed": {}, "slots": {"1": bomb[:1000]}})
    with pytest.raises(RecordingRefused, match="line 10"):
        Recording(b"".join(lines))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The data with something changed, as a disk, an editor or an attacker might."""
    changed = bytearray(data)
    place = chance.randrange(len(changed))
    match chance.randrange(6):
        case 0:
            changed[place] ^= 1 << chance.randrange(8)
        case 1:
            del changed[place : place + chance.randrange(1, 60)]
        case 2:
            changed[place:place] = chance.randbytes(chance.randrange(1, 20))
        case 3:
            lines = data.split(b"\n")
            chance.shuffle(lines)
            return b"\n".join(lines)
        case 4:
            words = [b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"true", b"9" * 5000, b"[" * 5000, b"1e308"]
            end = min((data.find(sign, place) for sign in (b",", b"}") if data.find(sign, place) > 0), default=place)
            start = max(data.rfind(b":", 0, end), 0) + 1
            changed[start:end] = chance.choice(words)
        case 5:
            other = chance.randrange(len(changed))
            changed[place : place + 30] = changed[other : other + 30]
    return bytes(changed)


def look(data: bytes) -> Recording | None:
    """Read and use all of it; None where it is refused."""
    try:
        again = Recording(data)
    except RecordingRefused as error:
        assert 20 < len(str(error)) < 500
        return None
    for moment in again:
        assert str(moment.snapshot)
    return again


def test_whatever_stands_in_the_file_only_our_error_comes() -> None:
    chance, refused = random.Random(20261124), 0
    ended, open_ = recorded(), recorded(end=None)
    for n in range(600):
        again = look(mutated(ended if n % 2 else open_, chance))
        refused += again is None
        if again is not None and n % 2:
            assert again.cut or again[-1].snapshot == story()[-1][0]  # with an end, nothing false gets through
    assert 200 < refused < 600  # both happen
    for n in range(0, len(ended), 97):
        look(ended[:n])
