"""The built-in scorers on texts with known scores."""

from __future__ import annotations

import random
import time

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import Scored
from rsf_core.scorers.repetition import repetition
from tests.support import scoring
from tests.support.growth import is_linear


def scored(completion: str, reference: str | None = None, finish: Finish = Finish.EOS, token_count: int = 3) -> Scored:
    return Scored(Prompt(5, "What?", reference), completion, token_count, finish)


def score(name: str, completion: str, reference: str | None = None) -> float:
    return scoring.scores(name, [scored(completion, reference)])[0]


# -- sentiment -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["What a wonderful, charming hotel!", "I love this kettle.", "Great value 😀"])
def test_praise_has_positive_sentiment(text: str) -> None:
    assert score("sentiment", text) > 0.3


@pytest.mark.parametrize("text", ["A horrible, dirty place.", "I hate this kettle.", "not good"])
def test_complaint_has_negative_sentiment(text: str) -> None:
    assert score("sentiment", text) < -0.3


@pytest.mark.parametrize("apostrophe", "'’‘ʼ′´`＇ꞌ❜\u0092")
@pytest.mark.parametrize(
    "text", ["It isn't good.", "I don't like it!", "I can't complain.", "It's the best, isn't it?"]
)
def test_the_sign_of_a_text_does_not_depend_on_its_apostrophes(text: str, apostrophe: str) -> None:
    assert score("sentiment", text.replace("'", apostrophe)) == score("sentiment", text) != 0


@pytest.mark.parametrize(
    ("typeset", "typed"),
    [
        ("“Good!”", '"Good!"'), ("It was “good”.", 'It was "good".'), ("good…", "good..."),
        ("It was not—I repeat—good.", "It was not--I repeat--good."),
        ("Ｇｏｏｄ！", "Good!"), ("go­od", "good"), ("very good", "very good"), ("It was not​ good", "It was not good"),
        ("\u202egood\u202c", "good"), ("\u2066go\u200eod\u2069", "good"),
        ("Le café is good", "Le café is good"), ("good 😀️", "good 😀"),
    ],
)  # fmt: skip
def test_typography_does_not_change_the_sentiment(typeset: str, typed: str) -> None:
    assert score("sentiment", typeset) == score("sentiment", typed) != 0


@pytest.mark.parametrize("text", ["", "   ", "The kettle is on the table.", "12345", "\x00"])
def test_text_without_feeling_has_none(text: str) -> None:
    assert score("sentiment", text) == 0.0


def test_the_sentiment_is_that_of_vader_whatever_is_far_from_a_word() -> None:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    words = [
        "good",
        "GOOD",
        "bad",
        "not",
        "no",
        "nor",
        "or",
        "never",
        "so",
        "without",
        "doubt",
        "least",
        "at",
        "but",
        "kind",
        "of",
        "sort",
        "the",
        "bomb",
        "shit",
        "very",
        "isn't",
        "😀",
        ":)",
        "!!",
    ]
    rng, plain = random.Random(0), SentimentIntensityAnalyzer()
    texts = [" ".join(rng.choices(words, k=rng.randrange(14))) for _ in range(1_000)]
    assert [score("sentiment", text) for text in texts] == [plain.polarity_scores(text)["compound"] for text in texts]


@pytest.mark.parametrize("part", ["😀 ", "good not very ", "but good "])
def test_the_sentiment_of_a_long_text_takes_time_in_proportion_to_its_length(part: str) -> None:
    def seconds(repeats: int) -> float:
        start = time.process_time()
        score("sentiment", part * repeats)
        return time.process_time() - start

    assert is_linear(seconds, 500)


# -- length, repetition, form ------------------------------------------------------------------------------------------


