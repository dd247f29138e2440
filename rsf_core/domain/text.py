"""What counts as the same text, and what as a word, in every script: shared by scorers, metrics and guardrails."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

_JOINER = "\u034f"  # COMBINING GRAPHEME JOINER: ends a run of marks that is sorted as one
_APOSTROPHES = dict.fromkeys(map(ord, "’‘‛ʼʹ′´＇՚ꞌꞋ❛❜׳\u0091\u0092"), "'")
_QUOTES = dict.fromkeys(map(ord, "“”„‟″«»＂❝❞״\u0093\u0094"), '"')
# soft hyphen, zero-width space, word joiner, BOM, invisible operators, marks of direction
_INVISIBLE = dict.fromkeys(
    [*map(ord, "\u00ad\u061c\u180e\u200b\u200e\u200f\ufeff"), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
_TYPOGRAPHY = _APOSTROPHES | _QUOTES | _INVISIBLE | dict.fromkeys(map(ord, "‐‑－﹣"), "-")

# Scripts written without spaces: each character with its marks counts as a word, as in Unicode's default rules (UAX #29;
# only a dictionary could find the true word boundaries).
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々〆"
_UNSPACED += r"\p{Javanese}\p{Balinese}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Cham}\p{Tangut}\p{Nushu}"
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_\u200c\u200d]--[{_UNSPACED}]]"
_EMOJI = (  # with its modifiers, such as a skin tone; the joined emoji of a family count as one
    r"(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}(?=\ufe0f)|(?<=\u200d)\p{Extended_Pictographic})"
    r"[\p{M}\p{Emoji_Modifier}\ufe0f\U000e0020-\U000e007f]*+"
)
_WORD = (
    rf"[{_UNSPACED}]\p{{M}}*+"
    r"|\p{Nd}++(?:[.,]\p{Nd}++)+(?![\p{L}\p{M}])"  # 4.50 and 1,234
    rf"|{_LETTER}++(?:'{_LETTER}++)*+"  # can't
    rf"|\p{{Regional_Indicator}}{{2}}|{_EMOJI}(?:\u200d{_EMOJI})*+\u200d?"
)
# The same for pure ASCII, as most texts are: by re, in a tenth of the time.
_ASCII_WORD = re.compile(r"[0-9]++(?:[.,][0-9]++)+(?![a-z])|[a-z0-9_]++(?:'[a-z0-9_]++)*+")
_MARKS = r"(\p{M}{30})(?=\p{M})"


@cache
def _compiled(pattern: str) -> Any:
    import regex  # re does not know scripts and marks; loaded only when needed, since that takes a while

    return regex.compile(pattern, regex.V1)


def composed(text: str) -> str:
    """The text canonically composed (NFC): é is one character, however it was typed. Nothing else is changed."""
    return unicodedata.normalize("NFC", stream_safe(text))


def plain(text: str) -> str:
    """The text without typographic variants: NFKC (full-width letters, ligatures, "…"), one kind of apostrophe, quotation mark
    and hyphen, nothing invisible. For comparing texts, not for showing them."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", stream_safe(text.translate(_TYPOGRAPHY)))


def words(text: str) -> list[str]:
    """The words of a text, ignoring case and typography: runs of letters, marks and digits, with apostrophes ("can't") and
    decimal points inside; each character of Chinese, Japanese, Thai and similar scripts; each emoji."""
    folded = plain(text).casefold()
    return list((_ASCII_WORD if folded.isascii() else _compiled(_WORD)).findall(folded))


def stream_safe(text: str) -> str:
    """The text with at most 30 marks in a row (UAX #15, Stream-Safe Text Format): longer runs take quadratic time to sort.
    Every text passes through this before it is normalised."""
    return text if text.isascii() else str(_compiled(_MARKS).sub(rf"\1{_JOINER}", text))
