"""A scorer beside people: how far it agrees with their decisions, and what to know before it decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from rsf_core.domain.scorer_ref import label
from rsf_core.domain.settings import Target
from rsf_core.domain.words import fixed, in_percent, plural, significant
from rsf_core.project import Project
from rsf_core.project.scorer_book import direction
from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.judging import ENOUGH, FEWEST_OF_A_KIND, Judging, Level
from rsf_core.scorers import registry
from rsf_core.web import charts, ui
from rsf_core.web.literal import literal


def beside_people(project: Project, scorer: str) -> None:
    """One scorer against all decisions by people on candidates that it has scored."""
    target, card = project.settings.target, project.scorer_book.card(scorer)
    judging = project.scorer_book.judging(scorer, direction(target, scorer))
    is_opinion = card is not None and card.opinion
    if not judging.decisions and not is_opinion:
        return
    st.subheader("Beside people’s decisions", anchor=False)
    if is_opinion:
        _word(scorer, judging)
    if judging.kappa is None or judging.auc is None or judging.correlation is None or judging.threshold is None:
        st.caption(
            f"{plural(judging.decisions, 'decision')} by people on candidates with a score. The agreement is shown "
            f"here once there are {FEWEST_OF_A_KIND} accepts and {FEWEST_OF_A_KIND} rejects, on at least two prompts."
        )
        if not judging.decisions:
            ui.empty("Nobody has decided a candidate with this score yet.", page="review", label="Review")
        return
    with st.container(horizontal=True):
        _figure("κ, beyond chance", judging.kappa, _KAPPA)
        _figure("Rank correlation", judging.correlation, _CORRELATION)
        _figure("AUC", judging.auc, _AUC)
    side = "above" if judging.direction > 0 else "below"
    threshold = significant(judging.threshold, 4)
    st.caption(
        f"By {plural(judging.decisions, 'decision')} ({judging.accepts:,} accepts) on "
        f"{plural(judging.prompts, 'prompt')}, in all rounds, with 95 % intervals over prompts. The best threshold is "
        f"{side} {threshold}; κ is computed on prompts that were not used to choose the threshold. People "
        "decided only what they looked at: the figures hold for the whole round only as far as those candidates were "
        "chosen at random, and better still where people decided without seeing the score."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.plotly_chart(charts.levels(judging.levels, scorer), key="levels", config=charts.CONFIG)
    with right:
        ui.grid([_row(level) for level in judging.levels], height="content")
        st.caption(
            "For a useful score this curve rises (or falls): the higher the score, the more (or fewer) candidates "
            "people accept."
        )


def _figure(name: str, interval: Interval, meaning: str) -> None:
    st.metric(
        literal(name),
        literal(_number(interval.value)),
        literal(_between(interval)),
        delta_color="off",
        delta_arrow="off",
        help=literal(meaning),
        border=True,
        height="stretch",
    )


_KAPPA = (
    "Cohen’s κ between people’s decisions and “the score is beyond the best threshold”: 1 if they always agree, 0 if "
    "they agree no more often than by chance."
)
_CORRELATION = (
    "Rank-biserial correlation: 1 if every accepted candidate has a better score than every rejected one, 0 if the "
    "score tells nothing, −1 in the opposite case. It equals 2·AUC − 1."
)
_AUC = (
    "The probability that an accepted candidate has a better score than a rejected one; ½ if the score tells nothing."
)


def warnings(project: Project, target: Target) -> None:
    """For a target: how far people agree with the models' opinions in it, and which texts it sends where."""
    for scorer in target.scorers:
        card = project.scorer_book.card(scorer)
        if card is None:
            continue
        if card.sends:
            st.info(literal(sends(scorer)), icon=":material/upload:")
        if card.opinion:
            _word(scorer, project.scorer_book.judging(scorer, direction(target, scorer)))


def sends(scorer: str) -> str:
    """Which texts a scorer sends, and where."""
    return sends_words(label(scorer), registry.options(scorer))


def sends_words(name: str, options: Mapping[str, Any]) -> str:
    """The same for a judge that may not be saved yet."""
    shows = (True, options.get("show_prompt", True), options.get("show_reference", False))
    texts = [text for text, is_shown in zip(("completions", "prompts", "references"), shows, strict=True) if is_shown]
    listed = ", ".join(texts[:-1]) + (" and " if texts[1:] else "") + texts[-1]
    return (
        f"{name} sends {listed} to {options.get('endpoint', 'the address in its options')} whenever it scores, in "
        "comparisons on held-out prompts too."
    )


def spent(project: Project, scorers: Iterable[str]) -> None:
    """How much judges have been asked, in questions and tokens."""
    counted = project.scorer_book.spent()
    for scorer in scorers:
        if (usage := counted.get(scorer)) is not None:
            st.caption(
                literal(
                    f"{label(scorer)} has been asked {plural(usage.requests, 'question')} so far: "
                    f"{plural(usage.prompt_tokens, 'token')} of questions and {usage.answer_tokens:,} of answers, as "
                    "the endpoint counts them."
                )
            )


def _word(scorer: str, judging: Judging) -> None:
    """Whether a model's opinion agrees with people's decisions, before it decides."""
    name, so_far = label(scorer), f"{min(judging.decisions, ENOUGH)} of {ENOUGH}"
    if not judging.enough:
        st.warning(
            literal(
                f"{name} is a model’s opinion, and nobody knows yet whether people share it ({so_far} decisions needed to "
                "tell). Review more candidates before you let it decide: on the Scorers page it can score them without "
                "accepting or rejecting any."
            ),
            icon=":material/gavel:",
        )
    elif not judging.agrees:
        kappa = "" if judging.kappa is None else f" (κ {_number(judging.kappa.value)}, {_between(judging.kappa)})"
        st.warning(
            literal(
                f"{name} is a model’s opinion, and {plural(judging.decisions, 'decision')} by people do not show that "
                f"it agrees with them beyond chance{kappa}. The model would be trained towards what it prefers: "
                "improve its rubric or leave it out."
            ),
            icon=":material/gavel:",
        )
    else:
        assert judging.kappa is not None
        st.success(
            literal(
                f"{name} agrees with people beyond chance: κ {_number(judging.kappa.value)}, {_between(judging.kappa)}, by "
                f"{plural(judging.decisions, 'decision')}."
            ),
            icon=":material/gavel:",
        )


def _row(level: Level) -> dict[str, str | int]:
    low, high = significant(level.low, 4), significant(level.high, 4)
    return {
        "score": significant(level.low, 4) if level.low == level.high else f"{low} to {high}",
        "decisions": level.decisions,
        "accepted by people": in_percent(level.accepted.value),
        "95 % interval": f"{in_percent(level.accepted.low)} to {in_percent(level.accepted.high)}"
        if level.accepted.known
        else "not known",
    }


def _between(interval: Interval) -> str:
    return f"95 %: {_number(interval.low)} to {_number(interval.high)}"


def _number(value: float) -> str:
    return fixed(value, 2).replace("-", "−")
