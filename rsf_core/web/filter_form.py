"""Which candidates of a round are shown: the filter in the URL, and the form that changes it."""

from __future__ import annotations

import math
from itertools import cycle
from typing import Any

import streamlit as st
from pydantic import ValidationError

from rsf_core.domain import Outcome
from rsf_core.domain.errors import RsfError
from rsf_core.domain.field_words import in_words
from rsf_core.domain.scorer_ref import readable
from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter
from rsf_core.scorers import answered
from rsf_core.web import similar, ui
from rsf_core.web.literal import literal

ANY = "any"
YES_NO = {ANY: None, "yes": True, "no": False}
# What the form calls its fields.
FILTERS = {
    "text": "Text contains",
    "regex": "Matches",
    "tag": "Tag",
    "decision": "By the rule",
    "overridden": "Overridden",
    "flagged": "Flagged",
    "p_accept": "p_accept",
    "by": "Reviewed by",
    "prompt": "Prompt",
    "tokens": "Tokens",
    "log_ratio": "ℓ (nats)",
    "scores": "Scores",
}


def chosen(project: Project, number: int) -> CandidateFilter:
    """The filter in the URL, with a form to change it. An invalid filter is reported and ignored."""
    query = {
        name: value for name, value in st.query_params.items() if name in CandidateFilter.model_fields or "." in name
    }
    try:
        candidate_filter = CandidateFilter.from_query(query)
        project.review.check_text(number, candidate_filter)
        similar.check(project, number, candidate_filter)
    except RsfError as error:
        ui.problem(f"The filter cannot be used: {error}. All candidates are shown.")
        candidate_filter = CandidateFilter()
    words = candidate_filter.describe()
    with st.expander(f"Filter: {literal(words)}" if words else "Filter", icon=":material/filter_alt:"):
        form(project, number, candidate_filter)
    similar.panel(candidate_filter, look_at)
    return candidate_filter


def form(project: Project, number: int, candidate_filter: CandidateFilter) -> None:
    name = f"filter-{hash(candidate_filter.model_dump_json())}"
    with st.form(name, border=False):
        first, second, third = st.columns(3)
        values: dict[str, Any] = {
            "text": first.text_input("Text contains", candidate_filter.text or "") or None,
            "regex": second.text_input("Matches (regular expression)", candidate_filter.regex or "") or None,
            "tag": third.text_input("Tag", candidate_filter.tag or "") or None,
            "decision": _choice(first, "By the rule", [o.value for o in Outcome], candidate_filter.decision),
            "overridden": YES_NO[
                _choice(second, "Overridden", ["yes", "no"], _yes_no(candidate_filter.overridden)) or ANY
            ],
            "flagged": YES_NO[_choice(third, "Flagged", ["yes", "no"], _yes_no(candidate_filter.flagged)) or ANY],
            "p_accept": _span(
                first.slider("p_accept", 0.0, 1.0, candidate_filter.p_accept or (0.0, 1.0), 0.01), (0.0, 1.0)
            ),
            "by": second.text_input("Reviewed by", candidate_filter.by or "") or None,
            "prompt": third.number_input("Prompt", 1, None, candidate_filter.prompt, 1),
            "like": candidate_filter.like,
            "nearest": candidate_filter.nearest,
        }
        values["tokens"] = _limits(first, name, "Tokens", candidate_filter.tokens)
        values["log_ratio"] = _limits(second, name, "ℓ (nats)", candidate_filter.log_ratio)
        values["scores"] = {}
        scorers = (one for one in project.scorers(number) if not answered.is_one(one))
        for where, scorer in zip(cycle((third, first, second)), scorers):  # the first beside the two above
            limits = _limits(where, name, readable(scorer), candidate_filter.scores.get(scorer))
            if limits is not None:
                values["scores"][scorer] = limits
        with st.container(horizontal=True):
            apply = st.form_submit_button("Apply", type="primary")
            clear = st.form_submit_button("Clear")
    if apply:
        try:
            look_at(CandidateFilter.model_validate(values))
        except ValidationError as error:
            ui.problem(f"This filter makes no sense: {in_words(error, FILTERS)}")
    if clear:
        look_at(CandidateFilter())


def look_at(candidate_filter: CandidateFilter) -> None:
    """Replace the filter in the URL, and draw the page again."""
    for name in list(st.query_params):
        if name in CandidateFilter.model_fields or "." in name or name == "at":
            del st.query_params[name]
    for name, value in candidate_filter.to_query().items():
        st.query_params[name] = value
    st.rerun()


def _choice(where: Any, label: str, options: list[str], chosen: str | None) -> str | None:
    picked: str = where.selectbox(
        literal(label), [ANY, *options], index=0 if chosen is None else 1 + options.index(chosen)
    )
    return None if picked == ANY else picked


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _span(chosen: tuple[float, float], whole: tuple[float, float]) -> tuple[float, float] | None:
    return None if chosen == whole else chosen


def _limits(where: Any, form: str, label: str, limits: tuple[float, float] | None) -> tuple[float, float] | None:
    """Two fields, either of which may stay empty. Another form has new fields, so that none keeps a cleared value."""
    low, high = limits or (-math.inf, math.inf)
    left, right = where.columns(2)
    least = left.number_input(f"{literal(label)} from", value=low if math.isfinite(low) else None)
    most = right.number_input("to", value=high if math.isfinite(high) else None, key=f"{form}-to-{label}")
    if least is None and most is None:
        return None
    return -math.inf if least is None else float(least), math.inf if most is None else float(most)
