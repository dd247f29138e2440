"""The part of the Scorers page about the scorer learned from decisions: how it learns, how good it is, what it changes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import JobKind
from rsf_core.domain.words import fixed, in_percent, plural
from rsf_core.learning import words
from rsf_core.learning.report import BIN_PROMPTS, BIN_ROWS, Against, Report
from rsf_core.project import Project
from rsf_core.project.taste_book import Decisions, Disagreement, Use, Version
from rsf_core.sampling.intervals import Interval
from rsf_core.web import charts, job_parts, target_form, ui
from rsf_core.web.literal import literal

EXCERPT = 400  # characters of an example
LIMITS = (
    "Brackets show 95 % limits over prompts: other prompts would have been judged, and would have taught a different "
    "model. In simulations the limits held in 90 to 100 % of cases, least often where few candidates are accepted."
)
USES = {
    Use.REWARD: "As a reward: the likelier people are to accept a candidate, the more it counts",
    Use.CONSTRAINT: "As a constraint: people must be at least as likely to accept it as to reject it",
    Use.BEST_THIRD: "As a constraint: it must be in the third that people are likeliest to accept (useful where they "
    "accept few)",
}


def panel(project: Project) -> None:
    """What there is to learn from, the button that learns, and the chosen version."""
    decisions, versions = project.taste.decisions(), project.taste.versions()
    st.markdown(
        "People decide one candidate at a time. From these decisions a scorer can be learned that predicts, for every "
        "other candidate, how likely people are to accept it. It decides nothing by itself: you check how good it is "
        "and add it to the target if you want."
    )
    running = job_parts.running_job(project, [JobKind.LEARN, JobKind.EMBED])
    _to_learn_from(project, decisions, versions, running)
    _features(project, running)
    if not versions:
        return
    numbers = [version.version for version in versions]
    name = ui.in_url("version", numbers.__contains__, numbers[0], lambda key: _choose(versions, key))
    one = versions[numbers.index(name)]
    _verdict(one.report)
    _figures(one.report)
    _calibration(one.report)
    _curve(one.report)
    _use(project, one)
    _disagreements(project, one)


def _to_learn_from(project: Project, decisions: Decisions, versions: Sequence[Version], running: bool) -> None:
    with st.container(border=True):
        st.markdown(
            f"**People have decided {plural(decisions.count, 'candidate')} one by one**: {decisions.accepted:,} accepted, "
            f"{decisions.rejected:,} rejected, of {plural(decisions.prompts, 'prompt')}.{literal(_compared(decisions))}"
        )
        st.caption(
            "It does not learn from the rule's decisions, from bulk decisions, or from candidates that were edited "
            "first. Comparisons and rankings in Review teach it too, in addition to decisions and not instead of them."
        )
        current = project.taste.current()
        if decisions.lacking:
            st.info(f"It still needs {literal(decisions.lacking)}. Decide them in Review.", icon=":material/info:")
            if st.button("Review", icon=":material/rate_review:", key="taste-review"):
                ui.go("review")
        elif current is not None and current == versions[0].version:
            st.caption("Nothing has been decided or compared since it was learned.")
        elif current is not None:
            st.caption(
                f"Later decisions were taken back: version {literal(current)} was learned from exactly the current "
                "ones."
            )
        if not decisions.lacking and st.button(
            "Learn again" if versions else "Learn",
            type="secondary" if current else "primary",
            icon=":material/school:",
            key="taste-learn",
            disabled=ui.locked("taste.learn") or running or current is not None,
        ):
            if ui.attempt(project.taste.learn):
                st.rerun()


def _features(project: Project, running: bool) -> None:
    counts = project.features.counts()
    if not counts.missing:
        return
    st.caption(
        f"{counts.embedded:,} of {plural(counts.candidates, 'candidate')} have features, the hidden states of the base "
        "model that it uses. Missing ones are computed when they are needed, or now."
    )
    if st.button(
        "Compute features",
        icon=":material/data_array:",
        key="taste-embed",
        disabled=ui.locked("features.start") or running,
    ):
        if ui.attempt(project.features.start):
            st.rerun()


def _compared(decisions: Decisions) -> str:
    if not decisions.pairs:
        return ""
    included = f" ({plural(decisions.rankings, 'ranking')} included)" if decisions.rankings else ""
    return f" They have compared two candidates {plural(decisions.pairs, 'time')}{included}."


def _learned_from(report: Report) -> str:
    pairs = f" and {plural(report.pairs, 'pair')}" if report.pairs else ""
    return plural(report.decisions, "decision") + pairs


def _choose(versions: Sequence[Version], key: str) -> object:
    labels = {version.version: f"{version.version}, from {_learned_from(version.report)}" for version in versions}
    return st.selectbox("Version", list(labels), format_func=labels.__getitem__, key=key)


def _verdict(report: Report) -> None:
    sentence, rest = map(literal, words.verdict(report))
    show, icon = (
        (st.warning, ":material/help:")
        if not report.learnt
        else (st.success, ":material/check:")
        if report.better
        else (st.warning, ":material/balance:")
    )
    show(f"**{sentence}** {rest}", icon=icon)


def _figures(report: Report) -> None:
    others = [other for other in (report.best, report.rule) if other]
    rows = [_row("learned from decisions", report.auc, report.precision, None)]
    rows += [_row(words.name(other), other.auc, other.precision, other) for other in others]
    ui.grid(rows)
    st.caption(
        f"{literal(words.basis(report))} Each candidate is judged by a model that has not seen its prompt. AUC: how "
        "often an accepted candidate scores higher than a rejected one; 0.5 is chance. Precision: of the "
        f"{in_percent(report.rate)} with the highest scores, the share that people accept. {LIMITS} "
        f"{literal(words.chosen(report))}"
    )
    if words.earlier(report):
        st.caption(literal(words.earlier(report)))


def _row(name: str, auc: Interval, precision: Interval, other: Against | None) -> dict[str, str]:
    return {
        "ordered by": name,
        "AUC": _limits(auc),
        "precision": _limits(precision),
        "AUC that learning gains": "" if other is None else _limits(other.auc_gain, "+"),
        "precision that learning gains": "" if other is None else _limits(other.precision_gain, "+"),
    }


def _limits(interval: Interval, sign: str = "") -> str:
    value, low, high = (
        fixed(number, 2, bool(sign)).replace("-", "−") for number in (interval.value, interval.low, interval.high)
    )
    return f"{value} ({low} to {high})"


def _calibration(report: Report) -> None:
    st.subheader("When it says 70 %, do people accept 70 %?", anchor=False)
    if not report.calibration:
        st.caption(
            f"That cannot be judged yet: it takes {2 * BIN_ROWS} decisions of {2 * BIN_PROMPTS} prompts that it was "
            "not trained on."
        )
        return
    ui.grid(
        [
            {
                "it says": in_percent(one.predicted),
                "people accept": f"{in_percent(one.accepted.value)} "
                f"({in_percent(one.accepted.low)} to {in_percent(one.accepted.high)})",
                "candidates": one.count,
            }
            for one in report.calibration
        ],
    )
    st.caption("Predicted by models that have not seen the prompt. Brackets show 95 % limits over prompts.")


def _curve(report: Report) -> None:
    st.subheader("What more decisions would bring", anchor=False)
    st.plotly_chart(charts.learning_curve(report.curve), key="learning-curve", config=charts.CONFIG)
    if words.further(report):
        st.caption(
            f"{literal(words.further(report))} This is a line through a few points, so take it as a hint. With few "
            "prompts it predicts too little; where there is nothing to learn it may still predict 0.02 or more."
        )


def _use(project: Project, one: Version) -> None:
    st.subheader("Add it to the target", anchor=False)
    scored, candidates = project.taste.scored(one.version)
    if scored < candidates:
        st.caption(f"{scored:,} of {plural(candidates, 'candidate')} of the newest round have its score so far.")
        if st.button(
            "Score the newest round with it",
            icon=":material/star:",
            key="taste-score",
            disabled=ui.locked("taste.score"),
        ):
            if ui.attempt(lambda: project.taste.score(one.version)):
                st.rerun()
    use = st.radio("How", list(USES), format_func=USES.__getitem__, key="taste-way", label_visibility="collapsed")
    if st.button(
        "Look at the target with it",
        icon=":material/target:",
        key="taste-use",
        help="Opens the Target page, which shows what it would accept and reject. Nothing changes until you save "
        "there.",
        disabled=ui.locked("target_book.use"),
    ):
        drafts: list[Draft] = []
        if ui.attempt(lambda: drafts.append(project.taste.draft(one.version, use))):
            target_form.fill(project, drafts[0], f"learned from {_learned_from(one.report)}")
            ui.go("target")


def _disagreements(project: Project, one: Version) -> None:
    accepted, rejected = project.taste.disagreements(one.version)
    if not accepted and not rejected:
        return
    st.subheader("Where it and the rule disagree", anchor=False)
    left, right = st.columns(2)
    with left:
        st.markdown("**Accepted now**, but it predicts that people reject")
        _examples(accepted)
    with right:
        st.markdown("**Rejected now**, but it predicts that people accept")
        _examples(rejected)


def _examples(examples: Sequence[Disagreement]) -> None:
    if not examples:
        st.caption("None in this round.")
    for example in examples:
        with st.container(border=True):
            st.caption(
                f"Candidate {literal(example.candidate_id)}, accepted by people with a chance of "
                f"{in_percent(example.chance)}, asked: "
                f"{literal(example.prompt[:EXCERPT])}"
            )
            ui.text(example.completion[:EXCERPT] + ("…" if len(example.completion) > EXCERPT else ""))
