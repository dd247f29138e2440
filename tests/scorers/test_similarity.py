"""Similarity and novelty depend on texts alone, not on what else is scored or what is drawn later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.jobs.work.siblings import Siblings, by_scorer
from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored
from rsf_core.scorers.embedding import cosine
from tests.support import scoring


def scored(completion: str, reference: str | None = "x", earlier: tuple[str, ...] = ()) -> Scored:
    return Scored(Prompt(1, "What?", reference), completion, 3, Finish.EOS, earlier=earlier)


def similarity(completion: str, reference: str) -> float:
    return scoring.scores("similarity", [scored(completion, reference)])[0]


def novelty(completion: str, *earlier: str) -> float:
    return scoring.scores("novelty", [scored(completion, earlier=earlier)])[0]


def test_texts_of_one_meaning_are_nearer_than_those_of_two() -> None:
    reference = "The doctor treated the patient in the hospital."
    near = similarity("A physician cared for a sick person at the clinic.", reference)
    far = similarity("The train to London leaves at noon.", reference)
    assert similarity(reference, reference) == 1.0
    assert 1.0 > near > far + 0.2


@pytest.mark.parametrize("empty", ["", "  \n", "\t"])
def test_an_empty_text_is_like_nothing_and_new_once(empty: str) -> None:
    assert similarity(empty, "A kettle.") == 0.0
    assert novelty(empty) == novelty(empty, "A kettle.") == 1.0
    assert novelty(empty, "A kettle.", "") == 0.0


@given(texts=st.lists(st.text(max_size=60), min_size=2, max_size=8))
def test_any_texts_have_scores_in_bounds_that_others_do_not_change(texts: list[str]) -> None:
    reference = "A kettle boils water."
    batch = [scored(text, reference, tuple(texts[:i])) for i, text in enumerate(texts)]
    for name, low in (("similarity", -1.0), ("novelty", 0.0)):
        together = scoring.scores(name, batch)
        assert all(low <= score <= 1.0 for score in together)
        assert together == [scoring.scores(name, [one])[0] for one in batch]
        assert scoring.scores(name, batch[::-1])[::-1] == together


@given(one=st.text(max_size=60), other=st.text(max_size=60))
def test_a_cosine_is_the_same_from_both_sides(one: str, other: str) -> None:
    assert cosine(one, other) == pytest.approx(cosine(other, one), abs=1e-12)
    assert cosine(one, one) == 1.0


def test_a_very_long_text_and_half_a_surrogate_pair_are_read() -> None:
    assert similarity("kettle " * 100_000, "kettle") > 0.9
    assert -1.0 <= similarity("a \ud83d b", "a ? b") <= 1.0


def test_novelty_is_what_the_nearest_of_those_before_leaves() -> None:
    first, again, other = "The hotel was lovely.", "The hotel was lovely.", "Rust is a programming language."
    assert novelty(first) == 1.0
    assert novelty(again, first) == 0.0
    assert novelty(other, first) > 0.5
    assert novelty(again, other, first) == 0.0
    assert novelty(again, other) == pytest.approx(novelty(other, again))


def test_novelty_judges_the_thought_too_of_a_completion_and_of_those_before() -> None:
    first = "<think>Guests praise the pool and the garden.</think>The hotel was lovely."
    another_way = "<think>Rust is a programming language.</think>The hotel was lovely."
    assert novelty(first, first) == 0.0, "it was there"
    assert 0.0 < novelty(another_way, first) < 1.0
    assert novelty(another_way, first) == pytest.approx(novelty(first, another_way))


def test_a_prompt_without_a_reference_is_named_before_anything_is_drawn() -> None:
    (problem,) = registry.reference_problems(["similarity"], [Prompt(4, "What?", " "), Prompt(5, "What?", "That")])
    assert (problem.prompt_id, problem.problem) == (4, "needs a text as the reference, and there is none")
    with pytest.raises(ScorerError, match="needs a text as the reference"):
        scoring.scores("similarity", [scored("A kettle.", None)])


def row(prompt_id: int, k: int) -> dict[str, object]:
    return {"candidate_id": f"1.{prompt_id}.{k}", "prompt_id": prompt_id, "k": k, "completion": f"{prompt_id} {k}"}


def test_before_a_candidate_are_those_of_its_prompt_with_lower_numbers() -> None:
    rows = [row(2, 0), row(1, 10), row(1, 0), row(1, 2), row(2, 1)]
    siblings = Siblings(rows)
    assert siblings.before("1.1.0") == ()
    assert siblings.before("1.1.10") == ("1 0", "1 2")
    assert siblings.before("1.2.1") == ("2 0",)
    later = Siblings([*rows, row(1, 11), row(2, 9)])
    assert all(later.before(str(one["candidate_id"])) == siblings.before(str(one["candidate_id"])) for one in rows)


def test_siblings_are_read_only_where_a_scorer_compares_with_them() -> None:
    readings: list[int] = []

    def read() -> list[dict[str, object]]:
        readings.append(1)
        return [row(1, 0)]

    assert by_scorer(["words", "length"], read) == {"words": None, "length": None} and not readings
    scores = by_scorer(["words", "novelty"], read)
    assert scores["words"] is None and scores["novelty"] is not None and readings == [1]
