"""Typed or pasted prompts: divided as the person chooses, each with its first line."""

from __future__ import annotations

import pytest

from rsf_core.prompts import PromptRow
from rsf_core.prompts import rows as limits
from rsf_core.prompts.pasted import Layout, read


def test_each_line_is_a_prompt_with_its_reference_behind_a_tab() -> None:
    rows = read("What is 1 + 1?\t2\r\n\n  Say hello. \t \nA\tb\tc", Layout.LINES)
    assert rows.rows == (
        PromptRow("What is 1 + 1?", "2", line=1),
        PromptRow("Say hello.", None, line=3),
        PromptRow("A", "b\tc", line=4),
    )
    assert not rows.problems


def test_a_reference_alone_is_named_by_its_line() -> None:
    rows = read("one\n\ttwo\nthree", Layout.LINES)
    assert [row.text for row in rows.rows] == ["one", "three"]
    assert [problem.line for problem in rows.problems] == [2] and "no prompt before the tab" in str(rows.problems[0])


def test_paragraphs_keep_their_lines_and_tabs() -> None:
    rows = read("\n\nFirst\nline two\t3\n \n\nSecond\r\n\r\nThird\n", Layout.PARAGRAPHS)
    assert rows.rows == (
        PromptRow("First\nline two\t3", line=3),
        PromptRow("Second", line=7),
        PromptRow("Third", line=9),
    )


@pytest.mark.parametrize("layout", Layout)
def test_nothing_is_no_prompt(layout: Layout) -> None:
    assert read(" \n\t\n \r\n", layout).rows == () == read("", layout).rows


@pytest.mark.parametrize("layout", Layout)
def test_what_no_file_may_hold_cannot_be_pasted(layout: Layout) -> None:
    rows = read("x" * (limits.LONGEST_TEXT + 1) + "\n\nhalf \ud800\n\n" + "y" * limits.LONGEST_TEXT, layout)
    assert [row.line for row in rows.rows] == [5]
    assert [problem.line for problem in rows.problems] == [1, 3]
