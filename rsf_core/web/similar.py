"""The candidates that are like another, on the Review page: how many, and the way back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter
from rsf_core.review.similar import MOST, NEAREST
from rsf_core.web.literal import literal


def check(project: Project, number: int, wanted: CandidateFilter) -> None:
    """Raises RsfError where those that are like the candidate of a filter cannot be told."""
    if wanted.like:
        project.review.mask(
            number, project.review.index(number), CandidateFilter(like=wanted.like, nearest=wanted.nearest)
        )


def panel(wanted: CandidateFilter, look_at: Callable[[CandidateFilter], None]) -> None:
    """How many of them to look at; nothing where the filter asks for none."""
    if not wanted.like:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        st.markdown(
            f":material/hub: The candidates most like **{literal(wanted.like)}**, itself among them. Read some, then decide "
            "all below as one step, which one undo takes back."
        )
        shown = wanted.nearest or NEAREST
        count = int(st.number_input("How many", 1, MOST, shown, 5, width=160, key=f"nearest-{wanted.like}-{shown}"))
        if st.button("Back to all", icon=":material/close:"):
            look_at(CandidateFilter())
    if count != shown:
        look_at(wanted.model_copy(update={"nearest": count}))
