"""Exports as files: every kind in every format and shape, the same bytes each time, read back by the usual libraries."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from rsf_core.domain import Action
from rsf_core.domain.errors import ExportError, StageError
from rsf_core.project.exporting.exports import SCRATCH, Exports
from rsf_core.project.exporting.finished import NOTE, FinishedExport
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.project.exporting.schemas import MEANINGS, schema
from rsf_core.prompts import parse, recognise
from rsf_core.prompts.spreadsheet import unguarded
from rsf_core.store.store import Store
from tests.support import exported_round
from tests.support.exported_round import COMPLETIONS, PROMPTS

SHAPES = {What.SFT: tuple(Shape), **dict.fromkeys((What.PREFERENCE, What.LABELS, What.ALL), (Shape.CHAT, Shape.PLAIN))}
EVERY = [
    Request(what, kind, shape)
    for what in What
    for kind in Format
    for shape in SHAPES[what]
    if kind is not Format.CSV or shape is Shape.PLAIN
]

WRITTEN = f"User: Hallo!\n\nAssistant: -Guten Tag\n\nUser: {PROMPTS[2][0]}"
MIXED = [  # each kind, format and shape once
    Request(What.SFT, Format.PARQUET, Shape.MESSAGES),
    Request(What.PREFERENCE, Format.DATASETS, Shape.CHAT),
    Request(What.LABELS, Format.JSONL, Shape.CHAT),
    Request(What.ALL, Format.CSV, Shape.PLAIN),
]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    folder = tmp_path_factory.mktemp("exported") / "hotel `reviews` | 2"
    folder.mkdir()
    store = Store(folder / "rsf.duckdb", folder / "exports")
    exported_round.fill(store)
    yield exported_round.exports_of(store, folder)
    store.close()


def lines(made: FinishedExport) -> list[dict[str, Any]]:
    text = (made.folder / "train.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def exported(exports: Exports, what: What, **more: Any) -> list[dict[str, Any]]:
    return lines(exports.write(Request(what, **more)))


def name(request: Request) -> str:
    return f"{request.what}-{request.format}-{request.shaped}"


# -- their rows ------------------------------------------------------------------------------------------------------


def test_sft_holds_the_curated_set_in_its_old_columns(exports: Exports) -> None:
    rows = exported(exports, What.SFT)
    assert [row["candidate_id"] for row in rows] == ["1.1.0", "1.1.1", "1.1.3", "1.2.0", "1.3.0"]
    assert list(rows[0]) == [
        *("prompt", "completion", "weight", "candidate_id", "decided_by", "acceptance_prob"),
        *("prompt_token_ids", "token_ids"),
    ]
    assert rows[3]["prompt"][0] == {"role": "system", "content": PROMPTS[1][1]}
    assert rows[3]["completion"] == [{"role": "assistant", "content": "@edited, and better"}]


def test_the_shapes_of_one_set_say_the_same(exports: Exports) -> None:
    chat, messages, plain = (exported(exports, What.SFT, shape=shape) for shape in Shape)
    for one, whole, text in zip(chat, messages, plain, strict=True):
        assert whole["messages"] == [*one["prompt"], *one["completion"]]
        assert text["completion"] == one["completion"][0]["content"]
        prompt = one["prompt"][-1]["content"]
        assert text["prompt"] == (prompt if prompt != PROMPTS[2][0] else WRITTEN)
        assert text["system"] == (one["prompt"][0]["content"] if one["prompt"][0]["role"] == "system" else "")


def test_pairs_by_reward_set_what_is_accepted_in_effect_against_what_is_rejected(exports: Exports) -> None:
    rows = exported(exports, What.PREFERENCE)
    assert [(row["chosen_id"], row["rejected_id"]) for row in rows] == [
        ("1.1.0", "1.1.2"),  # not 1.1.1, which has the same text
        ("1.2.0", "1.2.3"),
        ("1.3.0", "1.3.1"),  # neither the truncated candidate nor the one without a score
    ]
    assert rows[1]["chosen"][0]["content"] == "@edited, and better" and rows[1]["chosen_by"] == "rule"
    assert rows[0]["chosen_reward"] == pytest.approx(2 * 0.9 - len("Four.") / 100)


def test_all_with_all_has_every_pair_and_says_who_decided(exports: Exports) -> None:
    rows = exported(exports, What.PREFERENCE, pairing=Pairing.ALL)
    made = {(row["chosen_id"], row["rejected_id"]) for row in rows}
    assert made == {
        *(("1.1.0", "1.1.2"), ("1.1.3", "1.1.2"), ("1.3.0", "1.3.1")),
        *(("1.2.0", f"1.2.{k}") for k in (1, 2, 3)),
    }
    assert {row["chosen_by"] for row in rows if row["chosen_id"] == "1.1.3"} == {"ann"}
    assert {row["rejected_by"] for row in rows if row["rejected_id"] == "1.2.2"} == {"ann, bob"}


def test_labels_say_yes_or_no_of_each_text(exports: Exports) -> None:
    rows = exported(exports, What.LABELS)
    assert {row["candidate_id"]: row["label"] for row in rows} == {
        "1.1.0": True,
        "1.1.2": False,
        "1.1.3": True,
        "1.2.0": True,
        "1.2.1": False,
        "1.2.2": False,
        "1.2.3": False,
        "1.3.0": True,
        "1.3.1": False,
    }


def test_what_is_left_out_is_counted(exports: Exports) -> None:
    counted = exports.preview(Request(What.LABELS)).counted
    assert (counted.candidates, counted.rows, counted.accepted, counted.rejected) == (12, 9, 4, 5)
    assert (counted.undecided, counted.truncated, counted.repeated, counted.near_held_out) == (1, 1, 1, 0)
    assert counted.rows + counted.undecided + counted.truncated + counted.repeated == counted.candidates


def test_all_holds_every_candidate_with_its_numbers_and_who_said_what(exports: Exports) -> None:
    rows = {row["candidate_id"]: row for row in exported(exports, What.ALL)}
    assert len(rows) == 12 and [rows[f"1.{1 + i // 4}.{i % 4}"]["completion"][0]["content"] for i in range(12)] == list(
        COMPLETIONS
    )
    overruled, edited, failed, cut, unscored = (rows[f"1.{place}"] for place in ("2.2", "2.0", "3.1", "3.2", "3.3"))
    assert (overruled["decision"], overruled["override"], overruled["accepted"]) == ("accepted", "reject", False)
    assert overruled["decided_by"] == "ann, bob" and [o["reviewer"] for o in overruled["opinions"]] == ["ann", "bob"]
    assert edited["completion"][0]["content"] == COMPLETIONS[4] and edited["edit"] == "@edited, and better"
    assert failed["log_ratio"] is None and failed["decision"] == "rejected" and failed["acceptance_prob"] == 0
    assert cut["decision"] == "truncated" and cut["finish"] == "length"
    assert unscored["decision"] is None and unscored["decided_by"] is None and unscored["reward"] is None
    assert rows["1.2.1"]["note"] == "a | note" and rows["1.2.1"]["flagged"] is True and edited["flagged"] is False
    assert rows["1.1.0"]["scores"] == [{"scorer": "length", "score": 0.05}, {"scorer": "sentiment", "score": 0.9}]
    assert rows["1.1.0"]["log_q"] == -2.0 and rows["1.1.0"]["reference"] == "4" and rows["1.1.0"]["token_ids"]


# -- the files ---------------------------------------------------------------------------------------------------------


def read(made: FinishedExport, request: Request) -> list[dict[str, Any]]:
    """The rows as plain Python, whatever the format."""
    if request.format is Format.JSONL:
        return lines(made)
    if request.format is Format.CSV:
        with (made.folder / "train.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))
    paths = [path for path, _ in made.files if path.endswith(".parquet")]
    return [row for path in paths for row in pq.ParquetFile(made.folder / path).read().to_pylist()]


@pytest.mark.parametrize("request_", EVERY, ids=name)
def test_every_export_has_its_columns_and_the_same_bytes_again(
    exports: Exports, request_: Request, tmp_path: Path
) -> None:
    made = exports.write(request_)
    rows = read(made, request_)
    assert len(rows) == made.rows == exports.preview(request_).counted.rows > 0
    assert list(rows[0]) == schema(request_.what, request_.shaped).names and set(rows[0]) <= set(MEANINGS)
    again = exports.write(request_, tmp_path / "again")
    assert again.files == made.files and exports.write(request_).name == made.name
    for path, _ in made.files:
        assert (again.folder / path).read_bytes() == (made.folder / path).read_bytes()


@pytest.mark.parametrize("what", What)
def test_parquet_holds_what_jsonl_holds(exports: Exports, what: What) -> None:
    made = exports.write(Request(what, Format.PARQUET))
    assert read(made, Request(what, Format.PARQUET)) == exported(exports, what)
    assert pq.read_schema(made.folder / "train.parquet").equals(schema(what, Shape.CHAT))


@pytest.mark.parametrize("what", What)
def test_csv_holds_what_jsonl_holds_and_no_formula(exports: Exports, what: What) -> None:
    request = Request(what, Format.CSV)
    rows, plain = read(exports.write(request), request), exported(exports, what, shape=Shape.PLAIN)
    for row, of in zip(rows, plain, strict=True):
        for column, value in of.items():
            if isinstance(value, str):
                assert unguarded(row[column]) == value and row[column][:1] not in set("=+-@\t\r\n")
            elif isinstance(value, list):
                assert json.loads(row[column]) == value
            else:
                assert row[column] == ("" if value is None else json.dumps(value))


@pytest.mark.parametrize(
    "request_", [one for one in EVERY if one.format in (Format.JSONL, Format.CSV)] + MIXED, ids=name
)
def test_our_own_import_reads_it_back(exports: Exports, request_: Request) -> None:
    made = exports.write(request_)
    (path,) = (made.folder / path for path, _ in made.files if path != "README.md")
    file_format = recognise(path)
    assert file_format.text is not None
    parsed = parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)
    plain = request_.shaped is Shape.PLAIN
    known: set[tuple[Any, ...]] = {(text, system, ()) for text, system, *_ in PROMPTS[:2]}
    known.add((WRITTEN, None, ()) if plain else (PROMPTS[2][0], None, PROMPTS[2][3]))
    assert {(row.text, row.system, row.earlier) for row in parsed.rows} == known
    assert len(parsed.rows) == made.rows and not parsed.problems
    if request_.what is What.SFT:
        assert [row.reference for row in parsed.rows] == ["Four.", "Four.", "+4", "@edited, and better", "日本 🎉 half"]


@pytest.mark.parametrize("request_", [*MIXED, Request(What.LABELS, Format.CSV), Request(What.ALL)], ids=name)
def test_load_dataset_opens_the_folder_and_warns_of_nothing(
    exports: Exports,
    request_: Request,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from datasets import load_dataset
    from datasets.utils import logging

    monkeypatch.setattr(logging.get_logger("datasets"), "propagate", True)
    made = exports.write(request_)
    with caplog.at_level("WARNING"):
        rows = load_dataset(str(made.folder), split="train", cache_dir=str(tmp_path))
    assert [record.message for record in caplog.records] == []
    assert rows.column_names == schema(request_.what, request_.shaped).names and len(rows) == made.rows
    if request_.format is not Format.CSV:
        assert list(rows) == exported(exports, request_.what, shape=request_.shaped)


@pytest.mark.parametrize("request_", MIXED, ids=name)
def test_the_card_is_one_for_the_hub_and_shows_names_as_they_are(exports: Exports, request_: Request) -> None:
    made = exports.write(request_)
    text = (made.folder / "README.md").read_text(encoding="utf-8")
    head = DatasetCard(text).data.to_dict()
    assert head["pretty_name"].startswith("hotel `reviews` | 2: ") and head["size_categories"] == ["n<1K"]
    assert head["configs"][0]["data_files"][0]["split"] == "train" and head["task_categories"] == ["text-generation"]
    assert [one["name"] for one in head["dataset_info"]["features"]] == schema(request_.what, request_.shaped).names
    assert "``hotel `reviews` | 2``" in text and "`` tiny | `model` ``" in text
    assert "temperature 1.0" in text and '"reference": "base"' in text and "log M = -1 nats" in text
    assert "- `ann`: 2 candidates" in text and "- `bob`: 1 candidate\n" in text and "Cohen's κ" in text


# -- refusals, and files left behind ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"what": "sfft"}, "is not what of an export: say sft"),
        ({"what": "sft", "format": "xlsx"}, "is not the format"),
        ({"what": "labels", "shape": "messages"}, "is available only for sft"),
        ({"what": "sft", "format": "csv", "shape": "chat"}, "CSV holds no list"),
        ({"what": "labels", "curated_id": "c1-1"}, "so name a round"),
        ({"what": "sft", "curated_id": "c1-1", "round_number": 1}, "name one of the two"),
        ({"what": "preference", "seed": -1}, "0 or more"),
        ({"what": "preference", "pairing": "best"}, "is not the pairing"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_before_anything_is_read(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ExportError, match=message):
        Request.parse(asked)


@pytest.mark.parametrize(
    ("request_", "kind", "message"),
    [
        (Request(What.SFT, curated_id="c9-1"), ExportError, "there are: c1-1"),
        (Request(What.LABELS, round_number=4), ExportError, "name one from 1 to 1"),
        (Request(What.SFT, round_number=2), StageError, "freeze what is accepted"),
    ],
)
def test_what_is_not_there_is_named(exports: Exports, request_: Request, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        exports.preview(request_)


def test_a_round_without_a_rejected_text_has_no_pairs(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    for k, prompt in ((2, 1), *((k, 2) for k in range(1, 4)), (1, 3)):
        store.add_override(f"{k} {prompt}", f"1.{prompt}.{k}", Action.ACCEPT, "cy")
    store.add_override("2.2 bob again", "1.2.2", Action.ACCEPT, "bob")
    store.add_override("2.2 ann again", "1.2.2", Action.ACCEPT, "ann")
    exports = exported_round.exports_of(store, tmp_path)
    with pytest.raises(ExportError, match="nothing to export as preference"):
        exports.write(Request(What.PREFERENCE))
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_folder_that_is_there_is_not_written_into(exports: Exports, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    for out in (tmp_path, tmp_path / "kept"):
        with pytest.raises(ExportError, match="already exists"):
            exports.start(Request(What.ALL), out)
    with pytest.raises(ExportError, match="not an absolute path"):
        exports.start(Request(What.ALL), Path("here"))
    assert (tmp_path / "kept").read_text() == "mine"


def test_a_thread_writes_it_with_progress_and_it_is_found_again(exports: Exports) -> None:
    export_id = exports.start(Request(What.ALL, shape=Shape.PLAIN))
    thread = exports._running[export_id].thread
    assert thread is not None
    thread.join(60)
    state = exports.state(export_id)
    assert state.export is not None and state.done == state.total == 12 and exports.running() == []
    assert state.export.name in {made.name for made in exports.finished()}
    exports.delete(state.export.name)
    assert state.export.name not in {made.name for made in exports.finished()} and not state.export.folder.exists()
    with pytest.raises(ExportError, match="no export"):
        exports.state("unknown")


def test_a_cancelled_export_leaves_nothing(exports: Exports) -> None:
    before = {path.name for path in exports._place.iterdir()}
    with exports._turn:  # so that the export waits
        export_id = exports.start(Request(What.LABELS, Format.DATASETS, Shape.PLAIN, seed=9))
        exports.cancel(export_id)
    thread = exports._running[export_id].thread
    assert thread is not None
    thread.join(60)
    assert "cancelled" in str(exports.state(export_id).problem)
    assert {path.name for path in exports._place.iterdir()} == before


def test_what_runs_is_looked_at_under_the_lock_alone(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread that starts an export forgets the oldest that have ended."""

    class Watched(dict[str, Any]):
        def __getitem__(self, export_id: str) -> Any:
            assert exports._lock.locked()
            return super().__getitem__(export_id)

        def values(self) -> Any:
            assert exports._lock.locked()
            return super().values()

    running = Watched(exports._running)
    monkeypatch.setattr(exports, "_running", running)
    with exports._turn:  # so that the export waits
        export_id = exports.start(Request(What.LABELS, Format.DATASETS, Shape.PLAIN, seed=10))
        assert exports.state(export_id).running and len(exports.running()) == 1
        exports.cancel(export_id)
    thread = dict(running)[export_id].thread
    thread.join(60)
    assert "cancelled" in str(exports.state(export_id).problem)
    with pytest.raises(ExportError, match="no export"):
        exports.cancel("unknown")


