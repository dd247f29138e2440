"""The sealed set on the Models page: how many prompts there are, opening them once, and the figure to publish."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsf_core.domain import JobKind, JobState, Split
from rsf_core.domain.errors import StageError
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.rounds.comparisons import Comparison
from rsf_core.rounds.curation import is_control
from rsf_core.rounds.lineage import ModelView
from rsf_core.store.records import SealedOpening
from rsf_core.web import estimates, job_parts, runs, ui
from rsf_core.web.literal import literal


def panel(project: Project, models: Sequence[ModelView]) -> None:
    """What is sealed, or who has opened it and the figure."""
    opening, count = project.sealed_opening(), project.prompt_counts().get(Split.SEALED, 0)
    if opening is None and not count:
        ui.empty(
            "Nothing is drawn for sealed prompts until you open them, once: their figure is the one to publish. Seal "
            "held-out prompts that no model was compared on, or import some.",
            page="prompts",
            label="Prompts",
            icon=":material/lock:",
        )
        return
    running = job_parts.running_job(project, [JobKind.SEALED])
    if opening is None:
        _open(project, models, count)
        return
    when = f"{opening.opened_at:%Y-%m-%d %H:%M} UTC"
    st.markdown(
        f":material/lock_open: Opened by **{literal(opening.author)}** on {literal(when)} for "
        f"**{literal(opening.model_id)}**."
    )
    comparison = project.sealed_comparison()
    if comparison is not None:
        _figure(project, opening, comparison)
    elif not running:
        _go_on(project)


def _open(project: Project, models: Sequence[ModelView], count: int) -> None:
    st.markdown(
        f":material/lock: **{plural(count, 'sealed prompt')}.** Nothing has been drawn for them, and no model was "
        "chosen on them."
    )
    ready = [
        view.model.model_id
        for view in models
        if view.model.parent_id and not view.deleted and not is_control(view.model.curated_id)
    ]
    if not ready:
        st.caption("They can be opened once a round has tuned a model.")
        return
    try:
        proposal = project.next_proposal()
    except StageError:
        proposal = ready[-1]
    with st.container(border=True):
        usual = ready.index(proposal) if proposal in ready else len(ready) - 1
        model_id = st.selectbox("For which model", ready, usual)
        st.caption(
            "The model, the base and its random control are compared on the sealed prompts. This can be done only "
            "once, so choose the model first. The project then records for good who opened them, when, and for which "
            "model."
        )
        looked = runs.looked_at_sealed(project)
        if looked:
            st.caption(
                f"{looked:,} runs of the procedure (rsf replicate --sealed) have looked at these prompts: a model "
                "chosen since then was chosen on them too."
            )
        sure = st.checkbox("Yes, open them: I have chosen the model, and this cannot be undone")
        if st.button(
            f"Open for {literal(model_id)}",
            type="primary",
            icon=":material/lock_open:",
            disabled=not sure or ui.locked("open_sealed"),
        ):
            if ui.attempt(lambda: project.open_sealed(ui.actor(), model_id)):
                st.rerun()
    runs.curse(project)


def _go_on(project: Project) -> None:
    job = project.sealed_job()
    if job is not None and job.state is not JobState.DONE:
        ui.problem(job.outcome)
    if st.button("Go on", type="primary", icon=":material/play_arrow:", disabled=ui.locked("open_sealed")):
        if ui.attempt(lambda: project.open_sealed(ui.actor())):
            st.rerun()


def _figure(project: Project, opening: SealedOpening, comparison: Comparison) -> None:
    metric = comparison.headline
    st.metric(
        f"The figure to publish: {literal(metric)} of {literal(opening.model_id)} over the base",
        estimates.interval(comparison.gain_over_base.get(metric), metric, signed=True),
    )
    ui.grid(
        [
            {
                "metric": label,
                "base": estimates.interval(comparison.base.get(name), name),
                comparison.after_id: estimates.interval(comparison.after.get(name), name),
                "gain over the base": estimates.interval(comparison.gain_over_base.get(name), name, signed=True),
                "random control": estimates.interval(comparison.control.get(name), name),
                "over the control": estimates.interval(comparison.selection.get(name), name, signed=True),
            }
            for name, label in comparison.rows.items()
        ],
    )
    st.caption(
        f"{plural(comparison.completions, 'completion')} of {plural(comparison.prompts, 'sealed prompt')}, the same seeds for "
        "every model. Brackets: 95 % intervals clustered by prompt; gains are paired by prompt. " + runs.ONE_MODEL
    )
    if opening.control_id is None:
        st.caption("The model had no random control when they were opened.")
    seen = project.comparison(opening.round)
    if seen is not None and metric in seen.gain_over_base:
        gain = estimates.interval(seen.gain_over_base[metric], metric, signed=True)
        st.caption(literal(f"On the held-out prompts, on which models were chosen, it gained {gain}."))
    runs.curse(project)
