"""Regular expressions over text that is canonically composed (NFC), where é is one character however it was typed.

Literal letters of a pattern are composed as the text is. A class is not: in it, an é typed as a letter and a mark stands for
either of the two, and composing [a-z◌́] would make another range of it. So a class that would change is refused."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from rsf_core.domain.text import composed

_VERBATIM = re.compile(
    r"\\[pPxuUN]\{[^}]*\}|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\[0-7]{1,3}|\\(?s:.)"  # escapes
    r"|\(\?(?:#[^)]*\)|P?<\w+>|P=\w+\)|<[=!]|[=!:>]|[A-Za-z-]+[:)])"  # the beginning of a group, with its kind
    r"|[][(){}|^$.*+?]"
)
_QUANTIFIER = re.compile(r"[*+?]|\{\d*,?\d*\}")
_SPLIT = ((0x900, 0xFFF), (0xFB1D, 0xFB4F), (0x2ADC, 0x2ADD), (0x1D15E, 0x1D1C1))  # all that NFC decomposes lies here


class PatternError(ValueError):
    """A class in a pattern cannot be composed. The message names the class and says what to write instead."""


def composed_pattern(pattern: str) -> str:
    """`pattern` for composed text: letters outside of classes are composed, all else stays as it is. Raises PatternError."""
    if pattern.isascii():
        return pattern
    made, at, run = [], 0, ""
    while at < len(pattern):
        verbatim = _VERBATIM.match(pattern, at)
        if verbatim is None:
            run, at = run + pattern[at], at + 1
            continue
        end = _class_end(pattern, at) if verbatim[0] == "[" else verbatim.end()
        if verbatim[0] == "[":
            _check_class(pattern[at:end])
        made += [_literal(run, _QUANTIFIER.match(pattern, at) is not None), pattern[at:end]]
        at, run = end, ""
    return "".join([*made, _literal(run, False)])


def _class_end(pattern: str, start: int) -> int:
    """The index after the class that begins at `start`; the end of the pattern if the class does not end."""
    at = start + 1 + pattern.startswith("^", start + 1)
    at += pattern.startswith("]", at)  # a ] that comes first is a member
    while at < len(pattern) and pattern[at] != "]":
        named = pattern.find(":]", at) if pattern.startswith("[:", at) else -1  # [[:alpha:]] of RE2
        at = named + 2 if named > 0 else at + (2 if pattern[at] == "\\" else 1)
    return min(at + 1, len(pattern))


def _check_class(members: str) -> None:
    """Raises PatternError if composing the class would change its meaning."""
    if composed(members) == members:
        return
    at = next(n for n in range(1, len(members) + 1) if composed(members[:n]) != members[:n])
    start = at - 1
    while start > 1 and unicodedata.combining(members[start]):
        start -= 1
    letter = members[start:at]
    whole = composed(letter)
    if len(whole) == 1:
        mend = f"write {whole} as the one character U+{ord(whole):04X}, or list letter and mark apart as \\u escapes"
    else:
        mend = f"take it out of the class, and write it beside it, as in (?:[...]|{whole})"
    raise PatternError(
        f"in the class {members[:60]} the letter {whole} is more than one character for the pattern engine, and a class "
        f"takes one at a time: {mend}"
    )


def _literal(text: str, quantified: bool) -> str:
    """Letters composed as in the text. If the last is a single letter that NFC writes as several characters, it is grouped, so
    that the quantifier after it repeats it whole."""
    pattern = composed(text)
    if not quantified or not pattern:
        return pattern
    start = len(pattern) - 1
    while start > 0 and unicodedata.category(pattern[start])[0] == "M":
        start -= 1
    last = pattern[start:]
    return f"{pattern[:start]}(?:{last})" if last in _split() else pattern


@cache
def _split() -> frozenset[str]:
    """The NFC forms, of several characters, of the single characters of Unicode that NFC decomposes."""
    every = (unicodedata.normalize("NFC", chr(code)) for low, high in _SPLIT for code in range(low, high))
    return frozenset(text for text in every if len(text) > 1)
