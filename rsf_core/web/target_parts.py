"""The parts of the Target page beside its form: what a change would do, the button that saves it, the versions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsf_core.acceptance.presets import merged
from rsf_core.acceptance.preview import Draft, Missing, Preview
from rsf_core.acceptance.target import compounding, log_prob_scorer
from rsf_core.acceptance.target_words import changes, constraint_words, describe, reference_name
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.words import in_percent, percent, plural, significant
from rsf_core.project import Project
from rsf_core.project.target_book import EXAMPLES, Example, Fate
from rsf_core.web import charts, target_form, ui
from rsf_core.web.literal import literal

EXCERPT = 300  # characters of a prompt


def in_force(project: Project) -> None:
    """What the target is now, and whether the newest round is decided by it."""
    number, now = project.current_round, project.target_book.draft().target
    decided_by = project.target(number)
    if decided_by is None:
        standing = f"Round {number} is not decided yet."
    elif decided_by == now:
        standing = f"Round {number} was decided by it."
    else:
        standing = f"Round {number} was decided by another one: {describe(decided_by)}."
    st.markdown(f"**In force:** {literal(describe(now))}. {literal(standing)}")


def consequences(fate: Fate, decide: bool, preview: Preview | None, same_round: bool = True) -> list[str]:
    """What saving does to the newest round, to the next one and to frozen sets. `preview` is used if the newest round is the
    one on screen (`same_round`)."""
    this = f"Round {fate.round} "
    lines = []
    if fate.running:
        lines.append(f"{this}is being drawn or scored by a job. This target decides it when the job is done.")
    elif not fate.candidates:
        lines.append(f"{this}has no candidates yet. This target will decide them.")
    elif decide:
        lines.append(f"{this}{_decided_again(fate, preview if same_round else None)}")
        if fate.tuned:
            lines.append(
                f"The model of round {fate.round} is already trained and stays as it is. Its comparison is then judged "
                "by this target and may have to be made again."
            )
    elif fate.decided:
        lines.append(
            f"{this}keeps its decisions. If more candidates are drawn or scored in it, this target decides all of it."
        )
    else:
        lines.append(f"{this}is not decided yet. This target decides it once it is scored.")
    lines.append(f"Round {fate.round + 1} uses this target from the start.")
    if fate.curated:
        lines.append(f"{plural(fate.curated, 'frozen curated set')} in this project: never changed.")
    return lines


def _decided_again(fate: Fate, preview: Preview | None) -> str:
    if preview is None:
        return "is decided again."
    if preview.missing:
        lacking = " and ".join(_named(missing) for missing in preview.missing)
        return f"first gets the missing scores ({lacking}) and is then decided again. Only missing scores are computed."
    gained, lost = int(preview.gained.sum()), int(preview.lost.sum())
    sentence = f"is decided again at once: {gained:,} newly accepted, {lost:,} no longer accepted."
    if fate.overridden:
        sentence += f" People's decisions on {plural(fate.overridden, 'candidate')} stay."
    if preview.kept_m:
        sentence += " The M that a person chose earlier for this same target is used again."
    return sentence


def _named(missing: Missing) -> str:
    if not missing.is_reference:
        return missing.name
    for tempered in (False, True):
        missing_name = missing.name.removeprefix(log_prob_scorer("", tempered))
        if missing_name != missing.name:
            return f"the log-probability under {reference_name(missing_name)}"
    return missing.name


def saving(project: Project, draft: Draft | None, preview: Preview | None, number: int) -> None:
    """The change, its consequences, and the one button that saves. `draft` None: the form is not a valid target yet."""
    form, fate = target_form.state(project), project.target_book.fate()
    now = project.target_book.draft()
    changed = [] if draft is None else changes(Draft(merged(now.target), now.accept), draft)
    target_form.keep(project, draft, bool(changed))
    if form.based_on != now and changed:
        st.warning(
            "The target has been changed by somebody else or in another tab. This form still shows the earlier target.",
            icon=":material/sync_problem:",
        )
        if st.button("Show the current target", icon=":material/refresh:"):
            target_form.fill(project, now)
            st.rerun()
        return
    with st.container(border=True):
        st.markdown(
            f"**Your change:** {literal('; '.join(changed))}"
            if changed
            else "**No change yet.** Edit the form or choose a preset."
        )
        decide = False
        can_decide = bool(fate.candidates) and not fate.running
        differs = draft is not None and project.target(fate.round) not in (None, draft.target)
        if can_decide and (changed or differs):
            decide = st.checkbox(
                f"Decide round {fate.round:,} again with it",
                not fate.tuned,
                key=f"target-decide-{form.nonce}",
                disabled=ui.locked("target_book.use"),
            )
        if changed or (differs and can_decide):
            lines = consequences(fate, decide, preview, number == fate.round)
            for line in lines:
                st.markdown(f"- {literal(line)}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            reason = st.text_input(
                "Why (kept with the version)",
                form.reason,
                max_chars=500,
                key=f"target-reason-{form.nonce}",
                placeholder="optional",
            )
            ready = draft is not None and (bool(changed) or (decide and differs))
            if st.button(
                "Use this target",
                type="primary",
                icon=":material/check:",
                disabled=not ready or ui.locked("target_book.use"),
            ):
                assert draft is not None
                saved, seen = (draft, form.based_on) if changed else (now, now)
                if ui.attempt(lambda: project.target_book.use(saved, reason, seen, decide)):
                    target_form.fill(project, project.target_book.draft())
                    st.rerun()
            if (changed or form.note) and st.button("Discard", icon=":material/undo:"):
                target_form.fill(project, now)
                st.rerun()


def effect(project: Project, draft: Draft, preview: Preview, number: int) -> None:
    """What the draft would do to the existing candidates."""
    note = compounding(draft.target, project.settings.generate)
    if note:
        st.warning(literal(note), icon=":material/device_thermostat:")
    for missing in preview.missing:
        st.info(
            f"{literal(_named(missing).capitalize())} has no score on {missing.candidates:,} of {len(preview.after):,} "
            "candidates yet, so their decisions cannot be previewed. Use the target with “Decide round again”: just "
            "these are computed.",
            icon=":material/hourglass_empty:",
        )
    undecided = int(preview.undecided.sum())
    if undecided and not preview.missing:
        st.info(
            f"{plural(undecided, 'candidate')} would stay undecided, because a scorer has no score for them.",
            icon=":material/help:",
        )
    before, after, total = int(preview.stored.accepted.sum()), int(preview.after.sum()), len(preview.after)
    if preview.by is not None:
        with st.container(horizontal=True):
            st.metric("Accepted now", f"{before:,} of {total:,}", border=True, height="stretch")
            st.metric(
                "Accepted then",
                f"{after:,}",
                f"{after - before:+,}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
            st.metric("Newly accepted", f"{int(preview.gained.sum()):,}", border=True, height="stretch")
            st.metric("No longer accepted", f"{int(preview.lost.sum()):,}", border=True, height="stretch")
            landscape = preview.landscape
            if landscape is not None:
                at = landscape.at(preview.by.log_m)
                st.metric(
                    "Acceptance rate",
                    f"{percent(at.expected_rate, 1)} %",
                    f"{plural(at.prompts_with_none, 'prompt')} with none",
                    delta_color="off",
                    delta_arrow="off",
                    border=True,
                    height="stretch",
                    help="The expected rate over candidates drawn equally for all prompts, with each prompt counting "
                    "the same.",
                )
        st.caption(f"At log M = {preview.by.log_m:.3f}: {literal(preview.by.reason)}.")
    _distributions(preview, number)
    _parts(preview)


def _distributions(preview: Preview, number: int) -> None:
    if preview.by is None:
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Reward r", anchor=False)
        if preview.parts and any(part.weight is not None for part in preview.parts):
            st.plotly_chart(
                charts.shifts(preview.shifts(preview.reward), "reward r"), config=charts.CONFIG, key=f"shift-r-{number}"
            )
        else:
            st.caption("This target has no reward: all candidates that meet the constraints count the same.")
    with right:
        st.subheader("Log ratio ℓ = log P − log q", anchor=False)
        shifts = preview.shifts(preview.ell)
        st.plotly_chart(charts.shifts(shifts, "log ratio ℓ (nats)"), config=charts.CONFIG, key=f"shift-l-{number}")
        if preview.failing:
            st.caption(
                f"{plural(preview.failing, 'candidate')} more fail a constraint (ℓ = −∞) and are not in any bar."
            )


def _parts(preview: Preview) -> None:
    if not preview.parts:
        return
    rows = []
    for part in preview.parts:
        known = part.scored > 0
        rows.append(
            {
                "part": f"reward {part.weight:g} × {readable(part.scorer)}"
                if part.constraint is None
                else f"must have {constraint_words(part.constraint)}",
                "scored": f"{part.scored:,} of {len(preview.after):,}",
                "mean score": significant(part.mean) if known else "no scores yet",
                "meets it": in_percent(part.passing / part.scored) if part.constraint is not None and known else "",
            }
        )
    ui.grid(rows)


def examples(project: Project, draft: Draft, preview: Preview, number: int) -> None:
    """Some candidates that would be newly accepted, and some that would no longer be, to be read."""
    if not (preview.gained.any() or preview.lost.any()):
        return
    left, right = st.columns(2, gap="large")
    for place, title, mask in (
        (left, "Newly accepted", preview.gained),
        (right, "No longer accepted", preview.lost),
    ):
        with place:
            count = int(mask.sum())
            st.subheader(f"{literal(title)}: {count:,}", anchor=False)
            if not count:
                st.caption("None.")
                continue
            if count > EXAMPLES:
                st.caption(f"{EXAMPLES} of them, from different prompts if possible.")
            for example in project.target_book.examples(draft, number, mask):
                _example(example)


def _example(example: Example) -> None:
    with st.container(border=True):
        st.caption(f"{literal(example.candidate_id)} · {literal(_why(example))}")
        st.caption(literal(example.prompt[:EXCERPT]))
        ui.text(example.completion)


def _why(example: Example) -> str:
    """The reward and the chance to be accepted, before and after, and the constraint that the candidate fails."""
    reward = " → ".join(dict.fromkeys("?" if value is None else significant(value) for value in example.reward))
    chance = " → ".join("?" if value is None else f"{percent(value)} %" for value in example.chance)
    why = f"reward {reward} · chance {chance}"
    return why if example.fails is None else f"{why} · fails {example.fails}"


def versions(project: Project) -> None:
    """Every target so far, and the way back to one."""
    versions = project.target_book.versions()
    st.header("Versions", anchor=False)
    ui.grid(
        [
            {
                "version": "not recorded yet" if version.number is None else str(version.number),
                "what changed": version.changed or version.what,
                "why": version.reason,
                "by": version.author,
                "when": version.created_at,
            }
            for version in versions
        ],
        column_config={"when": st.column_config.DatetimeColumn("when (UTC)", format="YYYY-MM-DD HH:mm")},
    )
    older = {f"Version {v.number}: {v.what}": v for v in versions[1:] if v.number is not None}
    if not older:
        st.caption("Each change becomes a version here, and you can go back to any of them.")
        return
    _back(project, list(older), [version.number for version in older.values()])


def _back(project: Project, labels: Sequence[str], numbers: Sequence[int | None]) -> None:
    chosen = st.selectbox("Go back to", range(len(labels)), format_func=labels.__getitem__, key="target-back")
    if st.button(
        "Load it into the form", icon=":material/history:", help="Nothing is saved yet: check first what would change."
    ):
        number = numbers[chosen]
        version = next(v for v in project.target_book.versions() if v.number == number)
        accept = version.accept or project.target_book.draft().accept
        note = f"Version {number} is loaded into the form. Check what would change before you use it as a new version."
        target_form.fill(project, Draft(version.target, accept), f"back to version {number}", note)
        st.rerun()
