"""The formats that datasets come in: recognised, mapped, and what is left out said by line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.project.exporting import curated as exports
from rsf_core.prompts import Parsed, PromptRow, columns, parse, recognise


def jsonl(folder: Path, *rows: Any, name: str = "p.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return folder / name


def read(path: Path) -> Parsed:
    """As the page reads it with what was recognised."""
    file_format = recognise(path)
    assert file_format.text is not None
    return parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)


def texts(parsed: Parsed) -> list[tuple[str, str | None, str | None]]:
    return [(row.text, row.reference, row.system) for row in parsed.rows]


# -- instructions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"instruction": "Translate.", "input": "Good night", "output": "Bonne nuit"}, "Alpaca"),
        ({"Instruction": "Translate.", "Input": "Good night", "Output": "Bonne nuit"}, "Alpaca"),
        (
            {"id": 7, "instruction": "Translate.", "input": "Good night", "output": "Bonne nuit", "text": "all"},
            "Alpaca",
        ),
        ({"instruction": "Translate.", "context": "Good night", "response": "Bonne nuit", "category": "x"}, "Dolly"),
    ],
)
def test_an_instruction_is_read_with_what_it_is_about(tmp_path: Path, row: dict[str, Any], name: str) -> None:
    path = jsonl(tmp_path, row)
    assert recognise(path).name.startswith(name)
    assert texts(read(path)) == [("Translate.\n\nGood night", "Bonne nuit", None)]
    assert [r.text for r in parse(path, columns(path)[0]).rows] == ["Translate.\n\nGood night"]


@pytest.mark.parametrize("empty", ["", "  ", None, "<noinput>"])
def test_an_instruction_about_nothing_stands_alone(tmp_path: Path, empty: str | None) -> None:
    assert texts(read(jsonl(tmp_path, {"instruction": "Sing.", "input": empty, "output": "La"}))) == [
        ("Sing.", "La", None)
    ]


def test_a_column_chosen_for_something_else_is_not_joined(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"instruction": "Sum.", "input": "1 2", "output": "3"})
    assert [r.text for r in parse(path, "instruction", "input").rows] == ["Sum."]
    assert [r.text for r in parse(path, "input").rows] == ["1 2"]


def test_a_question_is_read_with_its_context(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"id": "a1", "context": "Rain fell.", "question": "What fell?", "answer": "Rain"})
    assert texts(read(path)) == [("What fell?\n\nRain fell.", "Rain", None)]


# -- conversations -----------------------------------------------------------------------------------------------------

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "4"},
]
SHAREGPT = [{"from": "human", "value": "Name a fruit."}, {"from": "gpt", "value": "Apple"}]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"messages": CHAT}, ("What is 2+2?", "4", "Be brief.")),
        ({"id": "x1", "conversations": SHAREGPT}, ("Name a fruit.", "Apple", None)),
        ({"conversation": SHAREGPT, "system": "Be kind."}, ("Name a fruit.", "Apple", "Be kind.")),
        ({"prompt": CHAT[:2], "completion": CHAT[2:]}, ("What is 2+2?", "4", "Be brief.")),
        ({"prompt": CHAT[:2], "chosen": CHAT[2:], "rejected": CHAT[2:]}, ("What is 2+2?", None, "Be brief.")),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}, ("Hi", None, None)),
        ({"dialogue": SHAREGPT[:1], "topic": "fruit and more"}, ("Name a fruit.", None, None)),
    ],
)
def test_a_conversation_gives_its_question_system_and_answer(
    tmp_path: Path, row: dict[str, Any], expected: tuple[str, str | None, str | None]
) -> None:
    parsed = read(jsonl(tmp_path, row))
    assert texts(parsed) == [expected] and parsed.problems == ()


def talk(
    *conversation: str, names: tuple[str, str, str] = ("role", "user", "assistant"), content: str = "content"
) -> list[Any]:
    """Turns, by turns of the user and the assistant."""
    return [{names[0]: names[1 + at % 2], content: text} for at, text in enumerate(conversation)]


@pytest.mark.parametrize(
    ("turns", "text", "earlier", "reference"),
    [
        (talk("a", "b", "c"), "c", ("a", "b"), None),
        (talk("a", "b", "c", "d"), "c", ("a", "b"), "d"),
        (talk("a", "b", "c", "d", "e", "f"), "e", ("a", "b", "c", "d"), "f"),
        (talk("a", "b", "c", "d", names=("from", "human", "gpt"), content="value"), "c", ("a", "b"), "d"),
        (talk("a", "b", "c", ""), "c", ("a", "b"), None),
        ([{"role": "developer", "content": "Be brief."}, *talk("a", "b", "c")], "c", ("a", "b"), None),
    ],
)
def test_of_several_questions_the_last_is_the_prompt_after_all_that_was_said_before(
    tmp_path: Path, turns: list[Any], text: str, earlier: tuple[str, ...], reference: str | None
) -> None:
    for suffix in ("jsonl", "csv", "parquet"):
        path = tmp_path / f"p.{suffix}"
        if suffix == "jsonl":
            jsonl(tmp_path, {"messages": turns}, {"messages": CHAT})
        elif suffix == "csv":
            cells = (json.dumps(one).replace('"', '""') for one in (turns, CHAT))
            path.write_text("messages\n" + "".join(f'"{cell}"\n' for cell in cells))
        else:
            pq.write_table(pa.table({"messages": [turns, turns]}), path)
        parsed = parse(path, "messages", "messages")
        row = parsed.rows[0]
        assert (row.text, row.earlier, row.reference) == (text, earlier, reference) and parsed.problems == ()
        assert row.system == ("Be brief." if len(turns) % 2 == 0 and turns[0].get("role") == "developer" else None)


def test_what_a_conversation_is_read_as_is_said(tmp_path: Path) -> None:
    problem = "the last question is the prompt, with the turns before it"
    assert (
        recognise(jsonl(tmp_path, {"messages": talk("a", "b", "c")})).name
        == f"conversations (chat messages: {problem})"
    )
    answered = recognise(
        jsonl(tmp_path, {"conversations": talk("a", "b", names=("from", "human", "gpt"), content="value")})
    )
    assert answered.name == f"conversations (ShareGPT: {problem}; an answer behind it is the reference)"


@pytest.mark.parametrize("asks", ["", "<|im_start|>assistant\n"])
def test_a_text_in_chatml_is_a_conversation(tmp_path: Path, asks: str) -> None:
    turns = ["system\nBe brief.", "user\na\nb", "assistant\nc", "user\nd"]
    path = jsonl(tmp_path, {"text": "".join(f"<|im_start|>{turn}<|im_end|>\n" for turn in turns) + asks})
    assert recognise(path).name.startswith("conversations (ChatML: ")
    (row,) = read(path).rows
    assert (row.system, row.earlier, row.text) == ("Be brief.", ("a\nb", "c"), "d")
    plain = jsonl(
        tmp_path, {"text": "What does <|im_start|>user\nx<|im_end|> mean?"}, {"text": "<|im_start|>user\nx<|im_end|>y"}
    )
    assert [row.text for row in read(plain).rows] == [
        "What does <|im_start|>user\nx<|im_end|> mean?",
        "<|im_start|>user\nx<|im_end|>y",
    ]


def test_of_questions_without_answers_the_first_is_read_and_the_others_said_to_be_left_out(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"turns": ["a", "b"], "reference": ["1", "2"]}, {"turns": ["c"], "reference": ["3"]})
    parsed = parse(path, "turns", "reference")
    assert texts(parsed) == [("a", "1", None), ("c", "3", None)]
    assert [(p.line, p.kept) for p in parsed.problems] == [(1, True)]
    assert "the first question is read; 1 later question of the conversation is left out" in str(parsed.problems[0])
    single = parse(jsonl(tmp_path, {"turns": ["a", "b"], "reference": "of the last"}), "turns", "reference")
    assert texts(single) == [("a", None, None)] and "and the reference" in str(single.problems[0])


@pytest.mark.parametrize(
    ("reference", "column"),
    [
        ("last", "last"),
        (["1", "2"], "2"),
        (["1", "2", "3"], "1"),
        (talk("x", "y")[1:], "y"),
        (talk("a", "b", "c", "d"), "d"),
    ],
)
def test_a_reference_in_a_column_of_its_own_answers_the_last_question(
    tmp_path: Path, reference: Any, column: str
) -> None:
    path = jsonl(tmp_path, {"messages": talk("a", "b", "c"), "answer": reference})
    assert [(row.text, row.reference) for row in parse(path, "messages", "answer").rows] == [("c", column)]


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        (
            [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Go on"}],
            "does not begin with a question",
        ),
        ([{"role": "user", "content": "Hi"}, {"role": "tool", "content": "x"}], "turn 2 is spoken by 'tool'"),
        ([{"role": "user", "content": [{"type": "image", "url": "x"}]}], "turn 1 holds something else than text"),
        ([{"role": "user", "content": "x"}, {"content": "x"}], "turn 2 does not say who speaks"),
        ([{"role": "system", "content": "only"}], "does not begin with a question"),
        ([{"role": "user", "content": " "}], "is missing or empty"),
        (talk("a", "b", " "), "is missing or empty"),
        (talk("a", " ", "c"), "turn 2 is empty"),
        ([*talk("a"), *talk("b")], "turn 2 is of the user, as the one before"),
        ([*talk("a", "b"), *talk("x", "c")[1:]], "turn 3 is of the assistant, as the one before"),
        ([*talk("a", "b"), {"role": "system", "content": "x"}], "system turn that does not come first"),
        ([*talk(*"ab" * 101), *talk("c")], "at most 200 are kept"),
        (talk("a", "b" * 60_000, "c" * 60_000), "characters long"),
    ],
)
def test_a_conversation_that_is_no_prompt_is_left_out_by_line(tmp_path: Path, turns: list[Any], message: str) -> None:
    parsed = parse(jsonl(tmp_path, {"messages": CHAT}, {"messages": turns}), "messages")
    assert len(parsed.rows) == 1 and [p.line for p in parsed.problems] == [2]
    assert message in str(parsed.problems[0]) and not parsed.problems[0].kept


def test_half_a_character_in_an_earlier_turn_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({"messages": talk("a\ud800", "b", "c")}))
    (problem,) = read(tmp_path / "p.jsonl").problems
    assert "half a surrogate pair" in str(problem)


def test_two_system_prompts_that_differ_are_not_chosen_between(tmp_path: Path) -> None:
    parsed = read(jsonl(tmp_path, {"messages": CHAT, "system": "Be long."}))
    assert parsed.rows == () and "another system prompt" in str(parsed.problems[0])


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_an_export_of_this_product_is_read_back(tmp_path: Path, suffix: str) -> None:
    row = {"system": "Be kind.", "prompt": "What is 2+2?", "completion": "4", "weight": 1.0, "candidate_id": "1.1.0"}
    row |= {"decided_by": "rule", "acceptance_prob": 1.0, "prompt_token_ids": [1], "token_ids": [2]}
    samples = pa.Table.from_pylist([row, row | {"system": None, "prompt": "Name a fruit.", "completion": "Apple"}])
    path = tmp_path / f"set.{suffix}"
    path.write_bytes((exports.jsonl if suffix == "jsonl" else exports.parquet)(samples))
    assert "export of RSF Studio" in recognise(path).describe()
    assert texts(read(path)) == [("What is 2+2?", "4", "Be kind."), ("Name a fruit.", "Apple", None)]


# -- answers -----------------------------------------------------------------------------------------------------------


def test_of_a_worked_answer_what_stands_behind_the_hashes_is_the_reference(tmp_path: Path) -> None:
    rows = [
        {"question": f"How many {n}?", "answer": f"3*{n}=<<3>>\n#### {spelled}"}
        for n, spelled in enumerate(("36", "1,200 ", "-4.5"))
    ]
    path = jsonl(tmp_path, *rows)
    assert "GSM8K" in recognise(path).describe()
    parsed = read(path)
    assert [row.reference for row in parsed.rows] == [
        "36",
        "1,200",
        "-4.5",
    ] and "3 references are worked answers" in parsed.notes[0]


@pytest.mark.parametrize("text", ["#### Heading\nand text", "a\n#### 1\nb\n#### 2", "####", "C#### 5 is not a note"])
def test_hashes_that_mark_no_answer_stay(tmp_path: Path, text: str) -> None:
    assert [row.reference for row in parse(jsonl(tmp_path, {"text": "a", "answer": text}), "text", "answer").rows] == [
        text
    ]


# -- which column ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"id": 1, "prompt": "Say it."}, "prompt"),
        ({"prompt_id": "p-001", "category": "writing", "prompt": "Say it."}, "prompt"),
        ({"question_id": 1, "turns": ["a", "b"]}, "turns"),
        ({"uuid": "0a1b", "body": "Some words to be answered by somebody.", "stars": 4}, "body"),
        ({"n": 3, "user_prompt": "Say it.", "note": "a longer note about the prompt"}, "user_prompt"),
        ({"answer": "a long answer to it all", "Question": "Why?"}, "Question"),
        ({"label": "positive", "sentence": "It was a very good day."}, "sentence"),
        ({"number": "17", "Prompt Text": "Say it."}, "Prompt Text"),
        ({"problem": "1+1", "solution": "It is two, of course."}, "problem"),
    ],
)
def test_the_prompt_is_found_by_name_and_never_an_id_because_it_is_first(
    tmp_path: Path, row: dict[str, Any], text: str
) -> None:
    assert recognise(jsonl(tmp_path, row)).text == text and columns(jsonl(tmp_path, row))[0] == text


# -- files ---------------------------------------------------------------------------------------------------------------

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
def test_any_sign_between_columns_and_any_common_encoding_is_found_and_said(
    tmp_path: Path, sign: str, codec: str
) -> None:
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
def test_where_a_list_is_broken_is_said_and_what_came_before_is_kept(
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
