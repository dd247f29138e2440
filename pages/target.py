"""Target: what is good, how much it counts, and what a change would accept and reject."""

import streamlit as st

from rsf_core.domain.errors import RsfError
from rsf_core.web import judging_parts, session, target_form, target_parts, ui
from rsf_core.web.literal import literal

project = session.project()
chosen = ui.chosen_round(project)
# a round that was just opened has nothing to look at yet
number = next((n for n in range(chosen, 0, -1) if project.counts(n).candidates), chosen)

ui.heading(
    "Target",
    "What is good, and how much does it count? Edit the target and see at once which candidates it would accept. "
    "Nothing is saved until you use it.",
)
target_parts.in_force(project)

form = target_form.state(project)
if form.note:
    st.success(literal(form.note), icon=":material/edit_note:")
with st.expander("Start from a preset", icon=":material/auto_awesome:", expanded=not form.filled.target.scorers):
    target_form.preset_buttons(project, number)

draft = preview = None
try:
    draft = target_form.edit(project, number)
    preview = project.target_book.preview(draft, number)
except RsfError as error:
    st.warning(literal(target_form.problem(error)), icon=":material/edit:")
if draft is not None:
    judging_parts.warnings(project, draft.target)
target_parts.saving(project, draft, preview, number)

st.header("What would change", anchor=False)
if draft is not None and preview is not None:
    st.caption(f"On the candidates of round {number:,}, from their stored scores.")
    target_parts.effect(project, draft, preview, number)
    target_parts.examples(project, draft, preview, number)
elif not project.counts(number).candidates:
    ui.empty(
        "Once candidates are drawn, the ones this target would accept appear here.",
        page="generate",
        label="Generate candidates",
    )
target_parts.versions(project)

with st.expander("What the target is", icon=":material/help:"):
    st.markdown(
        "The target P says how often we would like to see each candidate. A candidate that fails a **constraint** is "
        "never accepted. Among the others, a higher **reward** means being accepted more often, and a smaller **β** "
        "makes the difference larger. The **reference** is the distribution that the accepted follow where the reward "
        "makes no difference. A candidate is accepted with probability min(1, P/(M·q)), q being the model that drew "
        "it; how M is chosen is shown on the Acceptance page."
    )
    st.latex(
        r"\log P(x\mid c) = \log p_{\text{ref}}(x\mid c) + \frac{r(c,x)}{\beta}\quad\text{where every constraint is met}"
    )
