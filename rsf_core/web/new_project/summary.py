"""What a new project will be, at a glance, before it is created."""

from __future__ import annotations

import streamlit as st

from rsf_core.project.draft import Draft
from rsf_core.project.draft_steps import Facts
from rsf_core.web.about import prompts_in_words, target_in_words
from rsf_core.web.literal import literal


def draw(draft: Draft, facts: Facts) -> None:
    """A summary of the project to be made."""
    state = draft.trial.state()
    trial_result = "not drawn" if not state.prompts else f"{state.accepted:,} of {state.drawn:,} would be accepted"
    rows = {
        "Task": draft.chosen.title,
        "Prompts": prompts_in_words(facts.prompts),
        "Model": facts.model.name,
        "What is good": target_in_words(facts.target) if facts.target.scorers else "nothing chosen yet",
        "Trial": trial_result + (" (something has changed since)" if state.stale and state.prompts else ""),
    }
    with st.container(border=True):
        for name, value in rows.items():
            with st.container(horizontal=True, vertical_alignment="top"):
                st.caption(literal(name), width=110)
                st.text(value, width="stretch")
