"""The parts of the Models page: lineage, comparison of two models, blind votes, and the rounds side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import streamlit as st

from rsf_core.domain import JobKind, JobState
from rsf_core.domain.errors import ModelError, StageError
from rsf_core.domain.words import SHARES, plural
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.evaluation.gauges import UNRELATED
from rsf_core.project import Project
from rsf_core.rounds.comparisons import Comparison
from rsf_core.rounds.curation import is_control
from rsf_core.rounds.lineage import ModelView, prompts_won
from rsf_core.sampling.sign_test import sign_test
from rsf_core.store.records import CuratedRecord, RoundRecord
from rsf_core.web import charts, estimates, job_parts, lost, palette, round_parts, runs, ui
from rsf_core.web.literal import literal

MOST_OPTIONS = 200  # prompts that a list holds
WAYS = ["Lineage", "Compare", "Blind vote", "Rounds", "Sealed set"]


def way_of_looking() -> str:
    return ui.choice_in_url("show", WAYS, WAYS[0])


def lineage(project: Project, models: Sequence[ModelView]) -> None:
    """The graph, the metrics of every model, and what can be done with one."""
    _next_proposal(project)
    few = len(models) < 5  # stretched, a small graph would be drawn in giant letters
    graph = project.lineage.graph(palette.INK, palette.ACCEPTED.color)
    st.graphviz_chart(graph, width="content" if few else "stretch")
    names = list(dict.fromkeys(name for view in models for name in view.metrics))
    chosen = ui.grid(
        [
            {
                "model": view.model.model_id,
                "from": view.model.parent_id or "–",
                "drew": ", ".join(f"round {number}" for number in view.drew) or "–",
                **{name: estimates.interval(view.metrics.get(name), name) for name in names},
                **{
                    name: "0" if view.model.model_id == "base" else lost.in_words(view.forgotten, name)
                    for name in PER_TOKEN.values()
                },
                "size (MB)": None if view.size is None else view.size / 1e6,
                "made": view.model.created_at,
                "files": "deleted" if view.deleted else "",
            }
            for view in models
        ],
        column_config={
            "made": st.column_config.DatetimeColumn(format="distance"),
            "size (MB)": st.column_config.NumberColumn(format="%.0f"),
        },
        key="models",
        on_select="rerun",
        selection_mode="single-row",
    )
    st.caption(
        "Held-out metrics with 95 % intervals clustered by prompt, all measured under the newest target and M. Select "
        "a row to act on it. " + lost.WHAT_IT_IS
    )
    _no_constraint(project)
    view = models[chosen.selection.rows[0] if chosen.selection.rows else 0]
    if chosen.selection.rows:
        _actions(project, view)
    if not view.deleted:
        _law(project, view.model.model_id)


def _next_proposal(project: Project) -> None:
    """The model that the next round draws from and, if it is not the one tuned last, why."""
    number = project.current_round
    try:
        proposal = project.next_proposal()
    except StageError:
        st.caption(f"Round {number:,} draws from {literal(project.rounds()[-1].model_id)}; it has tuned no model yet.")
        return
    tuned = project.tuned_model(number)
    st.markdown(f"The next round draws from **{literal(proposal)}**.")
    if project.chosen_proposal() is None and tuned is not None and proposal != tuned.model_id:
        st.warning(
            f"{literal(tuned.model_id)} is worse than {literal(proposal)} on the held-out prompts beyond chance, so "
            "it does not become the proposal. Select it below to choose it anyway.",
            icon=":material/trending_down:",
        )
    round_parts.stale_proposal(project, number)


def _actions(project: Project, view: ModelView) -> None:
    model_id = view.model.model_id
    with st.container(border=True):
        st.markdown(
            f"**{literal(model_id)}**"
            + (f" · curated set {literal(view.model.curated_id)}" if view.model.curated_id else "")
        )
        if view.deleted:
            st.caption("Its files were deleted; its candidates and its results are kept.")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Draw the next round from it", icon=":material/casino:", disabled=ui.locked("set_proposal")):
                if ui.attempt(lambda: project.set_proposal(model_id, ui.actor())):
                    st.rerun()
            if view.size is not None:
                sure = st.checkbox(f"Yes, delete its files ({view.size / 1e6:,.0f} MB)", key=f"sure-{model_id}")
                if st.button("Delete", disabled=not sure or ui.locked("lineage.delete"), icon=":material/delete:"):
                    if ui.attempt(lambda: project.lineage.delete(model_id, ui.actor())):
                        st.rerun()


def _law(project: Project, model_id: str) -> None:
    """What the model's folder asks for when drawing tokens from it, and how it is handled."""
    try:
        law = project.lineage.law(model_id)
    except ModelError as error:
        ui.problem(str(error))
        return
    if not law:
        return
    with st.expander(f"What the folder of {literal(model_id)} asks for when drawing tokens", icon=":material/rule:"):
        ui.grid(
            [{"": one.name, "value": one.value, "how it is handled": str(one.part), "note": one.note} for one in law],
            key=f"law-{model_id}",
        )
        st.caption("What is not part of the drawing distribution is left out of log q too, so log q is exact.")


