"""Projects of earlier releases: they open, show the same figures, and go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rsf_core import models
from rsf_core.cli.main import app
from rsf_core.domain import JobState, Split
from rsf_core.domain.errors import JobError
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.project import Project
from rsf_core.project.commands import plain
from rsf_core.rounds import curation
from rsf_core.rounds.stages import Progress
from tests.support.kept_projects import BASE, JOB, REVIEWERS, KeptProject, differences, names, shown, unpack

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


@pytest.fixture(params=names())
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptProject:
    """A project of an earlier release, and the home directory that holds its base model."""
    unpacked = unpack(request.param, tmp_path)
    monkeypatch.setenv("HOME", str(unpacked.home))
    return unpacked


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor is off, so that no job starts."""
    monkeypatch.setattr(JobSupervisor, "start", lambda supervisor: None)


@pytest.fixture
def project(still: None, kept: KeptProject) -> Iterator[Project]:
    with Project.open(kept.folder) as owned:
        yield owned


def test_there_is_one() -> None:
    assert names()


def test_it_shows_the_same_decisions_hashes_thresholds_and_comparisons(kept: KeptProject, project: Project) -> None:
    assert project.rounds()[2].model_id == kept.expected["next_proposal"]
    for part, now in shown(project, rounds=2).items():
        assert list(differences(kept.expected[part], now)) == []


def test_in_a_round_that_was_complete_every_stage_is_done(project: Project) -> None:
    for number in (1, 2):
        open_stages = [str(state.stage) for state in project.stages(number) if state.progress is not Progress.DONE]
        assert not open_stages, (
            f"round {number} was complete before there was {open_stages}: let `done` of its row in STAGES "
            "hold also where a later stage is done"
        )


def test_who_settled_a_disagreement_counts_by_the_decision_before(project: Project) -> None:
    for number in (1, 2):
        (pair,) = project.review.agreement(number).pairs
        assert (pair.first, pair.second, pair.both, pair.same) == (*REVIEWERS, 1, 0)


def test_the_files_of_its_models_are_those_it_knows(kept: KeptProject, project: Project) -> None:
    tuned = [model for model in project.models() if model.round]
    assert [model.model_id for model in tuned] == ["m1-1", "m1-1-random", "m2-1"]
    assert [models.identity(kept.folder / model.folder) for model in tuned] == [model.identity for model in tuned]


def test_its_decisions_frozen_again_are_the_set_that_it_was_trained_on(kept: KeptProject, project: Project) -> None:
    for number in (1, 2):
        again = curation.freeze(project.store, project.settings, number, "ann")
        assert again.curated_id == f"c{number}-1"
    assert len(project.curated_sets()) == len(kept.expected["curated_sets"])


def test_the_job_that_ran_goes_on_and_another_round_completes(kept: KeptProject) -> None:
    rsf(
        "set", kept.folder, "generate.batch_size", "32"
    )  # until now it drew one candidate at a time, slow enough to be killed
    compared = rsf("run", kept.folder)["comparisons"]
    assert [(one["before_id"], one["after_id"]) for one in compared] == [
        ("base", "m1-1"),
        ("m1-1", "m2-1"),
        ("m2-1", "m3-1"),
    ]
    assert list(differences(kept.expected["commands"]["comparisons"], compared[:2])) == []
    with Project.open(kept.folder) as project:
        expect_drawn_once(project, kept.expected["running"]["candidates"])
        now = shown(project, rounds=2)
    for part in ("rounds", "votes"):
        assert list(differences(kept.expected[part], now[part])) == []
    for part in ("models", "curated_sets"):  # the earlier ones; round 3 has added its own
        before = kept.expected[part]
        assert len(now[part]) == len(before) + 1
        assert list(differences(before, now[part][: len(before)])) == []


def expect_drawn_once(project: Project, finished: dict[str, dict[str, Any]]) -> None:
    """Every candidate of round 3 is there once; those that the job had finished are unchanged."""
    assert project.store.job(JOB).state is JobState.DONE
    messages = [event.message for event in project.store.job_events(JOB)]
    assert "started again: its process ended while nothing was watching it" in messages
    prompts = [prompt.prompt_id for prompt in project.prompts(Split.TRAIN)]
    drawn = {c.candidate_id: c for prompt in prompts for c in project.candidates(prompt, 3)}
    each = project.settings.generate.candidates
    assert project.counts(3).candidates == len(drawn) == len(prompts) * each
    assert set(drawn) == {f"3.{prompt}.{k}" for prompt in prompts for k in range(each)}
    assert 0 < len(finished) < len(drawn)
    assert list(differences(finished, {name: plain(drawn[name]) for name in finished})) == []


def test_a_base_model_that_is_not_in_its_place_is_named_and_work_goes_on_once_it_is_put_back(
    kept: KeptProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    with Project.open(kept.folder) as project:
        with pytest.raises(
            JobError, match=r"r3-score-1 failed: there is no folder .*/elsewhere/tiny: a model is a folder"
        ):
            project.wait()
        assert list(differences(kept.expected["rounds"], shown(project, rounds=2)["rounds"])) == []
        shutil.copytree(kept.home, tmp_path / "elsewhere", dirs_exist_ok=True)
        assert project.advance() == "r3-score-1"
        project.wait()
        assert project.counts(3).undecided == 0 and project.threshold(3) is not None


def test_the_command_line_reports_the_same(still: None, kept: KeptProject) -> None:
    status = rsf("status", kept.folder)
    assert (status["round"], status["proposal"], status["model"]) == (3, kept.expected["next_proposal"], BASE)
    assert status["folder"] == str(kept.folder) and status["problem"] is None and not status["settings_problems"]
    generating = status["stages"][0]
    assert (generating["stage"], generating["progress"], generating["job"]) == ("generate", "running", JOB)
    before = kept.expected["commands"]["prompts"]["prompts"]
    for retired, flag in ((False, []), (True, ["--retired"])):
        listed = rsf("prompts", kept.folder, "list", "--limit", "100", *flag)["prompts"]
        assert list(differences([row for row in before if bool(row["retired"]) is retired], listed)) == []


def rsf(command: str, folder: Path, *arguments: str) -> Any:
    """What `rsf COMMAND FOLDER ARGUMENTS --json` prints."""
    done = CliRunner().invoke(app, [command, str(folder), *arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)
