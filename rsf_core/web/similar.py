"""The candidates most similar to another, on the Review page: how many, and the way back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter
from rsf_core.review.similar import MOST, NEAREST
from rsf_core.web.literal import literal


def check(project: Project, number: int, candidates: CandidateFilter) -> None:
    """Raises RsfError if the candidates most similar to the one in a filter cannot be determined."""
    if candidates.like:
        project.review.mask(
            number, project.review.index(number), CandidateFilter(like=candidates.like, nearest=candidates.nearest)
        )


def panel(candidates: CandidateFilter, look_at: Callable[[CandidateFilter], None]) -> None:
    """How many similar candidates to show; nothing if the filter does not ask for any."""
    if not candidates.like:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        st.markdown(
            f":material/hub: The candidates most similar to **{literal(candidates.like)}**, including itself. Read "
            "some, then decide all below in one step; one undo takes it back."
        )
        shown = candidates.nearest or NEAREST
        count = int(st.number_input("How many", 1, MOST, shown, 5, width=160, key=f"nearest-{candidates.like}-{shown}"))
        if st.button("Back to all", icon=":material/close:"):
            look_at(CandidateFilter())
    if count != shown:
        look_at(candidates.model_copy(update={"nearest": count}))