def _no_constraint(project: Project) -> None:
    """Why the table above lacks the share that meets the constraints, if it does."""
    target = project.target()
    if target is not None and not target.constraints:
        st.caption("Constraints met: the target has no constraint.")


def _two(models: Sequence[ModelView], where: str) -> tuple[str, str] | None:
    """Two models to compare: by default the base and the newest evaluated model that is not a control."""
    ready = [view.model.model_id for view in models if view.metrics]
    if len(ready) < 2:
        ui.empty(
            "Two models with held-out completions can be compared here: finish a round first.",
            page="train",
            label="Train",
        )
        return None
    left, right = st.columns(2)
    named = st.query_params.get("models", "").split(",")
    first = named[0] if named[0] in ready else ready[0]
    tuned = [view.model.model_id for view in models if view.metrics and not is_control(view.model.curated_id)]
    second = named[1] if len(named) == 2 and named[1] in ready else (tuned if len(tuned) > 1 else ready)[-1]
    first = left.selectbox("Model", ready, ready.index(first), key=f"first-{where}")
    second = right.selectbox("against", ready, ready.index(second), key=f"second-{where}")
    st.query_params["models"] = f"{first},{second}"
    if first == second:
        st.caption("Choose two different models.")
        return None
    return first, second


def compare(project: Project, models: Sequence[ModelView]) -> None:
    """Two models side by side, in figures and on the held-out prompts."""
    chosen = _two(models, "compare")
    pairing = chosen and project.lineage.pairing(*chosen)
    if not chosen or not pairing:
        return
    first, second = chosen
    forgotten = {view.model.model_id: view.forgotten for view in models}
    ui.grid(
        [
            {
                "metric": name,
                first: estimates.interval(pairing.first.get(name), name),
                second: estimates.interval(pairing.second[name], name),
                f"{second} − {first}": estimates.interval(pairing.gain.get(name), name, signed=True),
            }
            for name in pairing.second
        ]
        + [
            {"metric": name, **{of: "0" if of == "base" else lost.in_words(forgotten[of], name) for of in chosen}}
            for name in PER_TOKEN.values()
        ],
    )
    st.caption(
        "The same held-out prompts and seeds for both. Brackets: 95 % intervals clustered by prompt; differences are "
        "paired. " + runs.ONE_MODEL
    )
    _no_constraint(project)
    if ui.choice_in_url("prompts", ["Held-out prompts", "Your own prompt"], "Held-out prompts") == "Your own prompt":
        _own_prompt(project, chosen)
        return
    a, b = (project.lineage.completions(model_id) for model_id in chosen)
    prompt_id = _chosen_prompt(project, sorted({prompt_id for prompt_id, _ in a.keys() & b.keys()}))
    if prompt_id is None:
        return
    for k in sorted(k for p, k in a.keys() & b.keys() if p == prompt_id):
        _side_by_side(chosen, (a[prompt_id, k], b[prompt_id, k]))


