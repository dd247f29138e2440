"""The candidates that the rule cannot decide, because a scorer has no score for them: how many, which, why, and scoring them
again."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.web import ui

SHOWN = 200  # rows


def panel(project: Project, number: int, editable: bool) -> None:
    """The whole panel; nothing if every candidate has its scores."""
    counts = project.counts(number)
    if not counts.unscored:
        return
    unscored = project.without_score(number)
    has = "has" if counts.unscored == 1 else "have"
    with st.expander(f"{plural(counts.unscored, 'candidate')} {has} no score", icon=":material/help_center:"):
        st.markdown(
            "A scorer failed on them or gave no score for them. The rule neither accepts nor rejects them, and no rate "
            "counts them. Decide them by hand in Review, or fix the scorer and score them again."
        )
        ui.grid(
            [
                {"candidate": one.candidate_id, "scorer": readable(one.scorer), "why": one.reason}
                for one in unscored[:SHOWN]
            ],
        )
        if len(unscored) > SHOWN:
            st.caption(f"The first {SHOWN:,} of {len(unscored):,}.")
        if not editable:
            return
        if st.button("Score them again", icon=":material/refresh:", disabled=ui.locked("score"), key="score-again"):
            if ui.attempt(lambda: project.score(number, again=True)):
                st.rerun()
