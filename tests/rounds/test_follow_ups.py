"""What follows a job that has ended: it starts once, or after a job of the same kind has ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import JobSpec
from rsf_core.rounds.follow_ups import FollowUps
from rsf_core.rounds.stages import followers
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.seeding import add_candidates, candidates

LEARNED = "abcd1234"


class Owner:
    """A project whose stages only record what was started."""

    def __init__(self, store: Store) -> None:
        self.store, self.started = store, list[tuple[Any, ...]]()
        standing: Any = SimpleNamespace(current_round=lambda: SimpleNamespace(round=2))
        stages: Any = SimpleNamespace(
            score=lambda number: self.started.append(("score", number)),
            evaluate=lambda number: self.started.append(("evaluate", number)),
            score_by=lambda scorer, number: self.started.append((scorer, number)),
            go_on_drawing=lambda number: None,
        )
        self.follow_ups = FollowUps(store, standing, stages, lambda: None)

    def job(self, job_id: str, spec: JobSpec, *states: JobState, follow: tuple[str, ...] = ()) -> str:
        self.store.add_job(job_id, spec, follow)
        for state in states:
            self.store.add_job_event(job_id, state, "as told")
        return job_id

    def ends(self, job_id: str) -> bool:
        return self.follow_ups.on_ended(self.store.job(job_id))


@pytest.fixture
def owner(store: Store) -> Owner:
    return Owner(store)


def test_comparing_waits_for_that_of_another_round(owner: Owner) -> None:
    other = owner.job("r2-evaluate-1", specs.evaluate(round=2))
    tuned = owner.job("r1-finetune-1", specs.finetune(), JobState.DONE, follow=("evaluate",))
    assert not owner.ends(tuned) and not owner.started
    owner.store.add_job_event(other, JobState.FAILED, "broken off")
    assert owner.ends(tuned) and owner.started == [("evaluate", 1)]


def test_a_follow_up_started_later_is_neither_started_again_nor_delayed(owner: Owner) -> None:
    drawn = owner.job("r1-generate-1", specs.generate(), JobState.DONE, follow=("score",))
    scored = owner.job("r1-score-1", specs.score("length"), JobState.DONE)
    again = owner.job("r1-score-2", specs.score("length"))
    add_candidates(owner.store, candidates(1, 2))  # nothing is decided
    assert owner.ends(drawn) and owner.ends(scored)
    owner.store.add_job_event(again, JobState.CANCELLED, "by a person, who wants no other")
    assert owner.ends(drawn) and owner.ends(scored) and not owner.started


def test_scoring_by_what_was_learned_waits_for_another_scoring_and_begins_once(owner: Owner) -> None:
    add_candidates(owner.store, candidates(1, 2, round_number=2), job_id="r2-generate-1")
    other = owner.job("r1-score-1", specs.score("length"))
    learned = owner.job("r2-learn-1", specs.learn(round=2, taste=LEARNED), JobState.DONE)
    owner.store.tastes.add(LEARNED, {}, "ann")
    assert not owner.ends(learned) and not owner.started
    owner.store.add_job_event(other, JobState.CANCELLED, "by a person")
    assert owner.ends(learned) and [number for _, number in owner.started] == [2]
    owner.job("r2-score-1", specs.score("length", round=2), JobState.DONE)
    assert owner.ends(learned) and len(owner.started) == 1


def test_every_follower_is_started_in_the_round_of_the_job_before_it(owner: Owner) -> None:
    started: list[tuple[Any, ...]] = []

    class Started:
        def __getattr__(self, name: str) -> Any:
            return lambda number: started.append((name, number))

    owner.follow_ups._stages = Started()  # type: ignore[assignment]
    assert len(followers()) >= 2
    for place, name in enumerate(followers(), start=1):
        done = owner.job(f"r3-embed-{place}", specs.embed(round=3), JobState.DONE, follow=(name,))
        assert owner.ends(done) and ("go_on_drawing", 3) not in started
        assert started == [(name, 3)]
        started.clear()


@pytest.mark.parametrize("name", ["generate", "finetune", "embed", "dance"])
def test_a_stage_that_nothing_starts_by_itself_is_no_follower(owner: Owner, name: str) -> None:
    job = owner.job("r1-finetune-1", specs.finetune(), JobState.DONE, follow=(name,))
    with pytest.raises(
        JobError, match=f"r1-finetune-1 is to be followed by {name}, which nothing starts automatically"
    ):
        owner.ends(job)
