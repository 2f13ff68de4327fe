"""`shmlab run` where there is no terminal: lines of text, a report, an exit status. On a terminal: tests/terminal."""

import re
import signal

import pytest

from shmlab import cli
from shmlab.views.terminal import orderly_exit

pytestmark = pytest.mark.usefixtures("leaves_nothing")
FAST = ["--produce-rate", "max", "--consume-rate", "max"]


def test_items_that_all_arrive_are_reported_and_the_status_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in orderly_exit.ENDINGS]
    assert cli.main(["run", "--items", "50", *FAST]) == 0
    said = capsys.readouterr()
    first, *_, last = said.out.splitlines()
    assert first.startswith("semaphores (running): ") and not said.err
    assert re.fullmatch(r"finished after \d+\.\d\d s: 50 produced, 50 consumed, no faults", last)
    assert [signal.getsignal(number) for number in orderly_exit.ENDINGS] == before


@pytest.mark.slow
def test_items_that_meet_nobody_make_the_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shmlab.lab.run.NO_MOTION", 0.3)
    assert cli.main(["run", "--items", "5", "--consumers", "0", "--slots", "2", *FAST]) == 1
    assert re.match(r"stuck after .*: 2 produced, 0 consumed, no faults", capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--items", "5", "--producers", "0"], "somebody who produces"),
        (["--producers", "0", "--consumers", "0"], "producers + consumers"),
        (["--slots", "1"], "2 to 1,024"),
        (["--produce-rate", "fast"], "0.1 to 100,000"),
        (["--seconds", "-5"], "seconds must be"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_starts_nothing(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", *words]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.startswith("shmlab run: ") and says in said.err and said.err.count("\n") == 1
