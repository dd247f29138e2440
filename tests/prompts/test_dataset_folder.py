"""The folder of a data set, as `datasets` saves it and as the hub stores it, is read without that library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import dataset_folder, parse, recognise
from rsf_core.prompts.dataset_folder import gather

LABELS = json.dumps(
    {"info": {"features": {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}}}
)


def save(folder: Path, rows: list[dict[str, Any]], files: int = 1, **about: str) -> None:
    """Saves as Dataset.save_to_disk does: Arrow streams, named in state.json."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows).replace_schema_metadata(about or None)
    names = [f"data-{n:05}-of-{files:05}.arrow" for n in range(files)]
    for n, name in enumerate(names):
        with pa.ipc.new_stream(folder / name, table.schema) as writer:
            writer.write_table(table.slice(n * len(rows) // files, len(rows) // files))
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": name} for name in names], "_split": None})
    )
    (folder / "dataset_info.json").write_text("{}")


def read(folder: Path, out: Path) -> list[tuple[str, str | None, str | None]]:
    gather(folder, out)
    file_format = recognise(out)
    assert file_format.text is not None
    rows = parse(out, file_format.text, file_format.reference, file_format.system, file_format.split).rows
    return [(row.text, row.reference, None if row.split is None else str(row.split)) for row in rows]


def test_a_saved_data_set_is_read_over_all_its_files_with_the_names_of_its_labels(tmp_path: Path) -> None:
    rows = [{"text": f"A film, number {n}.", "label": (1, 0, -1, None)[n % 4]} for n in range(4)]
    save(tmp_path / "d", rows, files=2, huggingface=LABELS)
    assert read(tmp_path / "d", tmp_path / "o.parquet") == [
        ("A film, number 0.", "good", None),
        ("A film, number 1.", "bad", None),
        ("A film, number 2.", None, None),
        ("A film, number 3.", None, None),
    ]


@pytest.mark.parametrize(
    ("about", "references"),
    [
        (LABELS, ["good", "bad", None, None]),
        (LABELS.replace('"label"', '"other"'), ["1", "0", "-1", None]),
        (LABELS.replace("ClassLabel", "Value"), ["1", "0", "-1", None]),
        ("[" * 100_000, ["1", "0", "-1", None]),
        ('{"info": []}', ["1", "0", "-1", None]),
    ],
)
def test_one_file_of_it_has_the_names_of_its_labels_too(
    tmp_path: Path, about: str, references: list[str | None]
) -> None:
    rows = [{"text": f"A film, number {n}.", "label": (1, 0, -1, None)[n % 4]} for n in range(4)]
    file = tmp_path / "train-00000-of-00001.parquet"
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": about}), file)
    assert [row.reference for row in parse(file, "text", "label").rows] == references


def test_the_splits_of_a_saved_data_set_become_sides(tmp_path: Path) -> None:
    for split in ("train", "test"):
        save(tmp_path / "d" / split, [{"question": f"Of {split}?", "answer": "a"}])
    (tmp_path / "d" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert read(tmp_path / "d", tmp_path / "o.parquet") == [("Of train?", "a", "train"), ("Of test?", "a", "held_out")]


def test_parquet_files_as_on_the_hub_are_read_with_conversations(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    (tmp_path / "d" / "data").mkdir(parents=True)
    for name in ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001"):
        pq.write_table(pa.Table.from_pylist([{"messages": turns}]), tmp_path / "d" / "data" / f"{name}.parquet")
    assert read(tmp_path / "d", tmp_path / "o.parquet") == [("a", "b", "train")] * 2 + [("a", "b", "held_out")]


def test_what_is_no_data_set_or_a_damaged_one_is_named(tmp_path: Path) -> None:
    out = tmp_path / "o.parquet"
    with pytest.raises(PromptFileError, match="there is no folder"):
        gather(tmp_path / "gone", out)
    with pytest.raises(PromptFileError, match="is not a data set"):
        gather(tmp_path, out)
    save(tmp_path / "d", [{"text": "a"}])
    (tmp_path / "d" / "data-00000-of-00001.arrow").write_bytes(b"no arrow at all")
    with pytest.raises(PromptFileError, match="cannot be read"):
        gather(tmp_path / "d", out)
    for state, message in (
        ("{", "damaged data set"),
        ('{"_data_files": 3}', "damaged data set"),
        ('{"_data_files": [{"filename": "../../secret.arrow"}]}', "outside of itself"),
        ('{"_data_files": []}', "holds no row"),
        ('{"_data_files": [{"filename": "gone.arrow"}]}', "cannot be read"),
    ):
        (tmp_path / "d" / "state.json").write_text(state)
        with pytest.raises(PromptFileError, match=message):
            gather(tmp_path / "d", out)


def test_a_read_error_without_a_message_is_named_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: Path) -> None:
        raise OSError

    (tmp_path / "a.parquet").touch()
    monkeypatch.setattr(dataset_folder, "_batches", broken)
    with pytest.raises(PromptFileError, match=r"cannot be read: OSError$"):
        gather(tmp_path, tmp_path / "out.parquet")


def test_files_with_other_columns_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "d" / "a.parquet")
    pq.write_table(pa.table({"prompt": ["b"]}), tmp_path / "d" / "b.parquet")
    with pytest.raises(PromptFileError, match=r"b\.parquet: has other columns"):
        gather(tmp_path / "d", tmp_path / "o.parquet")
