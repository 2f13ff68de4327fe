"""Columns stand below one another: words to the left, numbers to the right, and nothing at the end of a line."""

from shmlab.memory.text_table import aligned


def test_words_stand_to_the_left_and_numbers_to_the_right() -> None:
    rows = [["way", "8 B", "1 KiB"], ["pipe", "12", "3"]]
    assert aligned(rows) == ["way   8 B  1 KiB", "pipe  12   3"]
    assert aligned(rows, numbers=True) == ["way   8 B  1 KiB", "pipe   12      3"]


def test_no_rows_are_no_lines() -> None:
    assert aligned([]) == []
