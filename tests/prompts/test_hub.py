"""Data sets of the hub, represented by a folder of the same layout; an error names what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import hub, recognise


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """A folder as on the hub: two splits of Parquet files."""
    (tmp_path / "set" / "data").mkdir(parents=True)
    for split, count in (("train", 5), ("test", 2)):
        table = pa.table(
            {"question": [f"{split} {i}?" for i in range(count)], "answer": [str(i) for i in range(count)]}
        )
        pq.write_table(table, tmp_path / "set" / "data" / f"{split}-00000-of-00001.parquet")
    return tmp_path / "set"


def test_a_split_is_written_as_one_file_and_no_more_rows_than_allowed(data_set: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    out = tmp_path / "upload.parquet"
    assert hub.fetch(str(data_set), "", "test", out) == 2
    assert pq.read_table(out)["question"].to_pylist() == ["test 0?", "test 1?"]
    assert (recognise(out).text, recognise(out).reference) == ("question", "answer")
    assert hub.fetch(str(data_set), "", "train", out, most=3) == 3 == pq.read_metadata(out).num_rows
    with pytest.raises(PromptFileError, match=r"split nowhere\) cannot be fetched: .*nowhere"):
        hub.fetch(str(data_set), "", "nowhere", out)


def test_a_script_in_a_data_set_is_not_run(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    folder = tmp_path / "scripted"
    folder.mkdir()
    ran = tmp_path / "ran"
    (folder / "scripted.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    with pytest.raises(PromptFileError, match="cannot be fetched"):
        hub.fetch(str(folder), "", "train", tmp_path / "upload.parquet")
    assert not ran.exists()


def test_offline_and_without_the_library_the_error_says_what_to_do(
    data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(PromptFileError, match="HF_HUB_OFFLINE is set"):
        hub.fetch("org/name", "", "train", tmp_path / "upload.parquet")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(PromptFileError, match=r"rsf-studio\[datasets\]"):
        hub.fetch(str(data_set), "", "train", tmp_path / "upload.parquet")


@pytest.mark.parametrize("name", ["", "..", "a/b/c", "org/../name", "/etc/passwd", "org/name;rm", "hub:"])
def test_what_is_no_id_is_refused_before_anything_is_asked(name: str) -> None:
    with pytest.raises(PromptFileError, match="not an id of a data set"):
        hub.checked(name, None, "train")


def test_an_id_with_its_configuration_and_split() -> None:
    assert hub.checked(" hub:org/na-me.v1 ", None, "train") == ("org/na-me.v1", "", "train")
    assert hub.checked("gsm8k", "main", "test") == ("gsm8k", "main", "test")
    for config, split in (("a/b", "train"), (None, ""), (None, "train[:10]\n")):
        with pytest.raises(PromptFileError, match="of a data set: give its name"):
            hub.checked("org/name", config, split)
