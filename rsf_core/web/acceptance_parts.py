"""M on the Acceptance page: the tuner with the figures at an M, the marks and the history. Each part that responds to a click
is a fragment, so that only that part is drawn again."""

from __future__ import annotations

import math

import streamlit as st

from rsf_core.acceptance import history, outcomes
from rsf_core.acceptance.landscape import Landscape
from rsf_core.domain import Scope
from rsf_core.domain.words import in_percent, plural, seconds
from rsf_core.domain.words import speed as tokens_a_second
from rsf_core.project import Project
from rsf_core.sampling.cost import forecast
from rsf_core.sampling.diagnosis import MANY, TOP, Diagnosis
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import ThresholdRecord
from rsf_core.web import estimates, ui
from rsf_core.web.components.m_tuner import m_tuner
from rsf_core.web.literal import literal

SCOPES = {Scope.PROMPT: "Per prompt", Scope.GLOBAL: "Global"}
START = "acceptance-start"


@st.fragment
def tuner(project: Project, number: int, threshold: ThresholdRecord, editable: bool) -> None:
    """Drag M, see what it keeps and how far that is from the target, and put it in force."""
    scope = st.segmented_control(
        "Scope of M",
        list(SCOPES),
        default=threshold.scope,
        format_func=SCOPES.__getitem__,
        required=True,
        key=f"scope-{number}-{threshold.seq}",
        help="Per prompt: M is relative to the prompt's own scale, the mean ratio of its other draws, so that each "
        "prompt gets a similar share. With few candidates per prompt that scale is noisy, and the same distance needs "
        "a larger M. Global: one M for all; prompts with higher ratios get more of the data.",
    )
    landscape = project.landscape(scope, number)
    assert landscape is not None  # the page has checked that there is one
    marks = project.marks(scope, number)
    start, nonce = _start(project, number, threshold, landscape, scope)
    in_force = threshold.log_m if scope is threshold.scope else start
    log_m = m_tuner(landscape, in_force, start, marks, f"m-tuner-{number}-{nonce}")

    changed = abs(log_m - threshold.log_m) > 1e-9 or scope is not threshold.scope
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Apply this M",
            type="primary",
            disabled=not (changed and editable) or ui.locked("set_threshold"),
            icon=":material/check:",
        ):
            if ui.attempt(lambda: project.set_threshold(log_m, scope, number, ui.actor())):
                st.rerun()
        earlier = history.before(project.thresholds(number))
        if editable and earlier is not None:
            if st.button(
                "Undo",
                icon=":material/undo:",
                help=f"Back to log M = {earlier.log_m:.3f}.",
                disabled=ui.locked("undo_threshold"),
            ):
                if ui.attempt(lambda: project.undo_threshold(number, ui.actor())):
                    st.rerun()
        st.caption(
            f"In force: log M = {threshold.log_m:.3f}, {literal(SCOPES[threshold.scope].lower())}, "
            f"by {literal(threshold.author)} "
            f"({literal(threshold.reason)})." + ("" if editable else " Earlier rounds are kept as they were.")
        )
    numbers(project, number, landscape, log_m)


def _start(
    project: Project, number: int, threshold: ThresholdRecord, landscape: Landscape, scope: Scope
) -> tuple[float, str]:
    """The log M (nats) at which the tuner starts, and the name of this start: a new name resets the tuner. It starts at
    an M taken from the history, else at the M in force; under the other scope, at the M that accepts as many."""
    taken = st.session_state.get(START)
    if taken is not None and taken["round"] == number and taken["scope"] is scope:
        return taken["log_m"], f"{scope}-{taken['seq']}"
    if scope is threshold.scope:
        return threshold.log_m, f"{scope}-{threshold.seq}"
    accepted = project.landscape(threshold.scope, number)
    assert accepted is not None
    return landscape.log_m_for_count(accepted.at(threshold.log_m).automatic), f"{scope}-{threshold.seq}"


