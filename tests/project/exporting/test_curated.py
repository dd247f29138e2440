"""A curated set as files: json and pyarrow read back exactly the frozen rows."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import Action, Scope, Split
from rsf_core.domain.settings_reading import parse
from rsf_core.project.exporting import curated as exports
from rsf_core.prompts import parse as read_prompts
from rsf_core.prompts import recognise
from rsf_core.rounds.curation import freeze
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates, decide

ROW = {
    "system": None,
    "earlier": None,
    "prompt": "a",
    "completion": "b",
    "weight": 1.0,
    "candidate_id": "1.1.0",
    "decided_by": "ann",
    "acceptance_prob": 1.0,
    "prompt_token_ids": [1],
    "token_ids": [2],
}
NASTY = ["plain", 'quote " and \\ backslash', "two\nlines", "日本 🎉", "</script>", "nul \x00 inside"]
LINE_ENDS = ["next\x85line", "line\u2028separator", "paragraph\u2029separator", "return\rand\r\nfeed", "form\x0cfeed"]


@pytest.fixture
def samples(store: Store) -> pa.Table:
    """Two prompts, the second with a system message, with three accepted completions each."""
    store.add_prompts([("What?", None, None, Split.TRAIN), ("Why?", "Be kind.", "42", Split.TRAIN)], "test")
    rows = candidates(2, 3, completions=NASTY)
    add_candidates(store, rows)
    decide(store, rows, 0.0, -9.0, Scope.PROMPT)
    store.add_override("a", "1.2.2", Action.ACCEPT, "ann")
    freeze(store, parse({"task": "t"}, "test"), 1, "ann")
    return store.curated_samples("c1-1")


def test_jsonl_reads_back_as_chat_messages_with_provenance(samples: pa.Table) -> None:
    content = exports.jsonl(samples)
    rows = [json.loads(line) for line in content.decode().split("\n")[:-1]]
    assert [row["completion"] for row in rows] == [[{"role": "assistant", "content": text}] for text in NASTY]
    assert rows[0]["prompt"] == [{"role": "user", "content": "What?"}]
    assert rows[-1]["prompt"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    assert [row["decided_by"] for row in rows] == ["rule"] * 5 + ["ann"]
    assert rows[0]["weight"] == 1.0 and rows[0]["token_ids"] == [3, 0, 2] and rows[0]["candidate_id"] == "1.1.0"


def test_parquet_holds_the_same_rows(samples: pa.Table) -> None:
    table = pq.read_table(io.BytesIO(exports.parquet(samples)))
    assert table.to_pylist() == [json.loads(line) for line in exports.jsonl(samples).decode().split("\n")[:-1]]
    assert table.schema.field("weight").type == pa.float64()
    assert table.schema.field("token_ids").type == pa.list_(pa.int64())


def test_files_written_are_read_by_name(samples: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_bytes(exports.jsonl(samples))
    (tmp_path / "set.parquet").write_bytes(exports.parquet(samples))
    with (tmp_path / "set.jsonl").open(encoding="utf-8", newline="\n") as file:
        assert [json.loads(line)["candidate_id"] for line in file] == samples["candidate_id"].to_pylist()
    assert pq.read_metadata(tmp_path / "set.parquet").num_rows == samples.num_rows


def test_an_empty_set_is_an_empty_file_that_still_opens(samples: pa.Table) -> None:
    assert exports.jsonl(samples.slice(0, 0)) == b""
    assert pq.read_table(io.BytesIO(exports.parquet(samples.slice(0, 0)))).num_rows == 0


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        [],
        [ROW | {"token_ids": []}],
        [ROW | {"token_ids": [], "prompt_token_ids": []}, ROW | {"token_ids": []}],
        [ROW | {"system": "Be kind."}],
        [ROW | {"acceptance_prob": None}, ROW | {"acceptance_prob": math.nan}],
        [ROW | {"weight": 2, "token_ids": None}],
    ],
)
def test_the_columns_of_a_set_do_not_depend_on_what_is_in_it(rows: list[dict[str, Any]]) -> None:
    samples = pa.Table.from_pylist(rows) if rows else pa.Table.from_pylist([ROW]).slice(0, 0)
    content = exports.parquet(samples)
    assert pq.read_schema(io.BytesIO(content)).equals(exports.SCHEMA)
    frame = pd.read_parquet(io.BytesIO(content))
    assert len(frame) == len(rows) and list(frame.columns) == exports.SCHEMA.names
    assert [list(ids) if ids is not None else None for ids in frame["token_ids"]] == [row["token_ids"] for row in rows]
    lines = [json.loads(line) for line in exports.jsonl(samples).decode().splitlines()]
    assert lines == pq.read_table(io.BytesIO(content)).to_pylist() == exports.rows(samples)


def test_sets_of_all_kinds_are_read_together_as_one(tmp_path: Path) -> None:
    for name, row in (("drawn", ROW), ("edited", ROW | {"token_ids": [], "acceptance_prob": None})):
        (tmp_path / f"{name}.parquet").write_bytes(exports.parquet(pa.Table.from_pylist([row])))
    assert pq.read_table(tmp_path)["token_ids"].to_pylist() == [[2], []]


def test_every_sample_is_one_line_for_every_reader_of_lines() -> None:
    content = exports.jsonl(pa.Table.from_pylist([ROW | {"completion": text} for text in LINE_ENDS])).decode()
    lines = content.splitlines()
    assert len(lines) == len(LINE_ENDS)
    assert [json.loads(line)["completion"][0]["content"] for line in lines] == LINE_ENDS


def test_half_a_surrogate_pair_is_written_as_json_has_it() -> None:
    class Samples:
        def to_pylist(self) -> list[dict[str, Any]]:
            return [ROW | {"completion": "half \ud83d of it"}]

    (line,) = exports.jsonl(Samples()).splitlines()
    assert json.loads(line)["completion"][0]["content"] == "half \ud83d of it"


def test_no_number_is_written_as_nothing_for_json_has_no_other_word() -> None:
    rows = [ROW | {"acceptance_prob": value} for value in (math.nan, math.inf, -math.inf)]
    for line in exports.jsonl(pa.Table.from_pylist(rows)).splitlines():
        assert json.loads(line, parse_constant=pytest.fail)["acceptance_prob"] is None


def test_a_conversation_is_exported_with_all_its_messages_and_read_back(store: Store, tmp_path: Path) -> None:
    turns = ("My cat is called Minka.", "A fine name.")
    store.add_prompts([("What is my cat called?", "Be brief.", "Minka", Split.TRAIN, turns)], "test")
    rows = candidates(1, 2)
    add_candidates(store, rows)
    decide(store, rows, 0.0, -9.0)
    freeze(store, parse({"task": "t"}, "test"), 1, "ann")
    samples = store.curated_samples("c1-1")
    roles = ["system", "user", "assistant", "user"]
    content = ["Be brief.", *turns, "What is my cat called?"]
    (first, _) = exports.rows(samples)
    assert first["prompt"] == [{"role": r, "content": c} for r, c in zip(roles, content, strict=True)]
    for name, made in (("set.jsonl", exports.jsonl(samples)), ("set.parquet", exports.parquet(samples))):
        (tmp_path / name).write_bytes(made)
        file_format = recognise(tmp_path / name)
        assert file_format.text == "prompt"
        parsed = read_prompts(tmp_path / name, "prompt", "completion")
        assert [(r.text, r.system, r.earlier, r.reference) for r in parsed.rows] == [
            ("What is my cat called?", "Be brief.", turns, completion)
            for completion in samples["completion"].to_pylist()
        ]