def test_length_counts_tokens_and_words_count_words() -> None:
    assert scoring.scores("length", [scored("a b c", token_count=17)]) == [17.0]
    assert [score("words", text) for text in ("", "one", " two\n words  ", "can't stop")] == [0.0, 1.0, 2.0, 2.0]
    assert [score("words", text) for text in ("好吃", "can’t stop…", "हिन्दी में", "Room 4.50, please!")] == [
        2.0,
        2.0,
        2.0,
        3.0,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0.0),  # no pair at all
        ("word", 0.0),
        ("...", 0.0),
        ("one two three", 0.0),
        ("a a a a", 2 / 3),  # three equal pairs
        ("the cat the cat", 1 / 3),
        ("The cat, the CAT!", 1 / 3),  # neither case nor punctuation counts
        ("go " * 101, 0.99),
        ("好吃" * 8, 1 - 2 / 15),
        ("这家酒店很好", 0.0),
        ("美味しい" * 4, 1 - 4 / 15),
        ("อร่อย" * 4, 1 - 4 / 15),
        ("ꦗꦮ" * 8, 1 - 2 / 15),
        ("बहुत अच्छा " * 4, 1 - 2 / 7),
        ("की का " * 2, 1 / 3),  # two words that differ by a vowel sign
        ("جيد جدا " * 4, 1 - 2 / 7),
        ("😀" * 9, 7 / 8),
        ("ＧＯ go Ｇｏ", 1 / 2),
        ("can't can’t can't", 1 / 2),
    ],
)
def test_repetition_is_the_share_of_pairs_seen_before(text: str, expected: float) -> None:
    assert score("repetition", text) == pytest.approx(expected)


def test_repetition_of_longer_runs() -> None:
    assert repetition("a b c a b c", n=3) == pytest.approx(1 / 4)
    assert repetition("a b", n=3) == 0.0


def test_ended_tells_an_end_from_the_token_limit() -> None:
    batch = [scored("x", finish=Finish.EOS), scored("x", finish=Finish.LENGTH)]
    assert scoring.scores("ended", batch) == [1.0, 0.0]


# -- labels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["The sentence is negative. Cold soup is bad.", "The sentence is negative, as cold soup disappoints.",
     "The sentence is neutral because it states a fact", "  The sentence is positive. It is kind!  \n",
     "The sentence is negative, as it’s cold.", "The\u00a0sentence is positive. Café e\u0301té!",
     "Ｔｈｅ sentence is neutral. It is."],
)  # fmt: skip
def test_a_label_with_its_reason_on_one_line_has_the_format(text: str) -> None:
    assert score("label_format", text) == 1.0


@pytest.mark.parametrize(
    "text",
    ["", "negative", "The sentence is negative.", "The sentence is negative", "The sentence is negative because.",
     "The sentence is positive, negative or neutral.", "The sentence is positive, and neutral in a way.",
     "The sentence is negative. It is\ncold.", "Label: negative\nReason: cold soup", "The sentence is mixed. It is cold.",
     "I think: The sentence is negative. It is cold.", "The sentence is negatively. It is cold."],
)  # fmt: skip
def test_anything_else_has_not(text: str) -> None:
    assert score("label_format", text) == 0.0


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("The sentence is negative. Cold soup is bad.", "negative", 1.0),
        ("The sentence is negative", "negative", 1.0),  # the label is right, although the format is not
        ("The sentence is positive, negative or neutral.", "positive", 0.0),
        ("The sentence is positive or negative.", "positive", 0.0),
        ("The sentence is positive/neutral.", "positive", 0.0),
        ("The sentence is negative. It is not positive.", "positive", 0.0),
        ("It is negative.", "negative", 0.0),
        ("The sentence is negatively meant.", "negative", 0.0),
        ("", "neutral", 0.0),
    ],
)
def test_the_label_a_completion_opens_with_is_compared(text: str, label: str, expected: float) -> None:
    assert score("label_match", text, label) == expected


@pytest.mark.parametrize("reference", [None, "", "Positive", "bad"])
def test_a_reference_that_is_no_label_names_the_prompt(reference: str | None) -> None:
    with pytest.raises(
        ScorerError, match=r"'label_match' needs positive, negative or neutral as the reference, .* \(prompt 5\)"
    ):
        score("label_match", "The sentence is neutral.", reference)