def _chosen_prompt(project: Project, prompt_ids: list[int]) -> int | None:
    """One of the prompts, with a search by text if there are more than a list can hold."""
    words = st.text_input("Find a prompt", key="find-prompt") if len(prompt_ids) > MOST_OPTIONS else ""
    texts = project.prompt_texts(prompt_ids if words else prompt_ids[:MOST_OPTIONS])
    matching = [p for p in prompt_ids if p in texts and words.casefold() in texts[p].casefold()]
    if len(matching) > MOST_OPTIONS or (not words and len(prompt_ids) > MOST_OPTIONS):
        st.caption(f"The first {MOST_OPTIONS} of {len(matching) if words else len(prompt_ids):,} are listed.")
    return st.selectbox("Prompt", matching[:MOST_OPTIONS], format_func=lambda p: texts[p][:120])


def _own_prompt(project: Project, chosen: tuple[str, str]) -> None:
    """A prompt typed here, completed by both models with the same random numbers."""
    with st.form("own-prompt", border=False):
        text = st.text_area("Your prompt", height=90)
        left, right = st.columns([3, 1])
        system = left.text_input("System prompt", help="May be left empty.")
        count = right.number_input("Completions", 1, 16, 2)
        if st.form_submit_button(
            "Complete with both", type="primary", icon=":material/casino:", disabled=ui.locked("try_out")
        ):
            if ui.attempt(lambda: project.try_out(chosen, text, system.strip() or None, count)):
                st.rerun()
    running = job_parts.running_job(project, [JobKind.TRIAL])
    newest = next((job for job in reversed(project.jobs()) if job.kind is JobKind.TRIAL), None)
    if newest is not None and newest.state is JobState.FAILED and not running:
        ui.problem(newest.outcome)
    trials = project.lineage.trials(*chosen)
    if not trials:
        if not running:
            st.caption("The completions appear here side by side and stay.")
        return
    shown = st.selectbox("Asked before", trials, format_func=lambda t: t.text[:120], key=f"trial-{trials[0].job_id}")
    with st.container(border=True):
        ui.text("\n\n".join(filter(None, (shown.system, shown.text))))
    for texts in zip(*(shown.completions[model_id] for model_id in chosen), strict=True):
        _side_by_side(chosen, texts)


def _side_by_side(names: Sequence[str], texts: Sequence[str]) -> None:
    for column, name, text in zip(st.columns(2), names, texts, strict=True):
        with column.container(border=True):
            st.caption(literal(name))
            ui.text(text)


def vote(project: Project, models: Sequence[ModelView]) -> None:
    """Which completion is better, without knowing whose it is; and an exact sign test of the votes."""
    chosen = _two(models, "vote")
    if not chosen:
        return
    first, second = sorted(chosen)
    reviewer = ui.reviewer()
    ballot = project.lineage.ballot(first, second, reviewer)
    mine, left_over = ballot.preferred, ballot.left
    if left_over:
        key = left_over[0]
        swapped = (
            blake2b(f"{first}{second}{reviewer.name}{key[0]}.{key[1]}".encode(), digest_size=1).digest()[0] % 2 == 1
        )
        sides = list(zip((first, second), ballot.texts[key], strict=True))
        sides = sides[::-1] if swapped else sides
        st.caption(f"{len(mine):,} voted, {len(left_over):,} left. Which is better?")
        with st.container(border=True):
            ui.text(project.prompt_texts([key[0]])[key[0]])
        for column, (_, text) in zip(st.columns(2), sides, strict=True):
            with column.container(border=True):
                ui.text(text)

        def say(preferred: str) -> None:
            ui.attempt(lambda: project.lineage.vote(ballot, key, preferred, reviewer))

        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button("Left", shortcut="Left", on_click=say, args=(sides[0][0],), icon=":material/arrow_back:")
            st.button("Neither", shortcut="Down", on_click=say, args=("",))
            st.button("Right", shortcut="Right", on_click=say, args=(sides[1][0],), icon=":material/arrow_forward:")
    else:
        st.success("You have voted on every held-out completion of these two.", icon=":material/check:")
    if mine and (not left_over or st.toggle("Show the result so far (this ends the blind comparison)")):
        wins = {model_id: sum(preferred == model_id for preferred in mine.values()) for model_id in (first, second)}
        won = prompts_won(mine, first, second)
        p = sign_test(*won)
        st.markdown(
            f"**{literal(first)}** {wins[first]:,} : {wins[second]:,} **{literal(second)}**, "
            f"{len(mine) - sum(wins.values()):,} neither; by prompt "
            f"{won[0]:,} : {won[1]:,}. Exact sign test by prompt: p = {p:.3g}"
            + (", which is easily explained by chance." if p > 0.05 else ".")
        )


