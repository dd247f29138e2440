"""Whether a text is the name of an environment variable, or looks like a key that was entered by mistake. Pure functions: only
the form counts, not the environment."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
# how keys of providers begin
_BEGINS = re.compile(
    r"(?:hf|gsk|sk|pk|rk|xai|r8|gh[opusr]|github_pat|glpat|nvapi|pplx|fw|tgp|csk|esecret|dop|npm|pypi|whsec)_(.+)"
)
# words after the prefix that make it a name after all, such as hf_token
_PLAIN = frozenset(
    (
        *("access", "account", "api", "app", "auth", "bearer", "chat", "client", "default", "dev", "endpoint", "env"),
        *("id", "judge", "judges", "key", "keys", "llm", "local", "login", "main", "model", "my", "name", "org"),
        *("personal", "prod", "production", "project", "pub", "public", "read", "secret", "server", "test", "token"),
        *("tokens", "url", "user", "value", "var", "write"),
    )
)
_CLOUD = re.compile(r"(?:A(?:KI|SI|GP|ID|RO)A[A-Z2-7]{12}|AIza[A-Za-z0-9_]{20}).*")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|[0-9]+")
LONG = 16  # characters from which a part between underscores may be random
LONGER = 32  # characters from which a part in small letters is not a word
NUMBERS = 3  # runs of digits from which a long part is not a name
RANDOM = 2.5  # mean run of letters or digits of one kind below which a long part is random


def is_name(text: str) -> bool:
    """Whether `text` can be the name of an environment variable, in either case, and does not look like a key."""
    return _NAME.fullmatch(text) is not None and not looks_like_a_key(text)


def looks_like_a_key(text: str) -> bool:
    """Whether a text begins like a provider's key (sk-…, hf_…), or is long and random."""
    begun = _BEGINS.fullmatch(text)
    if begun is not None and not _PLAIN.issuperset(begun[1].split("_")):
        return True
    if _CLOUD.fullmatch(text):
        return True
    parts = re.split(r"[^A-Za-z0-9]+", text)
    return any(map(_is_random, parts)) or (len("".join(parts)) >= 2 * LONG and _average(text) < RANDOM)


def _is_random(part: str) -> bool:
    if len(part) >= LONGER and part.lower() == part:
        return True
    return len(part) >= LONG and (_average(part) < RANDOM or len(re.findall(r"[0-9]+", part)) >= NUMBERS)


def _average(text: str) -> float:
    """The mean length in characters of its pieces: words, capitalised or not, runs of capitals, runs of digits."""
    pieces = _PIECE.findall(text)
    return sum(map(len, pieces)) / len(pieces) if pieces else 0.0
