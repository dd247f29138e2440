"""Which candidates are accepted at the M in force, and which would be under the other scope or by other rules. Each part that
responds to a click is a fragment, so that only that part is drawn again."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from rsf_core.acceptance import outcomes
from rsf_core.acceptance.landscape import Landscape
from rsf_core.domain import Scope
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter
from rsf_core.scorers import answered
from rsf_core.store.records import ThresholdRecord
from rsf_core.web import charts, ui
from rsf_core.web.acceptance_parts import SCOPES
from rsf_core.web.literal import literal

MOST_LISTED, EXCERPT = 200, 300  # prompts of a list in the browser, and characters of each
WHERE = {"prompt": "By prompt", "score": "By score", "length": "By length", "round": "By round"}


@st.fragment
def where(project: Project, number: int, threshold: ThresholdRecord) -> None:
    """Which candidates are accepted at the M in force; brushed candidates can be read in Review."""
    st.header("Where the accepted are", anchor=False)
    chosen = st.segmented_control(
        "Look at it",
        list(WHERE),
        default="prompt",
        format_func=WHERE.__getitem__,
        required=True,
        label_visibility="collapsed",
    )
    landscape = project.landscape(threshold.scope, number)
    assert landscape is not None
    if chosen == "prompt":
        _by_prompt(project, number, landscape, threshold.log_m)
    elif chosen == "score":
        _by_score(project, number, landscape, threshold.log_m)
    elif chosen == "length":
        tokens = project.ratios(number)["token_count"].to_numpy()
        by_length = outcomes.by_length(landscape, tokens, threshold.log_m)
        event: Any = st.plotly_chart(
            charts.density(by_length),
            config=charts.CONFIG,
            key=f"length-{number}",
            on_select="rerun",
            selection_mode="box",
        )
        st.caption("ℓ is a sum over tokens. A slope means that the target prefers long or short completions.")
        box = charts.box(event)
        if box is not None:
            ui.review_link(number, CandidateFilter(tokens=box.x, log_ratio=box.y))
    else:
        _by_round(project)


def _by_prompt(project: Project, number: int, landscape: Landscape, log_m: float) -> None:
    prompts = outcomes.by_prompt(landscape, log_m)
    event: Any = st.plotly_chart(
        charts.prompt_rates(prompts.rate),
        config=charts.CONFIG,
        key=f"rates-{number}",
        on_select="rerun",
        selection_mode=("points", "box"),
    )
    chosen = charts.chosen_bars(event, charts.RATE_EDGES)
    low, high = chosen if chosen is not None else (0.0, 100.0)
    inside = prompts.between(low / 100, high / 100)
    listed = inside[:MOST_LISTED]
    ids = prompts.prompt_id[listed].tolist()
    texts = project.prompt_texts(ids)
    columns = (one[listed].tolist() for one in (prompts.accepted, prompts.candidates, 100 * prompts.rate))
    rows = [
        {"prompt": texts[p][:EXCERPT], "accepted": a, "of": n, "rate": r}
        for p, a, n, r in zip(ids, *columns, strict=True)
    ]
    st.caption(
        plural(len(inside), "prompt")
        + (f" with {low:g} to {min(high, 100):g} % accepted" if chosen else "")
        + (f", the {len(rows):,} least accepted listed" if len(rows) < len(inside) else ", the least accepted first")
        + ". Select bars to narrow the list; select a row to read its candidates in Review."
    )
    table = ui.grid(
        rows,
        height=240,
        column_order=["prompt", "accepted", "of", "rate"],
        column_config={
            "rate": st.column_config.ProgressColumn("accepted (%)", min_value=0, max_value=100, format="%.0f")
        },
        key=f"prompts-{number}-{low}-{high}",
        on_select="rerun",
        selection_mode="single-row",
    )
    if table.selection.rows:
        ui.go(
            "review",
            round=str(number),
            view="all",
            order="prompt",
            prompt=str(ids[table.selection.rows[0]]),
        )


def _by_score(project: Project, number: int, landscape: Landscape, log_m: float) -> None:
    scorers = project.scorers(number)
    if not scorers:
        st.caption("No scorer has scored this round, because its target needs only log-probabilities.")
        return
    scorer = st.selectbox("Scorer", scorers, format_func=readable, key=f"scorer-{number}")
    by_score = outcomes.by_value(landscape, project.scores(scorer, number), log_m)
    event: Any = st.plotly_chart(
        charts.outcomes(by_score, scorer),
        config=charts.CONFIG,
        key=f"score-{number}-{scorer}",
        on_select="rerun",
        selection_mode=("points", "box"),
    )
    chosen = charts.chosen_bars(event, by_score.edges)
    if answered.is_one(scorer):
        return  # Review cannot filter by it
    if chosen is not None:
        ui.review_link(number, CandidateFilter(scores={scorer: chosen}))
    else:
        st.caption("Click a bar, or draw a box, to read those candidates in Review.")


def _by_round(project: Project) -> None:
    rates = [(round_record.round, project.rates(round_record.round)) for round_record in project.rounds()]
    st.plotly_chart(
        charts.rounds([(f"round {n}", r.automatic, r.effective) for n, r in rates if math.isfinite(r.effective)]),
        config=charts.CONFIG,
    )
    st.caption(
        "Each round at its own M, the mean of its prompts' rates; it falls when the target stays the same and M is not "
        "chosen again."
    )


@st.fragment
def scopes(project: Project, number: int, threshold: ThresholdRecord) -> None:
    """What the scope of M does to each prompt's share of the data."""
    if not st.toggle("How the scope changes each prompt's share", key=f"share-{number}"):
        return
    here = project.landscape(threshold.scope, number)
    scope = Scope.GLOBAL if threshold.scope is Scope.PROMPT else Scope.PROMPT
    other = project.landscape(scope, number)
    assert here is not None and other is not None
    mine = outcomes.by_prompt(here, threshold.log_m)
    count = here.at(threshold.log_m).automatic
    theirs = outcomes.by_prompt(other, other.log_m_for_count(count))
    names = (f"{SCOPES[threshold.scope].lower()} (in force)", f"{SCOPES[scope].lower()}, as many accepted")
    st.plotly_chart(charts.shares(mine.share, theirs.share, names), config=charts.CONFIG)
    st.caption(
        f"Half of the accepted data comes from {outcomes.half_of_the_data(mine):,} of "
        f"{plural(here.prompt_count, 'prompt')}; {literal(SCOPES[scope].lower())} it would be "
        f"{outcomes.half_of_the_data(theirs):,}. Under the global scope a prompt's share is proportional to its Z(c): "
        "easy prompts get most. In both scopes the accepted of each prompt follow that prompt's target."
    )


