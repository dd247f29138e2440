"""Texts in CSV files for spreadsheets, which take a text that begins with =, +, -, @, a tab or a line end for a formula.

An export puts an apostrophe in front of such a text, and of a text with apostrophes before such a sign, so that removing one
apostrophe restores every text. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_OWN = ({"prompt", "completion", "candidate_id", "decided_by"}, {"prompt", "chosen", "chosen_id", "rejected_id"})


def guarded(text: str) -> str:
    """`text`, with an apostrophe in front if a spreadsheet would take it, without the apostrophes it begins with, for a
    formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The inverse of `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def is_own_export(columns: Iterable[str]) -> bool:
    """Whether a file with these columns was exported from RSF Studio; if it is CSV, its texts are guarded."""
    names = set(columns)
    return any(own <= names for own in _OWN)
