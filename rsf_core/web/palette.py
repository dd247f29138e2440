"""One meaning per colour, in every page, chart and component; never by colour alone: each comes with its word (and, on the
review card, a sign)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    word: str
    color: str


ACCEPTED = Meaning("accepted", "#12805c")
REJECTED = Meaning("rejected", "#9aa3ad")
VIOLATED = Meaning("bound violated", "#e08a1e")
OVERRIDDEN = Meaning("overridden", "#6d5bd0")
TRUNCATED = Meaning("truncated", "#c2503c")
FLAGGED = Meaning("flagged", "#2f6fb7")

ACCENT = "#0b6e4f"
MUTED = "#8a949e"
