"""A score job that asks a judge: it goes on without asking twice, stops within a moment, and reports its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import JobState, Prompt
from rsf_core.jobs import schemas
from rsf_core.jobs.spool import Spool
from rsf_core.jobs.units import prompts_table
from rsf_core.jobs.worker import work
from rsf_core.scorers import asking, kept_answers, registry
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.judge_server import Reply, error, says, serving
from tests.support.seeding import add_candidates, candidates
from tests.support.waiting import until

Make = Callable[..., Spool]


@pytest.fixture
def job(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes the folder of a score job over twelve candidates, in units of three."""
    monkeypatch.setattr(asking, "BACKOFF_SECONDS", 0.001)
    registry._load.cache_clear()
    add_candidates(store, candidates(4, 3))

    def made(scorer: str, number: int = 1, **spec: Any) -> Spool:
        folder = tmp_path / "project" / "spool" / f"r1-score-{number}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        prompts = prompts_table([Prompt(i, f"What is {i}?") for i in range(1, 5)])
        inputs = {"candidates": store.candidates_to_score(1, [scorer]), "prompts": prompts}
        return Spool.create(folder, specs.score(scorer, unit_size=3, **spec), inputs)

    yield made
    registry._load.cache_clear()


def rows(spool: Spool) -> list[dict[str, Any]]:
    segments = [spool.read_segment(path, schemas.SCORES)[1].to_pylist() for _, path in spool.segments()]
    return [row for segment in segments for row in segment]


def test_every_candidate_is_judged_and_the_job_reports_the_requests(job: Make) -> None:
    with serving(says('{"score": 4}')) as server:
        spool = job(server.name())
        assert work(spool.folder) is JobState.DONE
    assert len({row["candidate_id"] for row in rows(spool)}) == 12
    assert {row["score"] for row in rows(spool)} == {4.0}
    note = spool.result().note
    assert (
        note.startswith("done. 12 questions asked for llm_judge(") and "600 tokens of questions, 60 of answers" in note
    )


def test_a_job_that_was_cancelled_stops_within_a_moment_and_goes_on_without_asking_twice(job: Make) -> None:
    answered = [says('{"score": 4}')] * 8
    with serving(*answered, Reply(hang=True)) as server:
        name = server.name(at_once=1, seconds=600.0)
        spool = job(name, timeout_seconds=3600.0)
        ended: list[JobState] = []
        thread = threading.Thread(target=lambda: ended.append(work(spool.folder)), daemon=True)
        thread.start()
        until(lambda: len(server.seen) == 9)
        spool.request_cancel()
        thread.join(60)
        assert ended == [JobState.CANCELLED] and len(rows(spool)) == 6
        asked = len(server.seen)
        server.replies[:] = [says('{"score": 5}')]
        spool.clear_cancel()
        assert work(spool.folder) is JobState.DONE
        assert len(rows(spool)) == 12 and [row["score"] for row in rows(spool)].count(4.0) == 8
        assert len(server.seen) == asked + 4, "two of the unit that was broken off were answered already"
        another = job(name, number=2)
        assert work(another.folder) is JobState.DONE and len(rows(another)) == 12
        assert len(server.seen) == asked + 4 and another.result().note == "done"
    assert kept_answers.spent(spool.folder.parents[1])[name].requests == 12


def test_a_judge_that_cannot_be_asked_fails_the_job_with_what_to_do_and_leaves_no_candidate_without_a_score(
    job: Make,
) -> None:
    with serving(says('{"score": 4}'), error(401, "no such key")) as server:
        spool = job(server.name(at_once=1))
        assert work(spool.folder) is JobState.FAILED
        assert not rows(spool)
        message = spool.status().message
        assert server.endpoint in message and "no such key" in message and "resume" in message


def test_a_judge_that_gives_no_score_for_most_fails_the_job_with_its_reasons(job: Make) -> None:
    with serving(says("I cannot say")) as server:
        spool = job(server.name())
        assert work(spool.folder) is JobState.FAILED
        assert "'I cannot say'" in spool.status().message and len(spool.status().message) < 1000
