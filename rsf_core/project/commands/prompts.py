"""The commands of prompts: list, edit, seal, retire, restore, and import from files."""

from __future__ import annotations

import dataclasses
from typing import Any

from rsf_core.domain import Split
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import PromptError, SettingsError
from rsf_core.project import Project
from rsf_core.project.candidate_imports import CandidateImports
from rsf_core.project.commands.table import command
from rsf_core.project.imports import Imports
from rsf_core.prompts import PromptRow, conversations
from rsf_core.store.records import Fit


@command
def prompts(
    project: Project,
    limit: int,
    offset: int,
    split: str | None,
    retired: bool | None,
    text: str,
    fit: str | None = None,
) -> Any:
    """A page of the list of prompts, and how many of those in use the model takes."""
    if fit is not None and fit not in list(Fit):
        raise SettingsError(f"{fit!r} does not say how prompts fit the model: say {', '.join(Fit)}")
    side, fits = None if split is None else Split(split), None if fit is None else Fit(fit)
    page = project.prompt_page(limit, offset, split=side, retired=retired, text=text, fit=fits)
    return {"total": page.total, "prompts": page.prompts, "fits": project.prompt_lengths.counts()}


@command
def edit_prompt(
    project: Project,
    prompt_id: int,
    text: str | None,
    reference: str | None,
    system: str | None,
    author: Actor,
    messages: list[Any] | None = None,
) -> int:
    """Replace a prompt by an edited one; returns its new number. Values that are None stay as they are. `messages` are the
    turns of its conversation, with the question to be answered last, in place of `text`. Raises PromptError."""
    old = project.prompt_book.prompt(prompt_id)
    earlier = old.earlier
    if messages is not None:
        if text is not None:
            raise PromptError("give the text or the messages: the last message is the text")
        conversation = conversations.read(messages) if messages else "is empty"
        if isinstance(conversation, str):
            raise PromptError(f"the list of messages {conversation}")
        if conversation.reply is not None or conversation.left_out:
            raise PromptError(
                "the last message is the user's question; what is answered to it is drawn, or is the reference"
            )
        text, earlier = conversation.question, conversation.earlier
        if conversation.system is not None:
            if system is not None and system.strip() != conversation.system.strip():
                raise PromptError("the messages begin with another system prompt: give one of the two")
            system = conversation.system
    values = (old.text if text is None else text, old.reference if reference is None else reference)
    row = PromptRow(*values, old.system if system is None else system, earlier=earlier)
    return project.edit_prompt(prompt_id, row, author)


@command
def seal_prompts(project: Project, prompt_ids: list[int], author: Actor) -> list[int]:
    """Seal held-out prompts for which nothing was drawn; their new numbers."""
    return project.seal_prompts(prompt_ids, author)


@command
def retire_prompts(project: Project, prompt_ids: list[int], author: Actor) -> None:
    project.retire_prompts(prompt_ids, author)


@command
def restore_prompts(project: Project, prompt_ids: list[int], author: Actor) -> None:
    project.restore_prompts(prompt_ids, author)


@command
def import_start(
    project: Project,
    what: str,
    file: str,
    source: str,
    held_out: float,
    config: str | None,
    split: str | None,
    columns: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Start to read a file of prompts, or of candidates made elsewhere; returns the arguments of the other commands of an
    import. `file` may be `hub:ID`, with a configuration and a split."""
    upload = project.imports.keep_named(file, config, split)
    if what == "candidates":
        placing = project.candidate_imports.start_recognised(upload, source, again=True, named=columns or {})
    else:
        placing = project.imports.start_recognised(upload, held_out, again=True, named=columns or {})
    return {"what": what, "upload": upload, "placing": placing}


def _import_of(project: Project, what: str) -> Imports | CandidateImports:
    return project.candidate_imports if what == "candidates" else project.imports


@command
def import_state(project: Project, what: str, upload: str, placing: str) -> Any:
    return _import_of(project, what).state(upload, placing)


@command
def import_cancel(project: Project, what: str, upload: str, placing: str) -> None:
    _import_of(project, what).cancel(upload, placing)


@command
def import_problems(project: Project, what: str, upload: str, placing: str) -> str:
    """Every problem with the rows, as the text of a CSV file."""
    return _import_of(project, what).problems(upload, placing).decode("utf-8-sig", "replace")


@command
def import_add(project: Project, what: str, upload: str, placing: str, author: Actor) -> dict[str, Any]:
    """Add what was read; returns how much was added, and the first problems of rows."""
    if what == "candidates":
        added = project.candidate_imports.add(upload, placing, author)
        summary = dataclasses.asdict(added)
        return summary | {"problems": [str(problem) for problem in added.problems]}
    preview = project.imports.state(upload, placing).preview
    if preview is None:
        raise PromptError("the file has not been read, or is no longer stored: read it again")
    unread = project.imports.unread(upload, placing)  # before the placing is deleted
    count = project.imports.add(upload, placing)
    return {
        "prompts": count,
        "left_out": preview.left_out,
        "problems": [str(problem) for problem in preview.problems],
        "references_not_taken": preview.references_not_taken,
        "notes": list(preview.notes),
        "unread_columns": unread,
    }
