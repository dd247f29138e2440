"""Exports of Label Studio, Argilla, Prodigy and doccano: the annotated text is the prompt, people's answers are the reference,
and their decisions on an annotation are not a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.prompts import completions, parse, recognise


def studio(text: Any, *results: dict[str, Any], **annotation: Any) -> dict[str, Any]:
    """A task as Label Studio exports it in the format `JSON`."""
    return {
        "id": 7,
        "annotations": [{"id": 1, "completed_by": 2, "was_cancelled": False, "result": list(results)} | annotation],
        "file_upload": "a.json",
        "predictions": [],
        "data": text if isinstance(text, dict) else {"text": text},
        "meta": {},
        "created_at": "2026-01-02T03:04:05Z",
        "project": 3,
    }


def result(name: str, kind: str, value: Any, **place: Any) -> dict[str, Any]:
    return {"id": "x", "from_name": name, "to_name": "text", "type": kind, "value": {kind_of(kind): value} | place}


def kind_of(kind: str) -> str:
    return "text" if kind == "textarea" else kind


def argilla(
    fields: dict[str, Any], responses: dict[str, Any], suggestions: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A record as written by `records.to_json` of Argilla 2."""
    return {
        "id": "r1",
        "status": "completed",
        "_server_id": "9d",
        "fields": fields,
        "metadata": {},
        "suggestions": suggestions or {},
        "responses": responses,
        "vectors": {},
    }


def message(value: Any, **more: Any) -> dict[str, Any]:
    return {"value": value, "user_id": "u1"} | more


def read(folder: Path, *rows: Any, suffix: str = "json") -> tuple[str, list[tuple[str, str | None]]]:
    path = folder / f"p.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        path.write_text(json.dumps(rows) if suffix == "json" else "".join(json.dumps(row) + "\n" for row in rows))
    file_format = recognise(path)
    assert file_format.text is not None
    parsed = parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)
    assert parsed.problems == ()
    return file_format.name, [(row.text, row.reference) for row in parsed.rows]


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_tasks_of_label_studio_give_their_text_and_its_annotations(tmp_path: Path, suffix: str) -> None:
    rows = [
        studio("What is the capital of France?", result("answer", "textarea", ["Paris"])),
        studio("How high is Mont Blanc?", result("answer", "textarea", "4806 m")),
        studio("Nobody has said anything."),
    ]
    name, format_name = read(tmp_path, *rows, suffix=suffix)
    assert name.startswith("an export of Label Studio (annotated: answer)")
    assert format_name == [
        ("What is the capital of France?", "Paris"),
        ("How high is Mont Blanc?", "4806 m"),
        ("Nobody has said anything.", None),
    ]


@pytest.mark.parametrize(
    ("task", "reference"),
    [
        (studio("A fine film.", result("sentiment", "choices", ["Positive"])), "Positive"),
        (studio("A fine film.", result("topics", "choices", ["Film", "Praise"])), "Film, Praise"),
        (studio("A fine film.", result("stars", "rating", 4)), "4"),
        (
            studio(
                "A fine film.", result("spans", "labels", ["Film"], start=7, end=11), result("s", "choices", ["Good"])
            ),
            "Good",
        ),
        (studio("A fine film.", result("s", "choices", ["Bad"]), was_cancelled=True), None),
        (studio("A fine film.", "not a result", {"from_name": 3}, result("s", "choices", [])), None),  # type: ignore[arg-type]
        (studio("A fine film.", result("text", "textarea", ["A bad film."])), "A bad film."),
    ],
)
def test_what_an_annotation_says_is_the_reference(tmp_path: Path, task: dict[str, Any], reference: str | None) -> None:
    assert read(tmp_path, task)[1] == [("A fine film.", reference)]


def test_the_first_of_several_annotators_counts_and_who_skipped_says_nothing(tmp_path: Path) -> None:
    task = studio("Is it good?", result("a", "choices", ["Yes"]), was_cancelled=True)
    task["annotations"] += studio("", result("a", "choices", ["No"]))["annotations"]
    task["annotations"] += studio("", result("a", "choices", ["Maybe"]))["annotations"]
    assert read(tmp_path, task)[1] == [("Is it good?", "No")]


