"""The parts of the Review page around the card: views, filters, bulk, table, agreement. What is looked at is in the URL."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import streamlit as st
from pydantic import ValidationError

from rsf_core.domain import Action, Outcome
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import RsfError, StageError
from rsf_core.domain.field_words import in_words
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.review.candidates import ReviewCandidate
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.queue import PAGE
from rsf_core.sampling.intervals import Interval
from rsf_core.scorers import answered
from rsf_core.web import charts, compare_parts, gold_parts, guide_parts, progress_parts, question_parts, similar, ui
from rsf_core.web.literal import literal

CHANGED = "review-changed"  # counts up when a queue must be asked for anew
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
ANY = "any"
YES_NO = {ANY: None, "yes": True, "no": False}


def filters(project: Project, number: int) -> CandidateFilter:
    """The filter in the URL, with a form to change it. A broken one is said and taken as none."""
    query = {
        name: value for name, value in st.query_params.items() if name in CandidateFilter.model_fields or "." in name
    }
    try:
        candidate_filter = CandidateFilter.from_query(query)
        project.review.check_text(number, candidate_filter)
        similar.check(project, number, candidate_filter)
    except RsfError as error:
        ui.problem(f"The filter cannot be used: {error}. All candidates are shown.")
        candidate_filter = CandidateFilter()
    words = candidate_filter.describe()
    with st.expander(f"Filter: {literal(words)}" if words else "Filter", icon=":material/filter_alt:"):
        _form(project, number, candidate_filter)
    similar.panel(candidate_filter, look_at)
    return candidate_filter


# What the form calls its fields.
FILTERS = {
    "text": "Text contains",
    "regex": "Matches",
    "tag": "Tag",
    "decision": "By the rule",
    "overridden": "Overridden",
    "flagged": "Flagged",
    "p_accept": "p_accept",
    "by": "Reviewed by",
    "prompt": "Prompt",
    "tokens": "Tokens",
    "log_ratio": "ℓ (nats)",
    "scores": "Scores",
}


def _form(project: Project, number: int, candidate_filter: CandidateFilter) -> None:
    form = f"filter-{hash(candidate_filter.model_dump_json())}"
    with st.form(form, border=False):
        first, second, third = st.columns(3)
        values: dict[str, Any] = {
            "text": first.text_input("Text contains", candidate_filter.text or "") or None,
            "regex": second.text_input("Matches (regular expression)", candidate_filter.regex or "") or None,
            "tag": third.text_input("Tag", candidate_filter.tag or "") or None,
            "decision": _choice(first, "By the rule", [o.value for o in Outcome], candidate_filter.decision),
            "overridden": YES_NO[
                _choice(second, "Overridden", ["yes", "no"], _yes_no(candidate_filter.overridden)) or ANY
            ],
            "flagged": YES_NO[_choice(third, "Flagged", ["yes", "no"], _yes_no(candidate_filter.flagged)) or ANY],
            "p_accept": _span(
                first.slider("p_accept", 0.0, 1.0, candidate_filter.p_accept or (0.0, 1.0), 0.01), (0.0, 1.0)
            ),
            "by": second.text_input("Reviewed by", candidate_filter.by or "") or None,
            "prompt": third.number_input("Prompt", 1, None, candidate_filter.prompt, 1),
            "like": candidate_filter.like,
            "nearest": candidate_filter.nearest,
        }
        values["tokens"] = _limits(first, form, "Tokens", candidate_filter.tokens)
        values["log_ratio"] = _limits(second, form, "ℓ (nats)", candidate_filter.log_ratio)
        values["scores"] = {}
        for scorer in (one for one in project.scorers(number) if not answered.is_one(one)):
            limits = _limits(third, form, readable(scorer), candidate_filter.scores.get(scorer))
            if limits is not None:
                values["scores"][scorer] = limits
        with st.container(horizontal=True):
            apply = st.form_submit_button("Apply", type="primary")
            clear = st.form_submit_button("Clear")
    if apply:
        try:
            look_at(CandidateFilter.model_validate(values))
        except ValidationError as error:
            ui.problem(f"This filter makes no sense: {in_words(error, FILTERS)}")
    if clear:
        look_at(CandidateFilter())


def look_at(candidate_filter: CandidateFilter) -> None:
    """Put a filter into the URL in place of the one that is there, and draw the page again."""
    for name in list(st.query_params):
        if name in CandidateFilter.model_fields or "." in name or name == "at":
            del st.query_params[name]
    for name, value in candidate_filter.to_query().items():
        st.query_params[name] = value
    st.rerun()


class Looking(NamedTuple):
    """How candidates are shown, and which of them in which order."""

    way: str
    candidate_filter: CandidateFilter = CandidateFilter()
    view: View = View.ALL
    order: Order = Order.BOUNDARY


def looking(project: Project, number: int, reviewer: Actor) -> Looking:
    """What the person chose, all in the URL. Compare and Agreement are of the whole round: there is nothing to choose from."""
    above = st.container()
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        way = ui.choice_in_url("show", WAYS, WAYS[0])
    if way in OF_THE_ROUND:
        return Looking(way)
    with above:
        candidate_filter = filters(project, number)
        view = _view(project, number, reviewer, candidate_filter)
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
        help="pending: you have not decided it, and it still wants an opinion",
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
    """The order, where there is all that it goes by; else what is to be done first, and the usual one."""
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
        ui.empty("No candidate is in this view.")
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
        st.session_state[key] = min(
            max(int(st.session_state[key]), 1), pages
        )  # a URL brings text, a filter fewer pages
        return int(
            st.number_input(f"Page of {pages:,} ({plural(total, 'candidate')})", 1, pages, step=1, width=260, key=key)
        )

    return int(ui.in_url("page", lambda text: text.isdigit() and 1 <= int(text) <= pages, "1", draw))


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
    """Decide everything in a view at once: the count and five examples first, asked once, undone as one step."""
    with st.expander("Decide all of this view at once", icon=":material/done_all:"):
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
        actions = {"Accept": Action.ACCEPT, "Reject": Action.REJECT, "Give back to the rule": Action.AUTO}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.segmented_control("Decision", list(actions), default=None, key=f"bulk-{number}")
            sure = st.checkbox(f"Yes, all {count:,}", key=f"bulk-sure-{number}-{view}-{count}")
            if st.button("Decide", disabled=not (chosen and sure), icon=":material/done_all:") and chosen and sure:
                if ui.attempt(lambda: project.review.bulk(number, reviewer, candidate_filter, view, actions[chosen])):
                    asked_anew()
                    st.rerun()
        undo, _ = project.review.can_walk(number, reviewer)
        if undo and st.button("Undo my last step", icon=":material/undo:", help="A decision in bulk is one step."):
            if ui.attempt(lambda: project.undo(number, reviewer)):
                asked_anew()
                st.rerun()


def asked_anew() -> None:
    st.session_state[CHANGED] = st.session_state.get(CHANGED, 0) + 1


def how(project: Project) -> None:
    """How this project reviews: how many opinions, and whether the rule is hidden."""
    with st.expander("How we review here", icon=":material/groups:"):
        with st.form("review-settings", border=False):
            review = project.settings.review
            overlap = st.number_input("Opinions a candidate wants", 1, 20, review.overlap)
            blind = st.toggle("Blind: hide the rule's decision and the scores until one has decided", review.blind)
            together = st.toggle(
                "Candidates of a prompt that read the same are shown and decided as one", review.together
            )
            share = st.slider(
                "Picked at random, of what is shown (%)",
                0,
                50,
                round(100 * review.audit_share),
                help="Whatever the order: how well the rule and people agree is measured on candidates that nobody chose.",
            )
            if st.form_submit_button("Save", disabled=ui.locked("set")):
                changed = {"overlap": overlap, "blind": str(blind).lower(), "audit_share": share / 100}
                changed |= {"together": str(together).lower()}
                if ui.save(project, {f"review.{k}": str(v) for k, v in changed.items()}):
                    st.rerun()
        st.caption(
            "What stands: the word that settled it, else what most reviewers say, else (where they are even) the newest "
            "word, and the rule's decision before all of these. Candidates on which reviewers differ wait in the view "
            "Disagreement, where Y and Z settle them."
        )


def agreement(project: Project, number: int, reviewer: Actor) -> None:
    """How well the rule and people agree, and the target that would agree better."""
    agreement_now = project.review.agreement(number)
    if not agreement_now.reviewed.total:
        question_parts.answered(project, number)
        ui.empty("Once candidates are decided by people, this shows how well the rule agrees with them.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.header("The rule against people", anchor=False)
        audit = agreement_now.audit
        with st.container(horizontal=True):
            st.metric(
                "Precision", _percent(audit.precision), border=True, help="Of what the rule accepts, people accept."
            )
            st.metric("Recall", _percent(audit.recall), border=True, help="Of what people accept, the rule accepts.")
        if audit.total:
            st.caption(
                f"From the {plural(audit.total, 'candidate')} of the random audit that are decided so far (95 % intervals): "
                "a random sample, so it holds for the whole round"
                + (
                    f", if the {agreement_now.audit_skipped:,} skipped among them are like the rest."
                    if agreement_now.audit_skipped
                    else "."
                )
            )
        else:
            st.caption(
                "Precision and recall of the round are measured on candidates that were picked at random. Some are mixed "
                "into every order (see “How we review here”); the order “At random (unbiased audit)” shows them alone."
            )
        all_ = agreement_now.reviewed
        ui.grid(
            [
                {"rule": "accepts", "people accept": all_.accept_accept, "people reject": all_.accept_reject},
                {"rule": "rejects", "people accept": all_.reject_accept, "people reject": all_.reject_reject},
            ],
        )
        st.caption(f"Of {plural(all_.total, 'decided candidate')}: those that people happened to look at.")
    with right:
        st.header("Overruled by p_accept", anchor=False)
        st.plotly_chart(charts.overruled(agreement_now.by_p_accept), config=charts.CONFIG)
    st.header("Reviewers", anchor=False)
    if not agreement_now.pairs:
        st.caption("No candidate has been decided by two reviewers yet: raise “Opinions a candidate wants” below.")
    else:
        alpha = "not defined: all said the same" if agreement_now.alpha is None else f"{agreement_now.alpha:.2f}"
        st.markdown(f"Krippendorff's α: **{literal(alpha)}**")
        ui.grid(
            [
                {
                    "reviewers": f"{pair.first} and {pair.second}",
                    "decided by both": pair.both,
                    "same": f"{pair.same / pair.both:.0%}",
                    "Cohen's κ": None if pair.kappa is None else round(pair.kappa, 2),
                }
                for pair in agreement_now.pairs
            ],
        )
    question_parts.answered(project, number)
    guide_parts.agreement(agreement_now.by_guide)
    compare_parts.win_rates(project, number)
    progress_parts.everybody(project, number, reviewer)
    gold_parts.panel(project, number, reviewer)
    st.header("A target that agrees better", anchor=False)
    _suggestion(project, number, reviewer)


def _suggestion(project: Project, number: int, reviewer: Actor) -> None:
    try:
        suggestion = project.review.suggest(number)
    except RsfError as error:
        st.caption(f"Not yet: {literal(error)}.")
        return
    now = project.target(number)
    ui.grid(
        [
            {
                "scorer": name,
                "weight now": None if now is None else now.rewards.get(name, 0.0),
                "suggested": round(suggestion.target.rewards[name], 4),
                "weight/β as fitted": ui.limits(limits),
            }
            for name, limits in suggestion.fit.coefficients.items()
        ],
    )
    st.markdown(
        f"With β = {suggestion.target.beta:.4g} [{suggestion.beta.low:.3g}, {suggestion.beta.high:.3g}] and "
        f"log M = {suggestion.log_m:.3f} the rule would repeat **{suggestion.agreeing:,}** of {suggestion.decisions:,} "
        f"decisions by people on prompts it was not fitted to, instead of {suggestion.agreeing_now:,}; "
        f"**{suggestion.changed:,}** automatic decisions would change."
    )
    lenient = (
        "How lenient people are with each prompt is part of the fit."
        if suggestion.fit.decisions > suggestion.beta.groups
        else "Each prompt has one decision, so that it cannot be told how lenient people are with a prompt: where that "
        "differs, β comes out too large, and its interval does not show it."
    )
    st.caption(
        f"A {literal(suggestion.fit.link)} fit of the decisions on the scores, by likelihood with a ridge of 0.001 "
        "that keeps it finite. "
        "Brackets: 95 % intervals by bootstrap over prompts; a weight whose interval holds 0 may be "
        "chance. Decisions near the boundary only say little about the rest: decide some of the random audit too. "
        f"{lenient}"
    )
    if st.button(
        "Make it the target",
        icon=":material/check:",
        disabled=number != project.current_round or ui.locked("take_suggestion"),
    ):
        if ui.attempt(lambda: project.take_suggestion(suggestion, number, reviewer)):
            st.rerun()


def _percent(interval: Interval | None) -> str:
    return (
        "–"
        if interval is None
        else f"{100 * interval.value:.0f} % [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"
    )


def _choice(where: Any, label: str, options: list[str], chosen: str | None) -> str | None:
    picked: str = where.selectbox(
        literal(label), [ANY, *options], index=0 if chosen is None else 1 + options.index(chosen)
    )
    return None if picked == ANY else picked


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _span(chosen: tuple[float, float], whole: tuple[float, float]) -> tuple[float, float] | None:
    return None if chosen == whole else chosen


def _limits(where: Any, form: str, label: str, limits: tuple[float, float] | None) -> tuple[float, float] | None:
    """Two fields, either of which may stay empty; new ones in another form, so that none keeps what was cleared."""
    low, high = limits or (-math.inf, math.inf)
    left, right = where.columns(2)
    least = left.number_input(f"{literal(label)} from", value=low if math.isfinite(low) else None)
    most = right.number_input("to", value=high if math.isfinite(high) else None, key=f"{form}-to-{label}")
    if least is None and most is None:
        return None
    return -math.inf if least is None else float(least), math.inf if most is None else float(most)
