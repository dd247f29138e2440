"""A reference that a scorer cannot read is reported before anything is drawn, with the scorer and the prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry
from rsf_core.scorers.base import ChecksReferences, NoScore, Scored

READS = ("numeric_match", "label_match", "chrf")


@pytest.mark.parametrize(
    ("scorer", "reference"),
    [
        ("numeric_match", "72"), ("numeric_match", "48/2 = 24 in May.\n48 + 24 = 72 in all.\n#### 72"),
        ("numeric_match", "#### 1,234"), ("label_match", "neutral"), ("chrf", "Le chat dort."),
        ("ended", None), ("sentiment", None), ("words", "many"),
    ],
)  # fmt: skip
def test_a_reference_that_can_be_read_has_no_problem(scorer: str, reference: str | None) -> None:
    assert registry.reference_problem(scorer, reference) is None


@pytest.mark.parametrize(
    ("scorer", "reference", "message"),
    [
        ("numeric_match", None, "needs a number as the reference, and there is none"),
        ("numeric_match", "  ", "needs a number as the reference, and there is none"),
        ("numeric_match", "many", "needs a number as the reference, not 'many'"),
        ("numeric_match", "#### many", "needs a number as the reference, not '#### many'"),
        ("label_match", "Positive", "needs positive, negative or neutral as the reference, not 'Positive'"),
        ("label_match", None, "needs positive, negative or neutral as the reference, and there is none"),
        ("chrf", "", "needs a text as the reference, and there is none"),
    ],
)
def test_one_that_cannot_says_what_is_needed_and_what_is_there(
    scorer: str, reference: str | None, message: str
) -> None:
    assert registry.reference_problem(scorer, reference) == message


def test_a_long_reference_is_cut_in_messages() -> None:
    assert len(registry.reference_problem("numeric_match", "many " * 1000) or "") < 200


def test_every_prompt_with_a_problem_is_found_once() -> None:
    prompts = [Prompt(1, "a", "7"), Prompt(2, "b", "many"), Prompt(3, "c", "7"), Prompt(4, "d", None)]
    problems = registry.reference_problems(["ended", "numeric_match", "chrf"], prompts)
    assert [(p.prompt_id, p.scorer) for p in problems] == [(2, "numeric_match"), (4, "numeric_match")]
    assert registry.reference_problems(["ended"], prompts) == []


def test_each_reference_is_looked_at_once_however_many_prompts_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    references: list[str | None] = []
    look = registry._check

    def noted(name: str, scorer: ChecksReferences, reference: str | None) -> str | None:
        references.append(reference)
        return look(name, scorer, reference)

    monkeypatch.setattr(registry, "_check", noted)
    prompts = [Prompt(i, "a", ("7", "many", None)[i % 3]) for i in range(300)]
    problems = registry.reference_problems(["ended", "numeric_match"], prompts)
    assert sorted(map(str, references)) == ["7", "None", "many"]
    assert [problem.prompt_id for problem in problems] == [i for i in range(300) if i % 3]


def test_where_no_scorer_reads_references_no_prompt_is_looked_at() -> None:
    class Unread(list[Prompt]):
        def __iter__(self) -> Iterator[Prompt]:
            raise AssertionError("the prompts are read")

    assert registry.reference_problems(["ended", "sentiment"], Unread()) == []
    assert not registry.ReferenceCheck(["ended", "words"]).needed and registry.ReferenceCheck(["ended", "chrf"]).needed
    with pytest.raises(ScorerError, match="there is no scorer 'nothing'"):
        registry.reference_problems(["nothing"], [])


def test_many_are_counted_and_a_few_are_shown() -> None:
    problems = registry.reference_problems(["numeric_match"], [Prompt(i, "a", "many") for i in range(1, 1001)])
    words = registry.describe(problems)
    assert words.startswith("prompt 1: 'numeric_match' needs a number as the reference, not 'many'; prompt 2:")
    assert "and 995 more: 6, 7, 8" in words and len(words) < 900


def test_a_scorer_that_is_not_there_is_named() -> None:
    with pytest.raises(ScorerError, match="there is no scorer 'numeric_mach'; did you mean 'numeric_match'"):
        registry.reference_problem("numeric_mach", "7")


@pytest.mark.parametrize("scorer", READS)
@given(reference=st.one_of(st.none(), st.text(max_size=60)))
def test_what_passes_the_check_is_scored_and_what_does_not_has_no_score(scorer: str, reference: str | None) -> None:
    problem = registry.reference_problem(scorer, reference)
    batch = [Scored(Prompt(9, "What?", reference), "12", 3, Finish.EOS)]
    (score,) = registry.score(scorer, batch)
    if problem is None:
        assert isinstance(score, float)
    else:
        assert isinstance(score, NoScore)
        assert re.match(rf"the scorer '{scorer}' needs .*prompt 9.*edit the prompt or retire it", score.reason)
