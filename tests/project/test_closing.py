"""Closing has a time limit: a step that takes longer is named and runs to its end, and frees the project only then."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from rsf_core.domain.closing import in_turn
from rsf_core.domain.errors import ProjectLockedError
from rsf_core.project import Project
from rsf_core.project.owner import holder

PATIENCE = 60.0


def test_the_steps_are_taken_in_turn_and_nothing_is_left() -> None:
    taken: list[str] = []
    assert in_turn([(name, lambda name=name: taken.append(name)) for name in ("a", "b", "c")], PATIENCE) is None  # type: ignore[misc]
    assert taken == ["a", "b", "c"]
    assert in_turn([], PATIENCE) is None


def test_a_step_that_raises_keeps_none_from_its_turn() -> None:
    taken: list[str] = []

    def fails() -> None:
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        in_turn([("a", fails), ("b", lambda: taken.append("b"))], PATIENCE)
    assert taken == ["b"]


def test_an_unfinished_step_is_named_and_continues_with_the_steps_after_it() -> None:
    go_on, over = threading.Event(), threading.Event()
    assert in_turn([("first", lambda: None), ("second", go_on.wait), ("third", over.set)], 0.05) == "second"
    assert not over.is_set()
    go_on.set()
    assert over.wait(PATIENCE)


def test_a_project_in_the_middle_of_a_write_says_so_and_is_given_back_after_it(
    tmp_path: Path, small_task: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project.create(tmp_path / "project", str(small_task), seed=1)
    inside, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with project.store.transaction("saving a large thing"):
            project.store.set_value("written", "yes")
            inside.set()
            assert go_on.wait(PATIENCE)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert inside.wait(PATIENCE)
        with caplog.at_level(logging.WARNING):
            left = project.close(0.3)
        assert left == "the database (saving a large thing)"
        assert "is not closed after 0.3 s: the database (saving a large thing) still goes on" in caplog.text
        assert holder(project.folder) is not None
        with pytest.raises(ProjectLockedError):
            Project.open(project.folder)
        assert project.close() is None  # closing again does nothing
    finally:
        go_on.set()
        writing.join(PATIENCE)
    give_up = time.monotonic() + PATIENCE
    while holder(project.folder) is not None:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    with Project.open(project.folder) as again:
        assert again.store.values()["written"] == "yes"


def test_an_idle_project_is_closed_without_a_message(
    tmp_path: Path, small_task: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project.create(tmp_path / "project", str(small_task), seed=1)
    project.serve(lambda name, arguments: None)
    assert project.close() is None
    assert holder(project.folder) is None and not caplog.records
