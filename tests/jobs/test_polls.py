"""Polls, which come twice a second, cost no more as finished work grows: they read no spec, and make hardly a query while
nothing is saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from rsf_core.domain import JobState, Split
from rsf_core.domain.specs import FirstK, GenerateSpec
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.store.database import Database
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.seeding import add_candidates, candidates


def add_jobs(store: Store, count: int, prompts: int) -> None:
    """Finished jobs as an earlier version submitted them, with every prompt in the spec."""
    first_k = FirstK(prompt_id=tuple(range(prompts)), k=(0,) * prompts)
    spec = specs.generate(candidates=4, first_k=first_k)
    for number in range(1, count + 1):
        store.add_job(f"r1-generate-{number}", spec, ())
        store.add_job_event(f"r1-generate-{number}", JobState.DONE, "done")


@pytest.fixture
def quiet(project: Project) -> Project:
    project.supervisor.stop()
    return project


def poll(project: Project) -> None:
    """The requests of a page and of `rsf status`."""
    assert len(project.jobs()) == 50 and project.jobs(active=True) == []
    project.stages()
    execute(project, "active_job", {})
    execute(project, "status", {})


def cost(action: Callable[[], object], times: int) -> float:
    """Processor seconds per call."""
    began = time.process_time()
    for _ in range(times):
        action()
    return (time.process_time() - began) / times


def test_a_poll_reads_no_spec_and_costs_no_more_where_they_are_long(quiet: Project) -> None:
    add_jobs(quiet.store, 50, prompts=75_000)
    poll(quiet)
    assert quiet.store._jobs._job_spec.cache_info().misses == 0
    assert cost(quiet.jobs, 20) <= 0.02 and cost(quiet.stages, 20) <= 0.02
    job = quiet.store.job("r1-generate-7")
    spec = job.spec_of(GenerateSpec)
    assert (
        spec.candidates == 4 and spec.first_k is not None and len(spec.first_k.k) == 75_000
    )  # it is there for callers that read it
    assert quiet.store._jobs._job_spec.cache_info().misses == 1


def test_while_nothing_is_saved_a_poll_asks_the_database_for_little(
    quiet: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_jobs(quiet.store, 2, prompts=1)
    asked: list[str] = []
    rows = Database.rows

    def counting(self: Database, name: str, *rest: Any) -> list[dict[str, Any]]:
        asked.append(name)
        return rows(self, name, *rest)

    quiet.jobs()
    quiet.stages()
    monkeypatch.setattr(Database, "rows", counting)
    for _ in range(10):
        quiet.jobs()
        quiet.stages()
    assert set(asked) <= {"rounds"}


def test_whatever_is_saved_is_seen_by_the_next_poll(quiet: Project) -> None:
    assert quiet.stages()[0].progress == "ready" and quiet.jobs() == []
    job_id = quiet.generate()
    assert quiet.stages()[0].progress == "running" and quiet.jobs(active=True)[0].job_id == job_id
    quiet.cancel(job_id)
    assert quiet.stages()[0].progress == "failed" and quiet.jobs()[0].state is JobState.CANCELLED
    add_candidates(quiet.store, candidates(prompts=8, per_prompt=2))
    assert quiet.counts().candidates == 16
    quiet.store.prompt_book.say([quiet.prompts(Split.HELD_OUT)[0].prompt_id], "retire", "ann")
    assert quiet.stages()[4].detail == "on 3 held-out prompts"
    quiet.set("evaluate.prompts", "1")
    assert quiet.stages()[4].detail == "on 1 held-out prompt"


def test_within_a_transaction_its_own_writes_are_seen_and_kept_for_nobody(quiet: Project) -> None:
    assert quiet.jobs() == []
    with pytest.raises(KeyError):  # noqa: PT012
        with quiet.store.transaction("asking for a job"):
            add_jobs(quiet.store, 1, prompts=1)
            assert len(quiet.jobs()) == 1
            raise KeyError("a fault of the caller")
    assert quiet.jobs() == []
