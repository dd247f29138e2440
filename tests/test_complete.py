"""The project with a complete round that each test gets is an independent copy."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rsf_core.domain import Action
from rsf_core.project import Project
from rsf_core.project.owner import holder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def before(complete_folder: Path) -> dict[str, str]:
    return digests(complete_folder)


def test_it_is_complete_and_open_in_this_process_under_a_lock_of_its_own(
    complete: Project, complete_folder: Path
) -> None:
    assert {stage.progress for stage in complete.stages()} == {"done"} and complete.comparison(1) is not None
    mine = holder(complete.folder)
    assert mine is not None and mine["pid"] == os.getpid()
    assert holder(complete_folder) is None


def test_nothing_in_it_leads_to_the_folder_it_was_copied_from(complete: Project, complete_folder: Path) -> None:
    name = str(complete_folder.parent).encode()
    files = [path for path in complete.folder.rglob("*") if path.is_file() and "rsf.duckdb" not in path.name]
    assert len(files) > 20
    assert [path for path in files if name in path.read_bytes()] == []
    known = [job.spec.model_dump_json() for job in complete.jobs()] + [str(model) for model in complete.models()]
    assert len(known) > 4 and not any(name.decode() in text for text in known)


def test_what_is_done_in_it_changes_no_other(before: dict[str, str], complete: Project, complete_folder: Path) -> None:
    complete.override("1.1.0", Action.REJECT)
    complete.set("evaluate.candidates", "1")
    complete.evaluate(1)
    complete.wait()
    complete.close()
    assert digests(complete_folder) == before
