"""A scorer beside people: how far it agrees with what they decided, and what is to be known before it decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from rsf_core.domain.scorer_ref import shown
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
    """One scorer against all decisions of people on candidates that it has scored."""
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
            f"{plural(judging.decisions, 'decision')} of people on candidates with a score. From {FEWEST_OF_A_KIND} accepts "
            f"and {FEWEST_OF_A_KIND} rejects on, of two prompts at least, the agreement is shown here."
        )
        if not judging.decisions:
            ui.empty("Nobody has decided on a candidate with this score yet.", page="review", label="Review")
        return
    with st.container(horizontal=True):
        _figure("κ, beyond chance", judging.kappa, _KAPPA)
        _figure("Rank correlation", judging.correlation, _CORRELATION)
        _figure("AUC", judging.auc, _AUC)
    side = "above" if judging.direction > 0 else "below"
    threshold = significant(judging.threshold, 4)
    st.caption(
        f"By {plural(judging.decisions, 'decision')} ({judging.accepts:,} accepts) on {plural(judging.prompts, 'prompt')}, in "
        f"all rounds, with 95 % intervals over prompts. The best threshold is {side} {threshold}; κ is counted on "
        "prompts that had no part in choosing theirs. What people decided is what they looked at: for the whole round it "
        "speaks as far as that was chosen at random, and more so where they decided without seeing the score."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.plotly_chart(charts.levels(judging.levels, scorer), key="levels", config=charts.CONFIG)
    with right:
        ui.grid([_row(level) for level in judging.levels], height="content")
        st.caption(
            "A score to go by rises here: the higher it is, the more of the candidates people accept (or the fewer)."
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
    "Cohen’s κ of people’s decisions and of “the score is beyond the best threshold”: 1 where they always say the same, 0 "
    "where they agree no more often than by chance."
)
_CORRELATION = (
    "Rank-biserial: 1 where every accepted candidate has a better score than every rejected one, 0 where the score says "
    "nothing of it, −1 where it is the other way round. It is 2·AUC − 1."
)
_AUC = "The chance that an accepted candidate has a better score than a rejected one; ½ where the score says nothing."


def warnings(project: Project, target: Target) -> None:
    """Of a target: whose opinions it goes by before people have confirmed them, and which texts leave for where."""
    for scorer in target.scorers:
        card = project.scorer_book.card(scorer)
        if card is None:
            continue
        if card.sends:
            st.info(literal(sends(scorer)), icon=":material/upload:")
        if card.opinion:
            _word(scorer, project.scorer_book.judging(scorer, direction(target, scorer)))


def sends(scorer: str) -> str:
    """Which texts leave for where."""
    return sends_words(shown(scorer), registry.options(scorer))


def sends_words(name: str, options: Mapping[str, Any]) -> str:
    """The same of a judge that may not be saved yet."""
    shows = (True, options.get("show_prompt", True), options.get("show_reference", False))
    texts = [text for text, is_shown in zip(("completions", "prompts", "references"), shows, strict=True) if is_shown]
    listed = ", ".join(texts[:-1]) + (" and " if texts[1:] else "") + texts[-1]
    return (
        f"{name} sends {listed} to {options.get('endpoint', 'the address in its options')} whenever it scores, in "
        "comparisons on held-out prompts too."
    )


def spent(project: Project, scorers: Iterable[str]) -> None:
    """What judges were asked for, in tokens."""
    counted = project.scorer_book.spent()
    for scorer in scorers:
        if (usage := counted.get(scorer)) is not None:
            st.caption(
                literal(
                    f"{shown(scorer)} was asked {plural(usage.requests, 'question')} so far: "
                    f"{plural(usage.prompt_tokens, 'token')} of questions and {usage.answer_tokens:,} of answers, as the "
                    "endpoint counts them."
                )
            )


def _word(scorer: str, judging: Judging) -> None:
    """Whether an opinion may decide, by what people have said."""
    name, so_far = shown(scorer), f"{min(judging.decisions, ENOUGH)} of {ENOUGH}"
    if not judging.enough:
        st.warning(
            literal(
                f"{name} is a model’s opinion, and nobody knows yet whether people share it: {so_far} decisions are there "
                "that it takes to say so. Review more candidates before it decides: on the Scorers page it can score them "
                "without deciding anything."
            ),
            icon=":material/gavel:",
        )
    elif not judging.agrees:
        kappa = "" if judging.kappa is None else f" (κ {_number(judging.kappa.value)}, {_between(judging.kappa)})"
        st.warning(
            literal(
                f"{name} is a model’s opinion, and {plural(judging.decisions, 'decision')} of people don’t show that it "
                f"agrees with them beyond chance{kappa}. What it prefers would be trained: mend its rubric or leave it out."
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
