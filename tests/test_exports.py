"""A curated set as files: what json and pyarrow read back is what was frozen."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core import exports
from rsf_core.curation import freeze
from rsf_core.domain import Action, Scope, Split
from rsf_core.settings import parse
from rsf_core.store.store import Store
from tests.seeding import add_candidates, candidates, decide

NASTY = ["plain", 'quote " and \\ backslash', "two\nlines", "日本 🎉", "</script>", "nul \x00 inside"]


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
