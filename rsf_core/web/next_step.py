"""The next step of the newest round as a button: the driver chooses it, the table of stages has its words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsf_core.project import Project
from rsf_core.rounds.drive import OpenRound, Start, Stopped
from rsf_core.rounds.stages import Progress, Stage, StageState, persons_before, stage_type
from rsf_core.web import job_parts, ui


def panel(project: Project, states: Sequence[StageState]) -> None:
    """The stage that broke off, with the buttons that resume it, and the one button for the next step."""
    failed = next((state for state in states if state.progress is Progress.FAILED), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        if failed is not None:
            job_parts.ended_badly(project, failed)
        match project.next_step():
            case OpenRound():
                if _advance(project, f"Start round {project.current_round + 1}", ":material/replay:"):
                    st.query_params.pop("round", None)
                    st.rerun()
                st.caption("The tuned model becomes the proposal and draws the next candidates.")
            case Start(stage) if failed is None or failed.stage is not stage:
                _start(project, stage)
            case Stopped(stage) if failed is None or failed.stage is not stage:
                _remedy(stage)


def _start(project: Project, stage: Stage) -> None:
    row, before = stage_type(stage), persons_before(stage)
    if _advance(project, row.action(project.counts()), row.icon):
        st.rerun()
    if before is not None and st.button(before.action(project.counts()), icon=before.icon):
        ui.go(before.page)


def _remedy(stage: Stage) -> None:
    remedy = stage_type(stage).remedy
    if remedy is None:
        return
    if st.button(remedy.label, type="primary", icon=remedy.icon):
        ui.go(remedy.page)
    if remedy.hint:
        st.caption(remedy.hint)


def _advance(project: Project, label: str, icon: str) -> bool:
    """The button that takes the next step. Returns whether it was clicked and the step succeeded."""
    clicked = st.button(label, type="primary", icon=icon, disabled=ui.locked("advance"))
    return clicked and ui.attempt(lambda: project.advance(ui.actor()))
