"""The parts of the Review page around the card: view, order, table, decisions in bulk. The URL holds what is shown."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import streamlit as st

from rsf_core.domain import Action
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import StageError
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.review.candidates import ReviewCandidate
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.queue import PAGE
from rsf_core.web import filter_form, ui
from rsf_core.web.literal import literal

CHANGED = "review-changed"  # counts up when a queue must be requested again
ORDERS = {
    Order.BOUNDARY: "Nearest to the boundary first",
    Order.AUDIT: "At random (unbiased audit)",
    Order.REWARD: "Highest reward first",
    Order.DISAGREEMENT: "Scorers disagree most",
    Order.PROMPT: "By prompt",
    Order.TEACHES: "Unsure, and unlike the rest",
    Order.KINDS: "One of each kind",
    Order.UNSURE: "Least sure first",
    Order.AGAINST: "Learned score against rule",
}
WAYS = ["One by one", "Compare", "Table", "Agreement"]
OF_THE_ROUND = ("Compare", "Agreement")


class Looking(NamedTuple):
    """How candidates are shown, and which of them in which order."""

    way: str
    candidate_filter: CandidateFilter = CandidateFilter()
    view: View = View.ALL
    order: Order = Order.BOUNDARY


def looking(project: Project, number: int, reviewer: Actor) -> Looking:
    """What the person chose, all in the URL. Compare and Agreement cover the whole round: there is nothing to choose. All is
    drawn from top to bottom: a part that came later above others would move them."""
    of_the_round = ui.value_in_url("show", WAYS.__contains__, WAYS[0]) in OF_THE_ROUND
    if not of_the_round:
        candidate_filter = filter_form.chosen(project, number)
        view = _view(project, number, reviewer, candidate_filter)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        way = ui.choice_in_url("show", WAYS, WAYS[0])
    if of_the_round:
        return Looking(way)
    with right:
        order = _order()
    return Looking(way, candidate_filter, view, _ready(project, number, order))


def _view(project: Project, number: int, reviewer: Actor, candidate_filter: CandidateFilter) -> View:
    counts = project.review.counts(number, reviewer, candidate_filter)
    default = View.PENDING if number == project.current_round and candidate_filter == CandidateFilter() else View.ALL
    chosen = ui.choice_in_url(
        "view",
        [str(v) for v in View],
        default,
        format_func=lambda v: f"{literal(v.capitalize())} {counts[View(v)]:,}",
        help="pending: you have not decided it, and it still needs an opinion",
    )
    return View(chosen)


def _order() -> Order:
    orders = {str(order): words for order, words in ORDERS.items()}
    chosen = ui.in_url(
        "order",
        orders.__contains__,
        Order.BOUNDARY,
        lambda key: st.selectbox(
            "Order", list(orders), format_func=orders.__getitem__, label_visibility="collapsed", key=key
        ),
    )
    return Order(chosen)


def _ready(project: Project, number: int, order: Order) -> Order:
    """The order, if everything it needs is there; else the usual one, with what is to be done first on the page."""
    try:
        project.review.ready(number, order)
    except StageError as error:
        ui.empty(
            f"{error}. Until then the candidates nearest to the boundary come first.", page="scorers", label="Scorers"
        )
        return Order.BOUNDARY
    return order


def table(
    project: Project, number: int, reviewer: Actor, candidate_filter: CandidateFilter, view: View, order: Order
) -> None:
    """The candidates of a view as rows, a page at a time."""
    total = project.review.counts(number, reviewer, candidate_filter)[view]
    pages = max(1, math.ceil(total / PAGE))
    shown = _page(pages, total)
    rows = project.review.page(number, reviewer, candidate_filter, view, order, shown - 1)
    blind = project.settings.review.blind and view is not View.DISAGREEMENT
    if not rows:
        ui.empty("No candidates match this view.")
        return
    chosen = ui.grid(
        [_row(candidate, blind and all(o.reviewer != reviewer.name for o in candidate.opinions)) for candidate in rows],
        height=36 * min(len(rows), 14) + 40,
        column_config={
            "p_accept": st.column_config.NumberColumn(format="%.2f"),
            "ℓ (nats)": st.column_config.NumberColumn(format="%.2f"),
            "completion": st.column_config.TextColumn(width="large"),
        },
        key=f"table-{number}-{view}-{order}-{shown}-{hash(candidate_filter.model_dump_json())}",
        on_select="rerun",
        selection_mode="single-row",
    )
    if chosen.selection.rows:
        st.query_params["at"] = rows[chosen.selection.rows[0]].candidate_id
        st.query_params.pop("show", None)
        st.rerun()
    st.caption("Select a row to read it.")


def _page(pages: int, total: int) -> int:
    """The page of the table, in the URL."""

    def draw(key: str) -> int:
        # A value from the URL is text, and a filter may leave fewer pages.
        st.session_state[key] = min(max(int(st.session_state[key]), 1), pages)
        return int(
            st.number_input(f"Page of {pages:,} ({plural(total, 'candidate')})", 1, pages, step=1, width=260, key=key)
        )

    return int(ui.in_url("page", lambda text: ui.is_whole_number(text, 1, pages), "1", draw))


def _row(candidate: ReviewCandidate, hidden: bool) -> dict[str, Any]:
    """A row of the table; `hidden` leaves out what a blind reviewer must not see before deciding."""
    who = ", ".join(f"{o.reviewer}: {o.action}" for o in candidate.opinions)
    shown = {"candidate": candidate.candidate_id, "completion": (candidate.edit or candidate.completion)[:400]}
    if hidden:
        return shown | {"tokens": candidate.tokens}
    return shown | {
        "stands": _effective(candidate),
        "rule": candidate.decision,
        "reviewers": who,
        "p_accept": candidate.p_accept,
        "ℓ (nats)": candidate.log_ratio,
        "tokens": candidate.tokens,
        **{readable(scorer): score for scorer, score in candidate.scores.items()},
        "flagged": "⚑" if candidate.flagged else "",
        "tags": candidate.tags or "",
    }


def _effective(candidate: ReviewCandidate) -> str:
    if candidate.accepted:
        return "accepted"
    if candidate.no_score and not candidate.opinions:
        return "no score"
    if candidate.source is not None and not candidate.opinions:
        return "made elsewhere"
    return "rejected"


def bulk(project: Project, number: int, reviewer: Actor, candidate_filter: CandidateFilter, view: View) -> None:
    """Decide everything in a view at once: the count and five examples first, one confirmation, undone as one step."""
    with st.expander("Decide everything in this view at once", icon=":material/done_all:"):
        count = project.review.counts(number, reviewer, candidate_filter)[view]
        words = candidate_filter.describe()
        st.markdown(
            f"**{plural(count, 'candidate')}** in the view “{literal(view)}”"
            + (f", {literal(words)}" if words else "")
            + "."
        )
        if not count:
            return
        st.caption("Five of them, at random:")
        for candidate in project.review.page(number, reviewer, candidate_filter, view, Order.AUDIT, 0, 5):
            with st.container(border=True):
                ui.text((candidate.edit or candidate.completion)[:600])
        actions = {"Accept": Action.ACCEPT, "Reject": Action.REJECT, "Return to the rule": Action.AUTO}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.segmented_control("Decision", list(actions), default=None, key=f"bulk-{number}")
            sure = st.checkbox(f"Yes, all {count:,}", key=f"bulk-sure-{number}-{view}-{count}")
            if st.button("Decide", disabled=not (chosen and sure), icon=":material/done_all:") and chosen and sure:
                if ui.attempt(lambda: project.review.bulk(number, reviewer, candidate_filter, view, actions[chosen])):
                    request_queue_again()
                    st.rerun()
        undo, _ = project.review.can_walk(number, reviewer)
        if undo and st.button("Undo my last step", icon=":material/undo:", help="A bulk decision is one step."):
            if ui.attempt(lambda: project.undo(number, reviewer)):
                request_queue_again()
                st.rerun()


def request_queue_again() -> None:
    st.session_state[CHANGED] = st.session_state.get(CHANGED, 0) + 1


def how(project: Project) -> None:
    """How this project reviews: how many opinions, and whether the rule is hidden."""
    with st.expander("How we review here", icon=":material/groups:"):
        with st.form("review-settings", border=False):
            review = project.settings.review
            overlap = st.number_input("Opinions per candidate", 1, 20, review.overlap)
            blind = st.toggle(
                "Blind: hide the rule's decision and the scores until the reviewer has decided", review.blind
            )
            together = st.toggle("Show identical candidates of a prompt once and decide them together", review.together)
            share = st.slider(
                "Share picked at random, of what is shown (%)",
                0,
                50,
                round(100 * review.audit_share),
                help="Applies to every order: agreement between the rule and people is measured on these randomly "
                "picked candidates.",
            )
            if st.form_submit_button("Save", disabled=ui.locked("set")):
                changed = {"overlap": overlap, "blind": str(blind).lower(), "audit_share": share / 100}
                changed |= {"together": str(together).lower()}
                if ui.save(project, {f"review.{k}": str(v) for k, v in changed.items()}):
                    st.rerun()
        st.caption(
            "The effective decision is the one that settled a disagreement; else the majority of reviewers; else, in a "
            "tie, the newest; and the rule's decision as long as nobody has decided. Candidates on which reviewers "
            "disagree wait in the view Disagreement, where Y and Z settle them."
        )
