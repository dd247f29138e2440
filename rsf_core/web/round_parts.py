"""What pages show of a round: its stages as a path, what was left out, and a model that is no longer in use."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from rsf_core.project import Project
from rsf_core.rounds.stages import Progress, StageState, stage_type
from rsf_core.web import ui
from rsf_core.web.literal import literal

_DOTS = {Progress.DONE: "✓", Progress.FAILED: "!", Progress.RUNNING: "…"}


def path(stages: Sequence[StageState]) -> None:
    """The round as a path: what is done, what runs, what comes next."""
    steps = "".join(
        f'<div class="rsf-step {state.progress}" role="listitem" aria-label="{_name(state)}: {state.progress}">'
        f'<div class="rsf-dot">{_DOTS.get(state.progress, number)}</div>'
        f'<div class="rsf-name">{_name(state)}</div>'
        f'<div class="rsf-detail">{html.escape(_in_short(state))}</div></div>'
        for number, state in enumerate(stages, start=1)
    )
    st.html(f'<div class="rsf-path" role="list">{steps}</div>')


def _name(state: StageState) -> str:
    return html.escape(stage_type(state.stage).label)


def _in_short(state: StageState) -> str:
    """A failed stage in one word: the whole message is below the path, with what to do."""
    return str(state.job.state) if state.progress is Progress.FAILED and state.job else state.detail


def left_out(state: StageState) -> None:
    """Show what a stage that is done had to leave out."""
    if state.note:
        st.warning(literal(state.note), icon=":material/content_cut:")


def stale_proposal(project: Project, number: int) -> None:
    """Show that the newest round's candidates come from a model other than the one in use, and how to draw again."""
    stale = project.lineage.stale_proposal()
    if stale is None or stale.round != number:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = (
            f"The candidates of round {number} were drawn from **{literal(stale.drew)}**, and the model in use is now "
            f"**{literal(stale.current)}**. Their log q belongs to {literal(stale.drew)}: to train "
            f"{literal(stale.current)}, draw candidates from it."
        )
        (st.info if stale.trained else st.warning)(words, icon=":material/history:", width="stretch")
        if not project.jobs(active=True):
            if st.button(
                f"Start round {number + 1}",
                icon=":material/replay:",
                help=f"Draws from {literal(stale.current)}.",
                disabled=ui.locked("draw_next_round"),
            ):
                if ui.attempt(project.draw_next_round):
                    st.query_params.pop("round", None)
                    ui.go("generate")
