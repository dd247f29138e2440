"""One definition of equal texts and of a word, in every script."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.text import composed, plain, words
from tests.support.growth import is_linear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("...", []),
        ("The cat, the CAT!", ["the", "cat", "the", "cat"]),
        ("can't can’t CAN＇T", ["can't"] * 3),
        ("'quoted'", ["quoted"]),
        ("well-known x_1", ["well", "known", "x_1"]),
        ("$4.50 and 1,234 3.", ["4.50", "and", "1,234", "3"]),
        ("cafe\u0301 CAFÉ", ["café", "café"]),
        ("ＧＯ go", ["go", "go"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("好吃，很好", ["好", "吃", "很", "好"]),
        ("日本語のカタカナー", list("日本語のカタカナー")),
        ("한국어 단어", ["한국어", "단어"]),
        ("हिन्दी में की", ["हिन्दी", "में", "की"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("Привет, мир", ["привет", "мир"]),
        ("good好", ["good", "好"]),
        ("😀😀 👍🏽 ❤️", ["😀", "😀", "👍🏽", "❤️"]),
        ("👨\u200d👩\u200d👧 👩🏽\u200d💻ok", ["👨\u200d👩\u200d👧", "👩🏽\u200d💻", "ok"]),
        ("🏳\ufe0f\u200d🌈❤\ufe0f\u200d🔥 👩\u200d⚕\ufe0f", ["🏳\ufe0f\u200d🌈", "❤\ufe0f\u200d🔥", "👩\u200d⚕\ufe0f"]),
        ("🇫🇷🇩🇪 🇫", ["🇫🇷", "🇩🇪", "🇫"]),
        ("👨\u200d good", ["👨\u200d", "good"]),
        ("soft\u00adly", ["softly"]),
    ],
)
def test_the_words_of_a_text_in_any_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(st.characters(codec="ascii"), max_size=40) | st.text("aZ_09.,' ", max_size=12))
def test_a_text_of_ascii_has_the_words_that_it_has_beside_others(text: str) -> None:
    assert words(f"{text} é") == [*words(text), "é"]


@given(st.text(max_size=100))
def test_words_do_not_depend_on_the_unicode_form_or_the_case(text: str) -> None:
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
    assert words(text.casefold()) == words(text)


@given(st.text(max_size=100))
def test_typography_is_taken_off_once_for_all(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert composed(composed(text)) == composed(text) == composed(unicodedata.normalize("NFD", text))


def test_what_typography_alone_adds_is_gone() -> None:
    assert plain("It isn’t “good”…") == 'It isn\'t "good"...'
    assert plain("non‑breaking\u00a0space\u200b") == "non-breaking space"
    assert composed("“cafe\u0301”…") == "“café”…"


@pytest.mark.parametrize("unit", ["\u0301\u0316", "a'", "1.", "好", "word ", "😀", "a", "\u200d", "👨\u200d", "🇫"])
@pytest.mark.parametrize("function", [words, plain, composed])
def test_a_long_text_costs_no_more_than_its_length(function, unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        function(text)
        return time.process_time() - start

    assert is_linear(seconds, 10_000)
