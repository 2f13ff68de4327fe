"""What a comparison says: tables, files, reasons. The figures here are made by hand."""

import csv
import io

import pytest

from shmlab.experiments.comparison import units
from shmlab.experiments.comparison.plan import THROUGHPUT
from tests.experiments.comparison.figures import comparison, figures

PIPE_WINS = {("pipe", 8): [2e6, 2.2e6, 1.8e6], ("textbook", 8): [5e5], ("pipe", 1 << 20): [2e3]}
PIPE_WINS[("textbook", 1 << 20)] = [9e3]


def test_a_result_is_the_median_with_its_spread() -> None:
    result = comparison(PIPE_WINS).result("pipe", 8)
    assert result.rate == 2e6 and result.spread == pytest.approx(0.2) and result.cpu_each == 5e-7


def test_the_table_names_machine_ways_sizes_and_figures() -> None:
    text = str(comparison(PIPE_WINS, {"pipe": 8e-6}))
    for part in ("Python", "os.pipe", "1 MiB", "2.00 M", "9.00 k", "8.00 µs", "items per second, 1 to 1", "rounds"):
        assert part in text
    assert max(map(len, text.splitlines()[4:-3])) <= 120


def test_where_the_pipe_wins_it_says_so_and_where_it_loses_too() -> None:
    first, second, *_ = comparison(PIPE_WINS).why()
    assert first.startswith("With items of 8 B a pipe is 4.0 times as fast as the textbook buffer")
    assert "four semaphore operations" in first and "(2 were counted)" in first
    assert second.startswith("With items of 1 MiB the textbook buffer is 4.5 times as fast as a pipe")


def test_what_the_figures_do_not_show_is_not_said() -> None:
    assert comparison({("pipe", 8): 2 * [1e6], ("textbook", 8): 2 * [1e6]}).why() == []
    assert comparison({("hyperq", 8): 2 * [1e6]}).why() == []


def test_the_other_surprises_are_explained() -> None:
    rates = {(name, 8): [rate] for name, rate in (("pipe", 2e6), ("tcp", 2e5), ("queue", 1e5), ("connection", 5e5))}
    said = " ".join(comparison(rates | {("file", 8): [1e6]}, {"pipe": 4e-5, "file": 4e-6}).why())
    for part in ("TCP is 10 times slower", "multiprocessing.Queue is a Pipe with more around it", "never sleeps"):
        assert part in said


def test_a_wide_spread_is_told() -> None:
    assert "1 of 1 figures differ by more than 50 %" in comparison({("pipe", 8): [1e6, 2e6]}).why()[0]


def test_what_was_measured_once_only_is_told() -> None:
    assert "1 of 1 figures were measured once only" in comparison({("pipe", 8): [1e6]}).why()[-1]


def test_the_file_has_one_line_for_each_result_with_the_machine_above() -> None:
    made = comparison(PIPE_WINS)
    text = made.csv()
    rows = list(csv.DictReader(io.StringIO("".join(f"{line}\n" for line in text.splitlines() if line[0] != "#"))))
    assert len(rows) == len(made.results) == 4
    assert {row["way"] for row in rows} == {"pipe", "textbook"}
    assert float(rows[0]["least"]) <= float(rows[0]["items_per_second"]) <= float(rows[0]["most"])
    assert "# Python: " in text


def test_a_trouble_is_kept_and_the_first_one_stays() -> None:
    made = comparison({("pipe", 8): [1e6]})
    for trouble in ("it broke", "it failed before"):
        made.add(figures(THROUGHPUT, "pipe", 8, trouble=trouble))
    assert made.result("pipe", 8).trouble == "it broke" and "it broke" in made.csv()


@pytest.mark.parametrize(
    ("value", "text"), [(8, "8 B"), (1000, "1,000 B"), (4096, "4 KiB"), (1 << 20, "1 MiB"), (16 << 20, "16 MiB")]
)
def test_sizes_in_words(value: int, text: str) -> None:
    assert units.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (4.114e6, "4.11 M"), (185_000, "185 k"), (383.2, "383"), (999_900, "1.00 M")]
)
def test_rates_in_words(value: float | None, text: str) -> None:
    assert units.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (37.6e-6, "37.6 µs"), (2.21e-3, "2.21 ms"), (4.2e-7, "420 ns"), (1.5, "1.50 s")]
)
def test_times_in_words(value: float | None, text: str) -> None:
    assert units.seconds(value) == text
