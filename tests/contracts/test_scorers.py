"""What jobs rely on in every built-in scorer: one answer per candidate, in order, within its bounds, and the same each time,
whatever else is scored with it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsf_core.domain import Finish, Prompt
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from tests.support.documents import ROOT

# Scorers that call an endpoint, load weights, run code or read people's answers are tested in files of their own.
ELSEWHERE = {"answer", "llm_judge", "reward_model", "taste", "teacher_loglik", "unit_tests"}
# Scorers that need options, or have another mode, with those options; the others are tested as they are.
GIVEN = {
    "contains": ['contains(text="good", ignore_case=true)'],
    "exact_match": ["exact_match", "exact_match(words_alone=true)"],
    "excludes": ['excludes(text="good")'],
    "json_schema": ['json_schema(schema={type="integer"})'],
    "language": ['language(code="en")'],
    "regex": ["regex(pattern='[0-9]+')"],
}
REFERENCES = {"label_match": "neutral", "chrf": "Le chat dort."}  # the others get 12
BUILT_IN = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][
    registry.GROUP
]
NAMES = [name for built_in in sorted(BUILT_IN.keys() - ELSEWHERE) for name in GIVEN.get(built_in, [built_in])]

WORDS = ["great", "awful", "not", "very", "damn", "good", "!", "😀", "12", "-3.5", "1,000", "é", "好", ".", "\n"]
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS)).map(" ".join))


def scored(name: str, completion: str, finish: Finish = Finish.EOS, tokens: int = 3) -> Scored:
    reference = REFERENCES.get(registry.plain_name(name), "12")
    return Scored(Prompt(5, "What?", reference), completion, tokens, finish, earlier=("good", "Something else."))


def answers(name: str, batch: Sequence[Scored]) -> list[float | str]:
    """The score of each candidate, or the reason why it has none."""
    return [one.reason if isinstance(one, NoScore) else one for one in registry.score(name, batch)]


def test_those_that_are_tested_elsewhere_are_built_in() -> None:
    assert BUILT_IN.keys() >= ELSEWHERE | GIVEN.keys() | REFERENCES.keys()


@settings(deadline=None)
@given(text=TEXTS, finish=st.sampled_from(list(Finish)), tokens=st.integers(1, 10_000))
def test_every_score_is_finite_within_the_stated_bounds_and_the_same_again(
    text: str, finish: Finish, tokens: int
) -> None:
    for name in NAMES:  # one text for all scorers: generating a text takes far longer than scoring it
        low, high = registry.bounds(name)
        one = scored(name, text, finish, tokens)
        (answer,) = answers(name, [one])
        assert isinstance(answer, str) or (math.isfinite(answer) and low <= answer <= high), name
        assert answers(name, [scored(name, "Something else."), one])[1] == answer, name


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_scored_one_by_one_and_in_order(name: str) -> None:
    batch = [scored(name, text) for text in ("good good good", "3", "", "A bad place.")]
    assert answers(name, batch) == [answers(name, [one])[0] for one in batch]
    assert answers(name, []) == []
