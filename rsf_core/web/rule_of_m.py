"""How M is chosen if no person chooses it: for which share, and whether by priority sampling."""

from __future__ import annotations

import streamlit as st

from rsf_core.acceptance.target import is_indicator
from rsf_core.project import Project
from rsf_core.web import ui

CHOICES = {"rate": "Halfway between two candidates", "priority": "Priority sampling"}


def panel(project: Project) -> None:
    """The rule's settings, and the button that lets it choose now."""
    with st.expander("How M is chosen automatically", icon=":material/rule:"):
        if is_indicator(project.settings.target):
            st.caption("The target has only constraints: M = 1 is the exact bound, so there is nothing to choose.")
            return
        accept = project.settings.accept
        with st.form("rule-of-m", border=False):
            left, right = st.columns(2)
            rate = left.number_input("Share accepted (%)", 0.01, 100.0, 100 * accept.rate, 1.0)
            names = list(CHOICES)
            choose = right.selectbox("M lies", names, names.index(accept.choose), format_func=CHOICES.__getitem__)
            st.caption(
                "Priority sampling takes the critical value of the first candidate that is not accepted. Training and "
                "exports then weight each accepted sample by max(1, P/(M·q)). M times the sum of these weights is an "
                "unbiased estimate of the total weight of all candidates, as long as nobody overrides and no duplicate "
                "is left out. An M halfway between two candidates accepts the same ones, each with weight 1 unless "
                "bound violations are weighted (Train, Recipe)."
            )
            if st.form_submit_button("Save, and let the rule choose M now", disabled=ui.locked("choose_m")):
                changed = {"accept.rate": repr(rate / 100)} if abs(rate / 100 - accept.rate) > 1e-12 else {}
                changed |= {"accept.choose": choose} if choose != accept.choose else {}
                if ui.save(project, changed) and ui.attempt(project.choose_m):
                    st.rerun()
