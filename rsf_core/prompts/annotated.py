"""Rows of annotation tools as plain columns: the annotated data and people's answers, as Label Studio, Argilla and Prodigy
export them.

    Label Studio    {"data": {"text": …}, "annotations": [{"result": [{"from_name": "answer", "value": {"text": […]}}]}]}
    Argilla 2       {"fields": {"text": …}, "responses": {"answer": [{"value": …}]}, "suggestions": {"answer": {"value": …}}}
    the same, flat  {"text": …, "answer.responses": […], "answer.suggestion": …}
    Argilla 1       {"text": …, "answer": [{"value": …, "status": "submitted"}], "answer-suggestion": …}
    Argilla 0       {"text": …, "prediction": …, "annotation": …, "status": "Validated"}
    Prodigy         {"text": …, "label": …, "answer": "accept", "_input_hash": …, "_task_hash": …}, with choices
                    {"text": …, "options": [{"id": …, "text": …}], "accept": [id], "answer": "accept", …}

The right answer that verl keeps, {"reward_model": {"style": "rule", "ground_truth": …}}, is a column too.

If several people answered, the first submitted answer is taken; with Label Studio, an answer marked as ground truth comes
first, and with Argilla a suggestion is taken if nobody has answered. Prodigy's `answer` is a decision on the row (accept,
reject or ignore), kept as the column `decision`: an accepted row holds people's answer, and any other row has no reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rsf_core.prompts.conversations import is_one
from rsf_core.prompts.records import Number, Record

LABEL_STUDIO, ARGILLA, PRODIGY = "Label Studio", "Argilla", "Prodigy"
# the keys that hold a result's answer
_VALUES = ("text", "choices", "rating", "number", "datetime", "taxonomy", "transcription")
_RESPONSES, _SUGGESTION = ".responses", ".suggestion"
_OLD_SUGGESTION = "-suggestion"
_ABOUT_EACH = {"annotator", "annotation_id", "lead_time"}
_ABOUT = _ABOUT_EACH | {"id", "created_at", "updated_at"}
_ENVELOPES = ("body", "request", "input", "data", "row")
_GRADED, _TRUTH = "reward_model", "ground_truth"  # of verl, {"style": "rule", "ground_truth": "72"}
_LEGACY = {"annotation", "prediction", "status"}  # of Argilla before its FeedbackDataset
_ABOUT_LEGACY = {"annotation", "annotation_agent", "prediction", "prediction_agent", "status", "inputs", "multi_label"}
_ABOUT_LEGACY |= {"event_timestamp", "explanation", "metrics", "vectors", "metadata", "search_keywords", "id"}
_REFUSED = ("discarded", "draft", "pending")
_PLACE = ("start", "start_offset", "offset")
_OF_PRODIGY = {"_input_hash", "_task_hash"}
_ABOUT_PRODIGY = {"answer", "accept", "options", "spans", "tokens", "relations", "config", "html", "image", "meta"}
_JUDGED = ("label", "response", "output", "completion", "summary", "translation", "user_input")  # what a decision is on
_DECISIONS = {
    *("accept", "accepted", "reject", "rejected", "ignore", "ignored", "skip", "skipped", "approve", "approved"),
    *("submitted", "discarded", "draft", "pending", "validated", "completed"),
}


def plain(record: Record) -> Record:
    """The record with plain columns for the annotated data and the answers, if an annotation tool has nested them."""
    fields = record.fields
    if isinstance(fields.get("data"), dict):
        by_hand = fields.get("annotations") or fields.get("completions")  # so called before version 1
        if isinstance(fields.get("annotations"), list) or _are_results(by_hand):
            return _with_answers(record, LABEL_STUDIO, fields["data"], _label_studio(by_hand or ()))
    if isinstance(fields.get("fields"), dict) and ("responses" in fields or "suggestions" in fields):
        return _with_answers(record, ARGILLA, fields["fields"], _argilla(fields))
    flat = [name.removesuffix(_RESPONSES) for name in fields if name.endswith(_RESPONSES) and f"{name}.users" in fields]
    if flat:
        answers = {name: _first(fields[name + _RESPONSES], fields.get(name + _SUGGESTION)) for name in flat}
        kept = {name: value for name, value in fields.items() if not any(name.startswith(f"{one}.") for one in flat)}
        return _with_answers(record, ARGILLA, kept, answers)
    old = [name for name in fields if f"{name}{_OLD_SUGGESTION}" in fields and _are_answers(fields[name])]
    if old:
        answers = {name: _first(_submitted(fields[name]), fields[name + _OLD_SUGGESTION]) for name in old}
        of_answers = {name + part for name in old for part in ("", _OLD_SUGGESTION, f"{_OLD_SUGGESTION}-metadata")}
        kept = {name: value for name, value in fields.items() if name not in of_answers}
        return _with_answers(record, ARGILLA, kept, answers)
    if set(fields) >= _OF_PRODIGY:
        return _prodigy(record)
    if set(fields) >= _LEGACY:
        answers = {} if fields["status"] == "Discarded" else {"annotation": _value(fields["annotation"])}
        return _with_answers(
            record, ARGILLA, {name: fields[name] for name in fields if name not in _ABOUT_LEGACY}, answers
        )
    graded = fields.get(_GRADED)
    if isinstance(graded, dict) and graded.get(_TRUTH) is not None and _TRUTH not in fields:
        return replace(record, fields={**fields, _TRUTH: graded[_TRUTH]})
    for name in _ENVELOPES:  # {"body": {"messages": …}}, as requests to an endpoint are kept
        inside = fields.get(name)
        if isinstance(inside, dict) and is_one(inside.get("messages")) and "messages" not in fields:
            return replace(record, fields={**inside, **{key: value for key, value in fields.items() if key != name}})
    return record


def are_decisions(values: Sequence[Any]) -> bool:
    """Whether a column holds a decision on each row (accept or reject, submitted or discarded), which is no right answer."""
    return bool(values) and all(isinstance(value, str) and value.strip().lower() in _DECISIONS for value in values)


def are_places(values: Sequence[Any]) -> bool:
    """Whether a column holds spans of a text, as doccano writes them: [[0, 5, "PERSON"], …]."""
    filled = [value for value in values if value != []]
    return bool(filled) and all(isinstance(value, list) and all(map(_is_place, value)) for value in filled)


def _is_place(value: Any) -> bool:
    if isinstance(value, dict):
        return any(name in value for name in _PLACE)
    return isinstance(value, list) and len(value) == 3 and all(isinstance(end, Number) for end in value[:2])


def flat_label_studio(names: Sequence[str]) -> list[str] | None:
    """The columns of data and answers if Label Studio has exported them side by side (CSV, JSON_MIN), which does not show
    which is which; None for other files."""
    return [name for name in names if name not in _ABOUT] if set(names) >= _ABOUT_EACH else None


def _with_answers(record: Record, tool: str, data: Mapping[str, Any], answers: Mapping[str, Any]) -> Record:
    """The record with a column for each question; a question that shares its name with a column of the data is renamed."""
    named = {f"{name} (annotated)" if name in data else name: value for name, value in answers.items()}
    return replace(record, fields={**data, **named}, tool=tool, annotated=tuple(named))


def _prodigy(record: Record) -> Record:
    fields = record.fields
    decision, chosen = fields.get("answer"), fields.get("accept")
    data = {name: value for name, value in fields.items() if name not in _ABOUT_PRODIGY and not name.startswith("_")}
    answers = {name: data.pop(name) for name in _JUDGED if name in data}
    if isinstance(chosen, list):
        options = fields.get("options")
        texts = {
            one.get("id"): one.get("text")
            for one in (options if isinstance(options, list) else ())
            if isinstance(one, dict) and isinstance(one.get("id"), str)
        }
        # the id of an option is a label, or no more than its number
        answers["accept"] = _value([texts.get(one) if isinstance(one, Number) else one for one in chosen])
    name = "decision" if "decision" not in data else "decision (Prodigy)"
    made = _with_answers(record, PRODIGY, data, answers)
    return replace(made, fields={**made.fields, name: decision}, refused=decision != "accept")


def _label_studio(annotations: Sequence[Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    made = [one for one in annotations if isinstance(one, dict) and one.get("was_cancelled") is not True]
    for annotation in sorted(made, key=lambda one: one.get("ground_truth") is not True):
        results = annotation.get("result")
        for result in results if isinstance(results, list) else ():
            name, value = (
                (result.get(key) for key in ("from_name", "value")) if isinstance(result, dict) else (None, None)
            )
            # A span of a text is not an answer.
            if isinstance(name, str) and isinstance(value, dict) and "start" not in value:
                answer = next((_value(value[kind]) for kind in _VALUES if kind in value), None)
                if answer is not None:
                    answers.setdefault(name, answer)
    return answers


def _argilla(fields: Mapping[str, Any]) -> dict[str, Any]:
    responses, suggestions = (
        value if isinstance(value := fields.get(name), dict) else {} for name in ("responses", "suggestions")
    )
    return {
        name: _first(responses.get(name), suggestions.get(name)) for name in dict.fromkeys([*responses, *suggestions])
    }


def _first(responses: Any, suggestion: Any) -> Any:
    """The first submitted answer, else the suggestion."""
    submitted = _submitted(responses) if isinstance(responses, list) else []
    answer = next((value for value in map(_answer_value, submitted) if value is not None), None)
    return _answer_value(suggestion) if answer is None else answer


def _submitted(answers: Sequence[Any]) -> list[Any]:
    return [answer for answer in answers if not (isinstance(answer, dict) and answer.get("status") in _REFUSED)]


def _answer_value(answer: Any) -> Any:
    return _value(answer.get("value") if isinstance(answer, dict) else answer)


def _value(value: Any) -> Any:
    """A text or a number as it is; several texts (labels) joined by commas; None for anything else."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return None


def _are_results(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "result" in one for one in value)


def _are_answers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "value" in one for one in value)
