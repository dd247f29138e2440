"""A file of completions: one per row or a list, with log-probabilities and counts as stated in the file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rsf_core.prompts import Problem, recognise
from rsf_core.prompts import rows as limits
from rsf_core.prompts.completions import CompletionColumns, CompletionRow, parse, recognise_columns

PLAIN = CompletionColumns("prompt", "completion", log_q="log_q", token_count="token_count")


@dataclass(frozen=True)
class Read:
    rows: list[CompletionRow]
    problems: list[Problem]
    notes: tuple[str, ...]


def read(tmp_path: Path, *rows: Any, columns: CompletionColumns | None = PLAIN) -> Read:
    file = tmp_path / "made.jsonl"
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    chosen = columns or recognise_columns(recognise(file))
    assert chosen is not None
    kept: list[CompletionRow] = []
    return Read(kept, *parse(file, chosen, kept.extend))


def test_a_text_a_list_and_an_answer_of_the_assistant_are_completions(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        {"prompt": "a?", "completion": "one"},
        {"prompt": "a?", "completion": ["two", "three"]},
        {"prompt": "a?", "completion": [{"role": "assistant", "content": "four"}]},
        {"prompt": [{"role": "user", "content": "b?"}], "completion": "<|im_start|>assistant\nfive<|im_end|>"},
    )
    assert [(row.prompt.text, row.completion, row.line) for row in parsed.rows] == [
        ("a?", "one", 1), ("a?", "two", 2), ("a?", "three", 2), ("a?", "four", 3), ("b?", "five", 4),
    ]  # fmt: skip
    assert parsed.problems == []


def test_too_many_completions_are_cut_and_a_prompt_of_many_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"prompt": "a" * 40, "completion": [f"{number}" * 5, "xxxxx"]} for number in range(4)]
    monkeypatch.setattr(limits, "MOST_ROWS", 4)
    parsed = read(tmp_path, *rows)
    assert [row.line for row in parsed.rows] == [1, 1, 2, 2]
    assert [str(problem) for problem in parsed.problems] == [
        "line 3: the file has more than 4 rows or completions; the rest is left out"
    ]
    monkeypatch.setattr(limits, "MOST_ROWS", 1_000)
    for most, lines in ((70, [1, 1, 2, 2, 3, 3]), (69, [1, 1, 2, 2])):
        monkeypatch.setattr(limits, "MOST_CHARACTERS", most)
        parsed = read(tmp_path, *rows)
        assert [row.line for row in parsed.rows] == lines and "characters; the rest" in str(parsed.problems[-1])


def test_the_answer_of_a_conversation_is_its_completion(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Two?"},
    ]
    parsed = read(
        tmp_path,
        {"messages": [*turns, {"role": "assistant", "content": "No."}]},
        {"messages": turns},
        columns=CompletionColumns("messages", "messages"),
    )
    (row,) = parsed.rows
    assert (row.prompt.system, row.prompt.earlier, row.prompt.text, row.completion) == (
        "Be brief.", ("One?", "Yes."), "Two?", "No.",
    )  # fmt: skip
    assert [str(problem) for problem in parsed.problems] == [
        "line 2, messages: does not end with an answer of the assistant"
    ]


@pytest.mark.parametrize(
    ("given", "log_q", "count"),
    [
        ({}, None, None),
        ({"log_q": None, "token_count": ""}, None, None),
        ({"log_q": "NaN", "token_count": "nan"}, None, None),
        ({"log_q": -2.5, "token_count": 3}, -2.5, 3),
        ({"log_q": "-2.5", "token_count": "3"}, -2.5, 3),
        ({"log_q": [-1.0, -0.5, -0.25]}, -1.75, 3),
        ({"log_q": [-1.0, -0.5], "token_count": 2}, -1.5, 2),
        ({"log_q": "[-1, -0.5]"}, -1.5, 2),
        ({"log_q": 0.0}, 0.0, None),
        ({"log_q": 1e-7}, 0.0, None),
        ({"token_count": 0}, None, 0),
    ],
)
def test_what_is_stated_is_kept_and_token_log_probabilities_are_added_up(
    tmp_path: Path, given: dict[str, Any], log_q: float | None, count: int | None
) -> None:
    parsed = read(tmp_path, {"prompt": "a?", "completion": "one", **given})
    assert [(row.log_q, row.token_count) for row in parsed.rows] == [(log_q, count)] and not parsed.problems


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"log_q": 0.5}, "log_q: is 0.5: a log-probability"),
        ({"log_q": [-1.0, "NaN"]}, "log_q: has something else"),
        ({"log_q": "-inf"}, "log_q: is -inf: a finite"),
        ({"log_q": "high"}, "log_q: must be a number, not 'high'"),
        ({"log_q": True}, "log_q: must be a number, not bool"),
        ({"log_q": {"sum": -1}}, "log_q: must be a number, not dict"),
        ({"log_q": []}, "log_q: has no log-probability"),
        ({"log_q": [-1.0, None]}, "log_q: has something else"),
        ({"log_q": [-1.0, 2.0]}, "log_q: is 2: a log-probability"),
        ({"log_q": [-1.0], "token_count": 2}, "log_q: has 1 log-probability for 2 tokens"),
        ({"log_q": [-1.0, -2.0], "token_count": 1}, "log_q: has 2 log-probabilities for 1 token"),
        ({"completion": ["b"], "log_q": [-1.0, -1.0]}, "log_q: has 2 values for 1 completion"),
        ({"token_count": -1}, "token_count: is -1: a count"),
        ({"token_count": 2.5}, "token_count: is 2.5: a count"),
        ({"token_count": [1, 2]}, "token_count: has 2 values for one completion"),
        ({"completion": ["b", "c"], "log_q": -1.0}, "log_q: has one value for 2 completions"),
        ({"completion": ["b", "c"], "log_q": [-1.0]}, "log_q: has 1 value for 2 completions"),
        ({"completion": []}, "completion: holds no completion"),
        ({"completion": ["b", " "]}, "completion: is missing or empty"),
        ({"completion": None}, "completion: is missing or empty"),
        ({"completion": 4}, "completion: must be text, not int"),
        ({"completion": "x" * 100_001}, "completion: is 100,001 characters long"),
        ({"completion": "\ud800"}, "completion: holds half a surrogate pair"),
    ],
)
def test_a_wrong_row_is_reported_with_its_column_and_left_out(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    parsed = read(tmp_path, {"prompt": "a?", "completion": "one", **given}, {"prompt": "b?", "completion": "two"})
    assert [row.completion for row in parsed.rows] == ["two"]
    assert len(parsed.problems) == 1 and str(parsed.problems[0]).startswith(f"line 1, {message}")


def test_several_completions_have_one_log_probability_each_or_the_lists_of_their_tokens(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        {"prompt": "a?", "completion": ["b", "c"], "log_q": [-1.0, None], "token_count": [2, 3]},
        {"prompt": "a?", "completion": ["d", "e"], "log_q": [[-1.0, -2.0], [-0.5]]},
    )
    assert [(row.log_q, row.token_count) for row in parsed.rows] == [(-1.0, 2), (None, 3), (-3.0, 2), (-0.5, 1)]


def test_the_columns_are_recognised_by_their_names(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        {
            "instruction": "Say it.",
            "input": "Rex",
            "output": "It.",
            "model": "gpt",
            "cumulative_logprob": -3,
            "num_tokens": 2,
        },
        columns=None,
    )
    (row,) = parsed.rows
    assert (row.prompt.text, row.completion, row.source, row.log_q, row.token_count) == (
        "Say it.\n\nRex", "It.", "gpt", -3.0, 2,
    )  # fmt: skip


def test_a_broken_line_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    parsed = read(tmp_path, "{", {"prompt": "a?", "completion": "one"})
    assert len(parsed.rows) == 1 and str(parsed.problems[0]).startswith("line 1: is not JSON")
