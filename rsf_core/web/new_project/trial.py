"""The step of a new project that draws and scores a few candidates."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.words import seconds, significant
from rsf_core.project import trial as trials
from rsf_core.project.draft import Draft
from rsf_core.project.trial import TrialPrompt, TrialState
from rsf_core.web import turns, ui
from rsf_core.web.literal import literal


def draw(draft: Draft) -> None:
    """A few candidates, drawn and scored, with what the rule would accept."""
    state = draft.trial.state()
    if state.running:
        _trying(draft)
        return
    fresh = not state.prompts and state.problem is None
    if state.stale and not fresh:
        st.info("Something has changed since this trial: draw again to see the effect.", icon=":material/history:")
    if state.problem is not None:
        ui.problem(state.problem)
    again = fresh or state.stale or state.problem is not None
    label = "Draw a trial" if fresh else "Draw again"
    if st.button(label, type="primary" if again else "secondary", icon=":material/casino:"):
        if ui.attempt(draft.trial.start):
            st.rerun()
    report = draft.model().report
    if fresh and report is not None:
        longest = trials.seconds(draft.project.settings, report.tokens_per_second) + 2 * report.load_seconds
        st.caption(
            f"It takes up to about {seconds(longest)} with this model. You can skip the trial and create the project."
        )
    if state.prompts:
        _tried(draft, state)


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _trying(draft: Draft) -> None:
    state = draft.trial.state()
    if not state.running:
        st.rerun()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text("Drawing and scoring a trial" if state.status is None else state.status.message, width="stretch")
            if st.button("Cancel", icon=":material/stop_circle:", key="trial-cancel"):
                ui.attempt(draft.trial.cancel)
        if state.status is not None:
            counted = f"{state.status.done:,} of {state.status.total:,} {state.status.unit_name}"
            st.progress(state.status.fraction, text=literal(counted if state.status.total else "starting"))


def _tried(draft: Draft, state: TrialState) -> None:
    truncated = sum(candidate.truncated for prompt in state.prompts for candidate in prompt.candidates)
    with st.container(horizontal=True):
        st.metric("Drawn", f"{state.drawn:,}", border=True, height="stretch")
        st.metric("Would be accepted", f"{state.accepted:,}", border=True, height="stretch")
        st.metric(
            "Cut off", f"{truncated:,}", border=True, height="stretch", help="They reached the limit of new tokens."
        )
        if state.log_m is not None:
            st.metric(
                "log M",
                f"{state.log_m:.3g}",
                border=True,
                height="stretch",
                help="The value that this target's rule suggests.",
            )
    st.caption(literal(_reading(state, truncated)))
    if state.note:
        st.warning(literal(state.note), icon=":material/content_cut:")
    for number, prompt in enumerate(state.prompts):
        _prompt(prompt, expanded=number == 0)


def _reading(state: TrialState, truncated: int) -> str:
    """What the trial shows, in a sentence or two."""
    if not state.accepted:
        return (
            "None would be accepted: the checks may be too strict, or this model cannot do the task yet. Look at the "
            "completions, then change what is good or choose another model."
        )
    if state.accepted == state.drawn:
        return (
            "All would be accepted: with nothing to select, training would teach little. Make the checks stricter or add a "
            "reward."
        )
    if 2 * truncated > state.drawn:
        return "Most reached the limit of new tokens: raise it on the Generate page once the project exists."
    return "Some are accepted and some are not, which is what training needs. Do the accepted ones look better to you?"


def _prompt(prompt: TrialPrompt, expanded: bool) -> None:
    title = f"{prompt.accepted} of {len(prompt.candidates)} · {prompt.text[:90]}"
    with st.expander(literal(title), expanded=expanded):
        turns.show(prompt.text, prompt.system, prompt.earlier)
        if prompt.reference:
            st.caption("reference")
            ui.text(prompt.reference)
        for one in sorted(prompt.candidates, key=lambda candidate: not candidate.accepted):
            with st.container(border=True):
                icon = ":material/check_circle: accepted" if one.accepted else ":material/cancel: not accepted"
                marks = [f"reward {significant(one.reward)}"] if one.reward is not None else []
                marks += [f"{name} {significant(value)}" for name, value in one.scores.items()]
                marks += ["cut off"] if one.truncated else []
                st.caption(f"{icon} · {literal(' · '.join(marks))}")
                ui.text(one.completion)