def rounds(project: Project) -> None:
    """All rounds in one table and chart, and what changed between two."""
    round_records = project.rounds()
    comparisons = [
        comparison for comparison in (project.comparison(r.round) for r in round_records) if comparison is not None
    ]
    if comparisons:
        _gains(project, comparisons)
    curated = {c.round: c for c in project.curated_sets() if "rule" not in c.summary}  # without random controls
    _rounds_table(project, round_records, curated, comparisons)
    if len(round_records) < 2:
        st.caption("Once there are two rounds, the changes between them are shown here.")
    else:
        _changes(project, [r.round for r in round_records], curated)


def _gains(project: Project, comparisons: list[Comparison]) -> None:
    metric = st.selectbox("Metric", list(comparisons[-1].after))
    st.plotly_chart(charts.gains(comparisons, metric, metric in SHARES), config=charts.CONFIG)
    together, headline = project.gains(), comparisons[-1].headline
    if len(together) > 1:
        names = {"tuned": "round", "control": "random control of round", "constraints": "constraints only of round"}
        remarks = [
            f"{names[which]} {number}: {estimates.interval(gain, headline, signed=True)}"
            + (", beyond chance" if gain.known and gain.low > 0 else "")
            for (number, which), gain in together.items()
        ]
        st.caption(
            f"{literal(headline)} over the base, with 95 % intervals that hold for all rounds shown together. "
            + literal("; ".join(remarks))
        )
    runs.curse(project)
    runs.procedure(project)


def _rounds_table(
    project: Project,
    round_records: list[RoundRecord],
    curated: Mapping[int, CuratedRecord],
    comparisons: list[Comparison],
) -> None:
    counts = {r.round: project.counts(r.round) for r in round_records}
    by_round = {comparison.round: comparison for comparison in comparisons}
    ui.grid(
        [
            {
                "round": r.round,
                "proposal": r.model_id,
                "candidates": counts[r.round].candidates,
                "accepted": counts[r.round].accepted,
                "by people": counts[r.round].overridden,
                "curated set": curated[r.round].curated_id if r.round in curated else "–",
                "samples": curated[r.round].summary["samples"] if r.round in curated else None,
                "content": curated[r.round].content_hash[:12] if r.round in curated else "",
                "model": by_round[r.round].after_id if r.round in by_round else "–",
                "forgotten (nats a token, unrelated prompts)": lost.in_words(
                    by_round[r.round].forgotten, PER_TOKEN[UNRELATED]
                )
                if r.round in by_round
                else "–",
            }
            for r in round_records
        ],
    )


def _changes(project: Project, numbers: list[int], curated: Mapping[int, CuratedRecord]) -> None:
    """What changed between two rounds: settings, and the samples of their curated sets."""
    left, right = st.columns(2)
    first = left.selectbox("From round", numbers, len(numbers) - 2)
    second = right.selectbox("to round", numbers, len(numbers) - 1)
    changed = project.lineage.changed_settings(first, second)
    if changed:
        ui.grid(
            [
                {"setting": name, f"round {first}": str(a), f"round {second}": str(b)}
                for name, (a, b) in changed.items()
            ],
        )
    else:
        st.caption("The settings of both rounds are the same.")
    if first in curated and second in curated and first != second:
        change = project.lineage.curated_change(curated[first], curated[second])
        st.caption(
            f"{literal(curated[second].curated_id)} has {plural(change.added, 'sample')} that "
            f"{literal(curated[first].curated_id)} has not, lacks "
            f"{change.removed:,}, and shares {change.both:,} (same prompt and text)."
        )
