"""Acceptance: which M, and what it costs."""

import streamlit as st

from rsf_core.domain import JobKind
from rsf_core.domain.words import plural
from rsf_core.web import (
    acceptance_parts,
    accepted_parts,
    elsewhere,
    job_parts,
    no_score,
    prompt_bands,
    round_parts,
    rule_of_m,
    session,
    ui,
)

project = session.project()
number = ui.chosen_round(project)
threshold = project.threshold(number)

ui.heading("Acceptance", "Which M, and what does it cost? A candidate is accepted with probability min(1, P/(M·q)).")

round_parts.stale_proposal(project, number)
running = job_parts.running_job(project, [JobKind.GENERATE, JobKind.SCORE])
no_score.panel(project, number, editable=number == project.current_round and not running)
elsewhere.panel(project, number, project.counts(number).candidates)
landscape = project.landscape(threshold.scope, number) if threshold else None
if threshold is None or landscape is None:
    if not running:
        ui.empty(
            "The log ratios of the candidates will be shown here once they are scored.",
            page="generate",
            label="Generate candidates",
        )
    st.stop()
if not landscape.possible:
    st.warning(
        f"None of the {plural(landscape.candidates, 'candidate')} can be accepted by any M: "
        f"{int(landscape.truncated.sum()):,} are truncated, and all others fail a constraint of the target (P = 0). "
        "Relax the constraint, allow more tokens, draw more, or accept some by hand in Review.",
        icon=":material/warning:",
    )
    if st.button("Review them", icon=":material/rate_review:"):
        ui.go("review")
    prompt_bands.panel(project, number, editable=number == project.current_round and not running)
    st.stop()

newest = number == project.current_round
ui.compounding_law(project)
acceptance_parts.tuner(project, number, threshold, editable=newest)
with st.expander(
    "Suggested values of M, each judged on prompts that were not used to choose it", icon=":material/fact_check:"
):
    acceptance_parts.judged_marks(project, number, threshold)
if newest:
    rule_of_m.panel(project)
prompt_bands.panel(project, number, editable=newest and not running)
accepted_parts.where(project, number, threshold)
accepted_parts.scopes(project, number, threshold)
accepted_parts.rules(project, number, threshold)
acceptance_parts.threshold_history(project, number, threshold)

with st.expander("What M is, and why larger is not better", icon=":material/help:"):
    st.markdown(
        "The proposal q draws candidates; the target P says which we would like to see how often. **M** makes P fit "
        "under M·q, so that each candidate can be kept with probability P/(M·q). Once M is at least the largest P/q, "
        "the accepted candidates follow the target exactly. A larger M then only throws samples away: twice the M, "
        "half the accepted.\n\n"
        "So M is **the smallest value that still bounds P/q, or the smallest whose distance to the target you can "
        "accept**. Raising M only removes candidates, lowering it only adds them: each candidate keeps its random "
        "number for life, so nothing is drawn again."
    )
    st.latex(
        r"p_{\text{accept}} = \min\!\left(1, \frac{P(x\mid c)}{M\,q(x\mid c)}\right),\qquad \ell = \log P - \log q,"
        r"\qquad \text{accepted} \iff \ell - \log u > \log M"
    )
with st.expander("What a bound violation means", icon=":material/warning:"):
    st.markdown(
        "A candidate with ℓ above log M is always accepted, and even so it appears less often than the target asks. "
        "The accepted then follow min(P, M·q) instead of P: they lie between the proposal and the target. Nothing is "
        "wrong with these candidates; there are just too few of their kind. You can raise M (all stored candidates are "
        "filtered again), keep M and let training weight them by max(1, P/(M·q)), which corrects the bias exactly, or "
        "accept the distance shown above."
    )
    st.latex(r"P_M \propto \min(P, Mq),\qquad \mathrm{TVD}(P, P_M) = \tfrac12 \sum_x |P(x) - P_M(x)|")
with st.expander("What the original description of the method got wrong", icon=":material/history_edu:"):
    st.markdown(
        "It says that M “should be as large as possible”. The opposite is true: beyond sup P/q the accepted "
        "distribution no longer changes and the acceptance rate is Z/M, so a larger M only costs draws (von Neumann "
        "1951).\n\n"
        "It trains with the loss −log(M·CE), CE being the cross-entropy. Its gradient is −∇CE/CE: descending it "
        "*raises* the cross-entropy of the accepted samples, and M drops out. The loss that belongs to the method is "
        "minus the logarithm of the acceptance probability with the model in the numerator and the proposal frozen, "
        "which is the negative log-likelihood of the accepted samples plus a constant:"
    )
    st.latex(r"-\log\frac{p_\theta(x)}{M\,q(x)} = -\log p_\theta(x) + \log q(x) + \log M")
