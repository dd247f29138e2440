"""Conversations as prompts: which turn is the prompt, which come before it, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.project.exporting import curated as exports
from rsf_core.prompts import parse, recognise
from tests.support.prompt_files import jsonl, read, texts

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
    """The turns of a conversation, alternately by the user and the assistant."""
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
def test_of_several_questions_the_last_is_the_prompt_after_all_earlier_turns(
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


def test_how_a_conversation_is_read_is_shown(tmp_path: Path) -> None:
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


def test_of_questions_without_answers_the_first_is_read_and_the_rest_is_reported_as_left_out(tmp_path: Path) -> None:
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
