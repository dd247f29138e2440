"""The mode of Review in which candidates of a prompt are compared, two or more at a time, and the results on the
Agreement view."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain import MOST_RANKED
from rsf_core.domain.access import Actor
from rsf_core.domain.words import in_percent, plural
from rsf_core.project import Project
from rsf_core.review.win_rates import Figure
from rsf_core.web import estimates, room, ui
from rsf_core.web.components.compare_card import compare_card
from rsf_core.web.components.rank_card import rank_card
from rsf_core.web.literal import literal

MOST_CANDIDATES = 50
WAYS = {"pairs": "Pairs", "rank": "Rank"}


def panel(project: Project, number: int, reviewer: Actor) -> None:
    """Pairs to choose from, or prompts whose candidates are ranked, one after the other."""
    way = ui.choice_in_url("compare", list(WAYS), "pairs", format_func=lambda name: WAYS[name])
    outbox = f"{project.folder} {project.rounds()[0].created_at}"  # the same as the review card's
    guide = project.guide_book.current()
    if way == "rank":
        again = st.toggle("Prompts that I have ranked before, again", key="rank-again")
        room.reserve_for_ranks(project, number)
        rank_card(outbox, number, reviewer, again=again, guide=guide)
        st.caption(
            "Type a digit for each candidate in turn: 1 is the best, and the same digit twice is a tie; Backspace takes the "
            "last place back, Enter sends. Prompts come in the same random order for everybody, with up to "
            f"{MOST_RANKED} of their candidates; near-duplicates are shown once and truncated completions are left out. A "
            "ranking does not accept or reject anything: it counts as all of its pairs, each with less weight than a pair "
            "that is compared on its own."
        )
        return
    again = st.toggle("Pairs that I have compared before, again", key="compare-again")
    room.reserve_for_pairs(project, number)
    compare_card(outbox, number, reviewer, again=again, guide=guide)
    st.caption(
        "Which of the two should the model rather say? Prompts and pairs come in the same random order for everybody; "
        "near-duplicates and truncated completions are left out. Your answers do not accept or reject anything: Export "
        "writes them as preferences, the learned scorer learns from them, and Agreement sums them up."
    )


def win_rates(project: Project, number: int) -> None:
    """The results of a round's comparisons."""
    st.header("Comparisons", anchor=False)
    rates = project.comparing.win_rates(number)
    if not rates.compared:
        st.caption("Nobody has compared or ranked candidates of this round yet: use the mode Compare above.")
        return
    names = ", ".join(f"{name} {count:,}" for name, count in sorted(rates.reviewers.items()))
    st.markdown(
        f"**{plural(rates.compared, 'pair')}**, of which {rates.tied:,} are ties. Compared by {literal(names)}."
        + (f" {rates.ranked:,} were only ranked, among others." if rates.ranked else "")
    )
    if rates.figures:
        ui.grid([_row(figure) for figure in rates.figures])
        st.caption(
            "Among pairs where people and the row both have a preference: how often people prefer the one that the row "
            "ranks higher. 50 % is chance. Brackets: 95 % intervals over prompts. The rule ranks what it accepts above "
            "what it rejects."
            + (
                " In this share, a pair that was only ranked among K candidates counts 3/(K + 1)."
                if rates.ranked
                else ""
            )
        )
    if rates.twice:
        st.caption(
            f"Two reviewers compared the same two candidates {plural(rates.twice, 'time')}; {rates.alike:,} of these "
            "times they agreed."
        )
    if rates.candidates:
        with st.expander("By candidate", icon=":material/leaderboard:"):
            rows = [
                {
                    "candidate": candidate.candidate_id,
                    "won": candidate.wins,
                    "of": candidate.pairs,
                    "share": in_percent(candidate.wins / candidate.pairs),
                }
                for candidate in rates.candidates[:MOST_CANDIDATES]
            ]
            ui.grid(rows)
            left = len(rates.candidates) - len(rows)
            st.caption(f"{left:,} more are not shown." if left else "Ties are left out.")


def _row(figure: Figure) -> dict[str, str | int]:
    return {
        "higher by": figure.name or "the rule",
        "pairs": figure.pairs,
        "preferred by people": figure.wins,
        "share": estimates.limits(figure.share, " %", 100),
    }
