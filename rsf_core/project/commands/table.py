"""The table of commands that another process may send to the owner of a project, in JSON, and the one function that runs
them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pydantic

from rsf_core.domain import access
from rsf_core.domain.access import LOCAL, SPEAKERS, Actor, person
from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import writable
from rsf_core.project import Project
from rsf_core.project.guarded import guarded

Command = Callable[..., Any]
COMMANDS: dict[str, Command] = {}


def command(function: Command) -> Command:
    """Register a function of (project, **arguments) under its own name."""
    COMMANDS[function.__name__] = function
    return function


def execute(project: Project, name: str, arguments: dict[str, Any], actor: Actor | None = None) -> Any:
    """Run the named command for `actor` and return its result as plain JSON. Without an actor, it is the person whom the
    arguments name: only this machine's user can reach this process. The command receives the actor in place of the name.
    Raises AccessError if the actor may not do this, and RsfError."""
    if name not in COMMANDS:
        raise RsfError(f"there is no command {name!r}; there are {', '.join(sorted(COMMANDS))}")
    speakers = [key for key in SPEAKERS if key in arguments]
    who = actor or next((person(arguments[key]) for key in speakers), LOCAL)
    access.check(who, f"commands.{name}")
    with writable(project.folder):
        return plain(COMMANDS[name](guarded(project, lambda: who), **arguments | dict.fromkeys(speakers, who)))


def plain(value: Any) -> Any:
    """`value` as JSON: dataclasses (their fields with repr) and models become objects, times ISO 8601 in UTC, paths text, ±∞
    and NaN null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr}
    if isinstance(value, pydantic.BaseModel):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
