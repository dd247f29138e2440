"""Prompts: what the rounds draw from, and what is held out for the comparison."""

import tempfile
from pathlib import Path

import streamlit as st

from rsf_core import prompts
from rsf_core.domain import Split
from rsf_core.prompts import PromptRow
from rsf_core.web import session, ui

NONE = "–"
SHOWN_PROBLEMS = 20

project = session.project()
found = project.prompts()

ui.heading("Prompts", "What the model is asked. Held-out prompts are never trained on: they show what a round gained.")

train = sum(prompt.split is Split.TRAIN for prompt in found)
with st.container(horizontal=True):
    st.metric("Train", f"{train:,}", border=True, height="stretch")
    st.metric("Held out", f"{len(found) - train:,}", border=True, height="stretch")
    st.metric(
        "With a reference", f"{sum(prompt.reference is not None for prompt in found):,}", border=True, height="stretch"
    )

listed, by_hand, imported = st.tabs(
    ["All prompts", "Add by hand", "Import a file"], default=None if found else "Add by hand"
)

with listed:
    if not found:
        ui.empty("No prompt yet. Add some by hand or import a file.", icon=":material/format_list_bulleted:")
    else:
        st.dataframe(
            [
                {"no.": p.prompt_id, "prompt": p.text, "reference": p.reference, "split": p.split.replace("_", " ")}
                for p in found
            ],
            hide_index=True,
            height=420,
            column_config={
                "no.": st.column_config.NumberColumn(width="small"),
                "prompt": st.column_config.Column(width="large"),
            },
        )

with by_hand:
    with st.form("by-hand", clear_on_submit=True):
        text = st.text_area("Prompt", height=90)
        first, second = st.columns([2, 1])
        reference = first.text_input(
            "Reference answer", help="For scorers that compare with a gold answer, e.g. numeric_match."
        )
        side = second.selectbox("Split", ["by hash", *Split], format_func=lambda value: str(value).replace("_", " "))
        if st.form_submit_button(
            "Add prompt", type="primary", icon=":material/add:", disabled=ui.locked("import_prompts")
        ):
            if not text.strip():
                ui.problem("The prompt is empty: write what the model is to be asked.")
            else:
                row = PromptRow(
                    text.strip(), reference.strip() or None, split=None if side == "by hash" else Split(side)
                )
                for problem in project.import_prompts([row], "by hand"):
                    ui.problem(str(problem))
                    st.stop()
                st.rerun()

with imported:
    upload = st.file_uploader(
        "JSONL or CSV, UTF-8, one prompt a row", type=["jsonl", "csv"], disabled=ui.locked("import_prompts")
    )
    if upload is None:
        st.caption("You choose the columns and see a preview before anything is saved.")
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / upload.name
            path.write_bytes(upload.getbuffer())
            names = prompts.columns(path)
            if not names:
                ui.problem(
                    f"{upload.name} has no readable row: the first line of a CSV names its columns, a JSONL row is an object."
                )
                st.stop()
            columns = st.columns(4)

            def choose(place: int, label: str, *likely: str, needed: bool = False) -> str | None:
                options = names if needed else [NONE, *names]
                guess = next((name for name in options if name.lower() in likely), options[0])
                chosen = columns[place].selectbox(label, options, index=options.index(guess))
                return None if chosen == NONE else chosen

            text_column = (
                choose(0, "Prompt column", "text", "prompt", "question", "instruction", needed=True) or names[0]
            )
            reference_column = choose(1, "Reference column", "reference", "answer", "target", "label")
            system_column = choose(2, "System column", "system")
            split_column = choose(3, "Split column", "split")
            share = st.slider("Held-out share, for rows without a split (%)", 0, 90, 25, 5) / 100
            parsed = prompts.parse(path, text_column, reference_column, system_column, split_column)
        placed, unplaced = project.check_prompts(parsed.rows, share)
        problems = [*parsed.problems, *unplaced]
        held_out = sum(split is Split.HELD_OUT for _, split in placed)
        st.markdown(
            f"**{len(placed):,}** prompts can be added: {len(placed) - held_out:,} train, {held_out:,} held out."
        )
        st.dataframe(
            [
                {"line": r.line, "prompt": r.text, "reference": r.reference, "split": s.replace("_", " ")}
                for r, s in placed[:5]
            ],
            hide_index=True,
        )
        if problems:
            with st.expander(f"{len(problems):,} rows are left out", icon=":material/warning:", expanded=True):
                for problem in sorted(problems, key=lambda p: p.line or 0)[:SHOWN_PROBLEMS]:
                    st.text(str(problem))
                if len(problems) > SHOWN_PROBLEMS:
                    st.caption(f"and {len(problems) - SHOWN_PROBLEMS:,} more")
        if st.button(f"Add {len(placed):,} prompts", type="primary", disabled=not placed, icon=":material/upload:"):
            source = upload.name
            if ui.attempt(lambda: project.import_prompts(parsed.rows, source, share)):
                st.toast(f"{len(placed):,} prompts added.", icon=":material/check:")
