"""Settings from parsed TOML, and messages about values that are not allowed."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rsf_core.domain.errors import SettingsError
from rsf_core.domain.field_words import in_file, nearest
from rsf_core.domain.settings import Settings

MOST_SHOWN = 10  # problems in one error
LONGEST_SHOWN = 80  # characters of a value in an error

_BARE = re.compile(r"[A-Za-z0-9_-]+")  # what TOML takes without quotes


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that is not allowed: its path, and a message with what is allowed and what was given."""

    path: tuple[str, ...]
    message: str

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def setting(self) -> str:
        """The setting to change or unset as a repair, as `rsf set` takes it: a list counts as a whole."""
        names = itertools.takewhile(lambda name: not name.isdigit(), self.path)
        return ".".join(name if _BARE.fullmatch(name) else json.dumps(name) for name in names)

    def __str__(self) -> str:
        return f"{_clipped(self.key) or 'settings'}: {self.message}"


def parse(data: dict[str, Any], where: str) -> Settings:
    """Check `data` (parsed TOML) and return the settings. Raises SettingsError naming `where` and every bad field."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(f"{where}: {describe(error)}") from error
    except (RecursionError, OverflowError) as error:
        raise SettingsError(f"{where}: something in it is nested too deeply or too large ({error})") from error


def tolerate(data: dict[str, Any], where: str) -> tuple[Settings, list[Problem]]:
    """The settings, with the default in place of every value that is not allowed, and the problem of each. Raises
    SettingsError if defaults do not make the settings valid."""
    problems: list[Problem] = []
    kept = copy.deepcopy(data)
    for _ in range(len(Settings.model_fields) + 2):  # a default can only break a rule about several values
        try:
            return Settings.model_validate(kept), problems
        except ValidationError as error:
            wrong = problems_of(error)
        for problem in wrong:
            problems.append(problem)
            _leave_out(kept, problem.path)
    raise SettingsError(f"{where}: {join(problems)}")


def problems(data: dict[str, Any]) -> list[Problem]:
    """The problem of each value that is not allowed."""
    try:
        Settings.model_validate(data)
    except ValidationError as error:
        return problems_of(error)
    return []


def describe(error: ValidationError) -> str:
    """The problems in one line: of each wrong field its dotted name, what is allowed, what was given."""
    return join(problems_of(error))


def join(wrong: Sequence[Problem]) -> str:
    """The first of the problems in one line, and how many more there are."""
    more = [f"and {len(wrong) - MOST_SHOWN:,} more"] if len(wrong) > MOST_SHOWN else []
    return "; ".join([*map(str, wrong[:MOST_SHOWN]), *more])


def problems_of(error: ValidationError) -> list[Problem]:
    """Each value that a pydantic model refused, and why."""
    return [_problem(details) for details in error.errors()]


def _problem(details: ErrorDetails) -> Problem:
    path = tuple(str(part) for part in details["loc"] if part != "[key]")
    if details["type"] == "missing":
        return Problem(path, "is missing")
    near = nearest(path, Settings) if details["type"] == "extra_forbidden" else None
    hint = "" if near is None else f"; did you mean {near}?"
    return Problem(path, f"{in_file(details)} (got {_shown(details['input'])}){hint}")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a table a thousand deep
        text = f"a very large {type(value).__name__}"
    return _clipped(text)


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def _leave_out(data: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove the table entry that contains `path`; a list is removed as a whole. The task, which has no default, becomes
    "unknown"."""
    table: dict[str, Any] = data
    for at, name in enumerate(path):
        below = table.get(name)
        if at < len(path) - 1 and isinstance(below, dict):
            table = below
            continue
        if len(path) == 1 and name == "task":
            data["task"] = "unknown"
        else:
            table.pop(name, None)
        return
