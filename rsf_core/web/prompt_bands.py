"""How many of each prompt's candidates were accepted, from none to all, and the button that draws more for those with none."""

from __future__ import annotations

import streamlit as st

from rsf_core.acceptance import bands
from rsf_core.domain.words import in_percent, plural
from rsf_core.project import Project
from rsf_core.web import charts, ui
from rsf_core.web.literal import literal

MOST_ROUNDS = 8


def panel(project: Project, number: int, editable: bool) -> None:
    """The bands of the newest `MOST_ROUNDS` rounds up to `number`, with this round's in words and, if some of its prompts
    starve, what drawing more for them would give."""
    shown = [
        (n, of_round) for n in range(max(1, number - MOST_ROUNDS + 1), number + 1) if (of_round := project.bands(n))
    ]
    if not shown or shown[-1][0] != number:
        return
    st.header("What each prompt gets", anchor=False)
    figure = charts.bands([f"round {n}" for n, _ in shown], [of_round.counts for _, of_round in shown])
    st.plotly_chart(figure, config=charts.CONFIG, key=f"bands-{number}")
    k = project.settings.generate.candidates
    none = project.none_of(k, number)
    assert none is not None  # there are bands
    st.caption(
        f"{literal(bands.in_words(shown[-1][1]))} Of prompts like these, {in_percent(none.value)} "
        f"[{in_percent(none.low)}, {in_percent(none.high)}] would get none of {k:,}, their rates shrunk towards each other."
    )
    if editable:
        _draw_more(project)


def _draw_more(project: Project) -> None:
    plan = project.starving_plan()
    if plan is None:
        return
    prompts = f"{plan.prompts:,} {'prompt' if plan.prompts == 1 else 'prompts'}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Draw {plan.each:,} more for the {prompts} with none",
            icon=":material/water_drop:",
            disabled=ui.locked("draw_for_starving"),
            help="Rates still count only what was drawn equally for all prompts. Otherwise a prompt that is drawn for "
            "again because it failed would look better than it is, and the round worse.",
        ):
            if ui.attempt(project.draw_for_starving):
                st.rerun()
        st.caption(
            f"{plural(plan.candidates, 'candidate')}; about {plan.expected:.1f} of the {prompts} will then have an accepted "
            "one, at the M in force. Scoring starts automatically afterwards; existing decisions do not change."
        )
