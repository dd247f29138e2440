"""Files of prompts: separators, encodings, JSON in pieces, Parquet; the error for an unreadable file states the reason."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import PromptRow, columns, parse, recognise
from tests.support.prompt_files import jsonl, read

TABLE = [
    ("prompt", "answer"),
    ("What is 2+2?", "4"),
    ("Nenne zwei Äpfel; rot, süß", "Gala"),
    ('Say "é" – twice', "é\té"),
]


def table(sign: str) -> str:
    return "".join(sign.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in TABLE)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_any_separator_and_any_common_encoding_is_detected_and_shown(tmp_path: Path, sign: str, codec: str) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(table(sign).encode(codec))
    assert [(row.text, row.reference) for row in read(path).rows] == TABLE[1:]
    words = recognise(path).describe()
    named = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE"}
    assert named.get(codec, codec.upper()) in words
    assert {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}[sign] in words


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
def test_json_may_be_in_any_of_them_too(tmp_path: Path, codec: str) -> None:
    (tmp_path / "p.jsonl").write_bytes('{"text": "Über süße Äpfel"}\n{"text": "naïve"}\n'.encode(codec))
    assert [row.text for row in read(tmp_path / "p.jsonl").rows] == ["Über süße Äpfel", "naïve"]


def test_another_code_page_is_not_taken_for_a_western_one(tmp_path: Path) -> None:
    rows = [
        "Напишите короткое письмо другу о погоде",
        "Назовите три больших города России",
        "Сколько будет два плюс два",
    ]
    (tmp_path / "p.csv").write_bytes(("text\r\n" + "\r\n".join(rows)).encode("cp1251"))
    assert [row.text for row in read(tmp_path / "p.csv").rows] == rows


@pytest.mark.parametrize(
    ("first", "sign"), [("sep=;", ";"), ("SEP=|", "|"), ("sep=\t", "\t"), ("sep=,", ","), ("sep=#", "#")]
)
def test_a_line_that_names_the_sign_is_believed(tmp_path: Path, first: str, sign: str) -> None:
    (tmp_path / "p.csv").write_text(f"{first}\ntext{sign}answer\na{sign}b\n")
    assert [(r.text, r.reference, r.line) for r in parse(tmp_path / "p.csv", "text", "answer").rows] == [("a", "b", 3)]


def test_columns_without_a_name_are_left_aside_at_the_end_and_numbered_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(",prompt,answer,,\n0,one,1,,\n1,two,2\n2,three,3,lost,\n,,,,\n3,four,4,,,\n")
    assert columns(tmp_path / "p.csv") == ["prompt", "column 1", "answer"]
    parsed = parse(tmp_path / "p.csv", "prompt", "answer")
    assert [row.text for row in parsed.rows] == ["one", "two", "four"]
    assert [str(p) for p in parsed.problems] == ["line 4: has a value in column 4, which the header does not name"]


def test_a_header_of_a_hundred_thousand_columns_is_refused_by_name_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(",".join(f"column{n}" for n in range(100_000)) + "\n")
    for read_it in (columns, recognise, lambda path: parse(path, "column1")):
        with pytest.raises(PromptFileError, match=r"p\.csv, line 1: the header has 100,000 columns; at most 1,000"):
            read_it(tmp_path / "p.csv")


def test_an_object_of_a_hundred_thousand_fields_is_left_out(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {str(n): n for n in range(100_000)}, {"text": "a"})
    assert columns(path) == ["text"] and [p.line for p in parse(path, "text").problems] == [1]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("name", ["p.json", "p.jsonl"])
def test_a_list_of_objects_is_read_with_its_lines(tmp_path: Path, indent: int | None, name: str) -> None:
    rows = [{"text": "one", "reference": "1"}, {"text": "zwei\nZeilen"}, 3, {"text": ""}]
    (tmp_path / name).write_text(json.dumps(rows, indent=indent))
    parsed = parse(tmp_path / name, "text", "reference")
    assert [row.text for row in parsed.rows] == ["one", "zwei\nZeilen"] and len(parsed.problems) == 2
    if indent is not None:
        lines = (tmp_path / name).read_text().splitlines()
        assert all(lines[row.line - 1].strip() == "{" for row in parsed.rows if row.line)


def test_a_list_longer_than_its_window_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsf_core.prompts.json_rows._CHUNK", 7)
    rows = [{"text": f"prompt {n} " + "x" * n, "reference": 10**n} for n in range(40)]
    (tmp_path / "p.json").write_text(json.dumps(rows, indent=1))
    parsed = parse(tmp_path / "p.json", "text", "reference")
    assert [(row.text, row.reference) for row in parsed.rows] == [(row["text"], str(row["reference"])) for row in rows]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '[{"text": "a"}, {"text": }, {"text": "c"}]',
            "is not JSON: Expecting value; the rest of the file is left out",
        ),
        ('[{"text": "a"} {"text": "b"}]', "a comma is missing here; the rest of the file is left out"),
        ('[{"text": "a"}, {"text": "b"', "is not JSON"),
        ('[{"text": "a"}', "a comma is missing here"),
        ('[{"text": "a"}] and more', "stands behind the end of the list"),
        ('[{"text": "a"}, {"text": "b", "text": "c"}]', "names 'text' 2 times"),
    ],
)
def test_the_place_where_a_list_breaks_is_reported_and_earlier_rows_are_kept(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "p.json").write_text(content)
    parsed = parse(tmp_path / "p.json", "text")
    assert (
        [row.text for row in parsed.rows] == ["a"] and len(parsed.problems) == 1 and message in str(parsed.problems[0])
    )


@pytest.mark.parametrize("content", ['{\n "data": [\n {"text": "a"}]}', "17", "words", '"text"'])
def test_a_json_file_that_is_no_list_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(PromptFileError, match="save the list alone"):
        recognise(tmp_path / "p.json")


def test_parquet_keeps_numbers_and_leaves_nan_out(tmp_path: Path) -> None:
    rows = {"prompt": ["a", "b", "c"], "answer": [1e-07, float("nan"), 0.1], "n": [1, 2, None]}
    pq.write_table(pa.table(rows), tmp_path / "p.parquet")
    assert [(r.text, r.reference) for r in read(tmp_path / "p.parquet").rows] == [
        ("a", "1e-07"),
        ("b", None),
        ("c", "0.1"),
    ]
    assert [r.reference for r in parse(tmp_path / "p.parquet", "prompt", "n").rows] == ["1", "2", None]


def test_a_small_parquet_file_that_holds_a_great_deal_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsf_core.prompts.rows.MOST_CHARACTERS", 1_000_000)
    pq.write_table(pa.table({"prompt": ["x" * 50_000] * 2_000}), tmp_path / "p.parquet")
    assert (tmp_path / "p.parquet").stat().st_size < 100_000
    parsed = parse(tmp_path / "p.parquet", "prompt")
    assert len(parsed.rows) == 20 and "more than 1,000,000 characters; the rest is left out" in str(parsed.problems[0])


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PAR1", b"text\na\n", io.BytesIO().getvalue() + b"PAR1" + b"\0" * 40 + b"PAR1"):
        (tmp_path / "p.parquet").write_bytes(content)
        with pytest.raises(PromptFileError, match=r"p\.parquet cannot be read as Parquet"):
            recognise(tmp_path / "p.parquet")


def test_a_plain_prompt_keeps_its_line(tmp_path: Path) -> None:
    assert read(jsonl(tmp_path, {"text": "a"}, {"text": "b"})).rows == (PromptRow("a", line=1), PromptRow("b", line=2))


def test_columns_of_no_known_format_are_named_as_they_come(tmp_path: Path) -> None:
    assert recognise(jsonl(tmp_path, {"question": "Why?", "answer": "So."})).name == "columns question, answer"
    assert recognise(jsonl(tmp_path, {"question": "Why?"})).name == "column question"
    wide = {f"extra {number}": number for number in range(6)}
    assert recognise(jsonl(tmp_path, {"question": "Why?", **wide})).name == (
        "columns question, extra 0, extra 1, extra 2, extra 3, extra 4 and 1 more"
    )
