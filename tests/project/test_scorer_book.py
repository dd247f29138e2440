"""What a project knows about its scorers: their scores, examples, costs, and their part in the target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsf_core.domain import Action, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.settings import Target
from rsf_core.project import Project
from rsf_core.project.scorer_book import ScorerBook, direction, role, smallest, summary
from rsf_core.scorers import kept_answers
from rsf_core.scorers.kept_answers import Answer, Spent
from rsf_core.store.store import Store
from tests.support import by_score
from tests.support.decided_round import settings
from tests.support.seeding import add_candidates, add_scores, candidates


def test_a_round_that_is_scored_shows_every_scorer_with_its_cost(complete: Project) -> None:
    overview = complete.scorer_book.of_round(1)
    assert [one.scorer for one in overview.scorers] == complete.scorers(1)
    for one in overview.scorers:
        assert one.count + one.missing == complete.counts(1).candidates == sum(one.counts) + one.missing
        assert one.low <= one.mean <= one.high
        assert complete.scorer_book.milliseconds()[one.scorer] > 0
    assert complete.scorer_book.of_round(1) is overview, "it is read once, until something is scored"


def test_the_best_and_the_worst_come_with_prompt_and_text(store: Store) -> None:
    rows = candidates(2, 3)
    store.add_prompts([("one", None, None, Split.TRAIN), ("two", None, None, Split.TRAIN)], "a test")
    add_candidates(store, rows)
    add_scores(store, rows, {"a": [0.5, -1.0, 3.0, 0.5, 2.0, 0.0]})
    ids = rows["candidate_id"].to_pylist()
    (scorer_row,) = ScorerBook(Path(), store, settings, lambda number, onlooker: ()).of_round(1).scorers
    assert [(one.candidate_id, one.score) for one in scorer_row.highest] == [
        (ids[2], 3.0),
        (ids[4], 2.0),
        (ids[0], 0.5),
    ]
    assert [(one.candidate_id, one.score) for one in scorer_row.lowest] == [
        (ids[1], -1.0),
        (ids[5], 0.0),
        (ids[0], 0.5),
    ]
    best = scorer_row.highest[0]
    assert (best.prompt, best.completion) == ("one", rows["completion"].to_pylist()[2])


@pytest.mark.parametrize("count", [1, 2, 3, 9])
@pytest.mark.parametrize("key", [[], [np.nan], [2.0, np.nan, 1.0, 1.0, -np.inf, 1.0, np.inf], [0.0] * 5])
def test_the_smallest_are_those_of_a_sort_of_all(key: list[float], count: int) -> None:
    ordered = sorted((value, row) for row, value in enumerate(key) if not np.isnan(value))
    assert smallest(np.array(key), count).tolist() == [row for _, row in ordered[:count]]


@pytest.mark.parametrize(
    ("column", "count", "bins"),
    [
        ([0.0, 1.0, 1.0], 3, [1, 2]),
        ([2.0, 2.0], 2, [2]),
        ([np.nan, 5.0], 1, [1]),
        ([np.nan], 0, []),
        ([], 0, []),
        ([-1e308, 1e308], 2, [1, 1]),
        ([float(value) for value in range(10)], 10, [1] * 10),
        ([float(value) for value in range(11)], 11, None),
    ],
)
def test_scores_are_counted_whatever_they_are(column: list[float], count: int, bins: list[int] | None) -> None:
    """`bins` is None if there are too many different scores to count each one."""
    of_scorer = summary("a", np.array(column), [], [])
    assert (of_scorer.count, of_scorer.missing, sum(of_scorer.counts)) == (count, len(column) - count, count)
    assert len(of_scorer.edges) == len(of_scorer.counts) + 1 and (not count or np.isfinite(of_scorer.mean))
    assert np.all(np.diff(of_scorer.edges) >= 0)
    if bins is not None:
        assert list(of_scorer.counts) == bins
        assert of_scorer.levels.tolist() == sorted({score for score in column if np.isfinite(score)})
    else:
        assert not len(of_scorer.levels)


def test_the_role_of_a_scorer_in_a_target_is_described_in_words() -> None:
    target = Target(
        rewards={"a": 2.0, "b": -0.5},
        constraints=({"scorer": "a", "at_least": 0.5}, {"scorer": "c", "at_least": 1, "at_most": 3}),
    )
    assert role(target, "a") == "reward × 2, more is better; constraint: at least 0.5"
    assert role(target, "b") == "reward × -0.5, less is better"
    assert role(target, "c") == "constraint: at least 1 and at most 3" and role(target, "d") == ""


def test_a_scorer_is_held_against_what_people_decided_in_every_round(complete: Project) -> None:
    scorer = by_score.SCORER
    assert complete.scorer_book.judging(scorer).decisions == 0
    ids = by_score.decide(complete)
    judging = complete.scorer_book.judging(scorer)
    assert judging.decisions == len(ids) and judging.accepts == len(ids) // 2
    assert judging.kappa is not None and judging.auc is not None and judging.auc.value == 1.0
    assert complete.scorer_book.judging(scorer) is judging, "it is read once, until somebody says something"
    complete.override(ids[0], Action.AUTO, person("Ann"))
    assert complete.scorer_book.judging(scorer).decisions == len(ids) - 1
    worse = complete.scorer_book.judging(scorer, -1).auc
    assert worse is not None and worse.value == pytest.approx(0.0)
    with pytest.raises(ScorerError, match="there is no scorer"):
        complete.scorer_book.judging("nobody")
    assert complete.scorer_book.judging("length").decisions == 0, "it is one, which has scored nothing yet"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"rewards": {"a": 2.0}}, 1), ({"rewards": {"a": -0.5}}, -1), ({}, 1),
        ({"constraints": [{"scorer": "a", "at_least": 1.0}]}, 1),
        ({"constraints": [{"scorer": "a", "at_most": 1.0}]}, -1),
        ({"constraints": [{"scorer": "a", "at_least": 0.0, "at_most": 1.0}]}, 1),
        ({"rewards": {"a": 1.0}, "constraints": [{"scorer": "a", "at_most": 1.0}]}, 1),
    ],
)  # fmt: skip
def test_which_way_a_target_wants_a_scorer(target: dict[str, object], expected: int) -> None:
    assert direction(Target.model_validate(target), "a") == expected


def test_the_requests_to_judges_are_read_from_the_projects_answers(project: Project) -> None:
    assert project.scorer_book.spent() == {}
    with kept_answers.open_answers(project.folder) as kept:
        kept.add("a", b"1", Answer("7", "stop", 30, 4))
        kept.add("a", b"2", Answer("7", "stop", 20, 3))
    assert project.scorer_book.spent() == {"a": Spent(2, 50, 7)}


def test_what_is_no_scorer_has_no_card(project: Project) -> None:
    judge = project.scorer_book.card('llm_judge(endpoint="http://h", model="m", rubric="r")')
    assert judge is not None and judge.opinion and judge.sends
    length = project.scorer_book.card("length")
    assert length is not None and not length.opinion and not length.sends
    assert project.scorer_book.card("log_p under base") is None
