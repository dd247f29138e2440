"""Redraws a page when something in the project starts or ends elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from rsf_core.domain.errors import ProjectClosedError, WorkspaceError
from rsf_core.project import Project
from rsf_core.web import session, ui

QUIET_SECONDS = 4.0  # between checks for what was begun elsewhere: each costs the server and every open tab a rerun


class Activity(NamedTuple):
    """What goes on in the project: the active jobs, and what the autopilot does. `last_end`, the newest event that ended a
    job, reveals one that started and ended between two checks."""

    jobs: tuple[str, ...]
    autopilot: str
    last_end: int


def activity(project: Project) -> Activity:
    """Read at each check of every open tab: from the jobs in memory, without a query to the database."""
    run = project.autopilot.latest_run()
    return Activity(
        tuple(job.job_id for job in project.jobs(active=True)),
        run.event if run else "",
        max((job.changed_seq for job in project.jobs() if job.state.ended), default=0),
    )


def watch(shown: Activity) -> None:
    """Redraw the page when `activity` differs from `shown`, or the project was closed in another tab: within a second
    while something goes on, else within QUIET_SECONDS. The shell reads it before the page reads anything, so a page that was
    drawn in between is drawn again; it also shows what a colleague or `rsf` has started."""
    busy = bool(shown.jobs or shown.autopilot)
    st.fragment(_watch, run_every=ui.REFRESH_SECONDS if busy else QUIET_SECONDS)(shown)


def _watch(shown: Activity) -> None:
    try:
        now = activity(session.project())
    except (ProjectClosedError, WorkspaceError):  # renamed, archived or deleted
        st.rerun()
    if now != shown:
        st.rerun()
