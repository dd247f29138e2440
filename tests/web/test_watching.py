"""What makes an open page redraw itself."""

from __future__ import annotations

from pathlib import Path

from rsf_core.domain import JobState
from rsf_core.project import Project
from rsf_core.web import watching
from tests.support import specs


def test_a_job_that_started_and_ended_between_two_looks_is_seen(tmp_path: Path, small_task: Path) -> None:
    with Project.create(tmp_path / "p", str(small_task)) as project:
        project.supervisor.stop()  # so that no job starts
        idle = watching.activity(project)
        assert idle == watching.Activity((), "", 0)
        project.store.add_job("r1-generate-1", specs.generate(), ())
        queued = watching.activity(project)
        project.store.add_job_event("r1-generate-1", JobState.RUNNING, "")
        assert queued.jobs == ("r1-generate-1",)
        assert watching.activity(project) == queued  # the job's own card shows this
        project.store.add_job_event("r1-generate-1", JobState.DONE, "done")
        ended = watching.activity(project)
        assert (ended.jobs, ended.autopilot) == (idle.jobs, idle.autopilot) and ended != idle
