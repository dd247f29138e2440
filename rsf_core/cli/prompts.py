"""`rsf prompts`: list, edit, retire and seal prompts."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.output import say
from rsf_core.cli.terminal import prompts_table
from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError
from rsf_core.project.client import connect
from rsf_core.store.records import Fit

_ELSEWHERE = {  # other commands that somebody may look for here
    "import": "prompts come in by `rsf import DIR FILE`, where DIR is the project's folder",
    "export": "prompts go out with their task: `rsf task export DIR FOLDER`, where DIR is the project's folder",
}


class PromptAction(StrEnum):
    LIST = "list"
    EDIT = "edit"
    RETIRE = "retire"
    RESTORE = "restore"
    SEAL = "seal"


def prompts(
    folder: Folder,
    action: Annotated[PromptAction, typer.Argument(help="What to do.")] = PromptAction.LIST,
    prompt_ids: Annotated[list[int] | None, typer.Argument(metavar="[NO]...", help="Numbers of prompts.")] = None,
    text: Annotated[str | None, typer.Option(help="edit: the new text.")] = None,
    reference: Annotated[str | None, typer.Option(help='edit: the new reference; "" for none.')] = None,
    system: Annotated[str | None, typer.Option(help='edit: the new system prompt; "" for none.')] = None,
    messages: Annotated[
        str | None,
        typer.Option(
            help="edit: the turns of the conversation as JSON, or @FILE: [{role, content}, …], the question last."
        ),
    ] = None,
    search: Annotated[str, typer.Option(help="list: only prompts whose text or reference contains this.")] = "",
    split: Annotated[Split | None, typer.Option(help="list: only prompts on this side of the split.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="list: only retired prompts.")] = False,
    fit: Annotated[Fit | None, typer.Option(help="list: only prompts that fit the model, or do not.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="list: at most this many.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="list: skip this many.")] = 0,
    as_json: Json = False,
) -> None:
    """List prompts, or edit, retire, restore and seal some. Their candidates stay as they are."""
    if str(folder) in _ELSEWHERE and not folder.exists():
        raise PromptError(_ELSEWHERE[str(folder)])
    numbers = prompt_ids or []
    if action is PromptAction.LIST and not numbers:
        arguments = {"split": split, "retired": retired, "text": search, "fit": fit, "limit": limit, "offset": offset}
        with connect(folder, "rsf prompts") as connection:
            page = connection.call("prompts", arguments)
        say(page, as_json, lambda: prompts_table(page))
        return
    if not numbers or (action in (PromptAction.LIST, PromptAction.EDIT) and len(numbers) > 1):
        needed = "the number of one prompt" if action is PromptAction.EDIT else "the numbers of prompts"
        raise PromptError(f"name {needed}: rsf prompts DIR {action} NO; rsf prompts DIR list shows them")
    with connect(folder, "rsf prompts") as connection:
        if action is PromptAction.LIST:
            page = connection.call(
                "prompts", {"split": None, "retired": None, "text": str(numbers[0]), "limit": 1, "offset": 0}
            )
            say(page, as_json, lambda: prompts_table(page))
        elif action is PromptAction.EDIT:
            change = {"text": text, "reference": reference, "system": system, "messages": _messages(messages)}
            number = connection.call("edit_prompt", {"prompt_id": numbers[0], **change, "author": who()})
            say(
                {"prompt_id": number, "replaces": numbers[0]},
                as_json,
                lambda: f"[green]✓[/] prompt {number} replaces {numbers[0]}",
            )
        else:
            connection.call(f"{action}_prompts", {"prompt_ids": numbers, "author": who()})
            done = {PromptAction.RETIRE: "retired", PromptAction.SEAL: "sealed"}.get(action, "put back")
            say({"prompt_ids": numbers}, as_json, lambda: f"[green]✓[/] {done}: {', '.join(map(str, numbers))}")


def _messages(text_or_file: str | None) -> list[Any] | None:
    """The turns in an option, as JSON or as @FILE. Raises PromptError."""
    if text_or_file is None:
        return None
    try:
        text = Path(text_or_file[1:]).read_text(encoding="utf-8") if text_or_file.startswith("@") else text_or_file
        messages = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise PromptError(f"the messages cannot be read: {error}") from error
    if not isinstance(messages, list):
        raise PromptError('the messages are not a list: write [{"role": "user", "content": "…"}, …]')
    return messages
