"""An export over all rounds: one set, each row with its round, the same bytes each time, a card that describes each round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rsf_core.domain import Action, Scope
from rsf_core.domain.errors import ExportError, StageError
from rsf_core.project.exporting.exports import Exports
from rsf_core.project.exporting.finished import FinishedExport
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.project.exporting.schemas import MEANINGS, schema
from rsf_core.rounds.curation import freeze
from rsf_core.store.store import Store
from tests.support import exported_round
from tests.support.seeding import add_candidates, add_scores, candidates, decide

COUNTED = ("rows", "candidates", "accepted", "rejected", "undecided", "truncated", "repeated", "contradictory")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three rounds: that of `exported_round`, one on two of its prompts with a curated set, and one without decisions."""
    folder = tmp_path_factory.mktemp("rounds")
    made = Store(folder / "rsf.duckdb", folder / "exports")
    made.guides.add("Short is good.", "ann", "")
    exported_round.fill(made)
    made.guides.add("Kind is better.\r\nAlways.", "bob", "")
    made.add_round(2, "base", {})
    rows = candidates(2, 2, round_number=2, completions=("Four.", "Six", "Yes", "No"))
    add_candidates(made, rows, job_id="r2-generate-1")
    scores = {"sentiment": (0.9, 0.1, 0.8, 0.2), "length": (0.1, 0.1, 0.1, 0.1)}
    add_scores(made, rows, scores, "r2-score-1")
    decide(made, rows, (2.0, -5.0, 2.0, -5.0), -1.0, Scope.GLOBAL, round_number=2)
    made.add_override("second", "2.2.1", Action.ACCEPT, "bob")
    freeze(made, exported_round.settings(), 2, "bob")
    made.add_round(3, "base", {})
    yield made
    made.close()


@pytest.fixture(scope="module")
def exports(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return exported_round.exports_of(store, tmp_path_factory.mktemp("project"))


def lines(made: FinishedExport) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (made.folder / "train.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("what", What)
def test_it_holds_the_rows_of_each_round_in_order_with_the_round_named(exports: Exports, what: What) -> None:
    whole = lines(exports.write(Request(what, all_rounds=True)))
    apart = [
        row | {"round": number} for number in (1, 2) for row in lines(exports.write(Request(what, round_number=number)))
    ]
    assert whole == apart and {row["round"] for row in whole} == {1, 2}
    assert all(row["round"] == int(next(str(row[key]) for key in row if key.endswith("_id"))[0]) for row in whole)


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("kind", Format)
def test_its_columns_are_fixed_and_its_bytes_the_same(
    exports: Exports, what: What, kind: Format, tmp_path: Path
) -> None:
    request = Request(what, kind, Shape.PLAIN, all_rounds=True)
    made, again = exports.write(request), exports.write(request, tmp_path / "again")
    assert [(again.folder / path).read_bytes() for path, _ in made.files] == [
        (made.folder / path).read_bytes() for path, _ in made.files
    ]
    columns = schema(what, Shape.PLAIN, all_rounds=True)
    assert columns.names.count("round") == 1 and set(columns.names) <= set(MEANINGS)
    if kind is Format.PARQUET:
        assert pq.read_schema(made.folder / "train.parquet").equals(columns)


@pytest.mark.parametrize("what", [What.LABELS, What.PREFERENCE, What.ALL, What.SFT])
def test_what_is_counted_is_the_sum_and_a_prompt_of_two_rounds_counts_once(exports: Exports, what: What) -> None:
    whole, *parts = (exports.preview(r).counted for r in (Request(what, all_rounds=True), *_of_each(what)))
    for name in COUNTED:
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts), name
    assert whole.prompts == 3 < sum(part.prompts for part in parts)


def _of_each(what: What) -> tuple[Request, Request]:
    return Request(what, round_number=1), Request(what, round_number=2)


def test_the_card_tells_of_each_round_and_the_guides_text_lies_beside(exports: Exports, store: Store) -> None:
    made = exports.write(Request(What.LABELS, all_rounds=True))
    card = (made.folder / "README.md").read_text("utf-8")
    assert "of rounds 1, 2 of a" in card and "## Round 1: 9 rows" in card and "## Round 2: 4 rows" in card
    assert card.count("### How it was made") == 2 and "| `round` |" in card and "name: round" in card
    assert (made.folder / "guide-v2.md").read_bytes() == b"Kind is better.\r\nAlways."
    assert (made.folder / "guide-v1.md").read_text() == "Short is good.", "words of round 1 were said by it"
    assert made.data == ("train.jsonl",) and "`guide-v2.md`" in card
    sets = (exports.write(Request(What.SFT, all_rounds=True)).folder / "README.md").read_text("utf-8")
    assert all(f"`{one.curated_id}`" in sets for one in store.curated_sets())


def test_a_round_or_a_set_beside_all_rounds_is_refused() -> None:
    for more in ({"round_number": 1}, {"curated_id": "c1-1"}):
        with pytest.raises(ExportError, match="all rounds are asked for"):
            Request.parse({"what": "sft", "all_rounds": True, **more})
    assert Request.parse({"what": "labels", "all_rounds": True}).all_rounds


def test_rounds_without_the_requested_rows_say_so(exports: Exports, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no pair"):
        exports.write(Request(What.PREFERENCE, pairing=Pairing.COMPARED, all_rounds=True))
    bare = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
    try:
        bare.add_round(1, "base", {})
        for what in What:
            with pytest.raises(StageError):
                exported_round.exports_of(bare, tmp_path).write(Request(what, all_rounds=True))
    finally:
        bare.close()
