"""What was lost, beside what was gained: how far a model has moved from the base."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from rsf_core.evaluation.forgetting import PER_COMPLETION, PER_TOKEN
from rsf_core.evaluation.gauges import HELD_OUT, UNRELATED
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.web import estimates, ui

NOT_MEASURED = "not measured"
WHAT_IT_IS = (
    "Forgetting is KL(base‖model), in nats: completions are drawn from the base at temperature 1, and at each token "
    "the model's distribution is compared with the base's over the whole vocabulary. The base itself has 0. Brackets: "
    "95 % intervals over prompts."
)


def in_words(measures: Mapping[str, Interval], name: str) -> str:
    """One measure with its interval, or NOT_MEASURED."""
    return estimates.limits(measures[name]) if name in measures else NOT_MEASURED


def line(comparison: Comparison) -> str:
    """What a round's model has forgotten, in a sentence."""
    if not comparison.forgotten:
        return "What the model has forgotten was not measured: compare again to measure it."
    return (
        f"Forgotten, in nats per token from the base: {in_words(comparison.forgotten, PER_TOKEN[UNRELATED])} on unrelated "
        f"prompts, {in_words(comparison.forgotten, PER_TOKEN[HELD_OUT])} on held-out ones."
    )


def table(comparison: Comparison, controls: Mapping[str, Mapping[str, Interval]]) -> None:
    """The proposal, the tuned model and its controls (by their names), on unrelated and on held-out prompts."""
    st.header("What was lost", anchor=False)
    before = "0 (the base)" if comparison.before_id == "base" else None
    ui.grid(
        [
            {
                "forgotten": name.removeprefix("forgotten: "),
                "before": before or in_words(comparison.forgotten_before, name),
                "after": in_words(comparison.forgotten, name),
                **{control: in_words(lost, name) for control, lost in controls.items()},
            }
            for names in (PER_TOKEN, PER_COMPLETION)
            for name in (names[UNRELATED], names[HELD_OUT])
        ],
    )
    st.caption(WHAT_IT_IS)