def numbers(project: Project, number: int, landscape: Landscape, log_m: float) -> None:
    """The figures at one M: the distance to the target with intervals, and the cost of the number of samples needed."""
    diagnosis = landscape.diagnosis(log_m)
    if landscape.scale_contains_draw:
        _decide_again(project, number)
    if landscape.rate_is_zero:
        st.warning(
            "None of the candidates drawn equally for all prompts can be accepted, so the unbiased estimate of the "
            "acceptance rate is 0. The figures below count all candidates, including those drawn again for prompts "
            "that had none accepted, so they overstate the round.",
            icon=":material/warning:",
        )
    st.header("How far the accepted lie from the target", anchor=False)  # at full width: the table has long sentences
    _distance(diagnosis)
    st.header("What it costs", anchor=False)
    _cost(project, number, landscape, diagnosis)


def _decide_again(project: Project, number: int) -> None:
    """A round decided by an earlier version keeps its decisions until a person asks for new ones."""
    st.warning(
        "This round was decided by an earlier version, in which each prompt's scale contains the draw that it judges. "
        "The accepted therefore lie farther from the target than the figures here show. Nothing changes until you ask.",
        icon=":material/warning:",
    )
    if number != project.current_round:
        return
    if st.button(
        "Decide again, with scales from the other draws", icon=":material/refresh:", disabled=ui.locked("score")
    ):
        if ui.attempt(lambda: project.score(number)):
            st.rerun()


def _distance(diagnosis: Diagnosis) -> None:
    zero = "0 by construction: nothing exceeds this M"

    def estimate(interval: Interval, unit: str = "", scale: float = 1.0) -> str:
        return estimates.limits(interval, unit, scale) if interval.known else "cannot be estimated from these draws"

    rows = [
        ("Acceptance rate", estimates.limits(diagnosis.acceptance_rate, " %", 100), "mean of min(1, P/(M·q))"),
        ("Total variation", zero if diagnosis.bound_holds_here else estimate(diagnosis.tvd), "to the target, 0 to 1"),
        (
            "KL(target ‖ accepted)",
            zero if diagnosis.bound_holds_here else estimate(diagnosis.kl_target, " nats"),
            "what the accepted miss",
        ),
        ("KL(accepted ‖ proposal)", estimates.limits(diagnosis.kl_proposal, " nats"), "how far selection moves q"),
        (
            "Violated mass",
            zero if diagnosis.bound_holds_here else estimate(diagnosis.violated_mass, " %", 100),
            "of the target, where ℓ > log M",
        ),
        ("Bound violated", estimates.limits(diagnosis.violation_rate, " %", 100), "of the draws"),
        ("Effective sample size", f"{diagnosis.ess:,.0f} of {diagnosis.draws:,}", "draws the target is worth"),
        (
            "Tail index k̂",
            "too few draws"
            if diagnosis.pareto_k is None
            else f"{diagnosis.pareto_k:.2f}  (≤ {diagnosis.pareto_k_limit:.2f})",
            "of the weights; also small where the tail was missed",
        ),
    ]
    ui.grid(
        [{"measure": name, "estimate [95 %]": value, "meaning": meaning} for name, value, meaning in rows],
    )
    st.caption(
        "Intervals are clustered by prompt. An M chosen on these same draws looks better than it is: see the "
        "marks below."
    )
    if not diagnosis.end_is_seen:
        lost = (
            "KL(target ‖ accepted)"
            if diagnosis.trusted
            else "Total variation, KL(target ‖ accepted) and the violated mass"
        )
        near, within = diagnosis.prompts_at_the_top, TOP * min(1.0, diagnosis.upper_spread)
        st.warning(
            f"{literal(lost)} cannot be estimated from these draws: only {near:,} "
            f"{'prompt comes' if near == 1 else 'prompts come'} within {within:.2g} nats of the largest ratio, so "
            f"larger ones may not have been drawn yet (it takes {MANY:,}, or for all but KL ratios that spread by at "
            f"most {diagnosis.even:.2f} nats above their median; here {diagnosis.upper_spread:.2f}).",
            icon=":material/warning:",
        )


