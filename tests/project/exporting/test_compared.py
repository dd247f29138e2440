"""What people said of two candidates becomes preference pairs; ties are left out and counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsf_core.domain import Verdict
from rsf_core.domain.errors import ExportError
from rsf_core.project.exporting.compared import compared_pairs
from rsf_core.project.exporting.request import Format, Pairing, Request, What
from rsf_core.store.records import ComparisonRecord
from rsf_core.store.store import Store
from tests.support import exported_round
from tests.support.exported_round import COMPLETIONS

REQUEST = Request(What.PREFERENCE, Format.JSONL, pairing=Pairing.COMPARED)


def test_a_comparison_becomes_a_row_with_the_texts_as_they_were_read(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    exports = exported_round.exports_of(store, tmp_path)
    with pytest.raises(ExportError, match="nobody has compared two candidates"):
        exports.write(REQUEST)
    for act, left, right, verdict, who in (
        ("a", "1.2.0", "1.2.1", Verdict.RIGHT, "ann"),  # 1.2.0 was edited: what was read is what was drawn
        ("b", "1.2.1", "1.2.0", Verdict.LEFT, "ben"),
        ("c", "1.1.2", "1.1.3", Verdict.LEFT, "ann"),
        ("d", "1.3.0", "1.3.1", Verdict.TIE, "ann"),
        ("e", "1.3.3", "1.3.0", Verdict.LEFT, "ben"),  # without a score
    ):
        store.comparisons.say(act, 1, left, right, verdict, who)
    found = exports.preview(REQUEST)
    assert (found.counted.rows, found.counted.prompts, found.counted.tied) == (3, 3, 1)
    made = exports.write(REQUEST)
    rows = [json.loads(line) for line in (made.folder / "train.jsonl").read_text("utf-8").splitlines()]
    assert [(row["chosen_id"], row["rejected_id"], row["chosen_by"]) for row in rows] == [
        ("1.1.2", "1.1.3", "ann"),
        ("1.2.1", "1.2.0", "ann, ben"),
        ("1.3.3", "1.3.0", "ben"),
    ]
    assert rows[1]["rejected"][0]["content"] == COMPLETIONS[4] and rows[1]["chosen"][0]["content"] == COMPLETIONS[5]
    assert rows[2]["chosen_reward"] is None and rows[0]["chosen_reward"] is not None
    card = (made.folder / "README.md").read_text("utf-8")
    assert "most of those who compared the two prefer" in card and "1 pair without a majority" in card
    assert "Left out of" not in card


def test_what_is_tied_alone_says_so(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    store.comparisons.say("a", 1, "1.1.0", "1.1.2", Verdict.TIE, "ann")
    with pytest.raises(ExportError, match="but 1 pair without a majority"):
        exported_round.exports_of(store, tmp_path).write(REQUEST)


def test_prompts_that_nearly_repeat_a_held_out_one_are_left_out() -> None:
    said = [
        ComparisonRecord("a", "1.1.0", "1.1.1", Verdict.LEFT, "ann", 0),
        ComparisonRecord("b", "1.2.0", "1.2.1", Verdict.LEFT, "ann", 0),
        ComparisonRecord("c", "1.2.0", "1.2.2", Verdict.TIE, "ann", 0),
    ]
    pairs, tied = compared_pairs(said, near={2})
    assert [pair.prompt_id for pair in pairs] == [1] and tied == 0
