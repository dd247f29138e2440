"""Prompts as a person types or pastes them: one a line, with a reference after a tab, as copied from a spreadsheet, or one a
paragraph."""

from __future__ import annotations

import re
from enum import StrEnum

from rsf_core.prompts import rows as limits
from rsf_core.prompts.rows import Parsed, Problem, PromptRow

_PARAGRAPHS = re.compile(r"(?:\r?\n[^\S\n]*){2,}")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Layout(StrEnum):
    """What separates one prompt from the next."""

    LINES = "lines"
    PARAGRAPHS = "paragraphs"


def read(text: str, layout: Layout) -> Parsed:
    """The prompts in `text`, each with the line it begins on (from 1), and what is wrong with the others. With lines, the text
    after the first tab is the reference; paragraphs are separated by empty lines and have no reference."""
    rows: list[PromptRow] = []
    problems: list[Problem] = []
    for line, part in _lines(text) if layout is Layout.LINES else _paragraphs(text):
        prompt, _, reference = part.partition("\t") if layout is Layout.LINES else (part, "", "")
        row = PromptRow(prompt.strip(), reference.strip() or None, line=line)
        problem = _problem(row)
        if problem is None:
            rows.append(row)
        else:
            problems.append(Problem(line, None, problem))
    return Parsed(tuple(rows), tuple(problems))


def _lines(text: str) -> list[tuple[int, str]]:
    return [(i, line) for i, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1) if line.strip()]


def _paragraphs(text: str) -> list[tuple[int, str]]:
    paragraphs, start = [], 0
    for end, after in [*((gap.start(), gap.end()) for gap in _PARAGRAPHS.finditer(text)), (len(text), len(text))]:
        part = text[start:end]
        if part.strip():
            blank = len(part) - len(part.lstrip())
            paragraphs.append((text.count("\n", 0, start + blank) + 1, part))
        start = after
    return paragraphs


def _problem(row: PromptRow) -> str | None:
    if not row.text:
        return "there is a reference and no prompt before the tab: write what the model should be asked"
    longest = max(len(row.text), len(row.reference or ""))
    if longest > limits.LONGEST_TEXT:
        return f"is {longest:,} characters long; at most {limits.LONGEST_TEXT:,} are read"
    if _SURROGATE.search(row.text + (row.reference or "")):
        return "holds half a surrogate pair (\\ud800 to \\udfff), which is not a character"
    return None
