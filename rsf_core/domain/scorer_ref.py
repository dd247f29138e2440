"""References to scorers, with their options: `length`, `contains(text="cat")`. Settings hold this text and scores are stored
under it, so that the same scorer with other options is another scorer."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rsf_core.domain.errors import ScorerError

LONGEST_NAME = 200  # characters
LONGEST = 2_000  # characters: a JSON schema is an option
_CALL = re.compile(r"([^()\s][^()]*?)\((.*)\)", re.DOTALL)
_WORDS = {"taste": "learned from decisions, version {version}", "answer": "answers to {question}, version {version}"}
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ScorerRef:
    """A scorer by name, with its options by name: texts, numbers, truth values, and lists and tables of them."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> ScorerRef:
        """`name`, or `name(option=value, …)` with values as in TOML. Raises ScorerError."""
        call = _CALL.fullmatch(text.strip())
        if call is None:
            return cls(text)
        name, inside = call[1], call[2].strip()
        if "\n" in inside or "\r" in inside:
            raise ScorerError(f"the options of {name!r} are written in one line")
        try:
            options = tomllib.loads(f"options = {{ {inside} }}")["options"]
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            reason = str(error).partition(" (at line")[0]
            slash = "; in double quotes a \\ is written twice, in single quotes once" if "\\" in inside else ""
            raise ScorerError(
                f'the options in {label(text, 120)} cannot be read ({reason}): write them as in {name}(text="cat", '
                f"count=2), a text in quotes, true or false in lower case{slash}"
            ) from error
        wrong = [key for key in options if not _KEY.fullmatch(key)]
        if wrong or not all(map(_is_plain, options.values())):
            raise ScorerError(
                f"the options in {text!r:.120} must be names with texts, numbers, true, false, lists or tables"
            )
        return cls(name, options)

    def __str__(self) -> str:
        """The canonical text: options sorted by name, each written as JSON, which TOML can read."""
        if not self.options:
            return self.name
        return f"{self.name}({', '.join(f'{key}={format_value(self.options[key])}' for key in sorted(self.options))})"


def canonical(text: str) -> str:
    """The canonical way to write the reference `text`. Raises ScorerError if it cannot be read or is too long."""
    reference = ScorerRef.parse(text)
    canonical_text = str(reference)
    if len(reference.name) > LONGEST_NAME:
        raise ScorerError(
            f"the name of a scorer has at most {LONGEST_NAME} characters, and this has {len(reference.name):,}"
        )
    if len(canonical_text) > LONGEST:
        raise ScorerError(
            f"a scorer with its options has at most {LONGEST:,} characters, and this has {len(canonical_text):,}"
        )
    return canonical_text


def readable(reference: str) -> str:
    """A scorer as people read it: one that a project derived from decisions or answers is described in words, since its
    options are meant for the settings; every other scorer keeps its name."""
    if not reference.startswith(tuple(f"{name}(" for name in _WORDS)):
        return reference
    try:
        ref = ScorerRef.parse(reference)
        return _WORDS[ref.name].format(**ref.options)
    except (ScorerError, LookupError):  # it has other options
        return reference


def label(reference: str, most: int = 100) -> str:
    """A scorer in messages: as people read it, with long options cut short."""
    words = readable(reference)
    return words if len(words) <= most else f"{words[: most - 2]}…)"


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, float):
        return value - value == 0  # finite
    return isinstance(value, (str, int, bool))


def format_value(value: Any) -> str:
    """A value as a reference writes it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(key)}={format_value(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(format_value, value))}]"
    return (
        json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        if isinstance(value, str)
        else json.dumps(value)
    )


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) else format_value(key)
