"""The step of a new project in which its task is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rsf_core.domain import files
from rsf_core.project import task_files
from rsf_core.project.draft import Draft
from rsf_core.prompts import tasks
from rsf_core.web import drafting, session, ui
from rsf_core.web.literal import literal

_BROUGHT = "brought"  # a task from a folder or an archive
Began = Callable[[Draft], None]


def draw(draft: Draft | None, began: Began) -> None:
    """The choice of a task. `began` is called with the draft once one is chosen. Replacing a task warns first."""
    known = {name: tasks.load(name) for name in (tasks.BLANK, *tasks.names())}
    titles = {name: known_task.title for name, known_task in known.items()}
    captions = {name: known_task.description for name, known_task in known.items()}
    titles[_BROUGHT] = "A task from a folder or an archive"
    captions[_BROUGHT] = (
        "A task that somebody gave you: task.toml and prompts.jsonl, in a folder or an archive (.zip, .tar.gz)."
    )
    current = None if draft is None else draft.chosen.task if draft.chosen.bundled else _BROUGHT
    names = [tasks.BLANK, *tasks.names(), _BROUGHT]
    chosen = st.radio(
        "Task",
        names,
        index=names.index(current) if current in names else 0,
        format_func=lambda name: literal(titles[name]),
        captions=[literal(captions[name]) for name in names],
        key="new-task",
    )
    if draft is not None and chosen == current and chosen != _BROUGHT:
        return
    archive, path = _brought() if chosen == _BROUGHT else (None, None)
    if draft is not None and current == _BROUGHT == chosen and archive is None and path is None:
        st.caption(literal(f"It is {draft.chosen.title} now. Choose another folder or archive to replace it."))
        return
    if draft is not None and draft.is_changed():
        st.warning(
            "Another task replaces the prompts and the definition of good by its own. Model and name stay.",
            icon=":material/swap_horiz:",
        )
    label = "Begin" if draft is None else "Use this task instead"
    lacking = chosen == _BROUGHT and archive is None and path is None
    if st.button(label, type="primary", icon=":material/arrow_forward:", disabled=lacking):
        made: list[Draft] = []
        if ui.attempt(lambda: made.append(_take(draft, chosen, archive, path))):
            began(made[0])


def _brought() -> tuple[tuple[str, memoryview] | None, Path | None]:
    """An uploaded archive by its name, or the path of a folder or archive on this machine."""
    archive = st.file_uploader(
        "An archive",
        type=[suffix.removeprefix(".") for suffix in (*task_files.SUFFIXES, ".gz")],
        key="new-task-archive",
    )
    named = st.text_input(
        "Or a folder or archive on this machine", placeholder="/home/me/my_task", key="new-task-path"
    ).strip()
    if archive is not None:
        return (archive.name, archive.getbuffer()), None
    return None, files.expand_home(named) if named else None


def _take(draft: Draft | None, chosen: str, archive: tuple[str, memoryview] | None, path: Path | None) -> Draft:
    """Begin a draft with the chosen task, or replace the task of this draft."""
    name = "" if chosen == _BROUGHT else chosen
    if archive is None:
        return _begun(draft, name, path, None)
    with files.scratch("rsf-task-") as folder:
        (folder / "task").write_bytes(archive[1])
        return _begun(draft, name, folder / "task", archive[0])


def _begun(draft: Draft | None, name: str, path: Path | None, called: str | None) -> Draft:
    if draft is None:
        return drafting.begin(session.workspace(), name, path, called)
    draft.choose_task(name, path, called)
    return draft
