"""Writes small .xlsx files without a library, because no installed one writes them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | bool | None
_HEAD = '<?xml version="1.0"?>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> Path:
    """Write `sheets`, by their names, into `path` and return it. None leaves a cell out."""
    numbered = list(enumerate(sheets, start=1))
    targets = [(f"r{n}", f"{_OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n, _ in numbered]
    listed = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}"/>' for n, name in numbered)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_rels/.rels", _related([("r1", f"{_OFFICE}/officeDocument", "xl/workbook.xml")]))
        file.writestr("xl/_rels/workbook.xml.rels", _related(targets))
        file.writestr(
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        for number, rows in enumerate(sheets.values(), start=1):
            body = "".join(
                f'<row r="{line}">{"".join(_cell(line, at, value) for at, value in enumerate(row))}</row>'
                for line, row in enumerate(rows, start=1)
            )
            sheet = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
            file.writestr(f"xl/worksheets/sheet{number}.xml", sheet)
    return path


def _related(targets: Sequence[tuple[str, str, str]]) -> str:
    inside = "".join(f'<Relationship Id="{name}" Type="{kind}" Target="{target}"/>' for name, kind, target in targets)
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _cell(line: int, at: int, value: Cell) -> str:
    where = f'r="{chr(65 + at)}{line}"'
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c {where} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c {where} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f"<c {where}><v>{value}</v></c>"
