"""Rows of a spreadsheet: Excel (.xlsx, .xlsm, .xlsb, .xls) and OpenDocument (.ods), one sheet, its first row the header.

A formula's cell holds its last result. A file is read in a process with limited memory (project/reading_process.py), because
a small file can hold gigabytes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts.csv_rows import Header
from rsf_core.prompts.records import Number, Record
from rsf_core.prompts.rows import Problem

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def sheets(path: Path) -> tuple[str, ...]:
    """The names of the sheets, those that are not empty first. Raises PromptFileError if the file is not a spreadsheet."""
    return _sheets(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _sheets(path: Path, changed: int) -> tuple[str, ...]:
    """Every sheet is read in full to see whether it is empty, which takes seconds for a million rows."""
    book = _workbook(path)
    names = list(book.sheet_names)
    empty = {name for name in names if len(names) > 1 and not _sheet(book, name, path).height}
    return tuple(sorted(names, key=lambda name: name in empty))


def records(path: Path, sheet: str | None = None) -> Iterator[Record | Problem]:
    """Every row below the header, by its number in the sheet; the default is the first sheet that is not empty. Raises
    PromptFileError if the file is not a spreadsheet or lacks the sheet, or if the header can't be used."""
    names = sheets(path)
    if sheet is not None and sheet not in names:
        raise PromptFileError(f"{path.name} has no sheet {sheet!r:.80}: it has {', '.join(names)[:300]}")
    if not names:
        return
    name = names[0] if sheet is None else sheet
    header: Header | None = None
    for line, cells in enumerate(_sheet(_workbook(path), name, path).iter_rows(), start=1):
        fields = [_plain(cell) for cell in cells]
        if not any(field.strip() for field in fields):
            continue
        if header is None:
            header = Header(fields, f"{path.name}, sheet {name!r}, row {line}")
            yield from header.doubts(line)
        else:
            yield header.record(line, fields)


def _workbook(path: Path) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError  # needed for spreadsheets alone

    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError as error:
        raise PromptFileError(f"{path.name} is locked by a password: save it without one") from error
    except (CalamineError, ValueError) as error:
        raise PromptFileError(f"{path.name} cannot be read as a spreadsheet: {str(error)[:200]}") from error


def _sheet(book: Any, name: str, path: Path) -> Any:
    from python_calamine import CalamineError

    try:
        return book.get_sheet_by_name(name)
    except (CalamineError, ValueError) as error:
        raise PromptFileError(f"{path.name}, sheet {name!r}: cannot be read: {str(error)[:200]}") from error


def _plain(cell: Any) -> str:
    """A cell as the sheet shows it; a whole number loses the .0 with which spreadsheets store it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return Number(int(cell) if cell.is_integer() and abs(cell) < 2**53 else repr(cell))
    if isinstance(cell, int):
        return Number(cell)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)
