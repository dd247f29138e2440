"""one_sentence handles decimals, abbreviations, quotations and the full stops of other scripts, in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.scorers.sentences import is_one_sentence
from tests.support.growth import is_linear
from tests.support.sentence_rows import NOT_ONE, ONE


@pytest.mark.parametrize("text", ONE)
def test_one_sentence_is_recognised(text: str) -> None:
    assert is_one_sentence(text)


@pytest.mark.parametrize(
    "text",
    ["I am 25. Call me Bob.", "Roll a die 3. Everybody wins.", "Take your med. Then sleep.", "I am 30. People say so."],
)
def test_german_abbreviations_and_ordinals_make_no_english_sentences_one(text: str) -> None:
    assert not is_one_sentence(text)


@pytest.mark.parametrize("text", ["Am 3. Mai ging es los.", "Das war der 2. Versuch von vielen."])
def test_german_ordinals_end_no_sentence(text: str) -> None:
    assert is_one_sentence(text)


@pytest.mark.parametrize("text", NOT_ONE)
def test_anything_else_is_not_one_sentence(text: str) -> None:
    assert not is_one_sentence(text)


@pytest.mark.parametrize("text", [text for text in ONE if text[-1] in ".!?。！"])
def test_what_comes_after_one_sentence_makes_it_two(text: str) -> None:
    assert not is_one_sentence(f"{text} The room was clean.")
    assert not is_one_sentence(f"{text}\nThe room was clean.")


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(".!?…。’\"' \nA1")), max_size=100))
def test_no_text_makes_it_raise_and_space_around_changes_nothing(text: str) -> None:
    assert is_one_sentence(f"  {text}\n") == is_one_sentence(text)


@pytest.mark.parametrize(
    "unit", ["very good and ", "a", ".", "A. ", "a.", "Dr. ", "'", "e.g. ", "。」", "?a", "1.", ". . ", ". ... "]
)
def test_a_long_text_costs_no_more_than_its_length(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit)) + " a."
        start = time.process_time()
        is_one_sentence(text)
        return time.process_time() - start

    assert is_linear(seconds, 10_000)
