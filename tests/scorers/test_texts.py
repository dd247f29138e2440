"""What is measured from a text alone: its compression, readability, language and profanity."""

from __future__ import annotations

import zlib

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from tests.support import scoring


def scored(completion: str) -> Scored:
    return Scored(Prompt(1, "?"), completion, 3, Finish.EOS)


def score(name: str, completion: str) -> float:
    return scoring.scores(name, [scored(completion)])[0]


def reason(name: str, completion: str) -> str:
    (score,) = registry.score(name, [scored(completion)])
    assert isinstance(score, NoScore), score
    return score.reason


def test_what_repeats_itself_packs_well_and_noise_does_not() -> None:
    repeated, varied = "very good " * 50, "The film was short, funny and a little sad, as good films are."
    assert score("compression", repeated) < 0.1 < 0.7 < score("compression", varied) <= 1.0
    assert score("compression", repeated) == (len(zlib.compress(repeated.encode(), 9)) - 8) / len(repeated)
    assert score("compression", "x") == 1.0  # never larger than the text
    assert reason("compression", "") == "it is empty"


@pytest.mark.parametrize(
    ("text", "letters", "words", "sentences"),
    [
        ("The cat sat.", 9, 3, 1),
        ("The cat sat. It was warm!", 18, 6, 2),
        ("The cat sat", 9, 3, 1),
        ("It cost 4.50 then.", 14, 4, 1),  # a decimal point does not end a sentence
        ("One\n\nTwo", 6, 2, 2),
        ("“Go.” He went...", 8, 3, 2),
    ],
)
def test_readability_by_hand(text: str, letters: int, words: int, sentences: int) -> None:
    expected = 4.71 * letters / words + 0.5 * words / sentences - 21.43
    assert score("readability", text) == pytest.approx(expected)


def test_longer_words_and_sentences_read_harder() -> None:
    easy, hard = (
        "The dog ran. It was fun.",
        "Notwithstanding methodological heterogeneity, conclusions converged.",
    )
    assert score("readability", easy) < score("readability", hard)
    assert [reason("readability", text) for text in ("", "?!", " \n")] == ["it has no word"] * 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The film was far too long, but the actors were good.", "en"),
        ("Le film était bien trop long, mais les acteurs étaient bons.", "fr"),
        ("Der Film war viel zu lang, aber die Schauspieler waren gut.", "de"),
        ("这部电影太长了，但是演员很好。", "zh"),
    ],
)
def test_the_language_of_a_sentence_is_recognised_and_no_other(text: str, code: str) -> None:
    assert score(f'language(code="{code}")', text) > 0.8
    assert score(f'language(code="{"en" if code != "en" else "fr"}")', text) < 0.1


def test_a_text_without_letters_has_no_language() -> None:
    assert [reason('language(code="en")', text) for text in ("", "12 + 3", "?!")] == ["it has no letter"] * 3
    assert score('language(code="EN")', "two\nlines of\tEnglish text, as it were") > 0.8


@pytest.mark.parametrize(("scorer", "message"), [("language(code='xx')", "knows no 'xx'; it knows af, "), ("language", "code"),
                                                 ("language(code='')", "needs the code of a language")])  # fmt: skip
def test_an_unknown_language_is_refused(scorer: str, message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        registry.get(scorer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A fine day.", 0.0),
        ("", 0.0),
        ("?!", 0.0),
        ("Damn this day.", 1 / 3),
        ("DAMN, damn", 1.0),
        ("He lives in Scunthorpe.", 0.0),  # only whole words count
        ("they auto erotic drew", 2 / 4),  # a phrase of the list
    ],
)
def test_profanity_is_the_share_of_words_on_the_list(text: str, expected: float) -> None:
    assert score("profanity", text) == pytest.approx(expected)
