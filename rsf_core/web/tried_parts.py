"""The results of trying a scorer, code or judge, on some candidates: kept in the session, and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from rsf_core.domain.errors import RsfError
from rsf_core.domain.words import plural
from rsf_core.store.records import Tried
from rsf_core.web import ui
from rsf_core.web.literal import literal

EXCERPT = 300  # characters of a candidate in a table


def keep(key: str, draft: object, doing: str, score: Callable[[], object]) -> None:
    """Keep the result of `score` for a draft, together with that draft. An error is shown instead."""
    try:
        with st.spinner(literal(doing)):
            st.session_state[key] = draft, score()
    except RsfError as error:
        st.session_state.pop(key, None)
        ui.problem(str(error))


def summary(candidates: int, unscored: Mapping[str, int], scores: str) -> bool:
    """How many of the candidates have no score, by the reason, and a description of the `scores` of the others. Returns False
    if there are no candidates."""
    if not candidates:
        st.info(
            "There is no candidate to try it on yet: generate some first. You can save it anyway.",
            icon=":material/info:",
        )
        return False
    for reason, count in unscored.items():
        st.error(
            f"No score for {count:,} of {plural(candidates, 'candidate')}: {literal(reason)}", icon=":material/error:"
        )
    scored = candidates - sum(unscored.values())
    if scored:
        st.success(f"{plural(scored, 'candidate')} scored, {literal(scores)}.", icon=":material/check:")
    return True


def texts(candidate: Tried) -> dict[str, Any]:
    """A candidate's columns in a table."""
    return {
        "completion": candidate.completion[:EXCERPT],
        "prompt": candidate.prompt[:EXCERPT],
        "reference": candidate.reference,
    }
