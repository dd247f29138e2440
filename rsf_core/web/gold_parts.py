"""Gold items on the Agreement view, for owners alone: how often each reviewer is right, the items, and their share."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rsf_core.domain import Action
from rsf_core.domain.access import Actor
from rsf_core.domain.words import in_percent, plural
from rsf_core.project import Project
from rsf_core.project.gold_book import GoldReport
from rsf_core.review.gold import Accuracy, ReviewerAccuracy
from rsf_core.web import estimates, ui
from rsf_core.web.literal import literal

MOST_ITEMS = 200
MEANINGS = """
- **Answered**: gold items that the reviewer decided one by one after they were marked, by the decision in effect now.
  Decisions made before the mark, in bulk, or taken back do not count, and nobody answers items that they marked
  themselves.
- **Right**: of those, the answers that equal the item's right decision **as it is now**. Changing an item's decision
  changes everybody's figures. **Accuracy** is right / answered, with a 95 % interval: the exact one of Clopper and
  Pearson (1934) if every item belongs to a different prompt, otherwise over prompts, because items of one prompt
  resemble each other. Few answers or few prompts give wide limits. Accuracy holds for items like those you marked,
  which are not a random sample of the round.
- **Turned away**: of the items to accept, those they rejected. **Let through**: of the items to reject, those they
  accepted.
- **By another guide**: answers given under another version of the guide than the item's decision. They may be wrong by
  one version and right by the other. Mark an item again to confirm its decision under the current guide.
- Answers count as the reviewer's work: in their number of decisions, in their pace and in exports. They do not count in
  the agreement with the rule or between reviewers; there a gold item has only its right decision.
- If a reviewer answered under several versions of the guide, a row for each version follows the total. Different items
  were answered under each, so a difference between these rows may come from the items.
"""


def panel(project: Project, number: int, author: Actor) -> None:
    """The whole section; nothing for a reviewer."""
    if ui.locked("gold.report"):
        return
    st.header("Gold items", anchor=False)
    report = project.gold.report(number)
    share = project.settings.review.gold_share
    if not report.marks:
        st.caption(
            "Mark candidates whose right decision you know. Reviewers then see them like any others, and this section "
            "shows how often each reviewer is right. On the card, owners press W (right to accept) or Shift+W (right "
            "to reject)."
        )
        return
    _standing(report, share)
    if report.reviewers:
        ui.grid([row for reviewer in report.reviewers for row in _rows(reviewer)])
        with st.expander("What these figures mean", icon=":material/help:"):
            st.markdown(MEANINGS)
    else:
        st.caption("Nobody has answered a gold item yet.")
    with st.expander("The gold items and their share", icon=":material/military_tech:"):
        _share(project, share)
        _items(report)
        _change(project, report, author)


def _standing(report: GoldReport, share: float) -> None:
    accepts = sum(mark.action is Action.ACCEPT for mark in report.marks)
    mixed = (
        f"Until a reviewer has answered all of them, {in_percent(share)} of the candidates they see are gold items. "
        "Nothing that a reviewer can see reveals which: not the card, its address, the figures or the export previews."
        if share
        else "None are mixed in, because their share is 0. Reviewers answer the ones that they come across."
    )
    st.markdown(
        f"**{plural(len(report.marks), 'gold item')}** in this round, {accepts:,} to accept and "
        f"{len(report.marks) - accepts:,} to reject. {literal(mixed)}"
    )
    st.caption(
        "The curated set uses the gold item's own decision. Reviewers' answers only measure the reviewers; they "
        "overrule nothing. Only owners see this."
    )
    if report.outdated:
        ui.problem(
            f"{plural(report.outdated, 'gold item')} of {len(report.marks):,} were decided by an older guide than "
            f"version {report.guide}. Mark them again if the decision is still right, and change or remove the others."
        )


def _rows(one: ReviewerAccuracy) -> list[dict[str, Any]]:
    rows = [_row(one.reviewer, "all", one.whole)]
    if len(one.by_guide) > 1:
        rows += [_row(one.reviewer, _guide(version), part) for version, part in one.by_guide.items()]
    return rows


def _row(reviewer: str, guide: str, part: Accuracy) -> dict[str, Any]:
    return {
        "reviewer": reviewer,
        "guide": guide,
        "answered": part.answered,
        "right": part.right,
        "accuracy": "–" if part.share is None else estimates.limits(part.share, " %", 100),
        "turned away": f"{part.turned_away:,} of {part.to_accept:,}",
        "let through": f"{part.let_through:,} of {part.to_reject:,}",
        "by another guide": part.other_guide,
    }


def _guide(version: int) -> str:
    return f"version {version}" if version else "before there was one"


def _share(project: Project, share: float) -> None:
    with st.form("gold-share", border=False):
        chosen = st.slider("Gold items, of what a reviewer is shown (%)", 0, 20, round(100 * share))
        if st.form_submit_button("Save", disabled=ui.locked("set")):
            if ui.save(project, {"review.gold_share": str(chosen / 100)}):
                st.rerun()
    st.caption(
        "They appear among at least as many candidates picked at random, so that nobody can "
        "tell one from the other. A reviewer who skips one may see it again; one who has answered it will not."
    )


def _items(report: GoldReport) -> None:
    answered: dict[str, list[bool]] = {}
    for answer in report.answers:
        answered.setdefault(answer.mark.candidate_id, []).append(answer.right)
    ui.grid(
        [
            {
                "candidate": mark.candidate_id,
                "right to": str(mark.action),
                "marked by": mark.author,
                "guide": _guide(mark.guide),
                "answered": len(answered.get(mark.candidate_id, ())),
                "right": sum(answered.get(mark.candidate_id, ())),
            }
            for mark in report.marks[:MOST_ITEMS]
        ],
    )
    if len(report.marks) > MOST_ITEMS:
        st.caption(f"{len(report.marks) - MOST_ITEMS:,} older ones are not shown: `rsf gold DIR --json` lists all.")
    st.caption("If most people get an item wrong, the item itself may be wrong: read it again.")


def _change(project: Project, report: GoldReport, author: Actor) -> None:
    """Mark a candidate by its name, mark it again, or remove its mark."""
    with st.form("gold-mark", border=False):
        left, right = st.columns([2, 1], vertical_alignment="bottom")
        name = left.text_input("Candidate", max_chars=40, placeholder="1.17.3")
        actions = {"Right to accept": "accept", "Right to reject": "reject", "Not a gold item any more": None}
        chosen = right.selectbox("It is", list(actions))
        if st.form_submit_button("Save the mark", disabled=ui.locked("gold.mark")):
            action = actions[chosen]

            def save_mark() -> None:
                if action is None:
                    project.gold.unmark(name.strip(), author)
                else:
                    project.gold.mark(name.strip(), action, author)

            if ui.attempt(save_mark):
                st.rerun()
