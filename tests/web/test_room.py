"""The room that is kept for a card: lines of a text, and what the style sheet is given."""

from __future__ import annotations

import pytest

from rsf_core.domain import MOST_RANKED
from rsf_core.web.room import IN_A_ROW, LONG, text_lines


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("", 80, 1),
        ("one line", 80, 1),
        ("x" * 80, 80, 1),
        ("x" * 81, 80, 2),
        ("x" * 81, 40, 3),
        ("first\n\nthird", 80, 3),
        ("\n" * 500, 80, LONG),
        ("x" * 20_000, 80, LONG),
        ("x" * 20_000, 20, LONG),
    ],
)
def test_lines_of_a_text_are_counted_as_a_card_breaks_them(text: str, columns: int, lines: int) -> None:
    assert text_lines(text, columns) == lines


def test_a_row_is_known_for_every_count_that_can_be_ranked() -> None:
    assert len(IN_A_ROW) == MOST_RANKED
