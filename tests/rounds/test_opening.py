"""Sealed prompts are opened once, by a person, for one model, and their figures stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.cli.terminal import sealed_text
from rsf_core.domain import JobKind, JobState, Scope, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import PromptError, StageError
from rsf_core.domain.settings import Settings
from rsf_core.domain.specs import JobSpec
from rsf_core.jobs.spool import Spool
from rsf_core.project import Project, replicating
from rsf_core.project.commands import plain
from rsf_core.project.replicating import replicate
from rsf_core.prompts import PromptRow
from rsf_core.rounds import comparisons
from rsf_core.rounds.replicates import read
from rsf_core.rounds.state import ProjectState
from rsf_core.sampling.intervals import Interval
from tests.support.job_threads import in_threads

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


@pytest.fixture(scope="module")
def sealed_folder(tmp_path_factory: pytest.TempPathFactory, small_task: Path, tiny_model: Path) -> Path:
    """A project with two held-out prompts sealed, one complete round and its control. Copy it; never open it."""
    folder = tmp_path_factory.mktemp("sealed") / "made_once"
    with in_threads(), Project.create(folder, str(small_task), str(tiny_model), seed=7) as project:
        project.set("target.rewards", "{ words = 0.1 }")
        project.set("train.learning_rate", "0.1")  # so that the models differ
        project.seal_prompts([11, 12])
        project.run(1)
        project.train_control(person("ann"))
        project.wait()
    return folder


@pytest.fixture
def sealed(sealed_folder: Path, tmp_path: Path) -> Iterator[Project]:
    with Project.open(shutil.copytree(sealed_folder, tmp_path / "project")) as copy:
        yield copy


def test_before_they_are_opened_there_is_no_figure_and_nothing_was_drawn(sealed: Project) -> None:
    ids = [p.prompt_id for p in sealed.prompts(Split.SEALED)]
    assert sealed.sealed_opening() is None and sealed.sealed_comparison() is None and sealed.sealed_job() is None
    assert sealed.store.sealed.compared_on(ids) == []


def test_opening_compares_base_model_and_control_on_them_and_says_who_and_when(sealed: Project) -> None:
    ids = [p.prompt_id for p in sealed.prompts(Split.SEALED)]
    held_out, states = sealed.comparison(1), sealed.stages(1)
    job_id = sealed.open_sealed(person("ann"))
    sealed.wait()
    opening, comparison = sealed.sealed_opening(), sealed.sealed_comparison()
    assert opening is not None and comparison is not None
    assert (opening.author, opening.round, opening.model_id, opening.control_id) == ("ann", 1, "m1-1", "m1-1-random")
    assert opening.prompts == 2 and sealed.store.job(job_id).kind is JobKind.SEALED
    assert (comparison.before_id, comparison.after_id, comparison.prompts, comparison.completions) == (
        "base",
        "m1-1",
        2,
        4,
    )
    for model, shown in (("base", comparison.base), ("m1-1", comparison.after), ("m1-1-random", comparison.control)):
        rows = sealed.store.evaluation_samples(opening.evaluation_key, model)
        assert sorted(set(rows["prompt_id"].to_pylist())) == ids
        words = [dict(scores)["words"] for scores in rows["scores"].to_pylist()]
        assert shown["reward"].value == pytest.approx(0.1 * np.mean(words))
    assert set(comparison.together["tuned"]) == set(ids)
    assert comparison.gain_over_base["reward"].value == pytest.approx(
        comparison.after["reward"].value - comparison.base["reward"].value
    )
    assert sealed.comparison(1) == held_out and sealed.stages(1) == states  # the round's own comparison is separate


def test_opening_them_during_the_comparison_says_so_and_where_the_figures_will_be(
    sealed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = SimpleNamespace(kind=JobKind.SEALED, job_id="r1-sealed-1", state=JobState.RUNNING)
    monkeypatch.setattr(sealed.store, "jobs", lambda **_: [running])
    with pytest.raises(
        StageError, match=r"r1-sealed-1 compares on them \(running\): .*`rsf sealed DIR` tells the figures"
    ):
        sealed.open_sealed(person("bob"))


def test_they_are_opened_once_and_stay_as_they_are(sealed: Project) -> None:
    sealed.open_sealed(person("ann"))
    sealed.wait()
    comparison, (first, second) = sealed.sealed_comparison(), [p.prompt_id for p in sealed.prompts(Split.SEALED)]
    for model_id in (None, "m1-1", "base"):
        with pytest.raises(StageError, match=r"opened by ann on \d{4}-\d\d-\d\d for m1-1: they are opened once"):
            sealed.open_sealed(person("bob"), model_id)
    with pytest.raises(PromptError, match="stays as it was sealed"):
        sealed.edit_prompt(first, PromptRow("Another"))
    for change in (sealed.retire_prompts, sealed.restore_prompts, sealed.seal_prompts):
        with pytest.raises(PromptError, match="were opened, so none can be added, changed or removed"):
            change([second])
    with pytest.raises(PromptError, match="none can be added"):
        sealed.add_prompts([PromptRow("Review a mill.", split=Split.SEALED)], "x")
    (problem,) = sealed.import_prompts([PromptRow("Review a mill.", split=Split.SEALED)], "x")
    assert "none can be added" in problem.message and problem.field == "split"
    assert sealed.prompt_book.prompt(first).text.startswith("Review")  # it may now be read
    assert all("Review" in p.text for p in sealed.prompt_page(9, split=Split.SEALED).prompts)
    sealed.set("evaluate.candidates", "1")
    sealed.set("target.beta", "0.7")
    sealed.set_threshold(3.0, Scope.GLOBAL, 1)
    sealed.score(1)
    sealed.wait()
    assert sealed.sealed_comparison() == comparison


def test_one_that_was_cancelled_goes_on_for_the_same_model_alone(sealed: Project) -> None:
    with sealed.supervisor.still():  # before the job has begun
        job_id = sealed.open_sealed(person("ann"))
        sealed.cancel(job_id)
    assert sealed.store.job(job_id).state is JobState.CANCELLED
    assert sealed.sealed_comparison() is None and sealed.sealed_opening() is not None
    with pytest.raises(StageError, match="they are opened once"):
        sealed.open_sealed(person("bob"), "base")
    sealed.open_sealed(person("bob"))
    sealed.wait()
    opening = sealed.sealed_opening()
    assert opening is not None and opening.author == "ann" and sealed.sealed_comparison() is not None


def test_an_opening_whose_job_was_never_begun_goes_on(sealed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sealed.supervisor, "submit", lambda *_: (_ for _ in ()).throw(StageError("the owner died")))
        with pytest.raises(StageError, match="died"):
            sealed.open_sealed(person("ann"))
    assert sealed.sealed_opening() is not None and sealed.sealed_job() is None
    sealed.open_sealed(person("ann"))
    sealed.wait()
    assert sealed.sealed_comparison() is not None


def test_what_cannot_be_opened_is_reported_and_they_stay_sealed(project: Project) -> None:
    with pytest.raises(StageError, match="there is no sealed prompt"):
        project.open_sealed(person("ann"))
    project.seal_prompts([11, 12])
    with pytest.raises(StageError, match="has not tuned a model yet"):
        project.open_sealed(person("ann"))
    project.run(1)
    project.train_control(person("ann"))
    project.wait()
    for model_id, message in (
        ("base", "not tuned on what was accepted"),
        ("m1-1-random", "not tuned"),
        ("x", "no such model"),
    ):
        with pytest.raises(StageError, match=message):
            project.open_sealed(person("ann"), model_id)
    project.set("target.beta", "0.9")
    (project.folder / "project.toml").write_text((project.folder / "project.toml").read_text() + "\n[nonsense]\n")
    with pytest.raises(Exception, match="nonsense"):
        project.open_sealed(person("ann"))
    assert project.sealed_opening() is None and project.jobs(active=True) == []


def test_a_prompt_retired_while_they_are_opened_opens_nothing(sealed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (p.prompt_id for p in sealed.prompts(Split.SEALED))
    sound_settings = ProjectState.sound_settings

    def retired_meanwhile(project_state: ProjectState) -> Settings:
        sealed.retire_prompts([two])
        return sound_settings(project_state)

    with monkeypatch.context() as at_last:
        at_last.setattr(ProjectState, "sound_settings", retired_meanwhile)
        with pytest.raises(StageError, match="have changed meanwhile: nothing was opened"):
            sealed.open_sealed(person("ann"))
    assert sealed.sealed_opening() is None and sealed.sealed_job() is None
    sealed.open_sealed(person("ann"))
    sealed.wait()
    opening = sealed.sealed_opening()
    assert opening is not None and opening.prompts == 1 and sealed.store.sealed.compared_on([one, two]) == [one]


def test_nothing_is_drawn_for_a_prompt_that_is_sealed_while_a_comparison_begins(
    sealed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed.add_prompts([PromptRow("Tell of a volcano that sings.", split=Split.HELD_OUT)], "new")
    new = max(p.prompt_id for p in sealed.prompts(Split.HELD_OUT))
    create = Spool.create

    def sealed_meanwhile(folder: Path, spec: JobSpec, inputs: Mapping[str, pa.Table]) -> Spool:
        sealed.seal_prompts([new])
        return create(folder, spec, inputs)

    with monkeypatch.context() as at_last:
        at_last.setattr(Spool, "create", sealed_meanwhile)
        with pytest.raises(StageError, match="held-out prompts have changed meanwhile: compare again"):
            sealed.evaluate()
    assert sealed.store.jobs(active=True) == []
    assert sealed.evaluate() is None, "of the others all was drawn before"
    assert sealed.store.sealed.compared_on([new]) == []


def test_the_command_says_what_there_is_opens_and_says_it_again(sealed: Project) -> None:
    sealed.close()
    command = ["sealed", str(sealed.folder)]
    assert "2 sealed prompts" in CliRunner().invoke(app, command).output
    opened_set = json.loads(CliRunner().invoke(app, [*command, "--open", "--json"], catch_exceptions=False).stdout)
    assert opened_set["opening"]["model_id"] == "m1-1" and opened_set["comparison"]["prompts"] == 2
    shown = CliRunner().invoke(app, command).output
    assert "for m1-1" in shown and "the figure to publish" in shown and "random control" in shown
    with pytest.raises(StageError, match="opened once"):
        CliRunner().invoke(app, [*command, "--open"], catch_exceptions=False)


def test_replicates_open_their_own_sealed_prompts_on_request_and_not_the_projects(
    tmp_path: Path, small_task: Path, tiny_model: Path
) -> None:
    folder = tmp_path / "project"
    with Project.create(folder, str(small_task), str(tiny_model), seed=7) as project:
        project.seal_prompts([11, 12])
    (one,) = replicate(folder, 1, 1, person("ann"), lambda c: c.project.wait(), out=tmp_path / "out", open_sealed=True)
    assert one.sealed is not None and len(one.sealed.by_prompt) == 2 and len(one.gain.by_prompt) == 2
    assert read(tmp_path / "out" / "results.jsonl") == [one]
    with Project.open(folder) as project:
        assert project.sealed_opening() is None
    with Project.open(tmp_path / "out" / f"{one.procedure}-1") as project:
        comparison = project.sealed_comparison()
        assert comparison is not None and comparison.gain_over_base["reward"].value == one.sealed.value


def test_a_replicate_whose_sealed_prompts_have_no_score_is_a_result_without_their_gain(
    sealed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = sealed.replicate_template()
    assert replicating._result(sealed, template, 1, 1).sealed is None  # not opened
    sealed.open_sealed(person("ann"))
    sealed.wait()
    comparison, opening = sealed.sealed_comparison(), sealed.sealed_opening()
    assert comparison is not None and opening is not None
    result = replicating._result(sealed, template, 1, 1)
    assert result.sealed is not None and result.sealed.by_prompt == comparison.together["tuned"]

    with monkeypatch.context() as elsewhere:  # opened for the model of another round
        elsewhere.setattr(sealed, "sealed_opening", lambda: replace(opening, round=2))
        assert replicating._result(sealed, template, 1, 1).sealed is None

    def without(metrics: Mapping[str, Interval]) -> dict[str, Interval]:
        return {name: value for name, value in metrics.items() if name != comparison.headline}

    unscored = replace(
        comparison,
        after=without(comparison.after),
        gain_over_base=without(comparison.gain_over_base),
        control_over_base=without(comparison.control_over_base),
        selection=without(comparison.selection),
        together={"tuned": {}, "control": {}},
    )
    monkeypatch.setattr(sealed, "sealed_comparison", lambda: unscored)
    again = replicating._result(sealed, template, 1, 1)
    assert again == result.model_copy(update={"sealed": None, "finished_at": again.finished_at})
    text = sealed_text(plain({"prompts": 2, "opening": opening, "comparison": unscored}))
    assert text.endswith("No completion on them has a score of every scorer in the target, so the gain is unknown.")
    control_unscored = replace(unscored, after=comparison.after, gain_over_base=comparison.gain_over_base)
    text = sealed_text(plain({"prompts": 2, "opening": opening, "comparison": control_unscored}))
    assert "the figure to publish" in text and "Its random control: – over the base; over the control: –." in text


def test_the_winners_curse_is_reported_for_several_rounds_and_not_for_one(complete: Project) -> None:
    (first,) = [complete.comparison(1)]
    assert first is not None and comparisons.winners_curse([first]) is None and comparisons.winners_curse([]) is None
    other = {prompt: float(prompt % 3) for prompt in first.together["tuned"]}
    second = type(first)(**{name: getattr(first, name) for name in first.__slots__} | {"together": {"tuned": other}})
    curse = comparisons.winners_curse([first, second])
    assert curse is not None and curse.looks == 2 and curse.metric == "reward" and 0 < curse.overstatement < 1
