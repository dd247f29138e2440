"""The next step starts once, whoever is faster: the caller, or the supervisor that follows up a job."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.store.tally import Votes
from tests.support import specs
from tests.support.seeding import add_candidates, candidates


@pytest.mark.parametrize(
    "start", [lambda project: project.advance(), lambda project: project.autopilot.start(1, False, person("ann"))]
)
def test_a_job_that_ends_while_the_next_step_is_looked_for_is_followed_once(
    project: Project, monkeypatch: pytest.MonkeyPatch, start: Callable[[Project], object]
) -> None:
    project.supervisor.stop()
    project.store.add_job("r1-generate-1", specs.generate(), ["score"])
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    project.store.add_job_event("r1-generate-1", JobState.DONE, "done")
    project.supervisor._ended.append("r1-generate-1")  # the next tick starts the job that follows it
    monkeypatch.setattr(project.supervisor, "_begin", lambda job: None)
    states = project._project_state.states
    ticks: list[threading.Thread] = []

    def look(number: int, votes: Votes = ()) -> object:
        stages = states(number, votes)
        if not ticks:
            ticks.append(threading.Thread(target=project.supervisor.tick))
            ticks[0].start()
            ticks[0].join(1.0)
        return stages

    monkeypatch.setattr(project._project_state, "states", look)
    start(project)
    ticks[0].join(60)
    assert [job.job_id for job in project.jobs(active=True)] == ["r1-score-1"]
    run = project.autopilot.latest_run()
    assert run is None or run.active, run
