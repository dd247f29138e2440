"""Segments that are truncated, swapped, foreign, doubled or gone, in every stage that makes them, with stray files beside
them: the job is done only when each of its rows is there exactly once."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import JobState, Split
from rsf_core.jobs import units
from rsf_core.jobs.executors import InlineExecutor
from rsf_core.project import Project
from rsf_core.store.records import ModelRecord
from tests.support.faults.clock import Clock
from tests.support.seeding import add_candidates, candidates
from tests.support.waiting import until

STRAYS = ("notes.parquet", "._0000.parquet", "0003 (1).parquet", "0000.parquet.part", "00001.parquet")


@pytest.fixture
def quiet(jobs_in_threads: None, project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without the supervisor's thread, whose jobs are cut into small units."""
    monkeypatch.setattr(units, "GENERATED", 8)
    monkeypatch.setattr(units, "SCORED", 8)
    monkeypatch.setattr(units, "EVALUATED", 4)
    project.supervisor.stop()
    return project


def work(project: Project, job_id: str) -> Path:
    """Let the job do all of its work without saving any of it; its folder."""
    folder = project.folder / "spool" / job_id
    project.supervisor.tick()
    until(lambda: not InlineExecutor().alive(folder))
    return folder


def finish(project: Project) -> None:
    until(lambda: not project.supervisor.tick())


def rewrite(path: Path, change: Any) -> None:
    """Change the rows of a segment and keep its metadata."""
    rows = pq.read_table(path)
    pq.write_table(change(rows).replace_schema_metadata(rows.schema.metadata), path)


def spoil(folder: Path) -> int:
    """Spoil segments of a job in different ways and put other files beside them; how many segments are spoiled."""
    paths = sorted(folder.glob("[0-9][0-9][0-9][0-9].parquet"))
    assert len(paths) >= 4
    os.truncate(paths[0], paths[0].stat().st_size // 2)
    shutil.copy(paths[2], paths[1])
    rewrite(paths[3], lambda rows: pa.concat_tables([rows.slice(1), rows.slice(1, 1)]))
    for name in STRAYS:
        shutil.copy(paths[2], folder / name)
    (folder / "0500.parquet").mkdir()
    (folder / "0501.parquet").symlink_to(paths[2])
    shutil.copy(paths[2], folder / "0502.parquet")  # this job has no such unit
    return 3


def expect_once(project: Project, table: str, key: str, expected: int) -> None:
    rows = project.store._db._cursor().execute(f"SELECT {key} FROM {table}").fetchall()
    assert len(rows) == expected and set(Counter(rows).values()) == {1}


def expect_done(project: Project, job_id: str, spoiled: int) -> None:
    job = project.store.job(job_id)
    assert (job.state, job.message) == (JobState.DONE, "done")
    events = [event.message for event in project.store.job_events(job_id)]
    assert sum("its part of the work is done again" in message for message in events) == spoiled
    assert any("segment(s) were damaged or are missing" in message for message in events)


def test_candidates_are_there_once(quiet: Project) -> None:
    job_id = quiet.generate(then_score=False)
    spoiled = spoil(work(quiet, job_id))
    finish(quiet)
    expect_done(quiet, job_id, spoiled)
    expect_once(quiet, "candidates", "candidate_id", 32)


def test_scores_are_there_once(quiet: Project) -> None:
    quiet.set("target.rewards", "{ sentiment = 1.0, length = 0.1 }")
    add_candidates(quiet.store, candidates(prompts=8, per_prompt=4))
    job_id = quiet.score()
    assert job_id is not None
    spoiled = spoil(work(quiet, job_id))
    finish(quiet)
    expect_done(quiet, job_id, spoiled)
    expect_once(quiet, "scores", "candidate_id, scorer", 64)
    assert quiet.counts().decided == 32


def test_held_out_completions_are_there_once(quiet: Project, tiny_model: Path) -> None:
    add_candidates(quiet.store, candidates(prompts=8, per_prompt=4))
    made = (str(tiny_model), str(tiny_model), "", None, 0, None)
    quiet.store.add_model(ModelRecord("base", *made, Clock()()))
    quiet.store.add_model(ModelRecord("m1-1", str(tiny_model), str(tiny_model), "", "base", 1, None, Clock()()))
    job_id = quiet.evaluate()
    assert job_id is not None
    spoiled = spoil(work(quiet, job_id))
    finish(quiet)
    expect_done(quiet, job_id, spoiled)
    expect_once(quiet, "evaluation_samples", "model_id, prompt_id, k", 2 * 4 * 2)


def test_a_segment_that_is_gone_is_made_again(quiet: Project) -> None:
    job_id = quiet.generate(then_score=False)
    (work(quiet, job_id) / "0001.parquet").unlink()
    finish(quiet)
    expect_done(quiet, job_id, 0)
    expect_once(quiet, "candidates", "candidate_id", 32)


def test_a_segment_of_another_job_is_not_believed_whatever_it_is_called(quiet: Project) -> None:
    """A segment of the same round, prompts and unit, from the previous job."""
    first = quiet.generate(then_score=False)
    folder = work(quiet, first)
    finish(quiet)
    second = quiet.generate(then_score=False)
    shutil.copy(folder / "0002.parquet", quiet.folder / "spool" / second / "0002.parquet")
    finish(quiet)
    assert quiet.store.job(second).state is JobState.DONE
    events = [event.message for event in quiet.store.job_events(second)]
    assert sum(f"it was written for unit 2 of {first}" in message for message in events) == 1
    expect_once(quiet, "candidates", "candidate_id", 64)
    assert {c.k for p in quiet.prompts(Split.TRAIN) for c in quiet.candidates(p.prompt_id)} == set(range(8))


@pytest.mark.parametrize("name", ["inputs/prompts.parquet", "spec.json"])
@pytest.mark.parametrize("keep", [0, 20])
def test_damaged_inputs_fail_the_job_by_name_and_no_other(quiet: Project, name: str, keep: int) -> None:
    job_id = quiet.generate(then_score=False)
    os.truncate(quiet.folder / "spool" / job_id / name, keep)
    add_candidates(quiet.store, candidates(prompts=8, per_prompt=2))
    other = quiet.score()
    assert other is not None
    finish(quiet)
    job = quiet.store.job(job_id)
    assert job.state is JobState.FAILED and f"{name} is damaged" in job.message
    assert quiet.store.job(other).state is JobState.DONE