def _cost(project: Project, number: int, landscape: Landscape, diagnosis: Diagnosis) -> None:
    left, right = st.columns(2)
    samples = left.number_input("Accepted samples needed", 1, 10_000_000, 500, 100, key=f"samples-{number}")
    speed = project.generation_speed(number)
    rate = diagnosis.acceptance_rate
    if speed is None:
        st.caption("This round has no finished generate job to measure the drawing speed from.")
        return
    rates = (rate.value, rate.high, rate.low) if rate.known else (rate.value,) * 3  # a single prompt has no interval
    value, low, high = (forecast(samples, r, speed.tokens_per_draw, speed.tokens_per_second) for r in rates)
    shown = f"{value.draws:,.0f}" if math.isfinite(value.draws) else "never"
    right.metric("Draws", shown, border=True)
    if math.isfinite(value.seconds):
        span = f"({seconds(low.seconds)} to {seconds(high.seconds)})" if rate.known and rate.low > 0 else ""
        st.markdown(
            f"about **{seconds(value.seconds)}** of drawing {literal(span)}, "
            f"at {literal(tokens_a_second(speed.tokens_per_second))}"
        )
    k = project.settings.generate.candidates
    none = outcomes.starving(landscape, diagnosis.log_m, k).none
    st.caption(
        f"With {plural(k, 'candidate')} a prompt, about {in_percent(none.value)} [{in_percent(none.low)}, "
        f"{in_percent(none.high)}] of prompts like these would get none. The prompts' rates are shrunk towards each "
        "other, because a few draws of one prompt say little."
    )


def judged_marks(project: Project, number: int, threshold: ThresholdRecord) -> None:
    """The marks under the scope in force, judged on prompts that had no part in choosing them."""
    landscape = project.landscape(threshold.scope, number)
    assert landscape is not None
    rows = []
    for mark in project.marks(threshold.scope, number):
        judged = mark.held_out
        rows.append(
            {
                "mark": mark.name,
                "log M": None if mark.log_m is None else round(mark.log_m, 3),
                "accepted": None if mark.log_m is None else landscape.at(mark.log_m).accepted,
                "total variation": ""
                if judged is None
                else estimates.limits(judged.tvd)
                if judged.tvd.known
                else "cannot be estimated",
                "bound violated": "" if judged is None else estimates.limits(judged.violation_rate, " %", 100),
                "explanation": mark.explanation,
            }
        )
    ui.grid(rows)
    st.caption(
        "Total variation and violations: the mark is chosen again on half of the prompts and judged on the other half, "
        "so that no bound is tested on the draws that it was fitted to."
    )


def threshold_history(project: Project, number: int, threshold: ThresholdRecord) -> None:
    """Every M the round has had: who, when, from, to, and what it changed."""
    thresholds = project.thresholds(number)
    with st.expander(f"History of M ({len(thresholds)})", icon=":material/history:"):
        rows = []
        for chosen, previous in zip(thresholds, [*thresholds[1:], None], strict=True):
            same = chosen.target_id == threshold.target_id
            rows.append(
                {
                    "when": chosen.created_at,
                    "who": chosen.author,
                    "from": None if previous is None else previous.log_m,
                    "to": chosen.log_m,
                    "scope": SCOPES[chosen.scope].lower(),
                    "accepted": _accepted(project, number, chosen) if same else None,
                    "why": chosen.reason,
                }
            )
        table = ui.grid(
            rows,
            column_config={
                "when": st.column_config.DatetimeColumn(format="distance"),
                "from": st.column_config.NumberColumn(format="%.3f"),
                "to": st.column_config.NumberColumn(format="%.3f"),
            },
            key=f"history-{number}-{threshold.seq}",
            on_select="rerun",
            selection_mode="single-row",
        )
        st.caption(
            "accepted: candidates that this M accepts now, including overrides; empty where the M belongs to another "
            "target."
        )
        if table.selection.rows:
            chosen = thresholds[table.selection.rows[0]]
            st.button(
                f"Try log M = {chosen.log_m:.3f} again",
                disabled=chosen.target_id != threshold.target_id,
                on_click=_try_again,
                args=(number, threshold, chosen),
            )


def _try_again(number: int, threshold: ThresholdRecord, chosen: ThresholdRecord) -> None:
    """A callback, because Streamlit allows the scope's field to be set only before it is drawn."""
    taken = st.session_state.get(START, {"seq": 0})["seq"] + 1
    st.session_state[START] = {"round": number, "scope": chosen.scope, "log_m": chosen.log_m, "seq": taken}
    st.session_state[f"scope-{number}-{threshold.seq}"] = chosen.scope


def _accepted(project: Project, number: int, chosen: ThresholdRecord) -> int:
    landscape = project.landscape(chosen.scope, number)
    assert landscape is not None
    return landscape.at(chosen.log_m).accepted
