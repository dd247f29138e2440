"""The panel of rounds that run by themselves: start, wait for a review, go on, stop, and why it stopped."""

from __future__ import annotations

import streamlit as st

from rsf_core.project import Project
from rsf_core.rounds.autopilot import AutopilotRun, AutopilotState
from rsf_core.web import ui
from rsf_core.web.literal import literal


def panel(project: Project) -> None:
    """What the rounds that run by themselves are doing, or the form that starts them."""
    run = project.autopilot.latest_run()
    if run is not None and run.active:
        _active(project, run)
        return
    if run is not None and run.state is AutopilotState.STOPPED and run.reason != "by hand":
        st.warning(f"The autopilot stopped: {literal(run.reason)}.", icon=":material/flight_land:")
    with st.expander("Run rounds by themselves", icon=":material/flight_takeoff:"):
        with st.form("autopilot", border=False):
            left, right = st.columns([1, 2], vertical_alignment="bottom")
            count = left.number_input("Rounds", 1, 50, 3)
            pause = right.toggle("Wait for my review before each fine-tuning")
            control = right.toggle(
                "Train a random control of each round",
                project.settings.autopilot.control,
                help="The same recipe on equally many candidates chosen at random: it shows what selection gains over "
                "fine-tuning alone. It takes as long as the fine-tuning and its comparison.",
            )
            constraints = right.toggle(
                "Train a constraints-only control of each round",
                project.settings.autopilot.constraints_control,
                help="The same, chosen among the candidates that pass the constraints: it shows what the constraints "
                "gain alone. Skipped where the model was trained on all candidates that pass them.",
            )
            st.caption(
                "Generate, score, accept, fine-tune, compare, and continue with the tuned model. It stops and says why "
                "when a round gains nothing on the held-out prompts, or when KL, length, diversity or acceptance drift "
                "too far (section autopilot of project.toml)."
            )
            if st.form_submit_button(
                "Start", type="primary", icon=":material/flight_takeoff:", disabled=ui.locked("autopilot.start")
            ):
                if ui.attempt(lambda: _start(project, int(count), pause, control, constraints)):
                    st.rerun()


def _start(project: Project, count: int, pause: bool, control: bool, constraints: bool) -> None:
    now = project.settings.autopilot
    for key, value, is_now in (
        ("control", control, now.control),
        ("constraints_control", constraints, now.constraints_control),
    ):
        if value != is_now:
            project.set(f"autopilot.{key}", str(value).lower())
    project.autopilot.start(count, pause, ui.actor())


def _active(project: Project, run: AutopilotRun) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if run.state is AutopilotState.WAITING:
            st.markdown(f":material/rate_review: **Waiting for your review.** {literal(run.reason)}.", width="stretch")
            if st.button("Review", icon=":material/rate_review:"):
                ui.go("review")
            if st.button("Go on", type="primary", icon=":material/play_arrow:", disabled=ui.locked("autopilot.go_on")):
                if ui.attempt(lambda: project.autopilot.go_on(ui.actor())):
                    st.rerun()
        else:
            left = run.last_round - project.current_round
            more = f", then {left} more" if left else ""
            st.markdown(
                f":material/flight: Round {project.current_round:,} is running by itself{literal(more)}.",
                width="stretch",
            )
        if st.button(
            "Stop the autopilot", help="A running job continues to its end.", disabled=ui.locked("autopilot.stop")
        ):
            if ui.attempt(lambda: project.autopilot.stop(ui.actor())):
                st.rerun()
