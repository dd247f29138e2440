"""project.toml: reading, writing and changing the settings of a project. A person's comments are kept."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.exceptions import TOMLKitError

from rsf_core.domain.errors import NotAProjectError, SettingsError
from rsf_core.domain.files import write_whole
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import LONGEST_SHOWN, Problem, join, parse, problems, tolerate

NAME = "project.toml"
MAKING = ".making"  # there until the project is whole
OWNER_LOCK = "owner.lock"
MADE = {
    *(OWNER_LOCK, MAKING, "owner.sock", "spool", "models", "exports"),
    *("rsf.duckdb", "rsf.duckdb.wal", "rsf.duckdb.tmp", f"{NAME}.tmp", "summary.json", "summary.json.tmp"),
}
LARGEST_BYTES = 1 << 20
SECTIONS = tuple(name for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel))
_HEADER = "An RSF Studio project. Change values here, on the pages, or with `rsf set DIR KEY VALUE`."


def check_folder(folder: Path) -> None:
    """Raises NotAProjectError unless `folder` is a project."""
    if os.path.isfile(folder / NAME):
        return
    if not os.path.exists(folder):
        raise NotAProjectError(f"{folder} does not exist: make a project with `rsf init {folder} --task NAME`")
    if os.path.isdir(folder / NAME) or ((folder / NAME).is_symlink() and not (folder / NAME).exists()):
        raise NotAProjectError(f"{folder / NAME} is not a file: put the project's settings file back in its place")
    raise NotAProjectError(
        f"{folder} is not an RSF Studio project (it has no {NAME}): name a project folder, or make one with "
        f"`rsf init DIR --task NAME`"
    )


def is_new(folder: Path) -> bool:
    """Whether a project can be created in `folder`: it does not exist, is empty, or holds only what an interrupted attempt to
    create a project left."""
    if not os.path.exists(folder):
        return True
    if not os.path.isdir(folder):
        return False
    names = {entry.name for entry in folder.iterdir()}
    return NAME not in names and (names <= {OWNER_LOCK} or (MAKING in names and names <= MADE))


def begin(folder: Path) -> None:
    """Remove what an earlier attempt left in the folder, and mark it as one in which a project is being created. The caller
    holds the folder's lock."""
    for name in MADE - {OWNER_LOCK, MAKING}:
        left = folder / name
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    (folder / MAKING).touch(mode=0o600)


def model_name(name: str) -> str:
    """The absolute path if `name` is a folder, since jobs and the app may start in another one; else `name` as it is."""
    try:
        return str(Path(name).absolute()) if Path(name).is_dir() else name
    except (OSError, ValueError):  # too long for a path, say
        return name


def read(folder: Path) -> Settings:
    """The current settings. Raises SettingsError naming the file and every field that is not allowed."""
    return parse(_loaded(*_at(folder)), str(folder / NAME))


def read_tolerantly(folder: Path) -> tuple[Settings, list[Problem]]:
    """The settings, with the default in place of each value that is not allowed, and the problems: so that a project can be
    opened and repaired. Raises SettingsError if the file is not TOML."""
    settings, problems = _tolerated(*_at(folder))
    return settings, list(problems)


def _at(folder: Path) -> tuple[Path, str]:
    check_folder(folder)
    path = folder / NAME
    with _named(path):
        return path, _text(path)


def _loaded(path: Path, text: str) -> dict[str, Any]:
    with _named(path):
        return tomllib.loads(text.replace("\r\n", "\n"))


