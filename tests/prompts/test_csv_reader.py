"""Blanks behind a closing quote are left out; whatever else is read is read as csv reads it."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from rsf_core.prompts.csv_reader import Reader

FIELDS = st.text('ab", ;\t\n', max_size=6)
SIGNS = st.sampled_from(",;\t|")


def rows_of(reader: Iterable[list[str]]) -> list[list[str] | None]:
    """The rows; None for one that is refused."""
    rows: list[list[str] | None] = []
    iterator = iter(reader)
    while True:
        try:
            rows.append(next(iterator))
        except StopIteration:
            return rows
        except csv.Error:
            rows.append(None)


@given(st.lists(st.lists(FIELDS, min_size=1, max_size=4), max_size=4), SIGNS, st.data())
def test_blanks_behind_quotes_change_no_row(rows: list[list[str]], sign: str, data: st.DataObject) -> None:
    blanks = st.text([blank for blank in " \t" if blank != sign], max_size=2)
    lines = [
        sign.join('"' + field.replace('"', '""') + '"' + data.draw(blanks) for field in row) + "\n" for row in rows
    ]
    text = "".join(lines)
    for spaced in (False, True):
        assert rows_of(Reader(iter(text.splitlines(keepends=True)), sign, spaced)) == rows


@given(st.lists(st.text('ab", ;\t', max_size=12), max_size=5), SIGNS, st.booleans())
def test_what_csv_reads_is_read_the_same_and_the_lines_after_it_too(lines: list[str], sign: str, spaced: bool) -> None:
    text = [f"{line}\n" for line in lines]
    expected = rows_of(csv.reader(text, delimiter=sign, skipinitialspace=spaced, strict=True))
    given_rows = rows_of(Reader(iter(text), sign, spaced))
    readable = next((place for place, row in enumerate(expected) if row is None), len(expected))
    assert given_rows[:readable] == expected[:readable]
