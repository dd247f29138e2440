"""If a scorer has no score for most completions, the job stops; if only for a few, it goes on and reports them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rsf_core.domain.errors import ScorerError
from rsf_core.jobs.schemas import SCORES
from rsf_core.jobs.work.failing import Failing
from rsf_core.scorers.base import NoScore


def names(count: int) -> list[str]:
    return [f"1.1.{k}" for k in range(count)]


@pytest.mark.parametrize(
    ("before", "failed", "scored", "stops"),
    [
        (0, 1, 0, True),
        (0, 1, 1, False),
        (0, 5, 5, False),
        (0, 6, 5, True),
        (1, 1, 0, False),
        (100, 12, 0, False),
        (11, 12, 0, True),
    ],
)
def test_with_more_than_half_without_a_score_the_job_stops(before: int, failed: int, scored: int, stops: bool) -> None:
    failing = Failing({"x": before, "another": 1000})
    scores: list[float | NoScore] = [NoScore("odd"), *[1.0] * scored, *[NoScore("odd")] * (failed - 1)]
    if stops:
        asked = failed + scored + before
        with pytest.raises(ScorerError, match=rf"'x' has no score for {failed} of {asked} .*odd \(1\.1\.0\)"):
            failing.add("x", names(len(scores)), scores)
    else:
        failing.add("x", names(len(scores)), scores)
        assert "no score of 'x': odd (1.1.0)." in failing.note()


def test_the_scorers_are_counted_apart_and_over_all_calls() -> None:
    failing = Failing({})
    failing.add("x", names(4), [1.0] * 4)
    failing.add("y", names(4), [1.0] * 4)
    failing.add("x", names(4), [NoScore("one"), NoScore("two"), NoScore("two"), NoScore("three.")])
    assert failing.note() == "4 candidates have no score of 'x': one (1.1.0); two (1.1.1); three (1.1.3); …."
    failing.add("y", names(1), [1.0])
    with pytest.raises(ScorerError, match="'x' has no score for 5 of 9"):
        failing.add("x", ["1.2.0"], [NoScore("four")])


def test_there_is_no_message_where_every_candidate_has_its_score() -> None:
    failing = Failing({})
    failing.add("x", names(2), [0.0, 1.0])
    assert failing.note() == ""


def test_a_job_that_goes_on_counts_what_it_has_finished() -> None:
    done = {"candidate_id": names(3), "round": [1] * 3, "scorer": ["x"] * 3, "score": [1.0, None, 1.0]}
    failing = Failing({})
    failing.resume(pa.table(done | {"job_id": ["j"] * 3, "reason": [None, "odd", None]}).cast(SCORES))
    assert failing.note() == "1 candidate has no score of 'x': odd (1.1.1)."
    with pytest.raises(ScorerError, match="'x' has no score for 3 of 5"):
        failing.add("x", names(2), [NoScore("odd")] * 2)
