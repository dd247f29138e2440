"""Odd files as people have them are read as intended, or the oddity is reported by line and column."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import Parsed, parse, recognise
from rsf_core.prompts.formats import side


def read(path: Path, content: bytes | str) -> tuple[list[tuple[str, str | None]], list[str]]:
    """The texts with their references, read as the file is recognised, and the problems of its rows."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    parsed = as_recognised(path)
    return [(row.text, row.reference) for row in parsed.rows], [str(problem) for problem in parsed.problems]


def as_recognised(path: Path) -> Parsed:
    file_format = recognise(path)
    assert file_format.text is not None, file_format.problem
    return parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "prompt,answer\n", "the first line of a CSV names"),
        ("a.csv", 'prompt,answer\n"open,1\nsecond,2\n', "line 2: is not CSV: a quote is not closed; the rest"),
        ("a.csv", "# a comment\nprompt,answer\nHi,1\n", "line 2: has 2 fields where the header has 1"),
        ("a.csv", "My list,,\nprompt,answer\nHi,1\n", "line 2: has 2 fields where the header has 1"),
        ("a.csv", "prompt,answer\nHi,1\n".encode("utf-16")[:-1] + b"\xdc", "is not UTF-16"),
        ("a.jsonl", '{"prompt": "a"}{"prompt": "b"}\n', "line 1: is not JSON: Extra data"),
        ("a.jsonl", '{\n "prompt": "a"\n}\n', "line 1: is not JSON: Expecting property name"),
        ("a.json", '[\n// hi\n{"prompt": "a"}]', "line 2: is not JSON"),
        ("a.json", '["a", "b"]', "line 1: is not a JSON object"),
        ("a.json", "[]", "a JSONL row is an object"),
    ],
)
def test_a_file_without_a_readable_row_says_what_is_wrong_with_the_first(
    tmp_path: Path, name: str, content: bytes | str, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file_format = recognise(path)
    assert file_format.text is None and not file_format.columns
    assert file_format.problem is not None and message in file_format.problem


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,category\n1,a\n2,b\n"),
        ("a.csv", "reference\nyes\n"),
        ("a.jsonl", lines({"id": "1", "score": 2}, {"id": "2", "score": 3})),
        ("a.jsonl", lines({"rows": [{"x": 1}]}, {"rows": [{"x": 2}]})),
    ],
)
def test_no_column_is_taken_for_the_prompt_where_none_is_recognised(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    file_format = recognise(path)
    assert file_format.text is None and file_format.columns  # a person may choose one of them
    assert file_format.problem is not None and "no column that clearly contains prompts" in file_format.problem


@pytest.mark.parametrize(
    "content",
    [
        '{"data": [{"prompt": "a"}]}',
        '{"version": "1.1", "data": [{"prompt": "a"}]}',
        '{"train": [{"prompt": "a"}], "test": [{"prompt": "b"}]}',
        '{\n "data": [{"prompt": "a"}]}',
    ],
)
def test_a_list_within_an_object_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(PromptFileError, match="save the list alone"):
        recognise(tmp_path / "a.json")


def test_one_conversation_on_one_line_of_a_json_file_is_a_row(tmp_path: Path) -> None:
    content = '{"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes."}]}'
    assert read(tmp_path / "a.json", content) == ([("Hi?", "Yes.")], [])


@pytest.mark.parametrize("broken", [[], [{"from": "gpt", "value": "A"}], "x", [1], [{"from": "human"}]])
@pytest.mark.parametrize("at", range(3))
def test_a_broken_conversation_does_not_hide_the_others(tmp_path: Path, broken: Any, at: int) -> None:
    rows = [
        {"id": str(n), "conversations": [{"from": "human", "value": f"Q{n}"}, {"from": "gpt", "value": f"A{n}"}]}
        for n in range(3)
    ]
    rows.insert(at, {"id": "9", "conversations": broken})
    texts, problems = read(tmp_path / "a.jsonl", lines(*rows))
    assert [row for row in texts if row != ("x", None)] == [(f"Q{n}", f"A{n}") for n in range(3)]
    if broken != "x":  # plain text is a valid prompt
        assert len(problems) == 1 and problems[0].startswith(f"line {at + 1}, conversations: ")


@pytest.mark.parametrize(
    ("row", "reference"),
    [
        ({"prompt": "Q", "completion": "A", "label": True}, "A"),
        ({"prompt": "Q", "label": False, "answer": "A"}, "A"),
        ({"prompt": "Q", "answer": True}, "true"),
        ({"prompt": "Q", "answer": False}, "false"),
        ({"prompt": "Q", "answer": None, "target": "A"}, "A"),
        ({"prompt": "Q", "answer": 7}, "7"),
    ],
)
def test_a_truth_value_is_the_reference_where_nothing_else_can_be(
    tmp_path: Path, row: dict[str, Any], reference: str
) -> None:
    assert read(tmp_path / "a.jsonl", lines(row)) == ([("Q", reference)], [])


def test_other_values_in_a_reference_column_are_reported(tmp_path: Path) -> None:
    _, problems = read(
        tmp_path / "a.jsonl", lines({"prompt": "Q", "answer": ["a", "b"]}, {"prompt": "Q", "answer": {"a": 1}})
    )
    assert problems == ["line 1, answer: must be text, not list", "line 2, answer: must be text, not dict"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_prompt_that_is_no_number_is_not_called_a_whole_one(tmp_path: Path, value: str) -> None:
    _, problems = read(tmp_path / "a.jsonl", f'{{"prompt": "ok"}}\n{{"prompt": {value}}}\n')
    assert problems == [f"line 2, prompt: must be text, not {value}"]


@pytest.mark.parametrize(
    ("word", "of"),
    [
        ("train", Split.TRAIN),
        (" Train ", Split.TRAIN),
        ("training", Split.TRAIN),
        ("held_out", Split.HELD_OUT),
        ("Held-out", Split.HELD_OUT),
        ("test", Split.HELD_OUT),
        ("validation", Split.HELD_OUT),
        ("dev", Split.HELD_OUT),
        ("sealed", Split.SEALED),
        ("", None),
        ("fold 3", None),
        ("trainer", None),
    ],
)
def test_the_sides_of_a_split_are_known_by_the_words_of_data_sets(word: str, of: Split | None) -> None:
    assert side(word) is of


def test_a_split_is_read_whatever_its_case_and_where_some_cells_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prompt,split\na,Train\nb,\nc,test\nd,sealed\n", encoding="utf-8")
    assert [row.split for row in as_recognised(path).rows] == [Split.TRAIN, None, Split.HELD_OUT, Split.SEALED]


def test_an_invalid_split_is_ignored_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prompt,split\na,train\nb,banana\n", encoding="utf-8")
    file_format = recognise(path)
    assert (
        file_format.split is None
        and "the column split is not used, because it holds 'banana'" in file_format.describe()
    )
    (problem,) = parse(path, "prompt", split_column="split").problems
    assert (
        str(problem)
        == "line 3, split: is 'banana'; it must be train, held_out, sealed, or test, validation or dev for held_out"
    )


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_quotes_behind_a_space_are_quotes(tmp_path: Path, sign: str) -> None:
    content = f'prompt{sign} answer\na{sign} "b{sign} c"\n"d ""e"""{sign} "f\ng"\n'
    assert read(tmp_path / "a.csv", content)[0] == [("a", f"b{sign} c"), ('d "e"', "f\ng")]


def test_a_quote_within_a_text_behind_a_space_is_part_of_it(tmp_path: Path) -> None:
    content = 'prompt,answer\nSay it, "so" he said\nb,2\n'
    assert read(tmp_path / "a.csv", content)[0] == [("Say it", ' "so" he said'), ("b", "2")]


def test_spaces_behind_commas_are_kept_where_no_quote_follows(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "prompt,answer\n a, b\n")[0] == [(" a", " b")]


@pytest.mark.parametrize(
    ("content", "doubt"),
    [
        ("What is 2+2?,4\nWhat is 3+3?,6\n", "What is 2+2?"),
        ("Tell me a story.\nTell me another.\n", "Tell me a story."),
        ("你 好吗？\n再 见。\n", "你 好吗？"),
        ("prompt,answer\nHi,1\n", None),
        ("Frage,Antwort\nWas?,Das.\n", None),
        ("Which prompt,What answer\nHi,1\n", None),
        ("Write a poem about the sea\nTell me of red\n", "Write a poem about the sea"),
        ("Text of the prompt\nHi\n", "Text of the prompt"),
        ("The prompt text\nHi\n", None),
        ("Text of the prompt,Answer of the model\nHi,1\n", None),
        ("what?,no.\nHi,1\n", None),
    ],
)
def test_a_header_that_reads_like_a_row_is_reported_as_taken_for_names(
    tmp_path: Path, content: str, doubt: str | None
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    problems = parse(path, recognise(path).columns[0]).problems
    assert [(p.line, p.kept) for p in problems] == ([] if doubt is None else [(1, True)])
    assert doubt is None or f"({doubt!r})" in problems[0].message


def test_a_field_that_is_too_long_is_reported_and_the_next_row_is_read(tmp_path: Path) -> None:
    texts, problems = read(tmp_path / "a.csv", f"prompt,answer\n{'x' * 300_000},1\nok,2\n")
    assert texts == [("ok", "2")] and problems == ["line 2: has a field of more than 200,000 characters"]


def test_json_that_is_nested_too_deeply_is_reported_and_the_next_row_is_read(tmp_path: Path) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    texts, problems = read(tmp_path / "a.jsonl", f'{{"prompt": "a"}}\n{{"prompt": {deep}}}\n{{"prompt": "b"}}\n')
    assert [text for text, _ in texts] == ["a", "b"]
    assert problems == ["line 2: is not JSON that can be read: it is nested too deeply"]


@pytest.mark.parametrize("text", ["À côté du café, été", "Où êtes-vous né ?", "Größe", "año", "så där då"])
def test_a_short_western_file_is_read_in_its_encoding(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f'prompt\n"{text}"\n'.encode("cp1252"))
    assert [row.text for row in as_recognised(path).rows] == [text]


def parquet(path: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("value", "kind", "read_as"),
    [
        (0.1, pa.float32(), "0.1"),
        (-2.5, pa.float32(), "-2.5"),
        (3.0, pa.float32(), "3"),
        (0.1, pa.float64(), "0.1"),
        (datetime.date(2020, 1, 2), pa.date32(), "2020-01-02"),
        (datetime.datetime(2020, 1, 2), pa.timestamp("us"), "2020-01-02"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), pa.timestamp("ms"), "2020-01-02 03:04:05"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), pa.timestamp("us", "UTC"), "2020-01-02 03:04:05Z"),
        (1577934245123456789, pa.timestamp("ns"), "2020-01-02 03:04:05.123456789"),
        (datetime.time(3, 4, 5), pa.time64("us"), "03:04:05"),
        (123, pa.duration("ms"), "123"),
        ("x", pa.string(), "x"),
    ],
)
def test_a_value_of_parquet_is_read_as_it_is_written(
    tmp_path: Path, value: Any, kind: pa.DataType, read_as: str
) -> None:
    path = parquet(tmp_path / "a.parquet", prompt=pa.array(["Q", "R"]), answer=pa.array([value, None], kind))
    assert [(row.text, row.reference) for row in as_recognised(path).rows] == [("Q", read_as), ("R", None)]


@pytest.mark.parametrize(
    "far",
    [
        pa.array([2**30], pa.date32()),
        pa.array([2**52], pa.timestamp("ms")),
        pa.array([2**62], pa.duration("s")),
        pa.array([[2**52]], pa.list_(pa.timestamp("ms"))),
        pa.array([[{"at": 2**52}]], pa.list_(pa.struct([("at", pa.timestamp("ms"))]))),
    ],
)
def test_a_time_beyond_the_calendar_of_python_hides_no_prompt(tmp_path: Path, far: pa.Array) -> None:
    path = parquet(tmp_path / "a.parquet", prompt=pa.array(["Q"]), made=far)
    assert [row.text for row in as_recognised(path).rows] == ["Q"]


@pytest.mark.parametrize(
    ("values", "message"), [([b"a\xff"], "must be text, not bytes"), ([None], "is missing or empty")]
)
def test_a_column_that_is_called_prompt_says_by_row_what_it_holds_instead(
    tmp_path: Path, values: list[Any], message: str
) -> None:
    path = parquet(tmp_path / "a.parquet", prompt=pa.array(values))
    assert [str(problem) for problem in as_recognised(path).problems] == [f"line 1, prompt: {message}"]


@pytest.mark.parametrize(
    ("answers", "reference"),
    [({"sentiment": "Positive"}, "Positive"), ({"sentiment": "Positive", "topic": "food"}, None), ({}, None)],
)
def test_a_flat_export_of_label_studio_has_its_one_answer_as_the_reference(
    tmp_path: Path, answers: dict[str, str], reference: str | None
) -> None:
    about = {
        "annotator": 1,
        "annotation_id": 7,
        "created_at": "2024-01-02",
        "updated_at": "2024-01-02",
        "lead_time": 1.5,
    }
    row = {"id": 3, "text": "The soup was good.", **answers, **about}
    assert read(tmp_path / "a.json", json.dumps([row])) == ([("The soup was good.", reference)], [])
    assert "Label Studio" in recognise(tmp_path / "a.json").name
    table = ",".join(sorted(row)) + "\n" + ",".join(str(row[name]) for name in sorted(row)) + "\n"
    assert read(tmp_path / "a.csv", table) == ([("The soup was good.", reference)], [])


def test_text_behind_a_closing_quote_is_reported_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('prompt,answer\n"a "b" c",1\nd,2\n')
    parsed = parse(tmp_path / "a.csv", "prompt", "answer")
    assert [row.text for row in parsed.rows] == ["d"]
    assert str(parsed.problems[0]) == (
        "line 2: is not CSV: text follows the closing quote of 'prompt': put the whole text in quotes, and write each quote "
        "within it twice"
    )


BLANKS = [" ", "  ", "\t", " \t "]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("blanks", BLANKS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blanks_behind_a_closing_quote_are_no_part_of_the_text(
    tmp_path: Path, sign: str, blanks: str, end: str
) -> None:
    blanks = blanks.replace(sign, " ")
    rows = [
        f'"prompt"{blanks}{sign}answer',
        f'"a ""b"""{blanks}{sign}1',
        f'"c{sign} d "{blanks}{sign} 2',  # blanks within the quotes, and of an unquoted text, are of the text
        f'"e{end}{end}"" f"{blanks}{sign}"g{end}h"{blanks}',
        f"k{sign}l",
        f'""{blanks}{sign}""{blanks}',
        f'm{sign}"n"{blanks}',
    ]
    texts, problems = read(tmp_path / "a.csv", end.join([*rows, ""]))
    expected = [('a "b"', "1"), (f"c{sign} d ", " 2"), (f'e{end}{end}" f', f"g{end}h"), ("k", "l"), ("m", "n")]
    lines = [(text.replace("\r\n", "\n"), (reference or "").replace("\r\n", "\n")) for text, reference in texts]
    assert lines == [(text.replace("\r\n", "\n"), reference.replace("\r\n", "\n")) for text, reference in expected]
    assert problems == []


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_blanks_on_both_sides_of_a_delimiter_are_no_part_of_the_texts(tmp_path: Path, sign: str) -> None:
    content = f'"prompt" {sign} "answer"\n"a" {sign} "b{sign}c"\n"d" {sign} "e" \n'
    assert read(tmp_path / "a.csv", content) == ([("a", f"b{sign}c"), ("d", "e")], [])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('"a" b,1', "text follows the closing quote of 'prompt'"),
        ('"a" "b",1', "text follows the closing quote of 'prompt'"),
        ('"a" ,"1" x', "text follows the closing quote of 'answer'"),
        ('"a" ,1"', "a quote stands in the unquoted text of 'answer'"),  # read as it is where no blank needs a reading
        ('"She said "hi" , and left",1', "text follows the closing quote of 'prompt'"),
        ('"She said "hi, you" ,1', "text follows the closing quote of 'prompt'"),
        ('"a" ,2,"b" c', "text follows the closing quote of field 3"),
    ],
)
def test_a_row_with_a_stray_quote_is_refused_with_its_field_and_the_next_one_is_read(
    tmp_path: Path, row: str, fault: str
) -> None:
    texts, problems = read(tmp_path / "a.csv", f'prompt,answer\n"before" ,0\n{row}\n"after" ,2\n')
    assert texts == [("before", "0"), ("after", "2")]
    (problem,) = problems
    assert problem.startswith(f"line 3: is not CSV: {fault}: put the whole text in quotes, and write each quote")


def test_a_quote_opened_after_blanks_and_never_closed_is_reported(tmp_path: Path) -> None:
    texts, problems = read(tmp_path / "a.csv", 'prompt,answer\n"a" ,1\n"b" ,"open\nc,2\n')
    assert texts == [("a", "1")]
    assert problems == ["line 3: is not CSV: a quote is not closed; the rest of the file is left out"]


@pytest.mark.parametrize(("content", "message"), [("", "is empty"), ("prompt,answer\n", "has no row: the first line")])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_a_file_without_rows_is_distinguished_from_an_empty_one(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content if name == "a.csv" else content and ("[]" if name == "a.json" else " \n"))
    problem = recognise(tmp_path / name).problem
    assert problem is not None and problem.startswith(message)
