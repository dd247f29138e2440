"""How much room a page keeps for a card until its first candidates are there (style.css): nothing below it may move under the
pointer of a person who is about to click."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from rsf_core.domain import MOST_RANKED
from rsf_core.project import Project

LATEST = 6  # candidates that the room is estimated from; Generate reads as many, so they are in memory
WIDE, NARROW = 80, 40  # characters in a line on a card, on a wide and on a narrow screen
LONG = 50  # lines that fill the place of a text on a card, whatever the screen
SUMMARY = 2  # rows of a list that are as high as the summary in an empty view
IN_A_ROW = (1, 2, 3, 4, 3, 3, 4, 4)  # texts that the rank card shows in a row, by how many there are


def reserve_for_review(project: Project, number: int, in_view: int, questions: int) -> None:
    """Keep room for the review card, with `in_view` candidates in its view and so many questions below each."""
    if in_view:
        _reserve(
            "review-card",
            _latest_completions(project, number),
            WIDE,
            rows=max(_candidates_per_prompt(project, number), 1),
            questions=questions,
        )
    else:
        _reserve("review-card", [""], WIDE, rows=SUMMARY, questions=0)


def reserve_for_pairs(project: Project, number: int) -> None:
    _reserve("compare-card", _latest_completions(project, number), WIDE // 2)


def reserve_for_ranks(project: Project, number: int) -> None:
    texts = min(max(_candidates_per_prompt(project, number), 1), MOST_RANKED)
    in_a_row = IN_A_ROW[texts - 1]
    _reserve(
        "rank-card",
        _latest_completions(project, number),
        WIDE // in_a_row,
        rows=math.ceil(texts / in_a_row),
        texts=texts,
    )


def text_lines(text: str, columns: int) -> int:
    """How many lines of `columns` characters a text has, at most LONG."""
    lines = text[: columns * LONG].split("\n")
    return min(LONG, sum(max(1, math.ceil(len(line) / columns)) for line in lines))


def _reserve(key: str, completions: Sequence[str], columns: int, **numbers: int) -> None:
    """Give the style sheet `numbers`, and the lines of the longest of some texts in columns of so many characters."""
    numbers["lines"] = max(text_lines(text, columns) for text in completions)
    numbers["narrow-lines"] = max(text_lines(text, NARROW) for text in completions)
    declared = " ".join(f"--{name}: {number};" for name, number in numbers.items())
    st.html(f"<style>.st-key-{key} {{ {declared} }}</style>")


def _latest_completions(project: Project, number: int) -> list[str]:
    """The round's latest completions; a long one if it has drawn none."""
    return [row.completion for row in project.latest_completions(LATEST, number)] or ["\n" * LONG]


def _candidates_per_prompt(project: Project, number: int) -> int:
    """How many candidates a prompt of the round has on average, rounded up; 0 if there are none."""
    both = (project.counts(number), project.elsewhere_counts(number))
    return max(math.ceil(counts.candidates / max(counts.prompts, 1)) for counts in both)
