"""What pages show of jobs: the running one, live, and how one ended, with the buttons that go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from rsf_core.domain import JobKind, JobState
from rsf_core.domain.words import seconds
from rsf_core.project import Project
from rsf_core.rounds.stages import Progress, StageState, stage_type
from rsf_core.store.records import JobRecord
from rsf_core.web import ui
from rsf_core.web.literal import literal


def running_job(project: Project, kinds: Sequence[JobKind]) -> bool:
    """Show the running job of these kinds, live, with a cancel button. Returns whether there is one. A job of another
    kind is only named: the machine does one at a time."""
    active = project.jobs(active=True)
    mine = [job for job in active if job.kind in kinds]
    if mine:
        _live_jobs(project, kinds)
    elif active:
        st.info(
            f"{literal(active[0].job_id)} is {literal(active[0].state)}; the next stage starts after it.",
            icon=":material/schedule:",
        )
    return bool(mine)


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _live_jobs(project: Project, kinds: Sequence[JobKind]) -> None:
    for job in project.jobs(active=True):
        if job.kind in kinds:
            job_card(project, job)


def job_card(project: Project, job: JobRecord) -> None:
    status = project.status(job)
    left = status.remaining_seconds()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{literal(job.job_id)}** · {literal(status.message or job.message)}", width="stretch")
            label = "Cancelling…" if status.cancelling else "Cancel"
            done = status.cancelling or ui.locked("cancel")
            if st.button(label, key=f"cancel-{job.job_id}", icon=":material/stop_circle:", disabled=done):
                ui.attempt(lambda: project.cancel(job.job_id))
        words = [f"{status.done:,} of {status.total:,} {status.unit_name}" if status.total else "starting"]
        if left is not None:
            words.append(f"about {seconds(left)} left")
        if status.note:  # on the same line: one of its own would move what lies below as it comes and goes
            words.append(status.note)
        st.progress(status.fraction, text=literal(" · ".join(words)))
        if project.supervisor.problem:
            ui.problem(project.supervisor.problem)


def ended_badly(project: Project, state: StageState) -> None:
    """Show why a stage failed or was cancelled, with the buttons that go on from what is finished or start it again."""
    if state.progress is not Progress.FAILED or state.job is None:
        return
    start_again = partial(project.start_stage, state.stage, ui.actor())
    restarts = stage_type(state.stage).restarts(project.counts())
    job_ended_badly(project, state.job, start_again if restarts else None)


def job_ended_badly(project: Project, job: JobRecord, start_again: Callable[[], object] | None = None) -> None:
    """Show why a job failed or was cancelled, with the buttons that go on from what is finished or, if `start_again` is given,
    start it again."""
    if job.state is JobState.CANCELLED:
        st.warning(literal(job.outcome), icon=":material/stop_circle:")
    else:
        ui.problem(job.outcome)
    with st.container(horizontal=True):
        if st.button(
            "Resume",
            key=f"resume-{job.job_id}",
            type="primary",
            icon=":material/play_arrow:",
            disabled=ui.locked("resume"),
        ):
            if ui.attempt(lambda: project.resume(job.job_id)):
                st.rerun()
        hint = "Uses the current settings and decisions. Resume keeps those that the job started with."
        if start_again is not None and st.button(
            "Start again",
            key=f"start-again-{job.job_id}",
            icon=":material/restart_alt:",
            help=hint,
            disabled=ui.locked("resume"),
        ):
            if ui.attempt(start_again):
                st.rerun()
