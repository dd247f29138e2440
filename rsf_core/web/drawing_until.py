"""Drawing until enough are accepted: the form that starts it, and how far it has come."""

from __future__ import annotations

import streamlit as st

from rsf_core.acceptance.target import is_indicator
from rsf_core.domain import Split
from rsf_core.domain.words import in_percent, plural
from rsf_core.project import Project
from rsf_core.rounds.until import SoFar
from rsf_core.web import ui
from rsf_core.web.literal import literal


def panel(project: Project, number: int, *, startable: bool) -> None:
    """How far the newest run of the round has come and, if another can be started, the form for it."""

    @st.fragment(run_every=None if startable else ui.REFRESH_SECONDS)
    def so_far() -> None:
        progress = project.drawn_until(number)
        if progress is not None:
            _progress(progress)

    so_far()
    if startable:
        _form(project)


def _progress(so_far: SoFar) -> None:
    with st.container(border=True):
        st.markdown(
            f"**{so_far.accepted:,} of {plural(so_far.drawn, 'candidate')} for {plural(so_far.prompts, 'prompt')} are "
            f"accepted**; the goal is {so_far.until.goal:,}, at log M = {so_far.until.log_m:.3g}."
        )
        st.progress(min(1.0, min(so_far.accepted, so_far.number) / so_far.until.goal))
        st.caption(
            f"The acceptance rate lies between {in_percent(so_far.low, 1)} and {in_percent(so_far.high, 1)} (95 %). "
            "These limits hold at all moments at once, so you may stop by them. They cover the automatic decisions at "
            "this M alone. "
            + (
                f"It stopped: {literal(so_far.end)}."
                if so_far.end
                else f"It ends once that many are accepted and the lower limit ({so_far.number:,.0f} of these draws) "
                "reaches it too, or once the goal cannot be reached."
            )
        )


def _form(project: Project) -> None:
    prompts = project.prompt_counts().get(Split.TRAIN, 0)
    if not prompts:
        return
    in_force = project.threshold()
    fixed = is_indicator(project.settings.target)
    with st.expander("Draw until enough are accepted", icon=":material/target:"):
        with st.form("draw-until", border=False):
            left, middle, right = st.columns(3)
            goal = left.number_input("Goal (accepted candidates)", 1, 1_000_000, 100)
            most = middle.number_input("Maximum number of prompts", 1, prompts, prompts)
            log_m = right.number_input(
                "log M (nats)",
                value=None,
                placeholder="0: M = 1 is exact" if fixed else f"{in_force.log_m:.3g}, in force" if in_force else "",
                help="The same for all prompts. Leave it empty to keep the M in force. M must be fixed before drawing "
                "starts.",
            )
            st.caption(
                "Draws and scores some prompts at a time, in random order. M stays fixed: if it were chosen from these "
                "draws, the limits would be invalid."
            )
            if st.form_submit_button("Start drawing", icon=":material/target:", disabled=ui.locked("draw_until")):
                if ui.attempt(lambda: project.draw_until(int(goal), int(most), log_m, ui.actor())):
                    st.rerun()
