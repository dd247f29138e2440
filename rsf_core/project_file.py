"""project.toml: reading, writing and changing the settings of a project. Comments a person wrote are kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.exceptions import TOMLKitError

from rsf_core.errors import NotAProjectError, SettingsError
from rsf_core.files import write_whole
from rsf_core.settings import Settings, parse

NAME = "project.toml"
SECTIONS = tuple(name for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel))
_HEADER = "An RSF Studio project. Change values here, on the pages, or with `rsf set DIR KEY VALUE`."


def check_folder(folder: Path) -> None:
    """Raises NotAProjectError unless `folder` is a project."""
    if not folder.exists():
        raise NotAProjectError(f"{folder} does not exist: make a project with `rsf init {folder} --task NAME`")
    if not (folder / NAME).is_file():
        raise NotAProjectError(
            f"{folder} is not an RSF Studio project (it has no {NAME}): name a project folder, or make one with "
            f"`rsf init DIR --task NAME`"
        )


def model_name(name: str) -> str:
    """The absolute path where `name` is a folder: jobs and the app may start in another one. Else the name of a model."""
    return str(Path(name).absolute()) if Path(name).is_dir() else name


def read(folder: Path) -> Settings:
    """The settings in force. Raises SettingsError naming the file and the field."""
    check_folder(folder)
    path = folder / NAME
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def create(folder: Path, settings: dict[str, Any]) -> Settings:
    """Write a new project.toml holding `settings` (checked first)."""
    checked = parse(settings, "settings")
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    for key, value in checked.model_dump(mode="json", exclude_none=True).items():
        document.add(key, tomlkit.item(value))
    _write(folder / NAME, document)
    return checked


def change(folder: Path, key: str, text: str) -> Settings:
    """Set the dotted `key` to `text`, read as a TOML value where it is one and as plain text otherwise. Nothing is
    written unless the result is allowed."""
    check_folder(folder)
    path = folder / NAME
    document = _document(path)
    *sections, name = key.split(".")
    table: Any = document
    for section in sections:
        if section not in table and (table is not document or section in SECTIONS):
            table[section] = tomlkit.table()  # not written down so far: its defaults hold
        if not isinstance(table.get(section), dict):
            raise SettingsError(f"there is no setting {key!r}: the sections are {', '.join(SECTIONS)}")
        table = table[section]
    table[name] = _value(text)
    settings = parse(document.unwrap(), str(path))
    _write(path, document)
    return settings


def unset(folder: Path, key: str) -> Settings:
    """Remove the dotted `key`, so that its default holds. Nothing is written unless the result is allowed."""
    check_folder(folder)
    path = folder / NAME
    document = _document(path)
    *sections, name = key.split(".")
    table: Any = document
    for section in sections:
        table = table.get(section, {})
    table.pop(name, None)
    settings = parse(document.unwrap(), str(path))
    _write(path, document)
    return settings


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    text = tomlkit.dumps(document)
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
