"""How M is chosen where no person chooses it: for which share, and whether by priority sampling."""

from __future__ import annotations

import streamlit as st

from rsf_core.acceptance.target import is_indicator
from rsf_core.project import Project
from rsf_core.web import ui

CHOICES = {"rate": "Between two candidates", "priority": "Priority sampling"}


def panel(project: Project) -> None:
    """The rule's settings, and the button that lets it choose now."""
    with st.expander("How M is chosen by itself", icon=":material/rule:"):
        if is_indicator(project.settings.target):
            st.caption("The target has constraints alone: M = 1 is the exact bound, and nothing is to be chosen.")
            return
        accept = project.settings.accept
        with st.form("rule-of-m", border=False):
            left, right = st.columns(2)
            rate = left.number_input("Share accepted (%)", 0.01, 100.0, 100 * accept.rate, 1.0)
            names = list(CHOICES)
            choose = right.selectbox("M lies", names, names.index(accept.choose), format_func=CHOICES.__getitem__)
            st.caption(
                "Priority sampling takes the critical value of the first candidate that is not accepted. Each accepted sample "
                "is then weighted in training and in exports by max(1, P/(M·q)); times M these weights add up to what all "
                "candidates weigh, without bias, as long as nobody overrides and no duplicate is left out. Between two "
                "candidates the same are accepted, and weigh 1 unless bound violations are weighed (Train, Recipe)."
            )
            if st.form_submit_button("Save, and let the rule choose M now", disabled=ui.locked("choose_m")):
                changed = {"accept.rate": repr(rate / 100)} if abs(rate / 100 - accept.rate) > 1e-12 else {}
                changed |= {"accept.choose": choose} if choose != accept.choose else {}
                if ui.save(project, changed) and ui.attempt(project.choose_m):
                    st.rerun()