def test_a_conversation_that_was_annotated_is_one(tmp_path: Path) -> None:
    turns = [{"role": r, "content": c} for r, c in (("user", "a"), ("assistant", "b"), ("user", "c"))]
    for row in (
        studio({"messages": turns}, result("ok", "choices", ["yes"])),
        argilla({"chat": turns}, {"ok": [message("yes")]}),
    ):
        name, format_name = read(tmp_path, row)
        assert format_name == [("c", "yes")] and "the last question is the prompt" in name


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_records_of_argilla_give_their_field_and_the_response_or_else_the_suggestion(
    tmp_path: Path, suffix: str
) -> None:
    rows = [
        argilla({"prompt": "What is the capital of France?"}, {"answer": [message("Paris")]}),
        argilla(
            {"prompt": "How high is Mont Blanc?"}, {"answer": [message("no", status="discarded"), message("4806 m")]}
        ),
        argilla({"prompt": "Who wrote Faust?"}, {}, {"answer": {"value": "Goethe", "score": 0.9, "agent": "a"}}),
        argilla({"prompt": "And who answers this?"}, {}),
    ]
    name, format_name = read(tmp_path, *rows, suffix=suffix)
    assert name.startswith("an export of Argilla (annotated: answer)")
    assert [reference for _, reference in format_name] == ["Paris", "4806 m", "Goethe", None]


@pytest.mark.parametrize(("value", "reference"), [(4, "4"), (["a", "b"], "a, b"), ("x", "x"), ([{"start": 1}], None)])
def test_every_kind_of_question_of_argilla_is_read(tmp_path: Path, value: Any, reference: str | None) -> None:
    assert read(tmp_path, argilla({"text": "Rate this."}, {"q": [message(value)]}))[1] == [("Rate this.", reference)]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_flat_records_of_argilla_are_read_alike(tmp_path: Path, suffix: str) -> None:
    new = {
        "id": "1",
        "status": "completed",
        "text": "A fine film, all in all.",
        "label.responses": ["positive"],
        "label.responses.users": ["u1"],
        "label.responses.status": ["submitted"],
        "label.suggestion": "negative",
        "label.suggestion.score": None,
    }
    old = {
        "text": "A fine film, all in all.",
        "label": [
            {"user_id": "u1", "value": "bad", "status": "draft"},
            {"user_id": "u2", "value": "good", "status": "submitted"},
        ],
        "label-suggestion": "negative",
        "label-suggestion-metadata": {"type": None, "agent": "a"},
        "external_id": "x",
    }
    for row, reference in ((new, "positive"), (old, "good")):
        name, format_name = read(tmp_path, row, suffix=suffix)
        assert "Argilla (annotated: label)" in name and format_name == [("A fine film, all in all.", reference)]


def test_a_field_of_argilla_1_whose_name_begins_as_a_question_does_is_kept(tmp_path: Path) -> None:
    row = {"answer_to": "What is it?", "answer": [{"value": "a cat", "status": "submitted"}], "answer-suggestion": None}
    (tmp_path / "a.json").write_text(json.dumps([row]))
    file_format = recognise(tmp_path / "a.json")
    assert (file_format.text, file_format.reference) == ("answer_to", "answer")


@pytest.mark.parametrize(
    "row",
    [
        {"data": {"text": "x"}, "text": "plain"},
        {"fields": {"text": "x"}, "text": "plain"},
        {"annotations": [], "data": "no object", "text": "plain"},
        {"text": "plain", "a.responses": ["x"]},
        {"text": "plain", "a": "x", "a-suggestion": "y"},
    ],
)
def test_what_only_resembles_an_export_is_read_as_any_row(tmp_path: Path, row: dict[str, Any]) -> None:
    name, format_name = read(tmp_path, row)
    assert "export" not in name and format_name[0][0] == "plain"


def test_label_studio_before_version_1_and_its_ground_truth_are_read(tmp_path: Path) -> None:
    def made(text: str, **more: object) -> dict[str, object]:
        return {"result": [{"from_name": "answer", "value": {"text": [text]}}], **more}

    rows = [
        {"data": {"text": "one"}, "completions": [made("a")]},
        {"data": {"text": "two"}, "annotations": [made("b"), made("c", ground_truth=True)]},
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    file_format = recognise(path)
    assert file_format.text == "text" and file_format.reference == "answer" and "Label Studio" in file_format.name
    assert [(row.text, row.reference) for row in parse(path, "text", "answer").rows] == [("one", "a"), ("two", "c")]


def test_completions_beside_data_are_no_annotations(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"prompt": "hi", "data": {"text": "one"}, "completions": ["a", "b"]}) + "\n")
    assert set(recognise(path).columns) == {"prompt", "data", "completions"}


