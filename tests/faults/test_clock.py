"""The clock set back and forth: order comes from sequence numbers; times are only for display."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from rsf_core.domain import Action, JobKind, JobState, Scope
from rsf_core.domain.errors import StageError
from rsf_core.domain.specs import FinetuneSpec
from rsf_core.project import Project
from rsf_core.rounds.stages import STAGES, complete
from rsf_core.store import database
from rsf_core.store.records import ModelRecord
from rsf_core.store.sql import migrations
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.faults.clock import Clock
from tests.support.seeding import add_candidates, add_scores, candidates, decide

NOON = datetime(2026, 3, 29, 12)


@pytest.fixture
def decided(project: Project) -> Project:
    """A round that is scored and decided; its supervisor is stopped, so that no job starts."""
    project.supervisor.stop()
    rows = candidates(prompts=8, per_prompt=2)
    add_candidates(project.store, rows)
    add_scores(project.store, rows, {"sentiment": 0.0})
    decide(project.store, rows, log_ratio=5.0, log_m=0.0)
    return project


@pytest.mark.parametrize("hours", [1, 24, -1])
def test_training_without_a_name_takes_the_newest_curated_set(decided: Project, clock: Clock, hours: int) -> None:
    assert decided.freeze().curated_id == "c1-1"
    clock.back(hours)
    decided.override("1.1.0", Action.REJECT)
    assert decided.freeze().curated_id == "c1-2"
    assert [curated.curated_id for curated in decided.curated_sets()] == ["c1-1", "c1-2"]
    assert decided.store.job(decided.finetune()).spec_of(FinetuneSpec).curated_id == "c1-2"
    assert decided.freeze().curated_id == "c1-2"  # unchanged since the newest set


def test_the_newest_model_is_the_one_that_was_made_last(decided: Project, clock: Clock) -> None:
    for number in (1, 2, 3):
        clock.back(1)
        made = ("task", f"models/m1-{number}", "id", "base", 1, "c1-1", clock())
        decided.store.add_model(ModelRecord(f"m1-{number}", *made))
    tuned = decided.tuned_model()
    assert tuned is not None and tuned.model_id == "m1-3"
    assert decided.next_proposal() == "m1-3"


def test_a_job_is_superseded_by_the_one_asked_for_after_it(decided: Project, clock: Clock) -> None:
    first = decided.generate()
    decided.cancel(first)
    clock.back(1)
    second = decided.generate()
    decided.cancel(second)
    assert [job.job_id for job in decided.jobs()] == [first, second]
    assert decided.stages()[0].job == decided.store.job(second)
    with pytest.raises(StageError, match=f"{first} cannot go on: {second} was started after it"):
        decided.resume(first)
    decided.resume(second)
    assert decided.store.job(second).state is JobState.QUEUED


def test_the_newest_threshold_is_in_force_and_undone_first(decided: Project, clock: Clock) -> None:
    for log_m in (1.0, 2.0):
        clock.back(1)
        decided.set_threshold(log_m, Scope.GLOBAL)
    assert [chosen.log_m for chosen in decided.thresholds()] == [2.0, 1.0, 0.0]
    decided.undo_threshold()
    newest = decided.threshold()
    assert newest is not None and newest.log_m == 1.0


def test_a_round_that_is_decided_is_not_scored_again_after_a_clock_was_set_back(
    jobs_in_threads: None, project: Project, clock: Clock
) -> None:
    """The target was changed while it was being scored: only their order shows that its decisions are newer."""
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    project.score()
    project.set("target.rewards", "{ sentiment = 2.0 }")
    clock.back(1)
    project.wait()
    before = [threshold.seq for threshold in project.thresholds()]
    project.close()
    with Project.open(project.folder) as again:
        assert [threshold.seq for threshold in again.thresholds()] == before
        assert [job.kind for job in again.jobs()] == [JobKind.SCORE]


@pytest.mark.parametrize("hours", [(0, -1), (1, 0, -1), (-24, 24)])
def test_a_whole_round_runs_while_the_clock_jumps(
    jobs_in_threads: None, project: Project, clock: Clock, hours: tuple[float, ...]
) -> None:
    clock.jump(*hours)
    project.run(1)
    project.override("1.1.0", Action.REJECT)
    project.override("1.1.0", Action.ACCEPT)
    project.override("1.1.0", Action.AUTO)
    assert project.undo() == "1.1.0" and project.candidates(1)[0].override == "accept"
    assert [job.kind for job in project.jobs()] == [row.kind for row in STAGES if row.kind is not None]
    assert complete(project.stages()) and project.comparison() is not None
    speed = project.generation_speed()
    assert speed is None or speed.tokens_per_second > 0
    project.start_round()
    assert project.rounds()[-1].model_id == "m1-1"


# -- projects of an earlier version ---------------------------------------------------------------------------------


def test_what_an_older_project_holds_keeps_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [migration for migration in migrations() if migration[0] < 8]
    path = tmp_path / "rsf.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(database, "migrations", lambda: tuple(known))
        Store(path, tmp_path / "exports").close()
    at = [f"TIMESTAMP '{NOON + timedelta(hours=hours)}'" for hours in range(6)]
    with duckdb.connect(str(path)) as old:  # times of each kind are out of order with its rows
        for number in (3, 1, 2):
            old.execute(f"INSERT INTO models VALUES ('m{number}', 'n', 'f', 'i', NULL, 1, NULL, {at[number]})")
            old.execute(f"INSERT INTO jobs VALUES ('j{number}', 'generate', 1, '{{}}', '[]', {at[number]})")
            old.execute(
                f"INSERT INTO curated_sets VALUES ('c1-{number}', 1, 1, 0, 'global', 'h', '{{}}', 'ann', {at[number]})"
            )
        for number in (1, 2, 3):
            old.execute(
                f"INSERT INTO job_events (job_id, state, message, created_at) VALUES ('j{number}', 'queued', '', {at[number]})"
            )
        # the clock was set back before the last of them
        old.execute(
            f"INSERT INTO job_events (job_id, state, message, created_at) VALUES ('j1', 'running', '', {at[5]})"
        )
        old.execute(f"INSERT INTO job_events (job_id, state, message, created_at) VALUES ('j1', 'done', '', {at[0]})")
        old.execute(
            f"INSERT INTO thresholds (round, target_id, log_m, scope, author, reason, created_at) "
            f"VALUES (1, 1, 0, 'global', 'rule', '', {at[4]})"
        )
    store = Store(path, tmp_path / "exports")
    try:
        assert [model.model_id for model in store.models()] == ["m1", "m2", "m3"]
        assert [curated.curated_id for curated in store.curated_sets()] == ["c1-1", "c1-2", "c1-3"]
        jobs = store.jobs()
        assert [(job.job_id, job.state) for job in jobs] == [
            ("j1", JobState.DONE),
            ("j2", JobState.QUEUED),
            ("j3", JobState.QUEUED),
        ]
        (threshold,) = store.thresholds(1)
        assert jobs[2].changed_seq < threshold.seq < jobs[0].changed_seq
        newest = max(job.changed_seq for job in jobs)
        store.add_job("j4", specs.generate(), ())
        assert store.jobs()[-1].job_id == "j4" and store.job("j4").seq == newest + 1
        assert store.job("j4").spec == specs.generate()
    finally:
        store.close()
