"""The summary of a project that a list shows."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import duckdb
import pytest

from rsf_core.domain import JobState
from rsf_core.jobs.spool import Status
from rsf_core.project import Project
from rsf_core.project import summary as summaries
from rsf_core.project.owner import holder
from rsf_core.project.summary import Gain, Summary
from rsf_core.rounds import drive
from rsf_core.rounds.comparisons import Comparison
from rsf_core.rounds.stages import Stage
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import RoundCounts
from tests.support.seeding import add_candidates, candidates
from tests.support.waiting import until

COUNTS = RoundCounts(32, 32, 32, 12, 0, 12, 0, 0, 8, 8)


@pytest.mark.parametrize(
    ("step", "words", "fresh"),
    [
        (drive.Start(Stage.GENERATE), "Generate candidates", True),
        (drive.Start(Stage.FINETUNE), "Fine-tune on 12 accepted", False),
        (drive.Resume(Stage.GENERATE, "r1-generate-1"), "Resume: Generate", False),
        (drive.Stopped(Stage.GENERATE, "no prompt"), "Add prompts", False),
        (drive.WaitForReview(Stage.FINETUNE, "as asked"), "Review", False),
        (drive.OpenRound(), "Start round 2", False),
        (drive.WaitForJob("r1-generate-1"), "", False),
        (drive.Complete(), "", False),
    ],
)
def test_the_next_step_is_described_in_the_words_of_its_button(step: drive.Step, words: str, fresh: bool) -> None:
    summary = summaries.summarise(1, step, COUNTS, 12, None)
    assert (summary.next, summary.fresh, summary.gain) == (words, fresh, None)


def test_a_later_round_is_not_fresh() -> None:
    assert not summaries.summarise(2, drive.Start(Stage.GENERATE), COUNTS, 12, None).fresh


@pytest.mark.parametrize("low", [0.25, -float("inf")])
def test_the_gain_is_that_of_the_newest_comparison_in_its_headline(low: float) -> None:
    known = Interval(0.5, low, 0.75 if low > 0 else float("inf"), 8)
    none: dict[str, Interval] = {}
    metrics = {"pass@1": known}
    compared = Comparison(3, "m2-1", "m3-1", metrics, metrics, metrics, none, metrics, 8, 16)
    gain = summaries.summarise(4, drive.OpenRound(), COUNTS, 12, compared).gain
    limits = (0.25, 0.75) if low > 0 else (None, None)
    assert gain == Gain("pass@1", 3, 0.5, *limits)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    for gain in (None, Gain("reward", 2, 0.5, None, None), Gain("reward", 2, 0.5, 0.25, 0.75)):
        summary = Summary(3, "Start round 4", False, 12, gain)
        summaries.write(tmp_path, summary)
        assert summaries.read(tmp_path) == summary


def test_a_disk_that_takes_nothing_is_logged_and_nothing_else_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, data: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(summaries, "write_json", full)
    with caplog.at_level(logging.WARNING):
        summaries.write(tmp_path, Summary(1, "", False, 0))
    assert "says less of itself" in caplog.text and summaries.read(tmp_path) is None


def test_a_project_writes_it_when_it_is_made_and_when_it_is_closed(tmp_path: Path, small_task: Path) -> None:
    folder = tmp_path / "project"
    with Project.create(folder, str(small_task), seed=1) as project:
        assert summaries.read(folder) == Summary(1, "Generate candidates", True, 12)
        assert project.running() is None
        add_candidates(project.store, candidates(2, 3))
    closed = summaries.read(folder)
    assert closed is not None and (closed.next, closed.fresh) == ("Score candidates", False)


def test_a_project_whose_database_has_stopped_is_closed_all_the_same(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project.create(tmp_path / "project", str(small_task), seed=1)

    def stopped(self: Project) -> Summary:
        raise duckdb.FatalException("the database has been invalidated")

    monkeypatch.setattr(Project, "summary", stopped)
    with caplog.at_level(logging.WARNING):
        assert project.close() is None
    assert "says of" in caplog.text and "what it said before" in caplog.text and holder(project.folder) is None


def test_one_that_was_closed_by_a_kill_is_put_right_by_the_next_owner(tmp_path: Path, small_task: Path) -> None:
    killed = tmp_path / "killed"
    with Project.create(tmp_path / "project", str(small_task), seed=1) as project:
        add_candidates(project.store, candidates(2, 3))  # the summary is written again when the project is closed
        shutil.copytree(project.folder, killed, ignore=shutil.ignore_patterns("*.sock"))
    with Project.open(killed):
        until(lambda: (summary := summaries.read(killed)) is not None and summary.next == "Score candidates")


def test_a_project_without_a_summary_gets_one_from_its_next_owner(tmp_path: Path, small_task: Path) -> None:
    folder = tmp_path / "project"
    Project.create(folder, str(small_task), seed=1).close()
    (folder / summaries.NAME).unlink()
    with Project.open(folder):
        until(lambda: summaries.read(folder) == Summary(1, "Generate candidates", True, 12))


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (Status(JobState.QUEUED), "r1-score-1: waits"),
        (Status(JobState.RUNNING, "loading the model"), "r1-score-1: loading the model"),
        (Status(JobState.RUNNING, "x", 5, 10, "candidates"), "r1-score-1: 5 of 10 candidates · about 0 s left"),
    ],
)
def test_the_running_job_is_described_in_a_line(status: Status, line: str) -> None:
    assert summaries.running("r1-score-1", status).line == line


@pytest.mark.parametrize("value", ["9" * 400, "-" + "9" * 400, "1e400", "NaN", '"x"', "[]", "null"])
def test_a_gain_that_is_no_number_makes_a_list_say_less_and_hides_no_project(tmp_path: Path, value: str) -> None:
    gain = f'{{"metric": "m", "round": 1, "value": {value}, "low": null, "high": null}}'
    (tmp_path / summaries.NAME).write_text(
        f'{{"round": 1, "next": "", "fresh": true, "prompts": 1, "gain": {gain}}}', encoding="utf-8"
    )
    assert summaries.read(tmp_path) is None
