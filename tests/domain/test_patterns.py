"""Patterns over composed text: letters match in either form, and no character class changes its meaning."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import pytest

from rsf_core.domain.patterns import PatternError, composed_pattern
from rsf_core.domain.text import composed

Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, Form] = ("NFC", "NFD")


def matches(pattern: str, text: str) -> bool:
    return re.search(composed_pattern(pattern), composed(text)) is not None


@pytest.mark.parametrize("of_text", FORMS)
@pytest.mark.parametrize("of_pattern", FORMS)
@pytest.mark.parametrize(
    ("pattern", "text", "other"),
    [
        ("é", "café", "cafe"), ("^caf(é|e)$", "café", "cafè"), ("^é+$", "ééé", "éè"), ("^né{2}$", "néé", "né"),
        ("tiếng Việt", "tiếng Việt", "tieng Viet"), (r"^\w+ế\b", "tiế", "tiê"), ("^(?:ệ|ế)$", "ệ", "ê"),
        ("क़", "क़लम", "कलम"), ("^क़+$", "क़क़", "क़क"), ("^हिन्दी$", "हिन्दी", "हिन्द"), ("^कि?$", "कि", "का"),
        ("^(?P<word>é)(?P=word)$", "éé", "éè"), ("^(?=é).$", "é", "e"), ("(?i)^É$", "é", "e"), ("한국", "한국어", "한"),
        (r"^[^\u00e9]?é$|^ñ$", "ñ", "n"), ("≠", "≠", "="),
    ],
)  # fmt: skip
def test_a_letter_is_found_however_it_was_typed(
    pattern: str, text: str, other: str, of_pattern: Form, of_text: Form
) -> None:
    composed = unicodedata.normalize(of_pattern, pattern)
    assert matches(composed, unicodedata.normalize(of_text, text))
    assert not matches(composed, unicodedata.normalize(of_text, other))


@pytest.mark.parametrize(
    "pattern",
    [
        *("[क-हा-ौ]+", "[\u0900-\u097f]+", "[ािी]", "[à-ỹ]", "[éè]", r"[\u0301]", r"[^\]é]", "[]é]", "[^]é]", "[[:alpha:]é]"),
        *("[\u0301]", "[^\u0300-\u036f]", "[가-힣]"),
    ],
)  # fmt: skip
def test_a_class_stays_as_it_is_written(pattern: str) -> None:
    assert composed_pattern(pattern) == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        *("[a-z\u0301]", "[e\u0301]", "[^e\u0301]", "x[aeiou\u0301]y", "[ae\u0302\u0301]"),
        *("[\u0958]", "[^\u0958]", "[\u212b]", "(a|[]e\u0301])", "[\u1100\u1161]", "[a-e\u0301]", r"[\]e" + "\u0301]"),
    ],
)  # fmt: skip
def test_a_class_that_would_become_another_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"in the class .* more than one character"):
        composed_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", [r"\w" + "\u0302", r"\n" + "\u0303", "[a-z]\u0301", ")\u0301", r"a\u0301", r"\x65" + "\u0301"]
)
def test_a_mark_behind_an_escape_or_a_class_does_not_join_it(pattern: str) -> None:
    assert composed_pattern(pattern) == pattern


def test_a_pattern_that_does_not_end_is_left_to_who_reads_it() -> None:
    for pattern in ("[é", "é\\", "(é", "[^é", "é{"):
        assert composed_pattern(pattern) == pattern
