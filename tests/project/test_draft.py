"""A draft of a new project: kept, changed, tried, and finished as a whole or discarded; no project exists before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from rsf_core.acceptance.goals import Goal, good
from rsf_core.domain import Split
from rsf_core.domain.errors import NotAProjectError, ProjectLockedError, SettingsError
from rsf_core.domain.settings import Constraint
from rsf_core.jobs import model_check, process
from rsf_core.project import Project
from rsf_core.project.draft import FOLDER, Draft, drafts, name_problem
from rsf_core.project.draft_steps import Step, blocking
from rsf_core.project.trial import CANDIDATES, PROMPTS, TrialState
from rsf_core.prompts import PromptRow, tasks

T = TypeVar("T")
LIMIT = 120.0  # seconds


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are tried in this process, which has already loaded torch."""
    from rsf_core.jobs.work import model_check as work

    def start(folder: Path, *arguments: object) -> None:
        work.work(folder)

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(process, "leave", lambda child: None)


@pytest.fixture
def draft(workspace: Path, small_task: Path) -> Iterator[Draft]:
    made = Draft.begin(workspace, "", small_task)
    yield made
    made.close()


def until(ask: Callable[[], T], holds: Callable[[T], bool]) -> T:
    give_up = time.monotonic() + LIMIT
    while not holds(answer := ask()):
        assert time.monotonic() < give_up, answer
        time.sleep(0.02)
    return answer


def projects(workspace: Path) -> list[str]:
    return sorted(path.name for path in workspace.iterdir() if path.name != FOLDER)


@pytest.mark.parametrize("task", [*tasks.names(), tasks.BLANK])
def test_a_draft_of_a_bundled_or_the_blank_task_has_its_prompts_and_settings(workspace: Path, task: str) -> None:
    draft = Draft.begin(workspace, task)
    loaded = tasks.load(task)
    assert (draft.chosen.task, draft.chosen.title, draft.chosen.bundled) == (task, loaded.title, True)
    assert len(draft.project.prompts(retired=True)) == len(loaded.prompts)
    assert draft.project.settings.task == task and not draft.is_changed()
    assert (Step.PROMPTS in blocking(draft.facts())) is (task == tasks.BLANK)
    assert not draft.project.rounds() and not projects(workspace)
    draft.discard()
    assert not drafts(workspace) and not list((workspace / FOLDER).iterdir())


def test_what_was_chosen_is_there_after_a_restart(workspace: Path, draft: Draft, tiny_model: Path) -> None:
    draft.project.import_prompts([PromptRow("Review a lamp.", split=Split.TRAIN)], "by hand")
    draft.project.set("model", str(tiny_model))
    draft.set_good(good(Goal.BEST, {"words": 2.0}, [Constraint(scorer='contains(text="a \\"b\\"")', at_least=1)], 8))
    draft.keep_name("lamps")
    with pytest.raises(ProjectLockedError):
        Draft.open(workspace, draft.draft_id)
    draft.close()
    again = Draft.open(workspace, draft.draft_id)
    assert again.chosen == draft.chosen and again.chosen.name == "lamps" and again.is_changed()
    settings = again.project.settings
    assert settings.model == str(tiny_model) and settings.target.rewards == {"words": 2.0}
    assert [c.scorer for c in settings.target.constraints] == ['contains(text="a \\"b\\"")']
    assert (settings.accept.scope, settings.accept.rate) == ("prompt", 1 / 8)
    assert len(again.project.prompts()) == 13 and not again.project.rounds()
    again.close()


def test_another_task_takes_the_place_of_the_first_and_the_model_stays(
    workspace: Path, draft: Draft, tiny_model: Path
) -> None:
    draft.project.set("model", str(tiny_model))
    draft.keep_name("mine")
    assert not draft.is_changed(), "the model is not the task's"
    before = draft.chosen
    for wrong in ("no such task", "", "../x"):
        with pytest.raises(SettingsError):
            draft.choose_task(wrong)
    assert draft.chosen == before and len(draft.project.prompts()) == 12
    draft.choose_task("arithmetic")
    assert draft.project.settings.task == "arithmetic" and draft.project.settings.model == str(tiny_model)
    assert draft.chosen.name == "mine" and draft.chosen.order == before.order
    assert {prompt.text for prompt in draft.project.prompts()} == {row.text for row in tasks.load("arithmetic").prompts}
    assert sorted(path.name for path in draft.folder.iterdir()) == ["draft.json", "project"]


