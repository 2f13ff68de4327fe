"""The lecture as data: it fills 45 minutes, shows every scenario, and its programs fail as its words say."""

from shmlab import explore
from shmlab.course.lecture import MINUTES, OnLab, OnScales, OnStepper, begins, stations
from shmlab.experiments.comparison import planned
from shmlab.lab.lab import Lab
from shmlab.lab.scenarios import scenarios


def test_it_takes_45_minutes_and_each_station_begins_where_the_one_before_ends() -> None:
    assert MINUTES == 45
    assert begins(0) == 0 and begins(2) == stations[0].minutes + stations[1].minutes
    assert all(3 <= station.minutes <= 6 for station in stations)


def test_every_scenario_is_shown_with_its_own_question() -> None:
    shown = {s.shown.scenario: s.question for s in stations if isinstance(s.shown, OnLab) and not s.shown.changes}
    assert shown == {name: scenario.question for name, scenario in scenarios.items()}


def test_every_station_asks_and_has_something_to_notice() -> None:
    assert len({station.title for station in stations}) == len(stations)
    assert all(station.question.endswith("?") and station.notice.endswith(".") for station in stations)


def test_all_settings_are_accepted() -> None:
    for station in stations:
        if isinstance(station.shown, OnLab):
            Lab(**station.shown.settings)
        elif isinstance(station.shown, OnScales):
            assert planned(station.shown.ways).ways == station.shown.ways


def test_the_programs_fail_in_the_way_that_is_to_be_found() -> None:
    programs = [station.shown for station in stations if isinstance(station.shown, OnStepper)]
    assert len(programs) == 2
    for program in programs:
        verdict = explore(program.program, program.get, **program.asked)
        assert not verdict.ok
        assert (program.goal[1] == "deadlock") == verdict.reason.startswith("deadlock")
