"""The problems with the rows of a file that was read: the first ones, and all as CSV."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsf_core.domain.words import plural
from rsf_core.project.candidate_imports import CandidatePreview
from rsf_core.project.imports import Preview
from rsf_core.web.literal import literal


def show(preview: Preview | CandidatePreview, as_csv: Callable[[], bytes], key: str) -> None:
    """The problems of a preview; nothing if there are none. `as_csv` makes the file when it is requested; `key` is the
    button's."""
    if not preview.problems:
        return
    counts = [f"{plural(preview.left_out, 'row')} left out"] if preview.left_out else []
    counts += [f"{preview.in_part:,} read in part"] if preview.in_part else []
    with st.expander(literal(", ".join(counts)), icon=":material/warning:", expanded=True):
        for problem in preview.problems:
            st.text(str(problem))
        more = preview.left_out + preview.in_part - len(preview.problems)
        if more:
            st.caption(f"and {more:,} more")
        st.download_button(
            "All of them as CSV",
            as_csv,
            "problems.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=key,
        )
