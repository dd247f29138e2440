"""Prompt files that tests write and then read as the Prompts page does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rsf_core.prompts import Parsed, parse, recognise


def jsonl(folder: Path, *rows: Any, name: str = "p.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return folder / name


def read(path: Path) -> Parsed:
    """The rows as the page reads them, with the recognised columns."""
    file_format = recognise(path)
    assert file_format.text is not None
    return parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)


def texts(parsed: Parsed) -> list[tuple[str, str | None, str | None]]:
    return [(row.text, row.reference, row.system) for row in parsed.rows]
