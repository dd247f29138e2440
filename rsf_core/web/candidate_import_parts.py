"""Import of candidates made elsewhere: what can be done with them, the file's columns, a preview, and adding them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from rsf_core.domain.errors import RsfError
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.project.candidate_imports import CandidateImportState, CandidatePreview
from rsf_core.prompts.completions import CompletionColumns
from rsf_core.prompts.files import Reading
from rsf_core.prompts.formats import Format
from rsf_core.web import row_problems, ui
from rsf_core.web.literal import literal

NONE = "–"
WHAT_THEY_ARE = """
Completions that another model, or a person, wrote for prompts: one per row, or a list.

- **People decide them** on the Review page, together with the drawn ones. Accepted completions are trained on with
  weight 1, and exported.
- **The rule does not decide them.** No proposal q of this project drew them, so there is no P/q: M, acceptance rate,
  histogram and distances do not count them.
- Scorers score them, except those that read how a completion was drawn.
- A **log-probability** in the file (the sum in nats over the completion's tokens, or a list of them) and a **number of
  tokens** are stored and exported as stated. Nothing is computed from them.
- Their prompts must be train prompts. Prompts that are new to the project are compared with all others and added.
"""


def chosen(project: Project, upload: str, name: str, file_format: Format, reading: Reading) -> None:
    """Which column of a kept file holds what, then a preview of what would be added."""
    usual = project.candidate_imports.columns(upload, reading)
    columns = _columns(file_format, usual, upload)
    source = st.text_input(
        "Made by",
        value=name.rpartition(".")[0] or name,
        max_chars=200,
        key=f"made-by-{upload}",
        help="The name of a model or a person, shown on the card. A column with the source takes precedence.",
    )
    try:
        placing = project.candidate_imports.start(upload, columns, source, reading)
        state = project.candidate_imports.state(upload, placing)
    except RsfError as error:
        ui.problem(str(error))
        return
    if state.preview is not None:
        _preview(project, upload, placing, state.preview)
    elif state.running:
        _progress(project, upload, placing)
    else:
        _broken_off(project, upload, placing, state)


def _columns(file_format: Format, usual: CompletionColumns | None, upload: str) -> CompletionColumns:
    places = [*st.columns(4), *st.columns(3)]
    names = list(file_format.columns)
    guess = usual or CompletionColumns(file_format.text or names[0], names[min(1, len(names) - 1)], file_format.system)

    def choose(place: int, label: str, usually: str | None, may_lack: bool = True) -> str | None:
        options = [NONE, *names] if may_lack else names
        index = options.index(usually) if usually in options else 0
        column = places[place].selectbox(literal(label), options, index=index, key=f"made-{upload}-{place}")
        return None if column == NONE else str(column)

    text = choose(0, "Prompt column", guess.text, may_lack=False) or names[0]
    completion = choose(1, "Completion column", guess.completion, may_lack=False) or names[0]
    system, reference = choose(2, "System column", guess.system), choose(3, "Reference column", guess.reference)
    log_q = choose(4, "Log-probability column", guess.log_q)
    count, source = choose(5, "Tokens column", guess.token_count), choose(6, "Made-by column", guess.source)
    return replace(
        guess,
        text=text,
        completion=completion,
        system=system,
        reference=reference,
        log_q=log_q,
        token_count=count,
        source=source,
    )


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _progress(project: Project, upload: str, placing: str) -> None:
    state = project.candidate_imports.state(upload, placing)
    if not state.running:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"Reading the file: {state.message}")
        if st.button("Cancel", icon=":material/stop_circle:", key="made-cancel"):
            project.candidate_imports.cancel(upload, placing)
            st.rerun()


def _broken_off(project: Project, upload: str, placing: str, state: CandidateImportState) -> None:
    st.error("Nothing was added.", icon=":material/error:")
    st.text(state.problem or "")
    if st.button("Read it again", icon=":material/replay:", key="made-again"):
        project.candidate_imports.restart(upload, placing)
        st.rerun()


def _preview(project: Project, upload: str, placing: str, preview: CandidatePreview) -> None:
    of = f"{plural(preview.known_prompts, 'prompt')} of the project"
    of += f" and {plural(preview.new_prompts, 'new prompt')}" if preview.new_prompts else ""
    st.markdown(f"**{plural(preview.candidates, 'candidate')}** can be added, of {literal(of)}.")
    parts = [f"{preview.with_log_q:,} with a log-probability"] if preview.with_log_q else []
    parts += [f"{preview.with_tokens:,} a number of tokens"] if preview.with_tokens else []
    parts += [f"{preview.there:,} already in the round"] if preview.there else []
    for line in (*([", ".join(parts) + "."] if parts else []), *preview.notes):
        st.caption(literal(line))
    row_problems.show(preview, partial(project.candidate_imports.problems, upload, placing), "made-problems")
    add = st.button(
        f"Add {plural(preview.candidates, 'candidate')}",
        type="primary",
        disabled=not preview.candidates or ui.locked("candidate_imports.add"),
        icon=":material/upload:",
        key="made-add",
    )
    if add and ui.attempt(lambda: project.candidate_imports.add(upload, placing, ui.actor())):
        st.query_params.pop("import", None)
        st.toast(
            f"{plural(preview.candidates, 'candidate')} added: decide them on the Review page.", icon=":material/check:"
        )
        st.rerun()
    for row in preview.rows:
        with st.container(border=True):
            counted = f" · {row.token_count:,} tokens" if row.token_count is not None else ""
            stated = f" · log-probability {row.log_q:.2f} nats" if row.log_q is not None else ""
            st.caption(literal(f"made by {row.source}{counted}{stated}"))
            ui.text(row.prompt)
            st.caption("completion")
            ui.text(row.completion)


def already(project: Project, number: int) -> None:
    """One line about the candidates of a round that were made elsewhere; nothing if there are none."""
    counts = project.elsewhere_counts(number)
    if counts.candidates:
        waiting = counts.candidates - counts.accepted - counts.rejected
        st.caption(
            literal(
                f"{plural(counts.candidates, 'candidate')} of round {number} made elsewhere: {counts.accepted:,} accepted, "
                f"{counts.rejected:,} rejected, {waiting:,} not decided."
            )
        )