@st.fragment
def rules(project: Project, number: int, threshold: ThresholdRecord) -> None:
    """The other rules on the same candidates."""
    if not st.toggle("Compare with other rules on the same candidates", key=f"rules-{number}"):
        return
    rules_kept = project.compare_rules(threshold.log_m, threshold.scope, number)
    ui.grid(
        [
            {
                "rule": rule.name,
                "keeps": rule.kept,
                "prompts": rule.prompts,
                "overlap with rejection": 100 * rule.overlap,
                "mean reward": None if math.isnan(rule.reward) else rule.reward,
                "mean tokens": None if math.isnan(rule.tokens) else rule.tokens,
                "distinct-2": None if math.isnan(rule.distinct_2) else 100 * rule.distinct_2,
                "explanation": rule.explanation,
            }
            for rule in rules_kept
        ],
        column_config={
            "keeps": st.column_config.NumberColumn(format="localized"),
            "overlap with rejection": st.column_config.NumberColumn(format="%.0f %%"),
            "mean reward": st.column_config.NumberColumn(format="%.3f"),
            "mean tokens": st.column_config.NumberColumn(format="%.1f"),
            "distinct-2": st.column_config.NumberColumn(format="%.0f %%"),
        },
    )
    st.caption(
        "Every rule keeps about as many candidates as rejection sampling does, without overrides: best_of_n the same "
        "number of each prompt, a threshold all with equal rewards or none. best_of_n takes the "
        "highest rewards and forgets the target's spread; random shows what fine-tuning alone would get. distinct-2 is "
        "computed on equal numbers of completions."
    )
