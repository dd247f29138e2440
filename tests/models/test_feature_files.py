"""Files of features: read in the requested order, complete or absent, and never more in memory than requested."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsf_core.domain import place
from rsf_core.domain.errors import StageError
from rsf_core.models import feature_files
from rsf_core.models.feature_files import FeatureFiles

WIDTH = 6


def rows(round_number: int, *prompts: int, k: int = 2) -> np.ndarray:
    return np.array([(round_number, prompt, i) for prompt in prompts for i in range(k)], np.int32)


def states(ids: np.ndarray) -> np.ndarray:
    """Features that encode the candidate they belong to."""
    return (ids @ np.array([1e4, 10, 1]))[:, None].astype(np.float32) + np.arange(WIDTH, dtype=np.float32) / 8


@pytest.fixture
def files(tmp_path: Path) -> FeatureFiles:
    feature_files = FeatureFiles(tmp_path, "abc")
    for name, ids in {"a": rows(1, 3, 1), "b": np.concatenate([rows(1, 2), rows(2, 1)]), "c": rows(1, 1)}.items():
        feature_files.write(name, ids, states(ids))
    return feature_files


def test_they_come_in_the_requested_order_from_any_rounds_and_segments(files: FeatureFiles) -> None:
    ids = np.array([(2, 1, 1), (1, 2, 0), (1, 3, 1), (1, 1, 0), (1, 2, 0)], np.int32)
    features = files.of([".".join(map(str, row)) for row in ids.tolist()])
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, states(ids))
    np.testing.assert_array_equal(
        files.read(1, place(np.array([3, 1]), np.array([0, 1]))), states(np.array([(1, 3, 0), (1, 1, 1)]))
    )
    assert files.of([]).shape == (0, 0)


def test_it_counts_each_candidate_once_and_knows_which_are_there(files: FeatureFiles) -> None:
    assert [files.count(number) for number in (1, 2, 3)] == [6, 2, 0]
    rows_asked = place(np.array([1, 2, 4, 0]), np.array([1, 2, 0, 0]))
    assert files.has(1, rows_asked).tolist() == [True, False, False, False]
    assert files.has(9, rows_asked).tolist() == [False] * 4


def test_missing_features_are_reported_with_their_number_and_what_to_do(files: FeatureFiles) -> None:
    with pytest.raises(StageError, match=r"2 of 3 candidates have no features yet: .*rsf embed"):
        files.of(["1.1.0", "1.9.0", "1.9.1"])
    with pytest.raises(StageError, match="'nothing' is the name of no candidate"):
        files.of(["1.1.0", "nothing"])


def test_what_another_process_writes_is_seen(files: FeatureFiles, tmp_path: Path) -> None:
    assert not files.has_segment("d") and files.count(3) == 0
    FeatureFiles(tmp_path, "abc").write("d", rows(3, 1), states(rows(3, 1)))
    assert files.has_segment("d") and files.count(3) == 2
    assert FeatureFiles(tmp_path, "of another model").count(3) == 0


def test_a_segment_that_comes_while_rows_are_read_changes_none_of_them(
    files: FeatureFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = feature_files._find

    def interrupted(*arguments: Any) -> Any:
        """Another thread lists the files after the rows are known, and sees a segment that sorts before the others."""
        FeatureFiles(tmp_path, "abc").write("0", rows(1, 9), states(rows(1, 9)))
        assert files.has_segment("0")
        return find(*arguments)

    monkeypatch.setattr(feature_files, "_find", interrupted)
    features = files.read(1, place(np.array([3, 2]), np.array([0, 1])))
    np.testing.assert_array_equal(features, states(np.array([(1, 3, 0), (1, 2, 1)])))


@pytest.mark.parametrize("damage", ["cut", "other rows", "no states", "no numbers"])
def test_a_damaged_segment_counts_as_absent_until_it_is_written_again(
    files: FeatureFiles, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "features" / "abc-1"
    if damage == "cut":
        (folder / "a.npy").write_bytes((folder / "a.npy").read_bytes()[:-8])
    elif damage == "other rows":
        np.save(folder / "a.ids.npy", rows(1, 3))
    elif damage == "no states":
        (folder / "a.npy").unlink()
    else:
        (folder / "a.ids.npy").write_bytes(b"nothing")
    reopened = FeatureFiles(tmp_path, "abc")
    assert reopened.count(1) == 4 and not reopened.has_segment("a")  # prompts 1 (of c) and 2
    FeatureFiles(tmp_path, "abc").write("a", rows(1, 3, 1), states(rows(1, 3, 1)))
    assert reopened.count(1) == 6 and reopened.has_segment("a")


def test_a_segment_that_is_damaged_while_it_is_known_is_named_and_then_missing(
    files: FeatureFiles, tmp_path: Path
) -> None:
    assert files.count(1) == 6
    (tmp_path / "features" / "abc-1" / "b.npy").write_bytes(b"nothing")
    with pytest.raises(StageError, match=r"b\.npy are damaged"):
        files.of(["2.1.0"])
    assert files.count(2) == 0


def test_a_few_rows_of_a_large_segment_take_little_memory(tmp_path: Path) -> None:
    files = FeatureFiles(tmp_path, "abc")
    ids = rows(1, *range(10_000))
    files.write("large", ids, np.zeros((len(ids), 500), np.float32))  # 40 MB
    files.count(1)
    tracemalloc.start()
    files.of([f"1.{prompt}.0" for prompt in range(0, 10_000, 1000)])
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()
