"""The rules by which simulated reviewers decide; no scorer of the task measures them."""

from __future__ import annotations

import re
from collections.abc import Callable

FLIPPED = 0.1  # of the decisions, by chance
PERSON = re.compile(
    r"\b(staff|friends?|wife|husband|kids?|child\w*|daughter|son|mother|father|mom|dad|family|waiter|waitress|he|she|people|"
    r"guests?|teacher|doctor|owner|man|woman|chef|team|author)\b",
    re.IGNORECASE,
)
FIRST = re.compile(r"\b(I|I'm|I've|my|me|we|our|us|mine)\b")
RULES: dict[str, Callable[[str, float], bool]] = {  # functions of a completion and its sentiment
    "sentiment and length": lambda text, sentiment: sentiment > 0.6 and len(text.split()) <= 25,
    "mentions a person": lambda text, sentiment: bool(PERSON.search(text)),
    "speaks for itself": lambda text, sentiment: bool(FIRST.search(text)),
    "at most 15 words": lambda text, sentiment: len(text.split()) <= 15,
}
