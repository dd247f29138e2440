"""The formats that data sets come in: which columns are the prompt, its reference and its system prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsf_core.prompts import columns, parse, recognise
from tests.support.prompt_files import jsonl, read, texts


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
def test_an_instruction_without_an_input_is_the_whole_prompt(tmp_path: Path, empty: str | None) -> None:
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


def test_of_a_worked_answer_the_part_after_the_hashes_is_the_reference(tmp_path: Path) -> None:
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
