"""The embed job: features once per candidate, in units that survive a break, and the same in whatever batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import StageError
from rsf_core.jobs.spool import Spool
from rsf_core.jobs.worker import work
from rsf_core.models.feature_files import FOLDER
from rsf_core.project import Project
from rsf_core.rounds import embedding


def written(project: Project) -> list[Path]:
    return sorted((project.folder / FOLDER).rglob("*.ids.npy"))


def names(project: Project) -> list[str]:
    return [c.candidate_id for p in project.prompts_in_round() for c in project.candidates(p.prompt_id)]


def test_every_candidate_gets_its_features_once_and_only_missing_ones_are_computed(complete: Project) -> None:
    with pytest.raises(StageError, match="rsf embed"):
        complete.features.of(names(complete))
    before = complete.features.counts()
    assert before.candidates == len(names(complete)) == before.missing and before.candidates > 0
    assert complete.features.start() == "r1-embed-1"
    complete.wait()
    assert complete.features.counts().missing == 0 and complete.features.start() is None
    features = complete.features.of(names(complete))
    assert (
        features.shape == (before.candidates, 64) and len(np.unique(features[:, 32:], axis=0)) > before.candidates / 2
    )
    first = written(complete)[0]  # only a lost part is missing and computed again
    first.unlink()
    missing = complete.features.counts().missing
    assert missing > 0
    complete.features.start()
    complete.wait()
    np.testing.assert_allclose(complete.features.of(names(complete)), features, atol=1e-4)


def test_units_survive_a_break_and_are_as_if_computed_at_once(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PART", 5)
    monkeypatch.setattr(complete.supervisor, "_begin", lambda job: None)  # the test does the work by hand
    job_id = complete.features.start()
    spool = Spool(complete.folder / "spool" / str(job_id))
    assert work(spool.folder) is JobState.DONE
    whole = complete.features.of(names(complete))
    parts = written(complete)
    assert len(parts) > 2
    kept = {path: path.stat().st_mtime_ns for path in parts[1:]}
    parts[0].unlink()
    assert work(spool.folder) is JobState.DONE
    assert {path: path.stat().st_mtime_ns for path in parts[1:]} == kept and parts[0].exists()
    np.testing.assert_array_equal(complete.features.of(names(complete)), whole)
    for path in parts:
        path.unlink()
    spool.request_cancel()
    assert work(spool.folder) is JobState.CANCELLED and not written(complete)


def test_a_project_without_candidates_says_what_to_do(project: Project) -> None:
    with pytest.raises(StageError, match="generate them first"):
        project.features.start()


def test_candidates_of_later_rounds_are_kept_apart(complete: Project, jobs_in_threads: Any) -> None:
    complete.draw_next_round()
    complete.wait()
    complete.features.start()
    complete.wait()
    assert {path.name.split("-")[0] for path in written(complete)} == {"r2"}
    both = (
        complete.features.of(["1.1.0", "2.1.0"])
        if "2.1.0" in names(complete)
        else complete.features.of(names(complete))
    )
    assert not np.allclose(both[0], both[1])
