"""What is counted: system calls, page faults, who may attach. The processes are real, so are the counts."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from shmlab.experiments.exhibits import access, calls
from shmlab.experiments.exhibits.access import BOTH, NOTHING, OTHER, OWNER, READ, ROOT, UNTRIED, try_access
from shmlab.experiments.exhibits.calls import FORBIDDEN, MISSING, Act, Tally, count_calls, traced
from shmlab.experiments.exhibits.first_touch import touch
from shmlab.memory.errors import ArgumentError
from shmlab.memory.name_claim import Claim

USED, SENT = "1,000,000 stores and loads", "1,000 messages through it"
ANY_STRACE = Path("/bin/false")

LOG = """\
read(0, "[\\"create\\", \\"/a\\", 4096, 384]\\n", 4096) = 31
openat(AT_FDCWD, "/dev/shm/a", O_RDWR|O_CREAT) = 3
write(1, "{\\"result\\": null}\\n", 17)  = 17
read(0, "[\\"send\\", 2]\\n", 4096)    = 12
write(4, "\\0\\0\\0\\0\\0\\0\\0\\0", 8)   = 8
write(4, "\\0\\0\\0\\0\\0\\0\\0\\0", 8)   = 8
close(4)                                = 0
write(1, "{\\"result\\": null}\\n", 17)  = 17
read(0, """


@pytest.fixture(autouse=True)
def _no_name_stays(monkeypatch: pytest.MonkeyPatch) -> object:
    claims: list[Claim] = []
    begin = Claim.__init__

    def noted(claim: Claim, name: str) -> None:
        begin(claim, name)
        claims.append(claim)

    monkeypatch.setattr(Claim, "__init__", noted)
    yield
    assert [it.name for it in claims if Path("/dev/shm", it.name).exists() or Path(it.path).exists()] == []


def test_of_a_log_only_the_last_order_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOG)
    assert traced(str(log)) == {"write": 2, "close": 1}
    log.write_text("")
    assert traced(str(log)) == {}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_stores_and_loads_ask_nobody_and_each_message_asks_twice() -> None:
    tally = count_calls()
    if tally.reason.startswith(FORBIDDEN):
        pytest.skip(tally.reason)
    assert tally.total(USED) == 0
    messages = next(act for act in tally.acts if act.what == SENT)
    assert messages.calls == {"A": {"write": 1000}, "B": {"read": 1000}}
    create = tally.acts[0].calls["A"]
    assert create is not None and {"openat", "ftruncate", "mmap"} <= create.keys()
    assert (tally.total("create") or 99) < 20


def test_without_strace_the_kernels_counters_tell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    tally = count_calls()
    assert tally.reason.startswith(MISSING)
    if not tally.reason.endswith(calls.INSTEAD):
        pytest.skip(tally.reason)
    assert (tally.total(USED), tally.total(SENT), tally.total("create")) == (0, 2000, None)
    assert "create: not counted" in str(tally)


def test_a_strace_that_is_not_allowed_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: str(ANY_STRACE))
    assert count_calls().reason.startswith(FORBIDDEN)


def test_what_could_not_be_counted_is_said_and_not_taken_for_nothing() -> None:
    act = Act("create", {"A": None})
    assert act.total() is None and str(Tally((act,), "no luck")) == "create: not counted | no luck"
    assert Act("detach", {"A": {"close": 1}, "B": {"munmap": 2}}).total() == 3


def test_each_page_costs_one_fault_for_each_process_and_then_none() -> None:
    created, first, again, other, account = touch(256, write=True)
    assert created.account.resident == 0
    assert 256 <= first.faults < 256 + 64 and first.account.resident == 256 * 4096
    assert again.faults < 64
    assert 256 <= other.faults < 256 + 64
    assert account.account.share == account.account.resident // 2  # two have it, each is charged a half
    assert "256 page faults" in str(other) or other.faults > 256


def test_the_pages_of_a_lesson_are_limited() -> None:
    with pytest.raises(ArgumentError, match="pages must be from 1 to"):
        next(touch(0))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")
def test_the_mode_bits_say_who_may_attach() -> None:
    may = try_access().may
    assert {mode: may[mode, OTHER] for mode in access.MODES} == {
        0o600: NOTHING,
        0o644: READ,
        0o666: BOTH,
        0o400: NOTHING,
        0o000: NOTHING,
    }
    assert may[0o600, OWNER] == BOTH and may[0o400, OWNER] == READ and may[0o000, OWNER] == NOTHING
    assert {may[mode, ROOT] for mode in access.MODES} == {BOTH}


@pytest.mark.skipif(os.geteuid() == 0, reason="root can try all of it")
def test_who_could_not_be_tried_is_said() -> None:
    found = try_access()
    assert found.may[0o600, OTHER] == UNTRIED and found.reason in str(found)
    assert found.may[0o400, OWNER] == READ


def test_the_mode_is_the_one_that_was_asked_for_whatever_the_umask() -> None:
    from shmlab.experiments.exhibits import textbook

    name = f"/shmlab-lesson-{os.getpid()}-umask"
    with textbook.create(name, 4096, 0o666):
        info = Path(f"/dev/shm{name}").stat()
        textbook.unlink(name)
    assert stat.S_IMODE(info.st_mode) == 0o666


def test_pages_that_are_there_and_only_read_may_come_several_at_once() -> None:
    loads = list(touch(256, write=False))[3]
    assert loads.what == "B loads from every page" and 0 < loads.faults <= 256 + 64
