"""The parts of the Export page: what to export, a preview, writing it, and the exports made so far."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from rsf_core.domain.errors import ExportError, RsfError
from rsf_core.domain.words import plural, size
from rsf_core.project import Project
from rsf_core.project.exporting.exports import ExportState, Preview
from rsf_core.project.exporting.finished import CARD, FinishedExport
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.rounds.curation import is_control
from rsf_core.web import ui
from rsf_core.web.literal import file_name, literal

WHATS = {
    What.SFT: "Accepted completions",
    What.PREFERENCE: "Preference pairs",
    What.LABELS: "Accepted or rejected",
    What.ALL: "Everything",
}
FORMATS = {
    Format.JSONL: "JSONL",
    Format.PARQUET: "Parquet",
    Format.CSV: "CSV",
    Format.DATASETS: "Dataset folder",
}
SHAPES = {Shape.CHAT: "Chat messages", Shape.MESSAGES: "One conversation", Shape.PLAIN: "Plain text"}
PAIRINGS = {
    Pairing.REWARD: "Best against worst",
    Pairing.RANDOM: "At random",
    Pairing.ALL: "Each with each",
    Pairing.COMPARED: "As people compared or ranked them",
}
GUIDE = """
- **Accepted completions**: a curated set, for supervised fine-tuning (TRL's SFTTrainer, and most other trainers).
- **Preference pairs**: an accepted against a rejected completion of one prompt, for DPO and reward models (DPOTrainer).
- **Accepted or rejected**: each completion with yes or no, for KTO (KTOTrainer) or a classifier.
- **Everything**: every candidate with its scores, log q, log ratio, decision, and everybody's decisions.

**Dataset folder** is Parquet in the layout of the Hugging Face hub; `load_dataset` opens all of these formats. **CSV** is for
spreadsheets: a text that a spreadsheet would take for a formula gets an apostrophe in front. **Chat messages** are lists of
`role` and `content`. The same set gives the same bytes, so an existing export is not written again.
"""
MOST_SEED = 2**31 - 1
EXCERPT = 300  # characters of a cell in the preview
LARGEST_DOWNLOAD = (
    20_000_000  # bytes: downloads are held in memory for the browser, and read through on each run of the page
)
OFFERED = 8  # how many of the newest exports can be downloaded


def chosen(project: Project, number: int) -> Request:
    """The request that the controls describe. All of them are kept in the URL."""
    what = What(ui.choice_in_url("what", list(WHATS), What.SFT, format_func=lambda name: WHATS[What(name)]))
    rounds = {"one": "One curated set" if what is What.SFT else f"Round {number}", "all": "All rounds in one"}
    everywhere = project.current_round > 1 and (
        ui.choice_in_url("rounds", list(rounds), "one", format_func=lambda name: literal(rounds[name])) == "all"
    )
    curated_id = None
    if what is What.SFT and not everywhere:
        sets = project.curated_sets()[::-1]
        if len(sets) > 1:
            names = [curated.curated_id for curated in sets]
            # the newest of this round that is not a control, else the newest of all that is not
            usual = max(sets, key=lambda one: (not is_control(one.curated_id), one.round == number, one.seq))
            curated_id = ui.in_url(
                "set", names.__contains__, usual.curated_id, lambda key: st.selectbox("Curated set", names, key=key)
            )
    pairing = Pairing.REWARD
    if what is What.PREFERENCE:
        pairing = Pairing(
            ui.choice_in_url(
                "pairing", list(PAIRINGS), Pairing.REWARD, format_func=lambda name: PAIRINGS[Pairing(name)]
            )
        )
    seed = _seed() if pairing is Pairing.RANDOM else 0
    kind = Format(
        ui.choice_in_url("format", list(FORMATS), Format.JSONL, format_func=lambda name: FORMATS[Format(name)])
    )
    shape = Shape.PLAIN
    if kind is not Format.CSV:
        shapes = list(SHAPES) if what is What.SFT else [Shape.CHAT, Shape.PLAIN]
        shape = Shape(ui.choice_in_url("shape", shapes, Shape.CHAT, format_func=lambda name: SHAPES[Shape(name)]))
    of_round = None if everywhere or (what is What.SFT and curated_id) else number
    return Request(what, kind, shape, of_round, curated_id, pairing, seed, everywhere)


def _seed() -> int:
    """The seed of random pairing: another seed gives other pairs, the same seed the same pairs."""

    def draw(key: str) -> int:
        try:
            st.session_state[key] = min(max(int(st.session_state[key]), 0), MOST_SEED)  # a value from the URL is text
        except ValueError:
            st.session_state[key] = 0
        return int(st.number_input("Seed", 0, MOST_SEED, step=1, width=160, key=key))

    return int(ui.in_url("seed", lambda text: ui.is_whole_number(text, 0, MOST_SEED), "0", draw))


def nothing_yet(project: Project, number: int, error: RsfError) -> None:
    """Why there is nothing to export, with a link to the page that changes this."""
    counts = project.counts(number)
    if not counts.candidates and not project.elsewhere_counts(number).candidates:
        ui.empty(
            "Candidates will be exported from here once there are some.", page="generate", label="Generate candidates"
        )
    elif counts.candidates and not counts.decided:
        ui.empty("Decisions need scores first.", page="generate", label="Score the candidates")
    elif not isinstance(error, ExportError):
        ui.empty(
            "Nothing is frozen yet: make a curated set on the Train page. The other kinds of export need none.",
            page="train",
            label="Go to Train",
        )
    else:
        ui.problem(str(error))


def preview(request: Request, of_request: Preview) -> None:
    """The number of rows and their source, what is left out, and the first rows."""
    counted = of_request.counted
    with st.container(horizontal=True):
        st.metric("Rows", f"{counted.rows:,}", border=True)
        st.metric("Prompts", f"{counted.prompts:,}", border=True)
        if request.what is What.LABELS:
            st.metric("Accepted", f"{counted.accepted:,}", border=True)
            st.metric("Rejected", f"{counted.rejected:,}", border=True)
    of = (
        f"curated set {of_request.curated_id}"
        if of_request.curated_id
        else f"round {of_request.rounds[-1]} as it stands now"
    )
    if request.all_rounds:
        numbers = ", ".join(map(str, of_request.rounds))
        whose = "the newest curated sets of rounds" if request.what is What.SFT else "rounds"
        of = f"{whose} {numbers}; each row names its round"
    st.caption(
        f"Of {literal(of)}. {literal(_left_out(request, of_request))} The rows and the card contain the reviewers' "
        "names."
    )
    if of_request.rows:
        ui.grid([{name: _cell(value) for name, value in row.items()} for row in of_request.rows])


def _left_out(request: Request, of_request: Preview) -> str:
    """What is left out of a round, as a sentence; empty if nothing is."""
    counted = of_request.counted
    reasons = {
        "without a decision": counted.undecided,
        "ended by the token limit": counted.truncated,
        "of prompts that nearly repeat a held-out one": counted.near_held_out,
        "equal to another of their prompt": counted.repeated,
        "both accepted and rejected by people": counted.contradictory,
    }
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    return f"Left out: {left_out}." if left_out and request.what in (What.PREFERENCE, What.LABELS) else ""


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = json.dumps(value, ensure_ascii=False)
    return value[:EXCERPT] + "…" if isinstance(value, str) and len(value) > EXCERPT else value


def write_button(project: Project, request: Request, counted: Preview) -> None:
    """The button that writes the export, disabled for a reviewer and while another is written. If the export would be empty,
    the reason instead."""
    if not counted.counted.rows:
        st.info(literal(_nothing(request)), icon=":material/info:")
        return
    off = ui.locked("exports.start") or bool(project.exports.running())
    label = f"Write {plural(counted.counted.rows, 'row')}"
    if st.button(label, key="write", type="primary", icon=":material/save:", disabled=off):  # one button at every count
        if ui.attempt(lambda: st.session_state.update({_LAST: project.exports.start(request)})):
            st.rerun()


def _nothing(request: Request) -> str:
    """Why an export would hold nothing, and what to do."""
    if request.what is not What.PREFERENCE:
        return "There is nothing to export."
    if request.pairing is Pairing.COMPARED:
        return (
            "Nobody has compared candidates of this round yet: Compare, on the Review page, offers pairs and rankings."
        )
    return (
        "No prompt has both an accepted and a rejected completion that differ: review some, draw more, or choose "
        "another pairing."
    )


_LAST = "export-begun"


def running(project: Project) -> None:
    """Live progress of the exports being written, and how the last one that was started in this tab ended."""
    if project.exports.running():
        _live(project)
        return
    begun = st.session_state.pop(_LAST, None)
    if begun is None:
        return
    try:
        state = project.exports.state(begun)
    except ExportError:  # started before the app was restarted
        return
    if state.problem is not None:
        ui.problem(state.problem)
    elif state.export is not None:
        st.success(f"Written: {literal(state.export.name)}", icon=":material/check_circle:")


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _live(project: Project) -> None:
    states = project.exports.running()
    if not states:
        st.rerun()
    for state in states:
        _progress(project, state)


def _progress(project: Project, state: ExportState) -> None:
    with st.container(border=True):
        st.progress(min(1.0, state.done / state.total) if state.total else 0.0, text=literal(state.message))
        if st.button(
            "Cancel",
            key=f"cancel-{state.export_id}",
            icon=":material/stop_circle:",
            disabled=ui.locked("exports.cancel"),
        ):
            ui.attempt(lambda: project.exports.cancel(state.export_id))


def finished_exports(project: Project) -> None:
    """The exports made so far, each to be downloaded or deleted."""
    exports = project.exports.finished()
    if not exports:
        return
    st.header("Written", anchor=False)
    for at, one in enumerate(exports):
        _export(project, one, at < OFFERED)


def _export(project: Project, one: FinishedExport, offered: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{literal(one.name)}**  \n{literal(WHATS[What(one.what)])} · {plural(one.rows, 'row')} · "
            f"{literal(size(one.size))}",
            width="stretch",
        )
        if offered and one.size <= LARGEST_DOWNLOAD:
            _downloads(one)
        else:
            st.caption(f"In exports/{literal(one.name)} of the project’s folder.")
        if st.button(
            "Delete", key=f"delete-{one.name}", icon=":material/delete:", disabled=ui.locked("exports.delete")
        ):
            if ui.attempt(lambda: project.exports.delete(one.name)):
                st.rerun()


@st.cache_data(max_entries=2 * OFFERED, show_spinner=False)
def _content(folder: str, path: str | None, _one: FinishedExport) -> bytes:
    """A file of an export, or the whole export as an archive. It never changes, so it is made once. It is not made on the
    click, because Streamlit loses what it makes then if the page is drawn again meanwhile."""
    return _one.archive() if path is None else _one.file(path)


def _downloads(one: FinishedExport) -> None:
    """One button for the data and one for the card, or one for both if the data is a folder."""
    files = one.data
    alone = one.format != Format.DATASETS and len(files) == 1
    suffix = files[0].rpartition(".")[2] if alone else "zip"
    st.download_button(
        "Download",
        _content(str(one.folder), files[0] if alone else None, one),
        file_name=file_name(f"{one.name}.{suffix}"),
        mime="application/octet-stream" if alone else "application/zip",
        icon=":material/download:",
        key=f"download-{one.name}",
        on_click="ignore",
    )
    if alone:
        st.download_button(
            "Card",
            _content(str(one.folder), CARD, one),
            file_name=file_name(f"{one.name}.md"),
            mime="text/markdown",
            icon=":material/description:",
            key=f"card-{one.name}",
            on_click="ignore",
        )
