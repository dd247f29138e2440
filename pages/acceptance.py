"""Acceptance: which M, and what it keeps."""

import streamlit as st

from rsf_core import acceptance_view
from rsf_core.domain import JobKind, Scope
from rsf_core.web import charts, palette, session, ui

project = session.project()
number = ui.chosen_round(project)
counts = project.counts(number)
threshold = project.threshold(number)
newest = number == project.current_round

ui.heading("Acceptance", "How strict is the rule? A candidate is accepted with probability min(1, P/(M·q)).")

running = ui.running_job(project, [JobKind.GENERATE, JobKind.SCORE])
ratios = project.ratios(number)
if threshold is None or ratios.num_rows == 0:
    if not running:
        ui.empty(
            "The log ratios of the candidates will be shown here once they are scored.",
            page="generate",
            label="Generate candidates",
        )
    st.stop()

scope_names = {Scope.PROMPT: "Per prompt", Scope.GLOBAL: "Global"}
scope = st.segmented_control(
    "Scope of M",
    list(scope_names),
    default=threshold.scope,
    format_func=scope_names.__getitem__,
    required=True,
    key=f"scope-{number}-{threshold.created_at}",
    help="Per prompt: M is relative to the prompt's own scale, so that each prompt gets a like share. "
    "Global: one M for all; prompts with higher ratios get more of the data.",
)
start = acceptance_view.view(ratios, threshold.log_m, scope)
log_m = st.slider(
    "log M (nats): further right is stricter",
    min_value=round(min(start.low, threshold.log_m), 2),
    max_value=round(max(start.high, threshold.log_m + 0.01), 2),
    value=float(threshold.log_m),
    step=0.01,
    key=f"log-m-{number}-{scope}-{threshold.created_at}",
)
view = acceptance_view.view(ratios, log_m, scope)
changed = abs(log_m - threshold.log_m) > 1e-9 or scope is not threshold.scope

with st.container(horizontal=True):
    st.metric(
        "Accepted",
        f"{view.accepted:,}",
        f"{view.accepted / view.candidates:.1%} of all",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    st.metric(
        "Expected rate",
        f"{view.expected_rate:.1%}",
        border=True,
        height="stretch",
        help="Mean of min(1, P/(M·q)) over all candidates.",
    )
    st.metric(
        "Prompts with none",
        f"{view.prompts_with_none:,}",
        f"of {len(view.prompt_rates)}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    st.metric(
        "Bound violated",
        f"{view.violating:,}",
        "ℓ > log M",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )

with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Apply this M", type="primary", disabled=not changed or not newest, icon=":material/check:"):
        if ui.attempt(lambda: project.set_threshold(log_m, scope, number)):
            st.rerun()
    earlier = [t for t in project.store.thresholds(number) if (t.log_m, t.scope) != (threshold.log_m, threshold.scope)]
    if earlier and newest and st.button("Undo", icon=":material/undo:", help="Go back to the M before."):
        if ui.attempt(lambda: project.set_threshold(earlier[0].log_m, earlier[0].scope, number, reason="undo")):
            st.rerun()
    st.caption(
        f"In force: log M = {threshold.log_m:.3f}, {scope_names[threshold.scope].lower()}, by {threshold.author} "
        f"({threshold.reason})."
    )

left, right = st.columns([3, 2], gap="large")
with left:
    st.header("Log ratio of the candidates", anchor=False)
    st.plotly_chart(charts.ratio_histogram(view, log_m), config=charts.CONFIG)
    if view.impossible:
        st.caption(
            f"{palette.REJECTED.icon} {view.impossible:,} candidates are not drawn: a constraint failed (P = 0), "
            "so no M accepts them."
        )
with right:
    st.header("Share accepted, by prompt", anchor=False)
    st.plotly_chart(charts.prompt_rates(view), config=charts.CONFIG)

diagnosis = acceptance_view.diagnosis(ratios, log_m, scope)
if diagnosis is not None:
    with st.expander("How far the accepted lie from the target", icon=":material/straighten:"):
        violated = diagnosis.violation_rate
        by_construction = "0 by construction: no candidate violates this M"
        st.dataframe(
            [
                {"measure": measure, "value": value, "what it says": meaning}
                for measure, value, meaning in (
                    (
                        "Total variation",
                        by_construction if diagnosis.bound_holds_here else ui.limits(diagnosis.tvd),
                        "largest difference in probability between the target and the law of the accepted",
                    ),
                    (
                        "KL(target ‖ accepted)",
                        by_construction if diagnosis.bound_holds_here else ui.limits(diagnosis.kl_target, " nats"),
                        "what the accepted miss of the target",
                    ),
                    ("KL(accepted ‖ proposal)", ui.limits(diagnosis.kl_proposal, " nats"), "how far selection moves q"),
                    ("Bound violated", ui.limits(violated, " %", 100), "share of draws with ℓ > log M, exact interval"),
                    ("Effective sample size", f"{diagnosis.ess:.0f} of {diagnosis.draws}", "draws the target is worth"),
                )
            ],
            hide_index=True,
        )
        st.caption("95 % intervals, by prompt. M was chosen on these very draws, so the truth is somewhat worse.")
        if not diagnosis.trusted:
            st.warning(
                "The weights have a heavy tail (or there are too few of them to tell): total variation and KL cannot be "
                "trusted here.",
                icon=":material/warning:",
            )

with st.expander("What M is, and why larger is not better", icon=":material/help:"):
    st.markdown(
        "**M** makes the target P fit under M·q. With M at least the largest P/q, what is accepted follows the target "
        "exactly, and a larger M then only throws samples away: twice the M, half the accepted. Below it the bound is "
        "*violated* for some candidates: they are accepted for certain, yet less often than the target asks, so the "
        "accepted set lies between q and P.\n\n"
        "So M is the smallest value that still bounds P/q, or the smallest whose distance to the target you accept. "
        "Raising M only removes candidates, lowering it only adds them: each candidate's random number is fixed for life."
    )
    st.latex(
        r"p_{\text{accept}} = \min\!\left(1, \frac{P(x\mid c)}{M\,q(x\mid c)}\right),\qquad \ell = \log P - \log q"
    )