def test_records_of_argilla_before_its_feedback_are_read(tmp_path: Path) -> None:
    about = {"prediction": [{"text": "p", "score": 1}], "prediction_agent": None, "annotation_agent": "ann", "id": "1"}
    rows = [
        {"text": "one", "annotation": "a", "status": "Validated", **about},
        {"text": "two", "annotation": "b", "status": "Discarded", **about},
        {"text": "three", "annotation": None, "status": "Default", **about},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    file_format = recognise(path)
    assert (file_format.text, file_format.reference) == ("text", "annotation") and "Argilla" in file_format.name
    read = [(row.text, row.reference) for row in parse(path, "text", "annotation").rows]
    assert read == [("one", "a"), ("two", None), ("three", None)]


def prodigy(decision: str | None, **fields: Any) -> dict[str, Any]:
    """A task as written by `prodigy db-out`."""
    about = {"_input_hash": -1, "_task_hash": 7, "_session_id": "s", "_view_id": "v", "_timestamp": 1700000000}
    return fields | about | ({} if decision is None else {"answer": decision})


OPTIONS = [{"id": "POS", "text": "Good"}, {"id": "NEG", "text": "Bad"}]
NUMBERED = [{"id": 1, "text": "Good"}, {"id": 2, "text": "Bad"}]


@pytest.mark.parametrize(
    ("fields", "reference", "answer"),
    [
        ({"label": "POSITIVE"}, "label", "POSITIVE"),
        ({"options": OPTIONS, "accept": ["POS"]}, "accept", "POS"),
        ({"options": NUMBERED, "accept": [2]}, "accept", "Bad"),
        ({"options": OPTIONS, "accept": ["POS", "NEG"]}, "accept", "POS, NEG"),
        ({"response": "It was good."}, "response", "It was good."),
        ({"user_input": "A better film."}, "user_input", "A better film."),
        ({"spans": [{"start": 0, "end": 1, "label": "X"}], "tokens": [{"text": "A", "id": 0}]}, None, None),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_prodigys_decision_is_no_reference_and_what_was_not_accepted_has_none(
    tmp_path: Path, fields: dict[str, Any], reference: str | None, answer: str | None, suffix: str
) -> None:
    decisions = ["accept", "reject", "ignore", None, "accept"]
    rows = [prodigy(decision, text=f"A fine film, number {at}.", **fields) for at, decision in enumerate(decisions)]
    path = tmp_path / f"a.{suffix}"
    path.write_text(json.dumps(rows) if suffix == "json" else "".join(json.dumps(row) + "\n" for row in rows))
    file_format = recognise(path)
    assert (file_format.text, file_format.reference) == ("text", reference)
    assert "an export of Prodigy" in file_format.name
    assert ("a row that was rejected or ignored has none" in file_format.name) is (reference is not None)
    assert "decision" in file_format.columns and not {"answer", "_input_hash", "options", "spans"} & set(
        file_format.columns
    )
    parsed = parse(path, "text", file_format.reference)
    assert [row.reference for row in parsed.rows] == [answer, None, None, None, answer] and not parsed.problems


def test_a_decision_of_prodigy_can_be_chosen_as_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps(prodigy(one, text=f"A film: {one}.", label="X")) + "\n" for one in ("accept", "reject"))
    )
    assert [row.reference for row in parse(path, "text", "decision").rows] == ["accept", "reject"]


@pytest.mark.parametrize(
    ("column", "values", "reference"),
    [
        ("answer", ["accept", "reject", "Ignore"], None),
        ("label", ["approved", "rejected", None], None),
        ("response", ["submitted", "discarded", "draft"], None),
        ("answer", ["accept", "reject", "maybe"], "answer"),  # answers of a task
        ("answer", ["accept the offer", "reject", "ignore"], "answer"),
        ("label", [["positive"], ["negative"], ["positive"]], "label"),  # doccano's classes, one per text
        ("label", [[[0, 3, "FILM"]], [], [[0, 3, "FILM"], [4, 5, "X"]]], None),  # doccano's spans
        ("label", [[{"id": 1, "label": "FILM", "start_offset": 0}], [], []], None),
        ("status", ["completed", "pending", "completed"], None),
    ],
)
def test_a_decision_about_a_row_or_a_position_in_it_is_not_a_reference(
    tmp_path: Path, column: str, values: list[Any], reference: str | None
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps({"prompt": f"A fine film, {at}.", column: value}) + "\n" for at, value in enumerate(values))
    )
    file_format = recognise(path)
    assert (file_format.text, file_format.reference) == ("prompt", reference)
    is_decision = reference is None and column in ("answer", "label", "response") and isinstance(values[0], str)
    assert (
        f"the column {column} is not a reference, because it contains the decision on each row" in file_format.name
    ) is is_decision


def test_completions_that_prodigy_has_judged_come_in_whatever_was_decided_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [prodigy(one, prompt=f"Say {one}.", response=f"I say {one}.") for one in ("accept", "reject")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = completions.recognise_columns(recognise(path))
    assert columns is not None and (columns.text, columns.completion) == ("prompt", "response")
    kept: list[completions.CompletionRow] = []
    problems, _ = completions.parse(path, columns, kept.extend)
    assert [row.completion for row in kept] == ["I say accept.", "I say reject."] and not problems
