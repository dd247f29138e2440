"""Further public formats: turns marked in one text, choices, requests, lists in Python's notation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rsf_core.prompts import completions, parse, recognise
from rsf_core.prompts.conversations import written
from rsf_core.prompts.marked_texts import turns
from tests.support.growth import is_linear

TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]
MARKED = {
    "chatml": "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyo<|im_end|>\n",
    "zephyr": "<|user|>\nhi</s>\n<|assistant|>\nyo</s>",
    "phi": "<|user|>\nhi<|end|>\n<|assistant|>\nyo<|end|>\n<|endoftext|>",
    "gemma": "<bos><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\nyo<end_of_turn>\n",
    "llama 3": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nyo<|eot_id|>",
    "llama 2": "<s>[INST] hi [/INST] yo </s>",
    "hh": "\n\nHuman: hi\n\nAssistant: yo",
    "alpaca": "Below is an instruction.\n\n### Instruction:\nhi\n\n### Response:\nyo",
}


def read(path: Path, *rows: dict[str, Any]) -> tuple[list[tuple[str, str | None, str | None]], list[str]]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    file_format = recognise(path)
    assert file_format.text is not None, file_format.problem
    parsed = parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)
    return [(row.text, row.reference, row.system) for row in parsed.rows], [str(problem) for problem in parsed.problems]


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED)
def test_turns_that_a_text_marks_are_a_conversation(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "a.jsonl", {"text": text}) == ([("hi", "yo", None)], [])


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("<|system|>\nBe kind.</s>\n<|user|>\nhi</s>\n<|assistant|>\n", ("hi", None, "Be kind.")),
        ("[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nhi [/INST]", ("hi", None, "Be kind.")),
        ("\n\nHuman: hi\n\nAssistant:", ("hi", None, None)),
        ("\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d", ("c", "d", None)),
        ("### Instruction:\nAdd\n\n### Input:\n2, 3\n\n### Response:\n5", ("Add\n\n2, 3", "5", None)),
    ],
)
def test_system_text_earlier_turns_and_a_missing_answer_are_read(
    tmp_path: Path, text: str, columns: tuple[str, str | None, str | None]
) -> None:
    assert read(tmp_path / "a.jsonl", {"text": text})[0] == [columns]


@pytest.mark.parametrize(
    "text",
    ["Human: hi", "\n\nHuman: hi", "### Instruction:\nhi\n\n### Response:\n", "### Notes\nhi", "<|x|> hi", "[INST] hi",
     "<s>hi", "What does <|user|> mean?", "A: b\n\nH: c", "\n\nHuman: a\n\nHuman: b",
     "Read:\n\n### Instruction:\nhi\n\n### Response:\nyo"],
)  # fmt: skip
def test_a_text_that_only_looks_so_stays_as_it_is(tmp_path: Path, text: str) -> None:
    assert turns(text) is None
    assert read(tmp_path / "a.jsonl", {"text": text})[0] == [(text, None, None)]


@pytest.mark.parametrize(
    "unit",
    ["\n\nHuman: a\n\nAssistant: b", "<|user|>", "[INST]a[/INST]", "### Instruction:\n", "</s>", "\n",
     "<|im_start|>a\n", "<|im_end|>\n", "}\n", "} "],
)  # fmt: skip
def test_a_long_marked_text_costs_no_more_than_its_length(unit: str) -> None:
    import time

    def seconds(size: int) -> float:
        text = MARKED["zephyr"] + unit * (size // len(unit))
        start = time.process_time()
        for opening in ("", "\n\nHuman: a", "[INST]", "### Instruction:\na\n", "<|im_start|>a\n"):
            turns(opening + text)
        written("[}" + text)
        return time.process_time() - start

    assert is_linear(seconds, 10_000)


@pytest.mark.parametrize(
    ("choices", "answer", "reference"),
    [
        (["x", "y"], 1, "B"),
        (["x", "y"], 0, "A"),
        (["x", "y"], "B", "B"),
        (["x", "y"], "y", "y"),
        (["x", "y"], 7, "7"),
        ({"text": ["x", "y"], "label": ["A", "B"]}, "A", "A"),
        ({"A": "x", "B": "y"}, "B", "B"),
    ],
)
def test_choices_belong_to_the_prompt_and_a_number_names_one(
    tmp_path: Path, choices: Any, answer: Any, reference: str
) -> None:
    row = {"question": "Which?", "choices": choices, "answer": answer}
    assert read(tmp_path / "a.jsonl", row) == ([("Which?\n\nA. x\nB. y", reference, None)], [])


@pytest.mark.parametrize("choices", [None, [], ""])
def test_a_question_without_choices_is_one_all_the_same(tmp_path: Path, choices: Any) -> None:
    rows, problems = read(tmp_path / "a.jsonl", {"question": "Which?", "choices": choices, "answer": 7})
    assert (rows, problems) == ([("Which?", "7", None)], [])


@pytest.mark.parametrize(
    "options", [["only"], [True, False], [1, 2], {"opt1": "a", "opt2": "b"}, {"temperature": 0.5}, 5, "fast", "[1, 2]"]
)
@pytest.mark.parametrize("name", ["question", "query"])
def test_values_that_are_not_choices_are_ignored_and_reported(tmp_path: Path, options: Any, name: str) -> None:
    assert read(tmp_path / "a.jsonl", {name: "Which?", "options": options}) == ([("Which?", None, None)], [])
    assert parse(tmp_path / "a.jsonl", name).notes == (
        "1 rows hold nothing to choose from in the column options: it is left out",
    )
    assert "together" not in recognise(tmp_path / "a.jsonl").name


@pytest.mark.parametrize(
    "options",
    [
        *([{"label": "A", "text": "x"}, {"label": "B", "text": "y"}], "['x', 'y']", '["x", "y"]'),
        *("{'text': ['x', 'y'], 'label': ['A', 'B']}", "A. x\nB. y"),
    ],
)
def test_choices_by_their_labels_or_written_as_a_text_are_choices(tmp_path: Path, options: Any) -> None:
    assert read(tmp_path / "a.jsonl", {"question": "Which?", "options": options})[0] == [
        ("Which?\n\nA. x\nB. y", None, None)
    ]


XY, NUMBERS = ["x", "y", "z"], ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("rows", "references"),
    [
        ([(NUMBERS, 2)], ["B"]),
        ([(NUMBERS, 4), (NUMBERS, 1)], ["D", "A"]),
        ([(["2.5", "3"], 2.5)], ["A"]),
        ([({"text": ["x", "y"], "label": ["1", "2"]}, 1)], ["1"]),
        ([({"text": ["2", "1"], "label": ["1", "2"]}, 2)], ["2"]),
        ([(XY, 0), (XY, 2)], ["A", "C"]),
        ([(XY, 1), (XY, 3)], ["A", "C"]),
        ([(XY, 0), (XY, 3)], ["0", "3"]),
        ([(["0", "4", "2", "6"], 1)], ["B"]),
        ([(NUMBERS, 2), (XY, 0), (XY, 1)], ["C", "A", "B"]),  # numbered as in all the other rows
    ],
)
def test_a_number_is_a_label_a_text_or_a_place_as_the_file_counts(
    tmp_path: Path, rows: list[tuple[Any, Any]], references: list[str]
) -> None:
    parsed = read(tmp_path / "a.jsonl", *({"question": "Q?", "options": one, "answer": two} for one, two in rows))
    assert ([reference for _, reference, _ in parsed[0]], parsed[1]) == (references, [])


@pytest.mark.parametrize(
    "row",
    [
        *(
            {"question": "Q?", "answers": ["x", "y"]},
            {"text": "Q?", "labels": [0, 1]},
            {"text": "Q?", "labels": ["a", "b"]},
        ),
        *({"prompt": "Q?", "responses": ["a", "b"]}, {"prompt": "Q?", "outputs": [0.1, 0.2]}),
        *({"question": "Q?", "answers": {"value": "x", "aliases": ["y"]}}, {"prompt": "Q?", "targets": {"text": []}}),
        {"messages": [{"role": "user", "content": "Q?"}], "labels": ["x", "y"]},
    ],
)
def test_a_column_of_several_answers_is_no_reference(tmp_path: Path, row: dict[str, Any]) -> None:
    assert read(tmp_path / "a.jsonl", row) == ([("Q?", None, None)], [])
    assert read(tmp_path / "b.jsonl", {**row, "label": "z"})[0] == [("Q?", "z", None)]


def test_mostly_single_answers_are_the_reference_and_the_others_are_reported(tmp_path: Path) -> None:
    answers = [{"text": ["a", "b"]}, {"text": [], "answer_start": []}, ["c"], "d", ["e", "f"]]
    rows, problems = read(tmp_path / "a.jsonl", *({"question": "Q?", "answers": one} for one in answers))
    assert ([reference for _, reference, _ in rows], problems) == (["a", None, "c", "d", None], [])
    notes = parse(tmp_path / "a.jsonl", "question", "answers").notes
    assert notes == ("1 references are several values or none that is text: read as no reference",)


def test_several_answers_that_a_person_chose_as_the_reference_are_refused(tmp_path: Path) -> None:
    read(tmp_path / "a.jsonl", {"question": "Q?", "answers": ["x", "y"]})
    (problem,) = parse(tmp_path / "a.jsonl", "question", "answers").problems
    assert "must be text, not list" in problem.message


@pytest.mark.parametrize("name", ["answers", "labels", "responses"])
def test_the_only_texts_of_a_file_are_its_prompts_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / "a.jsonl", {"n": 1, name: "What is it?"})[0] == [("What is it?", None, None)]


@pytest.mark.parametrize(
    ("answers", "reference"),
    [(["4"], "4"), ([], None), ({}, None), ({"text": ["4", "four"], "answer_start": [1, 2]}, "4")],
)
def test_a_list_of_one_answer_is_the_answer(tmp_path: Path, answers: Any, reference: str | None) -> None:
    assert read(tmp_path / "a.jsonl", {"prompt": "What?", "answers": answers})[0] == [("What?", reference, None)]


@pytest.mark.parametrize("name", ["body", "request", "input", "row"])
def test_messages_inside_a_request_are_the_conversation(tmp_path: Path, name: str) -> None:
    row = {"custom_id": "r 1", "method": "POST", name: {"model": "x", "messages": TURNS}}
    assert read(tmp_path / "a.jsonl", row) == ([("hi", "yo", None)], [])


@pytest.mark.parametrize(
    ("graded", "reference"),
    [
        ({"style": "rule", "ground_truth": "72"}, "72"),
        ({"style": "rule", "ground_truth": 72}, "72"),
        ({"ground_truth": ["72"]}, "72"),
        ({"ground_truth": None}, None),
        ({"style": "model"}, None),
        ("rule", None),
        (None, None),
    ],
)
def test_the_ground_truth_of_verl_is_the_reference(tmp_path: Path, graded: Any, reference: str | None) -> None:
    row = {
        "data_source": "gsm8k",
        "prompt": [{"role": "user", "content": "hi"}],
        "ability": "math",
        "reward_model": graded,
    }
    assert read(tmp_path / "a.jsonl", row) == ([("hi", reference, None)], [])
    assert read(tmp_path / "b.jsonl", row | {"answer": "73"}) == ([("hi", "73", None)], [])


def test_parts_of_gemini_are_the_text_of_a_turn(tmp_path: Path) -> None:
    row = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}, {"role": "model", "parts": [{"text": "yo"}]}]}
    assert read(tmp_path / "a.jsonl", row) == ([("hi", "yo", None)], [])


@pytest.mark.parametrize(
    "written", [str(TURNS), json.dumps(TURNS), str(TURNS).replace("}, {", "}\n {"), str(TURNS).replace(", {", ",{")]
)
def test_a_list_of_turns_in_a_spreadsheet_is_read_as_python_writes_it_too(tmp_path: Path, written: str) -> None:
    quoted = written.replace('"', '""')
    (tmp_path / "a.csv").write_text(f'messages,n\n"{quoted}",1\n')
    parsed = parse(tmp_path / "a.csv", "messages", "messages")
    assert [row.text for row in parsed.rows] == ["hi"], parsed.problems


def test_a_list_of_turns_that_is_broken_is_no_prompt(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("messages,n\n\"[{'role': 'user', 'content': open(1)}]\",1\n")
    parsed = parse(tmp_path / "a.csv", "messages")
    assert not parsed.rows and "looks like a list of turns" in parsed.problems[0].message


def test_a_prompt_about_an_image_is_refused_and_one_about_the_tag_is_not(tmp_path: Path) -> None:
    about = {"conversations": [{"from": "human", "value": "<image>\nWhat is it?"}], "image": "a.png"}
    rows, problems = read(tmp_path / "a.jsonl", about, {**about, "image": None})
    assert [text for text, *_ in rows] == ["<image>\nWhat is it?"]
    assert "prompts are text alone" in problems[0]


@pytest.mark.parametrize(
    "name", ["model_input", "model prompt", "role question", "status update", "payment method", "level"]
)
def test_a_word_of_requests_in_a_longer_name_or_alone_does_not_hide_prompts(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / "a.jsonl", {name: "What is it?"})[0] == [("What is it?", None, None)]


@pytest.mark.parametrize("name", ["method", "model", "status", "level", "role"])
def test_what_a_request_says_of_itself_is_no_prompt_beside_one(tmp_path: Path, name: str) -> None:
    row = {name: "a very long model of a request, longer than all", "what": "Is it so?"}
    assert read(tmp_path / "a.jsonl", row)[0] == [("Is it so?", None, None)]


@pytest.mark.parametrize(
    "text",
    [
        "### Instruction\nClassify the text.\n\n### Input\nfoo\n\n### Output\nReturn JSON with a key.",
        "### Instruction:\nhi\n\n### Response:\nyo",
        "[INST] and [/INST] are marks of which model?",
        "<|user|> is a token of which model?",
        "<|user|> and <|assistant|> are tokens of which model?",
        "[{'role':'user'} what is this",
        "[{'role': 'user', 'content': open(1)}]",
        "[{'a': 1}]",
    ],
)
@pytest.mark.parametrize("answered", [True, False])
def test_a_prompt_that_mentions_marks_stays_whole(tmp_path: Path, text: str, answered: bool) -> None:
    rows = [{"prompt": one} | ({"answer": "x"} if answered else {}) for one in ("A b?", text, "What is it?")]
    rows_read, problems = read(tmp_path / "a.jsonl", *rows)
    assert (rows_read, problems) == ([(row["prompt"], row.get("answer"), None) for row in rows], [])
    if answered:
        assert read(tmp_path / "b.jsonl", rows[1]) == ([(text, "x", None)], [])
        assert "conversations" not in recognise(tmp_path / "b.jsonl").name


def test_an_output_is_not_the_answer_of_marked_turns(tmp_path: Path) -> None:
    text = "### Instruction\nClassify.\n\n### Output\nReturn JSON."
    assert read(tmp_path / "a.jsonl", {"prompt": text})[0] == [(text, None, None)]


@pytest.mark.parametrize("name", MARKED)
def test_marked_answers_that_another_column_would_replace_are_not_lost(tmp_path: Path, name: str) -> None:
    kept = [(MARKED[name], "x", None)] if name != "chatml" else [("hi", "x", None)]  # ChatML is read as turns
    assert read(tmp_path / "a.jsonl", {"text": MARKED[name], "answer": "x"})[0] == kept
    asks = "<|user|>\nhi</s>\n<|assistant|>\n"
    assert read(tmp_path / "b.jsonl", {"text": asks, "answer": "x"})[0] == [("hi", "x", None)]


def test_a_broken_prompt_among_marked_ones_is_read_plainly_and_the_others_as_turns(tmp_path: Path) -> None:
    rows = [{"text": MARKED["zephyr"]}, {"text": "A b?"}, {"text": MARKED["gemma"]}]
    assert read(tmp_path / "a.jsonl", *rows)[0] == [("hi", "yo", None), ("A b?", None, None), ("hi", "yo", None)]


def test_marks_within_a_completion_are_its_text_and_at_the_end_of_marked_turns_it_is_the_last(tmp_path: Path) -> None:
    def completed(*texts: str) -> list[tuple[str, str]]:
        rows = [{"prompt": "Which?", "completion": text} for text in texts]
        (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        rows_read: list[completions.CompletionRow] = []
        chosen = completions.CompletionColumns("prompt", "completion")
        completions.parse(tmp_path / "a.jsonl", chosen, rows_read.extend)
        return [(row.prompt.text, row.completion) for row in rows_read]

    text = "### Instruction:\nhi\n\n### Response:\nyo"
    assert completed("It is:", text, "No.") == [("Which?", "It is:"), ("Which?", text), ("Which?", "No.")]
    assert completed(MARKED["hh"], MARKED["hh"]) == [("Which?", "yo"), ("Which?", "yo")]


@pytest.mark.parametrize("column", ["messages", "chat", "dialogue so far"])
@pytest.mark.parametrize("spell", [json.dumps, repr], ids=["JSON", "Python"])
def test_turns_in_a_cell_are_read_with_their_answer_whatever_the_column_is_called(
    tmp_path: Path, column: str, spell: Any
) -> None:
    turns_before = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "it's two"}]
    assert read(tmp_path / "a.jsonl", {"id": 1, column: spell([*turns_before, *TURNS])})[0] == [("hi", "yo", None)]
    row = parse(tmp_path / "a.jsonl", column).rows[0]
    assert row.earlier == ("one", "it's two")


@pytest.mark.parametrize(
    "text", ['[{"from": "Ann", "text": "Hi"}]', '[{"name": "x", "text": "y"}]', "[{'role': 'user'", "[1, 2]"]
)
def test_a_prompt_that_is_some_other_list_stays_as_it_is(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "a.jsonl", {"text": text})[0] == [(text, None, None)]


@pytest.mark.parametrize(
    "history",
    [
        [["one", "two"]],
        '[["one", "two"]]',
        [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}],
    ],
)
def test_a_history_becomes_the_earlier_turns(tmp_path: Path, history: Any) -> None:
    rows, problems = read(tmp_path / "a.jsonl", {"instruction": "hi", "input": "", "output": "yo", "history": history})
    assert (rows, problems) == ([("hi", "yo", None)], [])
    assert parse(tmp_path / "a.jsonl", "instruction").rows[0].earlier == ("one", "two")


@pytest.mark.parametrize("history", [[], None, "", "of Rome", [["one"]], "[broken"])
def test_a_column_history_without_turns_says_nothing(tmp_path: Path, history: Any) -> None:
    assert read(tmp_path / "a.jsonl", {"prompt": "hi", "history": history}) == ([("hi", None, None)], [])


def test_a_broken_history_is_named(tmp_path: Path) -> None:
    _, problems = read(tmp_path / "a.jsonl", {"prompt": "hi", "history": [["one", " "]]}, {"prompt": "ho"})
    assert problems == ["line 1, history: holds an empty turn"]


@pytest.mark.parametrize(
    "system", [{"role": "system", "parts": [{"text": "Be kind."}]}, [{"type": "text", "text": "Be kind."}], "Be kind."]
)
@pytest.mark.parametrize("name", ["system", "systemInstruction", "System Instruction"])
def test_a_system_prompt_in_parts_is_read(tmp_path: Path, name: str, system: Any) -> None:
    assert read(tmp_path / "a.jsonl", {name: system, "messages": TURNS})[0] == [("hi", "yo", "Be kind.")]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        *(("prompt", "Reference Answer"), ("prompt", "expected_output"), ("question", "correct_answer")),
        *(("question", "best_answer"), ("prompt", "canonical_solution"), ("document", "summary"), ("Frage", "Antwort")),
        *(("问题", "答案"), ("вопрос", "ответ"), ("pregunta", "respuesta")),
    ],
)
def test_references_are_known_by_their_usual_names(tmp_path: Path, question: str, answer: str) -> None:
    row = {"id": 1, answer: "a far longer text than that of the question", question: "who is it"}
    assert read(tmp_path / "a.jsonl", row)[0] == [("who is it", row[answer], None)]


@pytest.mark.parametrize("name", ["incorrect_answer", "answer_type", "model_response", "student_answer"])
def test_what_is_no_right_answer_is_no_reference(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / "a.jsonl", {"prompt": "who is it", name: "Ann"})[0] == [("who is it", None, None)]


def test_messages_in_a_table_are_prompts_where_a_user_speaks(tmp_path: Path) -> None:
    rows, problems = read(
        tmp_path / "a.jsonl",
        *({"id": at, "role": role, "text": role} for at, role in enumerate(("prompter", "assistant"))),
    )
    assert rows == [("prompter", None, None)] and problems == [
        "line 2, role: is 'assistant': what it says is not a prompt"
    ]
    assert read(tmp_path / "a.jsonl", {"prompt": "play this", "role": "assistant"})[0] == [("play this", None, None)]


def test_tools_that_are_left_out_are_reported(tmp_path: Path) -> None:
    rows = [{"messages": TURNS, "tools": tools} for tools in ([{"name": "f"}], [], "", "[]", None)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    parsed = parse(tmp_path / "a.jsonl", "messages")
    assert (
        len(parsed.rows) == 5
        and [note.partition(" ")[0] for note in parsed.notes] == ["1"]
        and "tools" in parsed.notes[0]
    )


def test_the_answer_of_trivia_is_its_value(tmp_path: Path) -> None:
    answer = {"value": "Ann", "aliases": ["Ann", "A."], "normalized_value": "ann"}
    assert read(tmp_path / "a.jsonl", {"question": "who", "answer": answer})[0] == [("who", "Ann", None)]


def test_the_rejected_completion_of_a_pair_is_reported_as_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "hi", "chosen": "yo", "rejected": "no"}) + "\n")
    columns = completions.recognise_columns(recognise(tmp_path / "a.jsonl"))
    made: list[completions.CompletionRow] = []
    assert columns is not None and columns.completion == "chosen"
    _, notes = completions.parse(tmp_path / "a.jsonl", columns, made.extend)
    assert [one.completion for one in made] == [
        "yo"
    ] and "1 rows hold another completion in the column rejected" in notes[0]


def test_a_preferred_output_of_a_request_is_a_completion(tmp_path: Path) -> None:
    row = {"input": {"messages": TURNS[:1]}, "preferred_output": TURNS[1:], "non_preferred_output": TURNS[1:]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    columns = completions.recognise_columns(recognise(tmp_path / "a.jsonl"))
    made: list[completions.CompletionRow] = []
    assert columns is not None
    completions.parse(tmp_path / "a.jsonl", columns, made.extend)
    assert [(one.prompt.text, one.completion) for one in made] == [("hi", "yo")]
