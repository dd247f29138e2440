"""The parts of the Scorers page: the scores of the candidates, and the installed scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.words import plural, significant
from rsf_core.project import Project
from rsf_core.project.scorer_book import RoundScores, Scores, role
from rsf_core.scorers.card import ScorerCard
from rsf_core.store.records import Example
from rsf_core.web import beside_parts, charts, judging_parts, ui
from rsf_core.web.literal import literal

WAYS = ["On the candidates", "Installed", "Your own", "Judges", "Answers", "Learned"]
EXCERPT = 600  # characters of an example


def way_of_looking() -> str:
    return ui.choice_in_url("show", WAYS, WAYS[0])


def on_the_candidates(project: Project, number: int) -> None:
    """Every scorer of a round in a table, one of them in detail, and how far they agree with each other."""
    scores = project.scorer_book.of_round(number)
    if not scores.scorers:
        ui.empty(
            "Each scorer's scores will be shown here once the candidates are scored.",
            page="generate",
            label="Generate candidates",
        )
        return
    target, cost = project.settings.target, project.scorer_book.milliseconds()
    shown = sorted(  # rewards, then constraints, then those that decide nothing
        scores.scorers, key=lambda one: (one.scorer not in target.rewards, not role(target, one.scorer))
    )
    ui.grid(
        [
            {
                "scorer": readable(one.scorer),
                "in the target": role(target, one.scorer) or "–",
                "scored": one.count,
                "without a score": one.missing,
                "lowest": one.low,
                "mean": one.mean,
                "highest": one.high,
                "cost (ms a candidate)": cost.get(one.scorer),
            }
            for one in shown
        ],
        column_config={
            name: st.column_config.NumberColumn(format="%.3g")
            for name in ("lowest", "mean", "highest", "cost (ms a candidate)")
        },
    )
    lacking = [name for name in target.scorers if name not in {scorer.scorer for scorer in scores.scorers}]
    if lacking:
        st.info(
            f"The target asks for {literal(', '.join(map(readable, lacking)))}, which has not scored this round yet: score it "
            "on the Generate page.",
            icon=":material/info:",
        )
    st.caption(
        "Rewards are multiplied by their weights and added up: a higher reward makes acceptance likelier, or less "
        "likely if its weight is negative. A constraint must hold. A scorer outside the target has no influence."
    )
    names = [one.scorer for one in shown]
    name = ui.in_url("scorer", names.__contains__, names[0], lambda key: _look_closer(names, key))
    _closely(shown[names.index(name)])
    judging_parts.spent(project, [name])
    judging_parts.beside_people(project, name)
    _together(scores)
    beside_parts.another(project, number, names)


def _look_closer(names: Sequence[str], key: str) -> object:
    return st.selectbox("Look closely at", names, format_func=readable, key=key)


def _closely(one: Scores) -> None:
    if one.count:
        st.plotly_chart(
            charts.scores(one.edges, one.levels, one.counts, one.scorer), key="scores", config=charts.CONFIG
        )
    left, right = st.columns(2)
    with left:
        st.subheader("Highest", anchor=False)
        _examples(one.highest)
    with right:
        st.subheader("Lowest", anchor=False)
        _examples(one.lowest)


def _examples(examples: Sequence[Example]) -> None:
    for example in examples:
        with st.container(border=True):
            st.markdown(f"**{significant(example.score, 4)}**")
            st.caption(f"Candidate {literal(example.candidate_id)}, asked: {literal(example.prompt[:EXCERPT])}")
            ui.text(example.completion[:EXCERPT] + ("…" if len(example.completion) > EXCERPT else ""))


def _together(scores: RoundScores) -> None:
    if len(scores.scorers) < 2:
        return
    st.subheader("How far scorers agree with each other", anchor=False)
    names = [scorer.scorer for scorer in scores.scorers]
    st.plotly_chart(
        charts.correlations([readable(name) for name in names], scores.correlation),
        key="correlations",
        config=charts.CONFIG,
    )
    st.caption(
        "Spearman’s rank correlation over this round’s candidates: 1 if two scorers rank them in the same order, −1 if "
        "in the opposite order, 0 if unrelated. Two rewards with a correlation near 1 count the same thing twice. "
        "Empty where a scorer gives every candidate the same score."
    )


def installed(cards: Sequence[ScorerCard], cost: Mapping[str, float]) -> None:
    """Every scorer that can be used here, and for each other one why it cannot."""
    for card in cards:
        if card.problem:
            ui.problem(card.problem)
    usable = [card for card in cards if not card.problem]
    ui.grid(
        [
            {
                "scorer": card.name,
                "what it measures": card.description,
                "scores": _range(card),
                "options": ", ".join(map(str, card.options)) or ("any" if card.takes_any else "–"),
                "reference": "read" if card.reference else "–",
                "cost (ms a candidate)": _cost(card.name, cost),
            }
            for card in usable
        ],
        height="content",
        column_config={  # widths in pixels: names and costs are read whole, a description by a click
            "scorer": st.column_config.TextColumn(width=120),
            "what it measures": st.column_config.TextColumn(width=295),
            "scores": st.column_config.TextColumn(width=75),
            "options": st.column_config.TextColumn(width=130),
            "reference": st.column_config.TextColumn(width=75),
            "cost (ms a candidate)": st.column_config.NumberColumn(format="%.3g", width=150),
        },
    )
    st.caption(
        f'{plural(len(usable), "scorer")}. A target names them with their options, as in `contains(text="cat")`; options '
        "with a value shown here may be left out. The cost is what the newest job measured; it is empty if no job used the "
        "scorer."
    )
    loaded = [card.name for card in usable if card.loaded]
    if loaded:
        st.caption(f"Loaded to read their descriptions, which are computed: {literal(', '.join(loaded))}.")


def _range(card: ScorerCard) -> str:
    low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in card.bounds)
    return f"{low} to {high}"


def _cost(name: str, cost: Mapping[str, float]) -> float | None:
    """The cost of a scorer with any options (ms a candidate); the highest if several were used."""
    return max((ms for scorer, ms in cost.items() if scorer == name or scorer.startswith(f"{name}(")), default=None)
