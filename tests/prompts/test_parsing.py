"""A user's prompt file: every broken row is reported by its true line, and every good row is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import Parsed, PromptRow, columns, parse, recognise
from rsf_core.prompts import rows as limits


def read(folder: Path, name: str, content: bytes | str) -> Parsed:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return parse(path, "text", "reference", "system", "split")


def problems(parsed: Parsed) -> list[tuple[int | None, str | None]]:
    return [(problem.line, problem.field) for problem in parsed.problems]


# -- JSONL -----------------------------------------------------------------------------------------------------------


def test_a_whole_jsonl_row_is_read(tmp_path: Path) -> None:
    row = {"text": "Hi?", "reference": "42", "system": "Be kind.", "split": "held_out", "other": [1]}
    assert read(tmp_path, "p.jsonl", json.dumps(row)).rows == (PromptRow("Hi?", "42", "Be kind.", Split.HELD_OUT, 1),)


@pytest.mark.parametrize(
    ("broken", "field", "message"),
    [
        (b'{"text": "no end', None, "is not JSON"),
        (b"plain words", None, "is not JSON"),
        (b'{"text": "two"} {"text": "values"}', None, "is not JSON"),
        (b'{"text": "bad \xff byte"}', None, r"is not UTF-8 \(byte 15\)"),
        (b"[" * 100_000, None, "is not JSON"),
        (b'{"text": "x", "text": "y"}', None, "names 'text' 2 times"),
        (b'["text"]', None, "is not a JSON object"),
        (b"3", None, "is not a JSON object"),
        (b"null", None, "is not a JSON object"),
        (b"{}", "text", "missing or empty"),
        (b'{"text": ""}', "text", "missing or empty"),
        (b'{"text": " \\n "}', "text", "missing or empty"),
        (b'{"text": null}', "text", "missing or empty"),
        (b'{"text": 7}', "text", "must be text, not int"),
        (b'{"text": ["x"]}', "text", "must be text, not list"),
        (b'{"text": "half \\ud83d of a pair"}', "text", "half"),
        (b'{"text": "x", "system": "\\udc00"}', "system", "half"),
        (b'{"text": "x", "system": {"role": "system"}}', "system", "must be text, not dict"),
        (b'{"text": "x", "reference": {"a": 1}}', "reference", "must be text, not dict"),
        (b'{"text": "x", "split": "fold 3"}', "split", "is 'fold 3'; it must be train, held_out, sealed"),
        (b'{"text": "' + b"x" * 100_001 + b'"}', "text", "100,001 characters long; at most 100,000"),
    ],
)
def test_a_broken_jsonl_row_is_named_by_line_and_the_others_are_kept(
    tmp_path: Path, broken: bytes, field: str | None, message: str
) -> None:
    parsed = read(tmp_path, "p.jsonl", b'{"text": "one"}\n\n' + broken + b'\n{"text": "four"}\n')
    assert [(row.text, row.line) for row in parsed.rows] == [("one", 1), ("four", 4)]
    assert problems(parsed) == [(3, field)]
    assert re.search(message, str(parsed.problems[0]))


@pytest.mark.parametrize("spelled", ["44", "-1.5", "0.10", "1e-07", "1E5", "12345678901234567890123", "9" * 5000])
def test_a_number_is_welcome_as_reference_and_keeps_its_spelling(tmp_path: Path, spelled: str) -> None:
    row = '{"text": "a", "reference": ' + spelled + "}"
    assert [row.reference for row in read(tmp_path, "p.jsonl", row).rows] == [spelled]
    assert [row.reference for row in read(tmp_path, "p.json", f"[{row}]").rows] == [spelled]


@pytest.mark.parametrize("nothing", ["NaN", "Infinity", "-Infinity", "null", '""', '"  "', '"nan"', '"None"', '"-inf"'])
def test_placeholders_for_missing_values_are_not_references(tmp_path: Path, nothing: str) -> None:
    assert [row.reference for row in read(tmp_path, "p.jsonl", '{"text": "a", "reference": ' + nothing + "}").rows] == [
        None
    ]


@pytest.mark.parametrize("answer", ["none", "NA", "infinite", "nano", "0", "no"])
def test_what_may_be_an_answer_stays_one(tmp_path: Path, answer: str) -> None:
    assert [row.reference for row in read(tmp_path, "p.csv", f"text,reference\na,{answer}\n").rows] == [answer]


def test_a_byte_order_mark_and_windows_line_ends_are_understood(tmp_path: Path) -> None:
    assert [r.text for r in read(tmp_path, "p.jsonl", b'\xef\xbb\xbf{"text": "a"}\r\n{"text": "b"}').rows] == ["a", "b"]
    assert [r.text for r in read(tmp_path, "p.csv", b"\xef\xbb\xbftext\r\na\r\nb\r\n").rows] == ["a", "b"]


# -- CSV -------------------------------------------------------------------------------------------------------------


def test_a_csv_header_that_names_a_column_twice_is_refused_by_name(tmp_path: Path) -> None:
    for read_it in (columns, recognise, lambda path: parse(path, "text")):
        path = tmp_path / "p.csv"
        path.write_text("text,reference,text\na,b,c\n")
        with pytest.raises(PromptFileError, match=r"p\.csv, line 1: the header names the column 'text' 2 times"):
            read_it(path)


def test_lines_of_a_csv_file_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    text = 'text,reference\n"two\nlines",1\n"quote "" and, comma",2\n\nlonely\n"three\n\nlines",3\n,4\nlast,5\n'
    parsed = read(tmp_path, "p.csv", text)
    assert [(row.text, row.reference, row.line) for row in parsed.rows] == [
        ("two\nlines", "1", 2),
        ('quote " and, comma', "2", 4),
        ("three\n\nlines", "3", 7),
        ("last", "5", 11),
    ]
    assert problems(parsed) == [(6, None), (10, "text")]
    assert str(parsed.problems[0]) == "line 6: has 1 field where the header has 2"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (b"a,b,c", "has 3 fields where the header has 2"),
        (b"bad \xff byte,train", "is not UTF-8"),
        (b'"quoted" and more,train', "is not CSV"),
        (b"x,nowhere", "is 'nowhere'; it must be train, held_out, sealed"),
        (b"  ,train", "is missing or empty"),
        (b"x" * 100_001 + b",train", "characters long"),
    ],
)
def test_a_broken_csv_row_is_named_by_line_and_the_others_are_kept(tmp_path: Path, broken: bytes, message: str) -> None:
    parsed = read(tmp_path, "p.csv", b"text,split\none,train\n" + broken + b"\nfour,held_out\n")
    assert [(row.text, row.split, row.line) for row in parsed.rows] == [
        ("one", Split.TRAIN, 2),
        ("four", Split.HELD_OUT, 4),
    ]
    assert len(parsed.problems) == 1 and parsed.problems[0].line == 3
    assert message in str(parsed.problems[0])


def test_a_quote_that_is_never_closed_is_named_where_it_begins(tmp_path: Path) -> None:
    parsed = read(tmp_path, "p.csv", 'text\ngood\n"never closed\nand\non\n')
    assert [row.text for row in parsed.rows] == ["good"] and problems(parsed) == [(3, None)]


def test_a_field_beyond_all_measure_does_not_hide_the_rows_before_it(tmp_path: Path) -> None:
    parsed = read(tmp_path, "p.csv", "text\ngood\n" + "x" * 300_000 + "\n")
    assert [row.text for row in parsed.rows] == ["good"] and parsed.problems[0].line == 3


def test_what_follows_a_quote_left_open_for_too_long_is_never_taken_for_rows(tmp_path: Path) -> None:
    parsed = read(tmp_path, "p.csv", 'text\ngood\n"' + "inside\n" * 50_000 + "tail\n")
    assert [row.text for row in parsed.rows] == ["good"]
    assert [str(problem) for problem in parsed.problems] == [
        "line 3: is not CSV: a quote is not closed; the rest of the file is left out"
    ]


@pytest.mark.parametrize("header", [b"te\xffxt", b'"text" or so'])
def test_no_row_is_taken_for_a_header_that_cannot_be_read(tmp_path: Path, header: bytes) -> None:
    parsed = read(tmp_path, "p.csv", b"\n" + header + b"\nfirst\nsecond\n")
    assert parsed.rows == () and problems(parsed) == [(2, None)]
    assert str(parsed.problems[0]).endswith("; without its header the file is left out")
    assert columns(tmp_path / "p.csv") == []


# -- the file as a whole ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["p.jsonl", "p.csv", "P.JSONL"])
def test_an_empty_file_has_no_rows_and_no_problems(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, name, b"") == Parsed((), ())


def test_a_file_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match=r"p\.docx: prompts are read from \.jsonl, \.json, \.csv"):
        read(tmp_path, "p.docx", b"")
    with pytest.raises(PromptFileError, match=r"gone\.csv cannot be read: No such file"):
        parse(tmp_path / "gone.csv", "text")


def test_too_many_rows_are_cut_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ROWS", 2)
    parsed = read(tmp_path, "p.csv", "text\na\nb\nc\nd\n")
    assert [row.text for row in parsed.rows] == ["a", "b"]
    assert str(parsed.problems[0]) == "line 4: the file has more than 2 rows; the rest is left out"


def test_broken_rows_count_towards_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ROWS", 2)
    assert problems(read(tmp_path, "p.jsonl", "x\n" * 9)) == [(1, None), (2, None), (3, None)]


@pytest.mark.parametrize(
    ("name", "good", "after"),
    [("p.jsonl", '{"text": "a"}\n', '{"text": "b"}'), ("p.csv", "text\na\n", "b\n"), ("q.csv", "text\r\na\r\n", "b")],
)
def test_a_line_too_long_to_hold_is_named_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, good: str, after: str
) -> None:
    monkeypatch.setattr(limits, "LONGEST_LINE", 20)
    parsed = read(tmp_path, name, good + "x" * 1000 + "\n" + after)
    line = good.count("\n") + 1
    assert [(row.text, row.line) for row in parsed.rows] == [("a", line - 1), ("b", line + 1)]
    assert problems(parsed) == [(line, None)] and "longer than 20" in str(parsed.problems[0])


def test_columns_are_those_of_the_good_rows(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"b": 1, "a": "x"}\nbroken\n{"c": null, "a": "y"}\n')
    assert columns(path) == ["a", "b", "c"]  # possible prompts first, the others in their order


def test_a_column_that_is_not_there_is_named_in_every_row(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("question\nWhy?\n")
    parsed = parse(tmp_path / "p.csv", "prompt")
    assert problems(parsed) == [(2, "prompt")]


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3), max_size=8))
def test_jsonl_of_any_objects_never_raises_and_loses_no_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    parsed = parse(path, "text")
    assert len(parsed.rows) + len(parsed.problems) == len(rows)


@given(st.binary(max_size=60), st.sampled_from([".jsonl", ".csv"]))
def test_any_bytes_give_rows_or_problems_each_on_a_line_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(b"text\n" + content)
    parsed = parse(path, "text")
    lines = [row.line for row in parsed.rows] + [problem.line for problem in parsed.problems]
    assert len(set(lines)) == len(lines)
    for row in parsed.rows:
        row.text.encode()  # it can be stored
