"""One meaning per colour, in every page, chart and component; never by colour alone: each has an icon and a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BadgeColor = Literal["green", "gray", "orange", "violet", "red", "blue"]


@dataclass(frozen=True, slots=True)
class Meaning:
    word: str
    icon: str
    color: str
    badge: BadgeColor


ACCEPTED = Meaning("accepted", ":material/check_circle:", "#12805c", "green")
REJECTED = Meaning("rejected", ":material/cancel:", "#9aa3ad", "gray")
VIOLATED = Meaning("bound violated", ":material/warning:", "#e08a1e", "orange")
OVERRIDDEN = Meaning("overridden", ":material/person:", "#6d5bd0", "violet")
TRUNCATED = Meaning("truncated", ":material/content_cut:", "#c2503c", "red")
FLAGGED = Meaning("flagged", ":material/flag:", "#2f6fb7", "blue")

BY_DECISION = {meaning.word: meaning for meaning in (ACCEPTED, REJECTED, TRUNCATED)}
ACCENT = "#0b6e4f"
MUTED = "#8a949e"
