"""docs/teaching.md names every task beside its lesson, and its plans say what the lecture says."""

import re

from shmlab import check
from shmlab.course.lecture import MINUTES, begins, stations
from tests.clone import ROOT

TEXT = (ROOT / "docs/teaching.md").read_text()
ROW = re.compile(r"^\| \[(\d\d)\]\(\.\./notebooks/(\d\d)_\w+\.ipynb\) \| .+ \| (.+) \|$", re.MULTILINE)


def test_every_objective_is_checked_by_the_tasks_of_its_lesson() -> None:
    rows = ROW.findall(TEXT)
    assert [number for number, _, _ in rows] == [f"{number:02}" for number in range(1, 13)]
    for number, target, tasks in rows:
        assert target == number
        assert re.findall(r"`(\w+)`", tasks) == [task.name for task in check.lesson(number)]


def test_every_task_that_is_named_exists() -> None:
    named = set(re.findall(r"`check\.(\w+)", TEXT)) - {"progress"}
    assert named and all(name in check.tasks for name in named)
    assert len({check.tasks["interleavings"].text(seed) for seed in range(40, 50)}) > 1  # the example of a variant


def test_the_lecture_s_minutes_are_those_of_the_lecture() -> None:
    assert f"ten stations in {MINUTES} minutes" in TEXT and len(stations) == 10
    assert f"stations 1 to 5 ({begins(5)} minutes)" in TEXT
    assert f"stations 6 to 9 ({begins(9) - begins(5)} minutes)" in TEXT
    assert stations[4].title == "two processes add 1" and stations[9].title == "pipe or shared memory"
