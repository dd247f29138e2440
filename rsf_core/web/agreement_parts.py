"""How well the rule and people agree in a round, people among themselves, and which target would agree better."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.access import Actor
from rsf_core.domain.errors import RsfError
from rsf_core.domain.words import fixed, in_percent, percent, plural
from rsf_core.project import Project
from rsf_core.review.agreement import Agreement
from rsf_core.sampling.intervals import Interval
from rsf_core.web import charts, compare_parts, estimates, gold_parts, guide_parts, progress_parts, question_parts, ui
from rsf_core.web.literal import literal


def agreement(project: Project, number: int, reviewer: Actor) -> None:
    """How well the rule and people agree, and the target that would agree better."""
    agreement_now = project.review.agreement(number)
    if not agreement_now.reviewed.total:
        question_parts.answered(project, number)
        ui.empty("Once people have decided candidates, this shows how well the rule agrees with them.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        _against_the_rule(agreement_now)
    with right:
        st.header("Overruled by p_accept", anchor=False)
        st.plotly_chart(charts.overruled(agreement_now.by_p_accept), config=charts.CONFIG)
    _between_reviewers(agreement_now)
    question_parts.answered(project, number)
    guide_parts.agreement(agreement_now.by_guide)
    compare_parts.win_rates(project, number)
    progress_parts.everybody(project, number, reviewer)
    gold_parts.panel(project, number, reviewer)
    st.header("A target that agrees better", anchor=False)
    _suggestion(project, number, reviewer)


def _against_the_rule(agreement_now: Agreement) -> None:
    st.header("The rule against people", anchor=False)
    audit = agreement_now.audit
    with st.container(horizontal=True):
        st.metric("Precision", _percent(audit.precision), border=True, help="Of what the rule accepts, people accept.")
        st.metric("Recall", _percent(audit.recall), border=True, help="Of what people accept, the rule accepts.")
    if audit.total:
        st.caption(
            f"From the {plural(audit.total, 'candidate')} of the random audit that are decided so far (95 % intervals): "
            "a random sample, so it holds for the whole round"
            + (
                f", if the {agreement_now.audit_skipped:,} skipped among them are like the rest."
                if agreement_now.audit_skipped
                else "."
            )
        )
    else:
        st.caption(
            "The round's precision and recall are measured on candidates that were picked at random. Some are "
            "mixed into every order (see “How we review here”); the order “At random (unbiased audit)” shows them "
            "alone."
        )
    all_ = agreement_now.reviewed
    ui.grid(
        [
            {"rule": "accepts", "people accept": all_.accept_accept, "people reject": all_.accept_reject},
            {"rule": "rejects", "people accept": all_.reject_accept, "people reject": all_.reject_reject},
        ],
    )
    st.caption(f"Of {plural(all_.total, 'decided candidate')}: the ones people happened to look at.")


def _between_reviewers(agreement_now: Agreement) -> None:
    st.header("Reviewers", anchor=False)
    if not agreement_now.pairs:
        st.caption("No candidate has been decided by two reviewers yet: raise “Opinions per candidate” below.")
    else:
        alpha = "undefined: all agree" if agreement_now.alpha is None else fixed(agreement_now.alpha, 2)
        st.markdown(f"Krippendorff's α: **{literal(alpha)}**")
        ui.grid(
            [
                {
                    "reviewers": f"{pair.first} and {pair.second}",
                    "decided by both": pair.both,
                    "same": in_percent(pair.same / pair.both),
                    "Cohen's κ": None if pair.kappa is None else round(pair.kappa, 2),
                }
                for pair in agreement_now.pairs
            ],
        )


def _suggestion(project: Project, number: int, reviewer: Actor) -> None:
    try:
        suggestion = project.review.suggest(number)
    except RsfError as error:
        st.caption(f"Not yet: {literal(error)}.")
        return
    now = project.target(number)
    ui.grid(
        [
            {
                "scorer": name,
                "weight now": None if now is None else now.rewards.get(name, 0.0),
                "suggested": round(suggestion.target.rewards[name], 4),
                "weight/β as fitted": estimates.limits(limits),
            }
            for name, limits in suggestion.fit.coefficients.items()
        ],
    )
    st.markdown(
        f"With β = {suggestion.target.beta:.4g} [{suggestion.beta.low:.3g}, {suggestion.beta.high:.3g}] and log M = "
        f"{suggestion.log_m:.3f} the rule would agree with **{suggestion.agreeing:,}** of {suggestion.decisions:,} "
        f"human decisions on prompts that it was not fitted to, instead of {suggestion.agreeing_now:,}; "
        f"**{suggestion.changed:,}** automatic decisions would change."
    )
    lenient = (
        "The fit includes how lenient people are with each prompt."
        if suggestion.fit.decisions > suggestion.beta.groups
        else "Each prompt has only one decision, so the fit cannot tell how lenient people are with each prompt. Where "
        "that differs, β comes out too large, and its interval does not show it."
    )
    st.caption(
        f"A {literal(suggestion.fit.link)} fit of the decisions on the scores, by likelihood with a ridge of 0.001 "
        "that keeps it finite. Brackets: 95 % intervals by bootstrap over prompts; a weight whose interval contains 0 "
        "may be chance. Decisions near the boundary alone say little about the rest: decide some of the random audit "
        f"too. {lenient}"
    )
    if st.button(
        "Make it the target",
        icon=":material/check:",
        disabled=number != project.current_round or ui.locked("take_suggestion"),
    ):
        if ui.attempt(lambda: project.take_suggestion(suggestion, number, reviewer)):
            st.rerun()


def _percent(interval: Interval | None) -> str:
    return (
        "–" if interval is None else f"{percent(interval.value)} % [{percent(interval.low)}, {percent(interval.high)}]"
    )
