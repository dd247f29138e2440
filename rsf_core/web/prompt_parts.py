"""The pieces of the Prompts page: the list with what can be done to a prompt, and a file on its way in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError, PromptFileError, RsfError
from rsf_core.domain.turns import spoken_by
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.project.imports import ImportState, Preview
from rsf_core.prompts import Format, PromptRow
from rsf_core.prompts.csv_rows import DELIMITERS
from rsf_core.prompts.encodings import ENCODINGS
from rsf_core.prompts.files import FOUND, SUFFIXES, Reading
from rsf_core.prompts.parsing import Columns
from rsf_core.scorers import registry
from rsf_core.store.records import Fit, PromptRecord
from rsf_core.web import candidate_import_parts, row_problems, turns, ui
from rsf_core.web.literal import literal

NONE = "–"
PROMPTS, COMPLETIONS = "prompts", "completions"
KINDS = {PROMPTS: "Prompts", COMPLETIONS: "Completions made elsewhere"}
PAGE = 50
TO_DO = "Shorten or retire them, lower generate.max_new_tokens, or use another model."
_STATES: dict[str, bool | None] = {"In use": False, "Retired": True, "All": None}


def numbers(project: Project, counts: Mapping[Split, int]) -> None:
    """How many prompts there are of each side, and with a reference."""
    with st.container(horizontal=True):
        st.metric("Train", f"{counts.get(Split.TRAIN, 0):,}", border=True, height="stretch")
        st.metric("Held out", f"{counts.get(Split.HELD_OUT, 0):,}", border=True, height="stretch")
        if counts.get(Split.SEALED):
            st.metric("Sealed", f"{counts[Split.SEALED]:,}", border=True, height="stretch")
        st.metric("With a reference", f"{project.prompt_book.with_reference():,}", border=True, height="stretch")


def unusable(project: Project) -> None:
    """Say which prompts have a reference that the target cannot use, before anything is drawn for them."""
    problems = project.prompt_book.unusable()
    if problems:
        with st.expander(
            f"{plural(len(problems), 'prompt')} cannot be scored",
            icon=":material/warning:",
            expanded=len(problems) < 20,
        ):
            st.text(registry.describe(problems))
            st.caption(
                "Edit their references or retire them in the list below, or change the target on the Generate page."
            )


def unfit(project: Project) -> None:
    """Say how many prompts in use the model does not take, as far as it was asked."""
    counts = project.prompt_lengths.counts()
    long, refused = counts.get(Fit.TOO_LONG, 0), counts.get(Fit.REFUSED, 0)
    if long or refused:
        parts = [f"{long:,} too long beside generate.max_new_tokens"] if long else []
        parts += [f"{refused:,} refused by its template or tokenizer"] if refused else []
        st.warning(
            literal(
                f"The model does not take {long + refused:,} of the prompts: {', '.join(parts)}. They are left out. {TO_DO}"
            ),
            icon=":material/straighten:",
        )


def add_by_hand(
    project: Project,
    text: str,
    reference: str | None,
    system: str | None,
    split: Split | None,
    earlier: Sequence[str],
) -> None:
    """Add one prompt; `earlier` are the texts of its areas for turns. Raises PromptError with what is wrong with it."""
    row = PromptRow(text, reference, system, split, earlier=turns.given(earlier))
    problems = project.import_prompts([row], "by hand")
    if problems:
        raise PromptError(str(problems[0]))


# -- the list ----------------------------------------------------------------------------------------------------------


def listing(project: Project) -> None:
    """The prompts a page at a time, found by text or number, to be edited, retired and put back."""
    if not project.prompt_book.version()[0]:
        ui.empty("No prompt yet. Add some by hand or import a file.", icon=":material/format_list_bulleted:")
        return
    first, fourth, fifth = st.columns([6, 2, 1], vertical_alignment="bottom")
    second, third = st.columns([2.4, 3.6])
    text = first.text_input("Find", placeholder="text, reference or number", key="prompts-find").strip()
    state = second.segmented_control("Show", list(_STATES), default="In use", required=True, key="prompts-state")
    side = third.segmented_control(
        "Side",
        ["All", *Split],
        default="All",
        required=True,
        format_func=lambda side: literal(_words(side)),
        key="prompts-side",
    )
    fit = fourth.selectbox(
        "For the model",
        ["All", *Fit],
        format_func=lambda fit: literal(_words(fit).capitalize()),
        key="prompts-fit",
        help="Prompts are checked as a file is imported, and by the job that draws.",
    )
    filters = {
        "split": None if side == "All" else Split(side),
        "retired": _STATES[state],
        "text": text,
        "fit": None if fit == "All" else Fit(fit),
    }
    number = int(fifth.number_input("Page", 1, None, 1, key=f"prompts-page-{text}-{state}-{side}-{fit}"))
    page = project.prompt_page(PAGE, (number - 1) * PAGE, **filters)  # type: ignore[arg-type]
    pages = max(1, math.ceil(page.total / PAGE))
    if number > pages:
        st.caption(f"There {'is 1 page' if pages == 1 else f'are {pages:,} pages'} of such prompts.")
        return
    if not page.total:
        st.caption("No prompt is like that.")
        return
    chosen = ui.grid(
        [_listed(prompt) for prompt in page.prompts],
        height=420,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"prompts-list-{project.prompt_book.version()}-{number}-{text}-{state}-{side}-{fit}",
        column_config={
            "no.": st.column_config.NumberColumn(width="small"),
            "prompt": st.column_config.Column(width="large"),
        },
    )
    rows = [page.prompts[i] for i in chosen["selection"]["rows"] if i < len(page.prompts)]
    with st.container(horizontal=True, vertical_alignment="center"):
        _actions(project, rows)
        st.caption(
            f"{plural(page.total, 'prompt')}, page {number:,} of {pages:,}. Choose rows by the boxes at their left."
        )


def _listed(prompt: PromptRecord) -> dict[str, object]:
    state = {None: "in use", "retire": "retired", "replace": f"edited: now {prompt.replaced_by}"}[prompt.retired]
    shown = {
        "no.": prompt.prompt_id,
        "prompt": prompt.text,
        "reference": prompt.reference,
        "split": _words(prompt.split),
    }
    if prompt.fit in (Fit.TOO_LONG, Fit.REFUSED):
        state += f", {_words(prompt.fit)}"
    if prompt.earlier:
        before = " · ".join(f"{role}: {content}" for role, content in spoken_by(prompt.earlier))
        shown |= {"earlier turns": f"{len(prompt.earlier)} · {before}"}
    return shown | {"system": prompt.system, "tokens": prompt.tokens, "state": state}


def _actions(project: Project, rows: list[PromptRecord]) -> None:
    if ui.locked("retire_prompts"):
        return
    in_use = [prompt.prompt_id for prompt in rows if prompt.retired is None]
    retired = [prompt.prompt_id for prompt in rows if prompt.retired is not None]
    sealed = any(prompt.split is Split.SEALED for prompt in rows)
    if st.button("Edit", icon=":material/edit:", disabled=len(rows) != 1 or not in_use or sealed):
        _edit(project, in_use[0])
    if st.button(
        "Retire", icon=":material/archive:", disabled=not in_use, help="It is not drawn or compared on any more."
    ):
        if ui.attempt(lambda: project.retire_prompts(in_use, ui.actor())):
            st.rerun()
    if st.button(
        "Seal",
        icon=":material/lock:",
        disabled=not rows or any(p.split is not Split.HELD_OUT or p.retired for p in rows),
        help="Held-out prompts that nothing was drawn for yet: nobody sees them before they are opened, once, on Models.",
    ):
        if ui.attempt(lambda: project.seal_prompts(in_use, ui.actor())):
            st.rerun()
    if st.button("Put back", icon=":material/unarchive:", disabled=not retired):
        if ui.attempt(lambda: project.restore_prompts(retired, ui.actor())):
            st.rerun()


@st.dialog("Edit prompt", width="large")
def _edit(project: Project, prompt_id: int) -> None:
    old = project.prompt_book.prompt(prompt_id)
    st.caption(
        f"Prompt {prompt_id:,}, {literal(_words(old.split))}. The edited one gets a number of its own and stays on this "
        "side; what was "
        "drawn and decided for the earlier text stays with it."
    )
    text = st.text_area("Prompt", old.text, height=220, key=f"edit-text-{prompt_id}")
    reference = st.text_area("Reference answer", old.reference or "", height=70, key=f"edit-reference-{prompt_id}")
    system = st.text_area("System prompt", old.system or "", height=70, key=f"edit-system-{prompt_id}")
    earlier = turns.written(old.earlier, f"edit-{prompt_id}")
    if st.button("Save", type="primary", icon=":material/save:"):
        with st.spinner("Comparing it with all prompts …", show_time=True):
            saved = ui.attempt(
                lambda: project.edit_prompt(
                    prompt_id, PromptRow(text, reference, system, earlier=turns.given(earlier)), ui.actor()
                )
            )
        if saved:
            st.rerun()


# -- a file ------------------------------------------------------------------------------------------------------------


def importing(project: Project) -> None:
    """A file: chosen, recognised, its columns changed where needed, looked at, added. Its name is in the URL, so that the
    page shows the same when it is loaded again."""
    if ui.locked("imports.start"):
        st.caption("Adding prompts is the owner's.")
        return
    kind = ui.choice_in_url("rows", [PROMPTS, COMPLETIONS], PROMPTS, format_func=lambda one: KINDS[one])
    if kind == COMPLETIONS:
        st.markdown(candidate_import_parts.WHAT_THEY_ARE)
        candidate_import_parts.already(project, project.current_round)
    file = st.file_uploader("JSONL, JSON, CSV, TSV, Parquet or Excel", type=[suffix[1:] for suffix in SUFFIXES])
    if file is not None and st.session_state.get("import-seen") != file.file_id:
        st.session_state["import-seen"] = file.file_id
        st.query_params["import"] = project.imports.keep(file.name, file.getbuffer())
    with st.expander("Or a data set of the Hugging Face hub", icon=":material/cloud_download:"):
        _hub(project)
    with st.expander("Or a data set's folder on this machine", icon=":material/folder:"):
        folder = st.text_input(
            "Folder", placeholder="/data/my_dataset", help="What `datasets` saved (save_to_disk), or Parquet files."
        )
        if st.button("Read the folder", icon=":material/folder_open:", disabled=not folder.strip()):
            with st.spinner("Reading the folder …", show_time=True):
                if ui.attempt(lambda: st.query_params.update({"import": project.imports.keep_folder(folder)})):
                    st.rerun()
    upload = st.query_params.get("import", "")
    name = project.imports.name(upload)
    if name is None:
        st.query_params.pop("import", None)
        st.caption(
            "Columns of any names, Alpaca, Dolly, chat messages, ShareGPT, GSM8K and exports of Label Studio, Argilla and "
            "this app are recognised. You choose the columns and see a preview before anything is saved."
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
    """How a text file is to be read, where a person wants it otherwise than it was found. Raises PromptFileError."""
    layout = project.imports.format(upload).layout
    if len(layout.sheets) > 1:
        return Reading(sheet=st.selectbox("Sheet", layout.sheets, key=f"sheet-{upload}", format_func=literal))
    if layout.encoding is None:
        return FOUND
    with st.expander("Read it otherwise", icon=":material/translate:"):
        first, second = st.columns(2)
        as_found = literal(f"as found: {layout.encoding.label}")
        encoding = first.selectbox(
            "Encoding", [as_found, *ENCODINGS], key=f"encoding-{upload}", help="Where accents or signs look wrong."
        )
        delimiter = NONE
        if layout.delimiter is not None:
            sign = DELIMITERS.get(layout.delimiter, repr(layout.delimiter))
            of_columns = literal(f"as found: {sign}")
            names = {words: sign for sign, words in DELIMITERS.items()}
            delimiter = second.selectbox(
                "Between the columns",
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
    row_problems.shown(preview, partial(project.imports.problems, upload, placing), "import-problems")
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
            parts = [f"line {row.line}", _words(str(row.split))]
            st.caption(literal(" · ".join(parts)))
            turns.shown(row.text, row.system, row.earlier)
            if row.reference:
                st.caption("reference")
                ui.text(row.reference)
            if number < len(seen):
                with st.expander("As the model gets it", icon=":material/data_object:"):
                    ui.text(seen[number])


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _checking(project: Project, upload: str, placing: str) -> None:
    state = project.imports.lengths(upload, placing)
    if not state.running:
        st.rerun()
    message = f"Checking whether the model takes them: {state.message}. They can be added before."
    _cancellable(message, "lengths-cancel", partial(project.imports.cancel_lengths, upload, placing))


def _lengths(project: Project, upload: str, placing: str) -> tuple[str, ...]:
    """Whether the model takes the rows: found out by a process, named where it does not. The first as the model gets them."""
    lengths = project.imports.lengths(upload, placing)
    if lengths.running:
        _checking(project, upload, placing)
    elif lengths.problem is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(literal(f"Not checked whether the model takes them: {lengths.problem}."))
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
            st.caption(f"They can be added, and are drawn from once they fit. {TO_DO}")
    else:
        st.caption(f"The model takes all {lengths.fits:,}.")
    return lengths.shown


def _words(value: str) -> str:
    return str(value).replace("_", " ")