def test_only_the_newest_drafts_are_kept_and_those_that_are_open(
    workspace: Path, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsf_core.project.draft.KEPT", 2)
    made = []
    for _ in range(3):
        other = Draft.begin(workspace, tasks.BLANK)
        made.append(other.draft_id)
        other.close()
    (workspace / FOLDER / "0123456789ab").mkdir()  # interrupted while it was made
    last = Draft.begin(workspace, tasks.BLANK)
    assert [draft_id for draft_id, _ in drafts(workspace)] == [last.draft_id, made[2], draft.draft_id]
    assert len(list((workspace / FOLDER).iterdir())) == 3
    last.close()


@pytest.mark.parametrize("draft_id", ["", "..", "0123456789ab", "../../x", "0123456789AB"])
def test_a_draft_that_does_not_exist_is_reported_as_gone(workspace: Path, draft: Draft, draft_id: str) -> None:
    with pytest.raises(NotAProjectError, match="not there any more"):
        Draft.open(workspace, draft_id)


def test_a_task_that_cannot_be_read_leaves_no_draft(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "task.toml").write_text("settings = 3")
    (tmp_path / "bad" / "prompts.jsonl").write_text('{"text": "a", "split": "train"}')
    for task, brought in (("nothing", None), ("", tmp_path / "bad"), ("", tmp_path / "nowhere")):
        with pytest.raises(SettingsError):
            Draft.begin(workspace, task, brought)
    assert not list((workspace / FOLDER).iterdir())


def test_the_model_is_loaded_once_and_says_what_it_is(draft: Draft, tiny_model: Path, tried_at_once: None) -> None:
    draft.project.set("model", str(tiny_model))
    assert draft.model() == model_check.CheckState() and Step.MODEL in blocking(draft.facts())
    draft.try_model()
    report = draft.model().report
    assert report is not None and report.prompt == draft.project.prompts(Split.TRAIN)[0].text
    assert not blocking(draft.facts())
    draft.project.set("model", "no/such-model")
    draft.try_model()
    assert "there is no model 'no/such-model'" in blocking(draft.facts())[Step.MODEL]
    draft.project.set("model", str(tiny_model))
    assert draft.model().report == report, "the model's report is still known"


def test_a_finished_draft_is_a_project_with_its_first_round_and_nothing_else_is_left(
    workspace: Path, draft: Draft, tiny_model: Path, tried_at_once: None
) -> None:
    draft.project.set("model", str(tiny_model))
    draft.set_good(good(Goal.REWARD, {"words": 1.0}, [], 8))
    draft.project.imports.keep("a.csv", b"prompt\nhello\n")
    with pytest.raises(NotAProjectError, match="has not been tried"):
        draft.finish("Kettles")
    draft.try_model()
    with pytest.raises(NotAProjectError, match="'/'"):
        draft.finish("Kettles / more")
    assert not projects(workspace) and len(draft.project.prompts()) == 12
    folder = draft.finish(" Kettles 1 ")
    assert folder == workspace / "Kettles 1" and projects(workspace) == ["Kettles 1"]
    assert not list((workspace / FOLDER).iterdir())
    with Project.open(folder) as project:
        (round_record,) = project.rounds()
        assert round_record.settings["target"]["rewards"] == {"words": 1.0}, (
            "the round begins with what was chosen last"
        )
        assert len(project.prompts()) == 12 and not (folder / "imports").exists()
    with pytest.raises(NotAProjectError, match="not there any more"):
        Draft.open(workspace, draft.draft_id)


def test_a_draft_that_cannot_be_moved_stays_as_it_was(
    workspace: Path, draft: Draft, tiny_model: Path, tried_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft.project.set("model", str(tiny_model))
    draft.try_model()

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        with pytest.raises(Exception, match="is full"):
            draft.finish("kettles")
    assert not projects(workspace) and len(draft.project.prompts()) == 12
    assert draft.finish("kettles").is_dir()


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "needs a name"), ("  ", "needs a name"), (".x", "begins with"), ("a/b", "'/'"), ("taken", "already")],
)
def test_a_name_that_cannot_be_had_says_why(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "taken").mkdir()
    assert words in (name_problem(tmp_path, name) or "")
    assert name_problem(tmp_path, "free") is None


# -- the trial ---------------------------------------------------------------------------------------------------------


def done(draft: Draft) -> TrialState:
    return until(draft.trial.state, lambda state: not state.running)


def test_a_trial_draws_and_scores_a_few_prompts_and_is_stale_once_something_changes(
    jobs_in_threads: None, workspace: Path, draft: Draft, tiny_model: Path
) -> None:
    assert draft.trial.state() == TrialState()
    draft.project.set("model", str(tiny_model))
    draft.trial.start()
    state = done(draft)
    assert state.problem is None and len(state.prompts) == PROMPTS and state.drawn == PROMPTS * CANDIDATES
    assert state.log_m is not None and not state.stale and 0 < state.accepted < state.drawn
    for prompt in state.prompts:
        for candidate in prompt.candidates:
            assert candidate.scores.keys() == {"sentiment"} and candidate.reward in (
                candidate.scores["sentiment"],
                None,
            )
            assert not (candidate.accepted and candidate.truncated)
    assert not draft.project.rounds() and len(draft.project.prompts()) == 12, "the draft itself drew nothing"
    draft.close()
    again = Draft.open(workspace, draft.draft_id)
    assert again.trial.state() == state, "a restart keeps it"
    again.project.set("generate.temperature", "0.5")
    assert again.trial.state().stale
    again.trial.start()
    assert not again.trial.state().stale
    done(again)
    again.discard()
    assert not list((workspace / FOLDER).iterdir())


def test_a_trial_that_fails_says_why(jobs_in_threads: None, draft: Draft) -> None:
    draft.project.set("model", "no/such-model")
    draft.trial.start()
    state = done(draft)
    assert state.problem is not None and "there is no model 'no/such-model'" in state.problem and not state.prompts


def test_prompts_that_cannot_be_scored_are_not_in_the_trial(
    draft: Draft, jobs_in_threads: None, tiny_model: Path
) -> None:
    draft.project.set("model", str(tiny_model))
    draft.set_good(good(Goal.VERIFIABLE, {}, [Constraint(scorer="numeric_match", at_least=1)], 8))
    with pytest.raises(Exception, match="no train prompt that the target can score"):
        draft.trial.start()
    draft.project.import_prompts([PromptRow("What is 1 + 1?", "2", split=Split.TRAIN)], "by hand")
    draft.trial.start()
    (prompt,) = done(draft).prompts
    assert prompt.reference == "2" and all(candidate.reward is None for candidate in prompt.candidates)