@lru_cache(maxsize=1_000)  # a list of projects asks for each, every few seconds
def _tolerated(path: Path, text: str) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings in a text. Cached: they are read several times a second and rarely change."""
    settings, problems = tolerate(_loaded(path, text), str(path))
    return settings, tuple(problems)


def create(folder: Path, settings: dict[str, Any]) -> Settings:
    """Write a new project.toml holding `settings` (checked first)."""
    checked = parse(settings, "settings")
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    for key, value in checked.model_dump(mode="json", exclude_none=True).items():
        document.add(key, tomlkit.item(value))
    _write(folder / NAME, tomlkit.dumps(document))
    return checked


def change(folder: Path, key: str, text: str, check: Callable[[Settings], None] | None = None) -> Settings:
    """Set the dotted `key` to `text`, read as a TOML value if it is one and as plain text otherwise. Nothing is written unless
    the result is allowed and `check` does not raise; earlier problems elsewhere do not matter, so that they can be repaired
    one by one."""
    document, path = _document(folder), _path(key)
    *sections, name = path

    def edit() -> None:
        table: Any = document
        for section in sections:
            if section not in table and (table is not document or section in SECTIONS):
                table[section] = tomlkit.table()  # not in the file so far: its defaults apply
            if not isinstance(table.get(section), dict):
                raise SettingsError(f"there is no setting {_short(key)}: the sections are {', '.join(SECTIONS)}")
            table = table[section]
        table[name] = _value(text)

    return _change(folder, document, [path], edit, check)


def replace(folder: Path, sections: Mapping[str, BaseModel]) -> Settings:
    """Write whole sections at once, e.g. `{"target": Target(...)}`: values that do not change keep their form and comments.
    Nothing is written unless the result is allowed."""
    document = _document(folder)

    def edit() -> None:
        for section, values in sections.items():
            new = values.model_dump(mode="json", exclude_none=True)
            defaults = type(values)().model_dump(mode="json", exclude_none=True)
            if not isinstance(document.get(section), dict):
                if section not in document and new == defaults:
                    continue
                document[section] = tomlkit.table()
            table: Any = document[section]
            for name in type(values).model_fields:
                before = table.get(name)
                if name not in new:
                    table.pop(name, None)
                elif before is None and new[name] == defaults.get(name):
                    continue
                elif before is None or getattr(before, "unwrap", lambda before=before: before)() != new[name]:
                    table[name] = new[name]

    return _change(folder, document, [(section,) for section in sections], edit)


def unset(folder: Path, key: str) -> Settings:
    """Remove the dotted `key`, so that its default applies. Nothing is written unless the result is allowed. Raises
    SettingsError if there is no such setting."""
    document, path = _document(folder), _path(key)
    *sections, name = path

    def edit() -> None:
        table: Any = document
        for section in sections:
            table = table.get(section) if isinstance(table, dict) else None
        if isinstance(table, dict) and name in table:
            table.pop(name)
        elif not _exists(path):
            raise SettingsError(f"there is no setting {_short(key)}: the sections are {', '.join(SECTIONS)}")

    return _change(folder, document, [path], edit)


def _change(
    folder: Path,
    document: tomlkit.TOMLDocument,
    paths: Sequence[tuple[str, ...]],
    edit: Callable[[], None],
    check: Callable[[Settings], None] | None = None,
) -> Settings:
    """Edit the document, check it and write it. `paths` are what is edited: there every problem counts, elsewhere only new
    ones."""
    file = folder / NAME
    with _named(file):
        before = {(problem.path, problem.message) for problem in problems(document.unwrap())}
        edit()
        text = tomlkit.dumps(document)
        data = tomllib.loads(text.replace("\r\n", "\n"))  # as it will be read: tomlkit can write invalid TOML
        wrong = [
            problem
            for problem in problems(data)
            if any(problem.path[: len(path)] == path for path in paths) or (problem.path, problem.message) not in before
        ]
        if wrong:
            raise SettingsError(f"{file}: {join(wrong)}")
        if len(text.encode()) > LARGEST_BYTES:
            raise SettingsError(f"{file} would be larger than {LARGEST_BYTES:,} bytes")
        settings, _ = tolerate(data, str(file))
    if check is not None:
        check(settings)
    _write(file, text)
    return settings


def _document(folder: Path) -> tomlkit.TOMLDocument:
    check_folder(folder)
    path = folder / NAME
    with _named(path):
        return tomlkit.parse(_text(path))


def _text(path: Path) -> str:
    """The text of the file, with its own line ends, without a byte-order mark."""
    with path.open("rb") as file:
        raw = file.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise SettingsError(f"{path} is larger than {LARGEST_BYTES:,} bytes: that is not a settings file")
    return raw.decode("utf-8-sig")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turns whatever the two TOML libraries raise into SettingsError, which names the file."""
    try:
        yield
    except UnicodeError as error:
        raise SettingsError(f"{path} is not valid TOML: it has to be UTF-8 text ({error})") from error
    except RecursionError as error:
        raise SettingsError(f"{path} is not valid TOML: it is nested too deeply") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TOMLKitError, TypeError, LookupError, AttributeError) as error:  # tomlkit's own faults too
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _path(key: str) -> tuple[str, ...]:
    """The names in a dotted key; a name with a dot is quoted, as in TOML: target.rewards."my.scorer"."""
    try:
        table: Any = tomllib.loads(f"{key} = 0")
    except (ValueError, RecursionError):
        return tuple(key.split("."))
    path = []
    while isinstance(table, dict) and len(table) == 1:
        ((name, table),) = table.items()
        path.append(name)
    return tuple(path) if table == 0 else tuple(key.split("."))


def _exists(path: tuple[str, ...]) -> bool:
    """Whether there is such a setting, in the file or not."""
    fields: Any = Settings.model_fields
    for at, name in enumerate(path):
        if name not in fields:
            return False
        default = fields[name].get_default(call_default_factory=True)
        if isinstance(default, dict):
            return at + 2 >= len(path)
        fields = type(default).model_fields if isinstance(default, BaseModel) else {}
    return True


def _short(key: str) -> str:
    return repr(key if len(key) <= LONGEST_SHOWN else key[:LONGEST_SHOWN] + "…")


def _value(text: str) -> Any:
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(text.encode()))
