"""The controls that a round's model is compared with on Train: the random one and the constraints-only one."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain import Control, JobState
from rsf_core.project import Project
from rsf_core.rounds.comparisons import Comparison
from rsf_core.web import estimates, job_parts, ui
from rsf_core.web.literal import literal

_HEADINGS = {
    Control.RANDOM: "Against a random selection of the same size",
    Control.CONSTRAINTS: "Against the constraints alone",
}
_GAINED = {
    Control.RANDOM: "what selection gained",
    Control.CONSTRAINTS: "what the target gained beyond its constraints",
}
_CAPTIONS = {
    Control.RANDOM: "The same proposal, recipe and number of samples and tokens, chosen at random among all "
    "candidates, truncated ones included: the remaining difference is due to selection.",
    Control.CONSTRAINTS: "The same proposal, recipe and number of samples and tokens, chosen at random among the "
    "candidates that pass the constraints and have ended (P > 0): the remaining difference is due to rewards and "
    "reference.",
}
_BUTTONS = {
    Control.RANDOM: ("Train a random control", ":material/shuffle:"),
    Control.CONSTRAINTS: ("Train a constraints-only control", ":material/filter_alt:"),
}
_WHY = {
    Control.RANDOM: "Equally many samples, chosen at random: shows whether selection gained this, or whether "
    "fine-tuning alone would have.",
    Control.CONSTRAINTS: "Equally many samples, chosen at random among those that pass the constraints: shows what the "
    "constraints gain alone.",
}


def section(project: Project, number: int, comparison: Comparison, control: Control, *, startable: bool) -> None:
    """The comparison with one control, or the button that trains it."""
    metrics, over = (
        (comparison.control, comparison.selection)
        if control is Control.RANDOM
        else (comparison.constraints, comparison.beyond_constraints)
    )
    if metrics:
        st.header(_HEADINGS[control], anchor=False)
        beside = comparison.constraints_over_random if control is Control.CONSTRAINTS else {}
        ui.grid(
            [
                {
                    "metric": label,
                    control.label: estimates.interval(metrics.get(name), name),
                    "tuned": estimates.interval(comparison.after.get(name), name),
                    _GAINED[control]: estimates.interval(over.get(name), name, signed=True),
                    **(
                        {
                            "what the constraints gained over random": estimates.interval(
                                beside.get(name), name, signed=True
                            )
                        }
                        if beside
                        else {}
                    ),
                }
                for name, label in comparison.rows.items()
            ],
        )
        st.caption(_CAPTIONS[control])
        return
    if not startable:
        return
    job = project.control_job(number, control)
    if job is not None and job.state is not JobState.DONE:
        job_parts.job_ended_badly(project, job)
    elif project.control_is_deleted(number, control):
        st.caption(
            f"The {literal(control.label)} of this round was deleted before it was compared under these settings."
        )
    elif not project.control_leaves_a_choice(number, control):
        st.caption(
            "A constraints-only control has nothing to choose from: the constraints let through no more candidates than the "
            "model was trained on."
        )
    else:
        label, icon = _BUTTONS[control]
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(label, icon=icon, disabled=ui.locked("train_control")):
                if ui.attempt(lambda: project.train_control(ui.actor(), number, control)):
                    st.rerun()
            st.caption(_WHY[control])