def test_what_a_killed_owner_left_is_swept(store: Store, tmp_path: Path) -> None:
    left = tmp_path / "exports" / f"{SCRATCH}abc"
    (left / "data").mkdir(parents=True)
    exported_round.exports_of(store, tmp_path)
    assert not left.exists()


def test_the_preview_changes_with_what_people_say_and_only_then(store: Store, tmp_path: Path) -> None:
    exported_round.fill(store)
    exports, request = exported_round.exports_of(store, tmp_path), Request(What.LABELS)
    before = exports.preview(request)
    assert exports.preview(request) is before and len(before.rows) == 5
    store.add_override("new", "1.3.0", Action.REJECT, "ann")
    assert exports.preview(request).counted.accepted == before.counted.accepted - 1


def test_the_archive_of_an_export_holds_its_files(exports: Exports) -> None:
    made = exports.write(Request(What.PREFERENCE, Format.DATASETS))
    content = made.archive()
    assert content == made.archive()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == [f"{made.name}/{path}" for path, _ in made.files]
        assert archive.read(f"{made.name}/README.md") == made.file("README.md")
    with pytest.raises(ExportError, match="no file"):
        made.file("../rsf.duckdb")
    exports.delete(made.name)
    with pytest.raises(ExportError, match="not there any more"):
        made.archive()


def test_the_note_beside_the_files_is_hidden_from_what_reads_them(exports: Exports) -> None:
    assert NOTE.startswith(".") and all(
        not path.startswith(".") for made in exports.finished() for path, _ in made.files
    )
