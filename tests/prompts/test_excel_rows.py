"""Prompts from spreadsheets: a sheet with a header, whose rows are reported by number."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import parse, recognise
from rsf_core.prompts.files import Reading
from tests.support.spreadsheets import Cell, write

ROWS: list[list[Cell]] = [
    [None, None],
    [None, "question", "answer"],
    [None, "How high is Mont Blanc?", 4806],
    [],
    [None, "What is a half?", 0.5],
    [None, "  Is <b>this</b> =1+1?\n", True],
    [None, None, "no question"],
]


def test_rows_are_read_by_their_numbers_in_the_sheet_and_whole_numbers_without_a_fraction(tmp_path: Path) -> None:
    path = write(tmp_path / "p.xlsx", {"Empty": [], "Data": ROWS})
    file_format = recognise(path)
    assert (file_format.text, file_format.reference, file_format.layout.sheet) == ("question", "answer", "Data")
    assert file_format.describe().startswith("Excel, sheet 'Data' of 2; ")
    parsed = parse(path, "question", "answer")
    assert [(row.text, row.reference, row.line) for row in parsed.rows] == [
        ("How high is Mont Blanc?", "4806", 3),
        ("What is a half?", "0.5", 5),
        ("  Is <b>this</b> =1+1?\n", "TRUE", 6),
    ]
    assert [(problem.line, problem.field, problem.message) for problem in parsed.problems] == [
        (7, "question", "is missing or empty")
    ]


def test_another_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "p.xlsx", {"A & B": [["text"], ["one"]], "C": [["prompt"], ["two"]]})
    assert [row.text for row in parse(path, "text").rows] == ["one"]
    assert [row.text for row in parse(path, "prompt", reading=Reading(sheet="C")).rows] == ["two"]
    with pytest.raises(PromptFileError, match="has no sheet 'D': it has A & B, C"):
        parse(path, "text", reading=Reading(sheet="D"))


def test_a_header_that_names_a_column_twice_and_a_value_beyond_it_are_named(tmp_path: Path) -> None:
    twice = write(tmp_path / "p.xlsx", {"S": [["text", "text"], ["a", "b"]]})
    with pytest.raises(PromptFileError, match="sheet 'S', row 1: the header names the column 'text' 2 times"):
        parse(twice, "text")
    beyond = parse(write(tmp_path / "q.xlsx", {"S": [["text"], ["a", None, "b"], ["c"]]}), "text")
    assert [row.text for row in beyond.rows] == ["c"] and "column 3" in str(beyond.problems[0])


def test_a_sheet_without_rows_has_none(tmp_path: Path) -> None:
    for rows in ([], [["text"]], [[None]]):
        assert recognise(write(tmp_path / "p.xlsx", {"S": rows})).text is None


def test_what_is_no_spreadsheet_or_damaged_is_a_clear_error_or_some_rows(tmp_path: Path) -> None:
    whole = write(tmp_path / "p.xlsx", {"S": [["text"], *([f"row {n}"] for n in range(50))]}).read_bytes()
    chance = random.Random(5)
    damaged = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" * 99, whole[:-30], whole[: len(whole) // 2]]
    for _ in range(150):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        damaged.append(bytes(changed))
    for suffix in ("xlsx", "xls", "ods", "xlsb"):
        for content in damaged if suffix == "xlsx" else damaged[:8]:
            path = tmp_path / f"d.{suffix}"
            path.write_bytes(content)
            outcome = ""
            try:
                outcome = f"{path.name} has {len(parse(path, 'text').rows)} rows"
            except PromptFileError as error:
                outcome = str(error)
            assert path.name in outcome


def test_a_workbook_without_its_parts_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.xlsx", "w") as file:
        file.writestr("hello.txt", "no workbook")
    with pytest.raises(PromptFileError, match=r"p\.xlsx cannot be read as a spreadsheet"):
        recognise(tmp_path / "p.xlsx")
