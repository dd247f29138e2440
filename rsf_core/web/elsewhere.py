"""A note about candidates that were made elsewhere, for the pages whose figures do not include them."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.store.records import ElsewhereCounts
from rsf_core.web import ui
from rsf_core.web.literal import literal


def words(counts: ElsewhereCounts, number: int, drawn: int) -> str:
    """The note for a round that has `counts` candidates made elsewhere and `drawn` candidates of its proposal."""
    one = counts.candidates == 1
    were, them, they = ("was", "it", "It") if one else ("were", "them", "They")
    waiting = counts.candidates - counts.accepted - counts.rejected
    decisions = f"{counts.accepted:,} accepted, {counts.rejected:,} rejected, {waiting:,} not decided"
    decided = f"People decide {them} in Review ({decisions})."
    kept = f"{they} can be scored, edited, frozen, trained on with weight 1 and exported."
    if drawn:
        verb = "is" if one else "are"
        return (
            f"{plural(counts.candidates, 'candidate')} of round {number:,} {were} made elsewhere and {verb} in none of the "
            f"figures on this page. {decided} {kept}"
        )
    every = "The candidate" if one else f"All {plural(counts.candidates, 'candidate')}"
    return (
        f"{every} of round {number:,} {were} made elsewhere. No proposal of this project drew {them}, so there is no log "
        f"ratio, M, acceptance rate or automatic decision of {them}. {decided} {kept} Draw candidates to have an M and a rate."
    )


def panel(project: Project, number: int, drawn: int) -> None:
    """Show the note, if the round has candidates made elsewhere."""
    counts = project.elsewhere_counts(number)
    if not counts.candidates:
        return
    sentence = literal(words(counts, number, drawn))
    if drawn:
        st.caption(sentence)
        return
    st.info(sentence, icon=":material/move_to_inbox:")
    if st.button("Review them", icon=":material/rate_review:", key="elsewhere-review"):
        ui.go("review", round=str(number))
