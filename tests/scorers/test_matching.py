"""What a completion contains, and what it does not."""

from __future__ import annotations

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from tests.support import scoring


def score(scorer: str, completion: str, reference: str | None = None) -> float:
    return scoring.scores(scorer, [Scored(Prompt(1, "?", reference), completion, 3, Finish.EOS)])[0]


@pytest.mark.parametrize(
    ("scorer", "completion", "there"),
    [
        ('contains(text="cat")', "a cat sat", 1), ('contains(text="cat")', "a Cat sat", 0), ('contains(text="cat")', "", 0),
        ('contains(text="cat", ignore_case=true)', "a CAT sat", 1),
        ('contains(text="STRASSE", ignore_case=true)', "Straße", 1),
        ('contains(text="café")', "cafe\u0301", 1), ('contains(text="a.c")', "abc", 0),
        ('excludes(text="cat")', "a cat sat", 0), ('excludes(text="cat")', "a dog sat", 1), ('excludes(text="cat")', "", 1),
        ("regex(pattern='^é$')", "e\u0301", 1), ("regex(pattern='e\u0301')", "é", 1), ("regex(pattern='[éè]')", "e", 0),
        ("regex(pattern='\\d{2}')", "in 1999", 1), ("regex(pattern='\\d{2}', whole=true)", "in 1999", 0),
        ("regex(pattern='\\d{4}', whole=true)", "1999", 1), ("regex(pattern='^yes')", "Yes!", 0),
        ("regex(pattern='^yes', ignore_case=true)", "Yes!", 1), ("regex(pattern='')", "", 1),
    ],
)  # fmt: skip
def test_a_text_or_a_pattern_is_found(scorer: str, completion: str, there: int) -> None:
    assert score(scorer, completion) == there


@pytest.mark.parametrize(
    ("completion", "reference", "same", "same_words"),
    [
        ("Paris", "Paris", 1, 1), (" Paris\n", "Paris", 1, 1), ("paris", "Paris", 0, 1), ("Paris.", "Paris", 0, 1),
        ("“Paris”", '"Paris"', 1, 1), ("It’s Paris", "It's Paris", 1, 1), ("Paris, France", "Paris", 0, 0),
        ("", "Paris", 0, 0),
        ("Ｐａｒｉｓ", "Paris", 1, 1), ("-5", "5", 0, 1), ("北京", "北京", 1, 1), ("北 京", "北京", 0, 1),
    ],
)  # fmt: skip
def test_the_reference_itself_is_distinguished_from_anything_else(
    completion: str, reference: str, same: int, same_words: int
) -> None:
    assert score("exact_match", completion, reference) == same
    assert score("exact_match(words_alone=true)", completion, reference) == same_words


@pytest.mark.parametrize(
    ("scorer", "reference"), [("exact_match", None), ("exact_match", "  "), ("exact_match(words_alone=true)", "?!")]
)
def test_a_prompt_without_such_a_reference_is_named(scorer: str, reference: str | None) -> None:
    problem = registry.reference_problem(scorer, reference)
    assert problem is not None and problem.startswith("needs ")
    with pytest.raises(ScorerError, match=r"'exact_match' needs .*\(prompt 1\)"):
        score(scorer, "Paris", reference)


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("contains", r"needs options: write contains\(text=…\)"),
        ("contains(txt='a')", "no option 'txt'; did you mean 'text'"),
        ("contains(text='')", "needs a text that is not empty"),
        ("contains(text=5)", "needs a text"),
        (
            "contains(text='a', ignore_case='no')",
            "'ignore_case' of the scorer 'contains' must be true or false, not 'no'",
        ),
        ("contains(text='a', ignore_case=1)", "must be true or false, not 1"),
        ("regex(pattern='(')", r"cannot read its pattern '\('.*position 0"),
        ("regex(pattern=1)", "needs a pattern that is a text"),
        ("length(unit='words')", "'length' has no option 'unit'. It has: none"),
    ],
)
def test_options_that_a_scorer_cannot_use_are_named(scorer: str, message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        registry.get(scorer)


def test_options_are_described_with_what_a_scorer_measures() -> None:
    scorers = registry.available()
    assert scorers["contains"].endswith("(options: text, ignore_case=false, answer_alone=false)")
    assert scorers["exact_match"].endswith("(options: words_alone=false)")
    assert "options" not in scorers["length"]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(?:a|a?)+$", "^(.*a){30}$"])
def test_a_pattern_without_an_end_takes_the_score_of_no_other_completion(pattern: str) -> None:
    texts = ["a" * 40 + "b", "aa", "a" * 40 + "!", "b"]
    batch = [Scored(Prompt(1, "?"), text, 3, Finish.EOS) for text in texts]
    scores = registry.score(f"regex(pattern='{pattern}')", batch)
    assert all(isinstance(scores[at], NoScore) and "takes more than 0.2 s" in str(scores[at]) for at in (0, 2))
    assert all(isinstance(scores[at], float) for at in (1, 3))
