"""Exports of a round contain people's answers, in columns that do not depend on the questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rsf_core.domain import Act, ActKind, Asked
from rsf_core.domain.questions import Question
from rsf_core.project.exporting.request import Format, Request, What
from rsf_core.project.exporting.schemas import schema
from rsf_core.store.store import Store
from tests.support import exported_round

QUESTIONS: list[dict[str, Any]] = [
    {"name": "clear", "kind": "rating", "text": "How | clear?"},
    {"name": "tone", "kind": "choice", "text": "Tone?", "options": ["kind", "rude"]},
    {"name": "parts", "kind": "spans", "text": "Mark", "options": ["bad"]},
    {"name": "why", "kind": "text", "text": "Why?"},
]


def say(store: Store, question: str, value: object, who: str, on: str = "1.1.0", version: int = 1) -> None:
    act = Act(
        f"{question} {who} {on} {value}", ActKind.ANSWER, (on,), value=json.dumps(value), asked=Asked(question, version)
    )
    assert store.acts.say([act], 1, who)[0].refused is None


def test_answers_are_exported_with_who_gave_them_and_under_which_version(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    exports = exported_round.exports_of(store, tmp_path)
    request = Request(What.ALL, Format.JSONL)
    assert exports.preview(request).rows[0]["answers"] == []
    bare = (exports.write(request).folder / "README.md").read_text("utf-8")
    assert "What they were asked" not in bare
    for given in QUESTIONS:
        store.questions.add(Question.model_validate(given), "ann")
    store.questions.add(
        Question.model_validate(QUESTIONS[1] | {"values": [1, -1]}),
        "ann",
    )
    say(store, "clear", 4, "ann")
    say(store, "clear", 2, "bob")
    say(store, "tone", "rude", "ann")
    say(store, "tone", "kind", "bob", version=2)
    say(store, "parts", [{"start": 0, "end": 2, "label": "bad"}], "ann")
    say(store, "why", "it's =1+1", "ann", "1.3.3")
    assert len(exports.preview(request).rows[0]["answers"]) == 5  # the preview is computed again after new answers
    made = exports.write(request)
    rows = {
        row["candidate_id"]: row["answers"]
        for row in map(json.loads, (made.folder / "train.jsonl").read_text("utf-8").splitlines())
    }
    answers = [(a["question"], a["reviewer"], a["version"], a["kind"], a["value"], a["number"]) for a in rows["1.1.0"]]
    assert answers == [
        ("clear", "ann", 1, "rating", "4", 4.0),
        ("clear", "bob", 1, "rating", "2", 2.0),
        ("parts", "ann", 1, "spans", '[{"start": 0, "end": 2, "label": "bad"}]', None),
        ("tone", "ann", 1, "choice", "rude", None),
        ("tone", "bob", 2, "choice", "kind", 1.0),
    ]
    assert [(a["question"], a["value"]) for a in rows["1.3.3"]] == [("why", "it's =1+1")] and rows["1.1.1"] == []
    card = (made.folder / "README.md").read_text("utf-8")
    assert "- `clear` (version 1; rating, 1 to 5): `How | clear?`\n  2 answers" in card
    assert "- `tone` (version 2; choice, `kind`, `rude`): `Tone?`\n  1 answer" in card
    file = exports.write(Request(What.ALL, Format.PARQUET)).folder / "train.parquet"
    assert pq.read_schema(file).equals(schema(What.ALL, request.shaped))
    assert pq.read_table(file).column("answers")[0].as_py()[0]["number"] == 4.0
    assert "answers" in (exports.write(Request(What.ALL, Format.CSV)).folder / "train.csv").read_text("utf-8-sig")
