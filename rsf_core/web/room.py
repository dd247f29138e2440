"""How much room a page keeps for a card until its first candidates are there (see style.css): nothing below it may move under
the pointer of a person who is about to click."""

from __future__ import annotations

import math

import streamlit as st

from rsf_core.domain import MOST_RANKED
from rsf_core.project import Project

LATEST = 6  # candidates that the room is estimated from; Generate reads as many, so they are in memory
COLUMNS = 80  # characters in a line on a card
LONG = 14  # lines that fill the place of a text on a card
ROW = 4  # texts that Rank shows in a row
SUMMARY = 3  # rows of a list that are as high as the summary at the end of a queue


def for_review(project: Project, number: int, shown: int, questions: int) -> None:
    """Keep room for the review card, with `shown` candidates in its view and so many questions below each."""
    if not shown:
        _keep("review-card", lines=0, rows=SUMMARY, questions=0)
        return
    each = _each(project, number)
    _keep("review-card", lines=_lines(project, number), rows=each if each > 1 else 0, questions=questions)


def for_pairs(project: Project, number: int) -> None:
    _keep("compare-card", lines=_lines(project, number))


def for_ranks(project: Project, number: int) -> None:
    texts = min(max(_each(project, number), 1), MOST_RANKED)
    _keep("rank-card", lines=_lines(project, number), texts=texts, rows=math.ceil(texts / ROW))


def _keep(key: str, **numbers: int) -> None:
    declared = " ".join(f"--{name}: {number};" for name, number in numbers.items())
    st.html(f"<style>.st-key-{key} {{ {declared} }}</style>")


def _each(project: Project, number: int) -> int:
    """How many candidates a prompt of the round has on average, rounded up; 0 if there are none."""
    both = (project.counts(number), project.elsewhere_counts(number))
    return max(math.ceil(counts.candidates / max(counts.prompts, 1)) for counts in both)


def _lines(project: Project, number: int) -> int:
    """The lines of the longest of the round's latest completions."""
    return max((text_lines(row.completion) for row in project.latest_completions(LATEST, number)), default=LONG)


def text_lines(text: str) -> int:
    """How many lines a text has on a card, at most LONG."""
    lines = text[: COLUMNS * LONG].split("\n")
    return min(LONG, sum(max(1, math.ceil(len(line) / COLUMNS)) for line in lines))
