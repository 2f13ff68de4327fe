"""A C library that keeps semaphores elsewhere is refused in one sentence, before anything is made."""

import os
from collections.abc import Callable

import pytest

from shmlab import Lab, Ring
from shmlab.doctor import machine
from shmlab.memory import libc
from shmlab.memory.errors import NoRoom
from tests.apparatus import buffer, descriptors, own_entries


def refused(_name: str) -> str | None:
    raise ValueError("unrecognized configuration name")  # what Python says on musl


ANSWERS: list[Callable[[str], str | None]] = [refused, lambda _: None, lambda _: ""]


def test_this_machine_has_glibc() -> None:
    assert libc.glibc().startswith("glibc 2.")


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("start", [lambda: Lab().start(), Ring.create], ids=["lab", "ring"])
def test_a_lab_and_a_ring_say_that_another_one_does_not_do(
    answer: Callable[[str], str | None], start: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "confstr", answer)
    before = own_entries(), descriptors()
    with pytest.raises(NoRoom, match=r"needs the GNU C library \(glibc\); .* such as the musl of Alpine Linux\. Use a"):
        start()
    assert (own_entries(), descriptors()) == before


def test_a_guest_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with buffer() as it:
        monkeypatch.setattr(os, "confstr", refused)
        with pytest.raises(NoRoom, match="glibc"):
            it.bind()


def test_doctor_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "confstr", refused)
    finding = machine.items()
    assert finding.wrong and "glibc" in finding.cure
