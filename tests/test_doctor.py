"""The doctor says in one line what is well, and in a second what to do where it is not."""

import importlib.metadata
import os
import re

import pytest

from shmlab import doctor, errors, segment

WHATS = ["Python", "shared memory", "processors", *doctor.PACKAGES, "leftovers", "two processes"]


def found(what: str) -> doctor.Finding:
    (finding,) = [finding for finding in doctor.findings() if finding.what == what]
    return finding


def test_it_looks_at_the_same_things_in_the_same_order_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], leaves_nothing: None
) -> None:
    doctor.doctor()
    lines = capsys.readouterr().out.splitlines()
    assert [line[6:20].strip() for line in lines if not line.startswith(" " * 20)] == WHATS
    assert re.fullmatch(r"well  two processes +1,000 of 1,000 items arrived, no faults", lines[-1])


def test_what_is_wrong_is_marked_and_followed_by_a_cure() -> None:
    mark, cure = str(doctor.Finding("bqplot", "missing", "Run `make lab`.")).splitlines()
    assert mark == "LOOK  bqplot         missing"
    assert cure.strip() == "Run `make lab`."


def test_little_shared_memory_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(segment.DIRECTORY)
    little = os.statvfs_result((4096, 4096, 16384, 100, 100, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: little)
    finding = doctor._memory()
    assert finding.found == "/dev/shm: 64 MiB, 0 MiB free"
    assert "--shm-size" in finding.cure


def test_a_missing_package_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert doctor._package("bqplot") == doctor.Finding(
        "bqplot", "missing", "Run `make lab`, which installs it, or: pip install bqplot"
    )


def test_one_processor_is_told_with_what_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert "take turns" in found("processors").cure


def test_leftovers_of_a_dead_lab_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "shmlab-0123456789abcdef"
    monkeypatch.setattr(segment, "names", lambda: [name])
    monkeypatch.setattr(segment, "owner_is_dead", lambda _: True)
    finding = doctor._leftovers()
    assert finding.found == name
    assert "shmlab clean" in finding.cure


def test_a_lab_that_cannot_start_is_told_with_the_errors_own_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise errors.NoRoom("no room. Stop other labs.")

    monkeypatch.setattr(doctor, "Lab", refuse)
    assert doctor._items() == doctor.Finding("two processes", "NoRoom", "no room. Stop other labs.")
