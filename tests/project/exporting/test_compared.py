"""Comparisons of two candidates become preference pairs; ties are left out and counted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from rsf_core.domain import Verdict
from rsf_core.domain.errors import ExportError
from rsf_core.project.exporting.compared import compared_pairs
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.prompts.spreadsheet import unguarded
from rsf_core.review.pair_words import PairWord
from rsf_core.store.store import Store
from tests.support import exported_round
from tests.support.exported_round import COMPLETIONS

REQUEST = Request(What.PREFERENCE, Format.JSONL, pairing=Pairing.COMPARED)


def test_a_comparison_becomes_a_row_with_the_texts_as_they_were_read(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    exports = exported_round.exports_of(store, tmp_path)
    with pytest.raises(ExportError, match="nobody has compared or ranked candidates"):
        exports.write(REQUEST)
    for act, left, right, verdict, who in (
        ("a", "1.2.0", "1.2.1", Verdict.RIGHT, "ann"),  # 1.2.0 was edited: ann read it as it was drawn
        ("b", "1.2.1", "1.2.0", Verdict.LEFT, "ben"),
        ("c", "1.1.2", "1.1.3", Verdict.LEFT, "ann"),
        ("d", "1.3.0", "1.3.1", Verdict.TIE, "ann"),
        ("e", "1.3.3", "1.3.0", Verdict.LEFT, "ben"),  # without a score
    ):
        store.comparisons.say(act, 1, left, right, verdict, who)
    preview = exports.preview(REQUEST)
    assert (preview.counted.rows, preview.counted.prompts, preview.counted.tied) == (3, 3, 1)
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
    assert "most of the people who compared the two prefer" in card and "1 pair without a majority" in card
    assert "Left out of" not in card


def test_a_set_of_ties_alone_says_so(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    store.comparisons.say("a", 1, "1.1.0", "1.1.2", Verdict.TIE, "ann")
    with pytest.raises(ExportError, match="but 1 pair without a majority"):
        exported_round.exports_of(store, tmp_path).write(REQUEST)


def test_prompts_that_nearly_repeat_a_held_out_one_are_left_out() -> None:
    words = [
        PairWord("1.1.0", "1.1.1", Verdict.LEFT, "ann"),
        PairWord("1.2.0", "1.2.1", Verdict.LEFT, "ann"),
        PairWord("1.2.0", "1.2.2", Verdict.TIE, "ann"),
    ]
    pairs, tied = compared_pairs(words, near={2})
    assert [pair.prompt_id for pair in pairs] == [1] and tied == 0


def test_all_pairs_of_a_ranking_are_rows_that_say_what_they_count(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    store.rankings.say("a", 1, ("1.1.2", "1.1.0", "1.1.3"), (2, 1, 2), "ann")
    store.rankings.say("b", 1, ("1.3.0", "1.3.3"), (2, 1), "ben")
    store.comparisons.say("c", 1, "1.1.0", "1.1.2", Verdict.LEFT, "ben")
    exports = exported_round.exports_of(store, tmp_path)
    made = exports.write(REQUEST)
    rows = [json.loads(line) for line in (made.folder / "train.jsonl").read_text("utf-8").splitlines()]
    assert [(row["chosen_id"], row["rejected_id"], row["chosen_by"], row["weight"]) for row in rows] == [
        ("1.1.0", "1.1.2", "ann, ben", 1.0),  # ben compared these two alone
        ("1.1.0", "1.1.3", "ann", 0.75),
        ("1.3.3", "1.3.0", "ben", 1.0),
    ]
    assert exports.preview(REQUEST).counted.tied == 1
    store.rankings.say("d", 1, ("1.3.3", "1.3.0"), (1, 2), "ben")  # the same preference again
    assert exports.write(REQUEST).name == made.name, "the same set has the same bytes"
    store.rankings.undo("e", 1, "ann")
    assert exports.preview(REQUEST).counted.rows == 2


@pytest.mark.parametrize("pairing", Pairing)
def test_csv_says_of_each_pair_what_jsonl_says(store: Store, tmp_path: Path, pairing: Pairing) -> None:
    exported_round.fill(store)
    store.rankings.say("a", 1, ("1.1.2", "1.1.0", "1.1.3"), (2, 1, 2), "ann")
    exports = exported_round.exports_of(store, tmp_path)
    made = [
        exports.write(Request(What.PREFERENCE, kind, Shape.PLAIN, pairing=pairing)).folder
        for kind in (Format.CSV, Format.JSONL)
    ]
    with (made[0] / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.DictReader(file, strict=True))
    rows = [json.loads(line) for line in (made[1] / "train.jsonl").read_text("utf-8").split("\n")[:-1]]
    assert rows and [list(row) for row in cells] == [list(row) for row in rows]
    assert [float(cell["weight"]) for cell in cells] == [row["weight"] for row in rows]
    for name in ("chosen_id", "rejected_id", "chosen_by", "rejected_by"):
        assert [cell[name] for cell in cells] == [row[name] for row in rows]
    for name in ("chosen", "rejected", "prompt", "system"):
        assert [unguarded(cell[name]) for cell in cells] == [row[name] for row in rows]


def test_an_export_of_everything_says_each_reviewers_places(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    store.rankings.say("b", 1, ("1.1.3", "1.1.0"), (1, 2), "ben")
    store.rankings.say("a", 1, ("1.1.2", "1.1.0", "1.1.3"), (2, 1, 2), "ann")
    made = exported_round.exports_of(store, tmp_path).write(Request(What.ALL, Format.JSONL))
    rows = [json.loads(line) for line in (made.folder / "train.jsonl").read_text("utf-8").splitlines()]
    places = {
        row["candidate_id"]: [
            (one["reviewer"], one["place"], one["candidates"], one["guide"]) for one in row["rankings"]
        ]
        for row in rows
    }
    assert places["1.1.0"] == [("ann", 1, 3, 0), ("ben", 2, 2, 0)] and places["1.1.2"] == [("ann", 2, 3, 0)]
    assert places["1.1.1"] == [] and len(places) == len(rows)
