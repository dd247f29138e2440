"""What a job tells its owner is read back as it was written, and an error names what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain.errors import JobError
from rsf_core.domain.files import write_json
from rsf_core.domain.results import FoundModel, JobResult, LeftOutLengths
from rsf_core.jobs.spool import Spool


@pytest.mark.parametrize(
    "result",
    [
        JobResult(),
        JobResult(note="done. 1 prompt is not drawn from", left_out=(3, 5)),
        JobResult(base=FoundModel(name="n", folder="/f", identity="i"), identity="hash"),
        JobResult(lengths=LeftOutLengths(most=None, prefix=4, prompts=((1, 900, None), (2, None, "no")))),
        JobResult(taste={"hidden": [0.5, float("inf")], "version": "a"}),
    ],
    ids=str,
)
def test_it_is_read_back_as_it_was_written(result: JobResult, tmp_path: Path) -> None:
    Spool(tmp_path).write_result(result)
    assert Spool(tmp_path).result() == result


def test_a_job_that_has_written_none_is_done_and_names_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    assert Spool(tmp_path).result() == JobResult() and JobResult().note == "done"
    write_json(tmp_path / "result.json", {"identity": "hash", "seconds": 1.5})
    assert Spool(tmp_path).result() == JobResult(identity="hash")


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"base": []}, "base"),
        ({"base": {"name": "n", "folder": 3, "identity": "i"}}, "base.folder"),
        ({"left_out": ["x"]}, "left_out"),
        ({"taste": 3}, "taste"),
        ({"note": ["done"]}, "note"),
    ],
)
def test_what_is_damaged_is_named(written: dict[str, Any], named: str, tmp_path: Path) -> None:
    write_json(tmp_path / "result.json", written)
    with pytest.raises(JobError, match=rf"result\.json is damaged: .*{named}"):
        Spool(tmp_path).result()
