"""Tasks: prompts with settings that suit them. Bundled tasks are in data/tasks/, one folder each; the blank task has no
prompts and the default settings."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core import prompts
from rsf_core.domain import bundled, settings_reading
from rsf_core.domain.errors import SettingsError
from rsf_core.prompts import PromptRow

BLANK = "blank"
FILES = ("task.toml", "prompts.jsonl")


@dataclass(frozen=True, slots=True)
class Task:
    """`defaults` are the task's sections of the project settings, as in project.toml."""

    name: str
    title: str
    description: str
    defaults: dict[str, Any]
    prompts: tuple[PromptRow, ...]


def names() -> list[str]:
    """The names of the bundled tasks, in alphabetical order."""
    return sorted(folder.parent.name for folder in bundled.path("data", "tasks").glob("*/task.toml"))


def blank() -> Task:
    """The task for a person's own prompts, with no prompts and no settings."""
    return Task(BLANK, "Your own prompts", "Typed, pasted or from a file. What is good is up to you.", {}, ())


def load(name: str) -> Task:
    """A bundled task by its name, the blank task, or a task from a folder with task.toml and prompts.jsonl. The rows of
    prompts.jsonl have a `text`, or `messages` if they are conversations. Raises SettingsError that names the choices, or the
    file and line that is wrong."""
    if name == BLANK:
        return blank()
    folder = bundled.path("data", "tasks", name) if name in names() else Path(name)
    if not all(os.path.isfile(folder / file) for file in FILES):
        raise SettingsError(
            f"there is no task {name!r}: choose one of {', '.join(names())}, {BLANK} for prompts of your "
            "own, or a folder with task.toml and prompts.jsonl"
        )
    try:
        text = tomllib.loads((folder / "task.toml").read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{folder / 'task.toml'} is not valid TOML: {error}") from error
    known = prompts.columns(folder / "prompts.jsonl")
    column = "messages" if "messages" in known and "text" not in known else "text"
    parsed = prompts.parse(folder / "prompts.jsonl", column, "reference", "system", "split")
    if parsed.problems:
        raise SettingsError(f"{folder / 'prompts.jsonl'}, {parsed.problems[0]}")
    unsplit = next((row for row in parsed.rows if row.split is None), None)
    if unsplit is not None:
        raise SettingsError(f"{folder / 'prompts.jsonl'}, line {unsplit.line}: split must be train, held_out or sealed")
    called = folder.resolve().name  # of "." too
    title, description, defaults = text.get("title", called), text.get("description", ""), text.get("settings", {})
    if not isinstance(title, str) or not isinstance(description, str) or not isinstance(defaults, dict):
        raise SettingsError(f"{folder / 'task.toml'}: title and description must be text, settings a table")
    task = Task(called, title, description, defaults, parsed.rows)
    settings_reading.parse({**defaults, "task": task.name}, str(folder / "task.toml"))
    return task
