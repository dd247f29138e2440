"""The import of a file of prompts: it is chosen, read, previewed and added."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from rsf_core.domain.errors import PromptFileError, RsfError
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.project.imports import ImportState, Preview
from rsf_core.prompts import Format
from rsf_core.prompts.chosen_columns import unread
from rsf_core.prompts.csv_rows import DELIMITERS
from rsf_core.prompts.encodings import ENCODINGS
from rsf_core.prompts.files import AS_RECOGNISED, SUFFIXES, Reading
from rsf_core.prompts.parsing import Columns
from rsf_core.web import candidate_import_parts, row_problems, turns, ui
from rsf_core.web.literal import literal
from rsf_core.web.prompt_list import words
from rsf_core.web.prompt_parts import TO_DO

NONE = "–"
PROMPTS, COMPLETIONS = "prompts", "completions"
KINDS = {PROMPTS: "Prompts", COMPLETIONS: "Completions made elsewhere"}


def importing(project: Project) -> None:
    """A file: chosen, recognised, its columns changed if needed, previewed, added. Its name is in the URL, so that the page
    shows the same when it is loaded again."""
    if ui.locked("imports.start"):
        st.caption("Only the owner can add prompts.")
        return
    kind = ui.choice_in_url("rows", [PROMPTS, COMPLETIONS], PROMPTS, format_func=lambda one: KINDS[one])
    if kind == COMPLETIONS:
        st.markdown(candidate_import_parts.WHAT_THEY_ARE)
        candidate_import_parts.already(project, project.current_round)
    _sources(project)
    upload = st.query_params.get("import", "")
    name = project.imports.name(upload)
    if name is None:
        st.query_params.pop("import", None)
        st.caption(
            "Recognised are columns of any name, Alpaca, Dolly, chat messages, ShareGPT, GSM8K, and exports of Label "
            "Studio, Argilla and this app. You choose the columns and see a preview before anything is saved."
        )
        return
    try:
        reading = _reading(project, upload)
        file_format = project.imports.format(upload, reading)
    except PromptFileError as error:
        st.error("The file cannot be read.", icon=":material/error:")
        st.text(str(error).replace(f"upload{name[name.rfind('.') :].lower()}", name))
        return
    st.text(f"{name} is read as {file_format.describe()}.")
    if not file_format.columns:
        ui.problem(f"It {file_format.problem}.")
        return
    if kind == COMPLETIONS:
        candidate_import_parts.chosen(project, upload, name, file_format, reading)
        return
    columns = _columns(file_format, upload)
    others = unread(file_format, columns)
    if others:
        st.caption(literal(f"Not read: {', '.join(others)}."))
    share = st.slider("Held-out share, for rows without a split (%)", 0, 90, 25, 5, key=f"share-{upload}") / 100
    try:
        placing = project.imports.start(upload, columns, share, reading)
    except RsfError as error:
        ui.problem(str(error))
        return
    state = project.imports.state(upload, placing)
    if state.preview is not None:
        _preview(project, upload, placing, state.preview)
    elif state.running:
        _progress(project, upload, placing)
    else:
        _broken_off(project, upload, placing, state)


def _sources(project: Project) -> None:
    """Where rows come from: a file, a data set of the hub, or a folder. The choice goes into the URL."""
    file = st.file_uploader("JSONL, JSON, CSV, TSV, Parquet or Excel", type=[suffix[1:] for suffix in SUFFIXES])
    if file is not None and st.session_state.get("import-seen") != file.file_id:
        st.session_state["import-seen"] = file.file_id
        st.query_params["import"] = project.imports.keep(file.name, file.getbuffer())
    with st.expander("Or a data set of the Hugging Face hub", icon=":material/cloud_download:"):
        _hub(project)
    with st.expander("Or a data set's folder on this machine", icon=":material/folder:"):
        folder = st.text_input(
            "Folder",
            placeholder="/data/my_dataset",
            help="A folder saved by `datasets` (save_to_disk), or one with Parquet files.",
        )
        if st.button("Read the folder", icon=":material/folder_open:", disabled=not folder.strip()):
            with st.spinner("Reading the folder …", show_time=True):
                if ui.attempt(lambda: st.query_params.update({"import": project.imports.keep_folder(folder)})):
                    st.rerun()


def _hub(project: Project) -> None:
    first, second, third = st.columns([2, 1, 1])
    name = first.text_input(
        "Id", placeholder="org/name", key="hub-id", help="At most a million rows are read. No script is run."
    )
    config = second.text_input("Configuration", key="hub-config", help="May be left empty.")
    split = third.text_input("Split", "train", key="hub-split")
    if st.button("Fetch the data set", icon=":material/cloud_download:", disabled=not name.strip()):
        with st.spinner("Fetching the data set …", show_time=True):
            keep = partial(project.imports.keep_hub, name, config.strip() or None, split.strip())
            if ui.attempt(lambda: st.query_params.update({"import": keep()})):
                st.rerun()


def _reading(project: Project, upload: str) -> Reading:
    """How a text file is to be read, if a person wants it read otherwise than was recognised. Raises PromptFileError."""
    layout = project.imports.format(upload).layout
    if len(layout.sheets) > 1:
        return Reading(sheet=st.selectbox("Sheet", layout.sheets, key=f"sheet-{upload}", format_func=literal))
    if layout.encoding is None:
        return AS_RECOGNISED
    with st.expander("Read it differently", icon=":material/translate:"):
        first, second = st.columns(2)
        as_found = literal(f"as found: {layout.encoding.label}")
        encoding = first.selectbox(
            "Encoding",
            [as_found, *ENCODINGS],
            key=f"encoding-{upload}",
            help="Change it if accents or symbols look wrong.",
        )
        delimiter = NONE
        if layout.delimiter is not None:
            sign = DELIMITERS.get(layout.delimiter, repr(layout.delimiter))
            of_columns = literal(f"as found: {sign}")
            names = {words: sign for sign, words in DELIMITERS.items()}
            delimiter = second.selectbox(
                "Column separator",
                [of_columns, *names],
                key=f"delimiter-{upload}",
                accept_new_options=True,
                help="Choose one, or type another character.",
            )
            delimiter = NONE if delimiter == of_columns else names.get(delimiter, delimiter)
    return Reading(None if encoding == as_found else encoding, None if delimiter == NONE else delimiter)


def _columns(file_format: Format, upload: str) -> Columns:
    places = st.columns(4)
    names = list(file_format.columns)

    def choose(place: int, label: str, guess: str | None) -> str | None:
        options = [NONE, *names] if place else names
        index = options.index(guess) if guess in options else 0
        chosen = places[place].selectbox(literal(label), options, index=index, key=f"column-{upload}-{place}")
        return None if chosen == NONE else str(chosen)

    text = choose(0, "Prompt column", file_format.text) or names[0]
    reference = choose(1, "Reference column", file_format.reference)
    system = choose(2, "System column", file_format.system)
    return Columns(text, reference, system, choose(3, "Split column", file_format.split))


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _progress(project: Project, upload: str, placing: str) -> None:
    state = project.imports.state(upload, placing)
    if not state.running:
        st.rerun()
    _cancellable(
        f"Reading the file: {state.message}", "import-cancel", partial(project.imports.cancel, upload, placing)
    )


def _cancellable(message: str, key: str, cancel: Callable[[], object]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(message)
        if st.button("Cancel", icon=":material/stop_circle:", key=key):
            cancel()
            st.rerun()


def _broken_off(project: Project, upload: str, placing: str, state: ImportState) -> None:
    st.error("Nothing was added.", icon=":material/error:")
    st.text(state.problem or "")
    if st.button("Read it again", icon=":material/replay:"):
        project.imports.restart(upload, placing)
        st.rerun()


def _preview(project: Project, upload: str, placing: str, preview: Preview) -> None:
    st.markdown(
        f"**{plural(preview.count, 'prompt')}** can be added: {preview.train:,} train, {preview.held_out:,} held out"
        + (f", {preview.sealed:,} sealed." if preview.sealed else ".")
    )
    for note in preview.notes:
        st.caption(literal(note))
    row_problems.show(preview, partial(project.imports.problems, upload, placing), "import-problems")
    seen = _lengths(project, upload, placing) if preview.count else ()
    add = st.button(
        f"Add {plural(preview.count, 'prompt')}",
        type="primary",
        disabled=not preview.count,
        icon=":material/upload:",
        key="import-add",
    )
    if add and ui.attempt(lambda: project.imports.add(upload, placing)):
        st.query_params.pop("import", None)
        st.toast(f"{plural(preview.count, 'prompt')} added.", icon=":material/check:")
        st.rerun()
    if preview.rows:
        st.caption("What the model will be asked:")
    for number, row in enumerate(preview.rows):
        with st.container(border=True):
            parts = [f"line {row.line}", words(str(row.split))]
            st.caption(literal(" · ".join(parts)))
            turns.show(row.text, row.system, row.earlier)
            if row.reference:
                st.caption("reference")
                ui.text(row.reference)
            if number < len(seen):
                with st.expander("As the model receives it", icon=":material/data_object:"):
                    ui.text(seen[number])


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _checking(project: Project, upload: str, placing: str) -> None:
    state = project.imports.lengths(upload, placing)
    if not state.running:
        st.rerun()
    message = f"Checking whether they fit the model: {state.message}. They can already be added."
    _cancellable(message, "lengths-cancel", partial(project.imports.cancel_lengths, upload, placing))


def _lengths(project: Project, upload: str, placing: str) -> tuple[str, ...]:
    """Whether the model takes the rows, as a process checks it, with the rows that it does not take. Returns the first rows as
    the model receives them."""
    lengths = project.imports.lengths(upload, placing)
    if lengths.running:
        _checking(project, upload, placing)
    elif lengths.problem is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(literal(f"Not checked whether they fit the model: {lengths.problem}."))
            if lengths.again and st.button("Check again", icon=":material/replay:", key="lengths-again"):
                project.imports.restart_lengths(upload, placing)
                st.rerun()
    elif lengths.named or lengths.too_long or lengths.refused:
        parts = [f"{lengths.too_long:,} too long"] if lengths.too_long else []
        parts += [f"{lengths.refused:,} refused by its template or tokenizer"] if lengths.refused else []
        title = f"The model does not take {lengths.too_long + lengths.refused:,} of them: {', '.join(parts)}"
        with st.expander(literal(title), icon=":material/straighten:", expanded=True):
            for line in lengths.named:
                st.text(line)
            more = lengths.too_long + lengths.refused - len(lengths.named)
            if more and lengths.named:
                st.caption(f"and {more:,} more")
            st.caption(f"They can be added, and are used for drawing once they fit. {TO_DO}")
    else:
        st.caption(f"All {lengths.fits:,} fit the model.")
    return lengths.shown
