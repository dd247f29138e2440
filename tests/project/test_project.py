"""A project with real job processes and a tiny model: whole rounds, and what is refused with a clear message."""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rsf_core.domain import Action, JobState, Scope, Split
from rsf_core.domain.errors import JobError, NotAProjectError, ProjectLockedError, SettingsError, StageError, StoreError
from rsf_core.domain.specs import GenerateSpec, JobSpec, TrialSpec
from rsf_core.project import Project
from rsf_core.project import project as api
from rsf_core.prompts import PromptRow
from rsf_core.rounds import stages
from rsf_core.rounds.stages import Progress, Stage
from rsf_core.store.database import utc_now
from rsf_core.store.records import ModelRecord
from tests.support import specs


def progress(project: Project) -> dict[Stage, Progress]:
    return {state.stage: state.progress for state in project.stages()}


def test_the_seed_of_a_project_seeds_its_draws_and_its_training(
    small_task: Path, tiny_model: Path, tmp_path: Path
) -> None:
    drawn = []
    for name, seed in (("a", 1), ("b", 2), ("again", 1)):
        with Project.create(tmp_path / name, str(small_task), str(tiny_model), seed=seed) as project:
            drawn.append((project.settings.generate.seed, project.settings.train.seed, project.settings.seed))
    assert drawn[0] == drawn[2]
    assert len({*drawn[0], *drawn[1]}) == 6


# -- a whole round ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, small_task: Path, tiny_model: Path) -> Iterator[Project]:
    """A project whose first round is complete. The tests below only read it; the last of them opens a second round."""
    folder = tmp_path_factory.mktemp("finished") / "project"
    with Project.create(folder, str(small_task), str(tiny_model), seed=7) as project:
        project.run()
        yield project


def test_a_whole_round_ends_with_every_stage_done(finished: Project) -> None:
    assert set(progress(finished).values()) == {Progress.DONE} and stages.complete(finished.stages())
    kinds = [row.kind for row in stages.STAGES if row.kind is not None]
    assert [(job.kind, job.state) for job in finished.jobs()] == [(kind, JobState.DONE) for kind in kinds]
    assert finished.current_round == 1 and finished.jobs(active=True) == []


def test_every_candidate_is_there_once_with_its_score_and_decision(finished: Project) -> None:
    names = finished.ratios()["candidate_id"].to_pylist()
    train = finished.prompts(Split.TRAIN)
    assert sorted(names) == sorted(f"1.{prompt.prompt_id}.{k}" for prompt in train for k in range(4))
    counts = finished.counts()
    assert counts.candidates == counts.scored == counts.decided == 32 and counts.prompts == 8
    assert 0 < counts.truncated < 32 and counts.accepted == counts.automatic > 0
    for record in finished.candidates(train[0].prompt_id):
        assert set(record.scores) == {"sentiment"} and 0 < record.u < 1 and record.log_q < 0
        assert record.log_model == pytest.approx(record.log_q, abs=1e-4)  # temperature 1, nothing cut off


def test_the_tuned_model_knows_where_it_came_from(finished: Project) -> None:
    from rsf_core.models import identity

    base, tuned = finished.models()
    assert (base.model_id, tuned.model_id, tuned.parent_id, tuned.curated_id) == ("base", "m1-1", "base", "c1-1")
    folder = finished.folder / tuned.folder
    assert identity(folder) == tuned.identity != base.identity
    lineage = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
    (curated,) = finished.curated_sets()
    assert lineage["content_hash"] == curated.content_hash
    assert finished.curated_samples("c1-1").num_rows == curated.summary["samples"] <= finished.counts().accepted
    assert finished.metrics(finished.jobs()[2])  # the loss, step by step


def test_the_comparison_is_on_all_held_out_prompts(finished: Project) -> None:
    comparison = finished.comparison()
    assert comparison is not None and (comparison.before_id, comparison.after_id) == ("base", "m1-1")
    assert (comparison.prompts, comparison.completions) == (4, 8)
    assert (
        comparison.before["KL to base"].value == pytest.approx(0.0, abs=1e-4)
        and comparison.before["reward"].groups == 4
    )
    assert set(comparison.gain) == set(comparison.before) == set(comparison.after)
    examples = finished.held_out_examples(comparison, 3)
    assert len(examples) == 3 and set(examples[0]) == {"prompt", "before", "after"}


def test_the_next_round_starts_from_the_tuned_model(finished: Project) -> None:
    started = finished.start_round()
    assert (started.round, started.model_id) == (2, "m1-1")
    assert progress(finished)[Stage.GENERATE] is Progress.READY
    finished.advance()
    finished.wait()
    counts = finished.counts(2)
    assert counts.decided == counts.candidates == 32  # scored under the base as well, which is no longer q
    assert {"sentiment", "log_prob:base"} == set(finished.candidates(1, 2)[0].scores)
    assert finished.counts(1).candidates == 32 and finished.comparison(1) is not None


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_the_example_of_the_python_api_calls_methods_with_arguments_that_they_have() -> None:
    """Other tests run the code in documents; this example is in a docstring."""
    example = "\n".join((api.__doc__ or "").splitlines()[2:])
    calls = [
        (node.func.attr, node)
        for node in ast.walk(ast.parse(example))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    ]
    assert {name for name, _ in calls} == {"create", "run", "comparison"}
    for name, call in calls:
        method = inspect.getattr_static(Project, name)
        function = method.__func__ if isinstance(method, classmethod) else method
        inspect.signature(function).bind(None, *call.args, **{str(word.arg): word.value for word in call.keywords})


def test_a_second_owner_is_refused_and_learns_who_has_it(project: Project) -> None:
    import os

    with pytest.raises(ProjectLockedError, match=rf"open in Python \(pid {os.getpid()} on "):
        Project.open(project.folder, what="a second one")
    assert project.counts().candidates == 0  # the first project still works


def test_a_closed_project_can_be_opened_again(project: Project, tmp_path: Path) -> None:
    project.close()
    with Project.open(tmp_path / "project") as again:
        assert again.current_round == 1 and len(again.prompts()) == 12


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, small_task: Path) -> None:
    with pytest.raises(NotAProjectError, match="does not exist"):
        Project.open(tmp_path / "gone")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(NotAProjectError, match=r"no project\.toml"):
        Project.open(tmp_path)
    with pytest.raises(NotAProjectError, match="not empty: choose a new folder"):
        Project.create(tmp_path, str(small_task))
    with pytest.raises(SettingsError, match="no task 'poems'"):
        Project.create(tmp_path / "new", "poems")
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_a_project_with_a_mistake_in_project_toml_opens_and_names_it(project: Project) -> None:
    project.close()
    path = project.folder / "project.toml"
    path.write_text(path.read_text().replace("candidates = 4", "candidates = -4"))
    with Project.open(project.folder) as again:
        assert [
            (settings_problem.key, "-4" in str(settings_problem)) for settings_problem in again.settings_problems()
        ] == [("generate.candidates", True)]
        with pytest.raises(SettingsError, match=r"generate\.candidates: .*got -4"):
            again.generate()
        again.set("generate.candidates", "4")
        assert again.settings_problems() == [] and again.settings.generate.candidates == 4


def test_a_database_that_cannot_be_read_is_named_and_the_lock_is_free_again(project: Project) -> None:
    project.close()
    database = project.folder / "rsf.duckdb"
    whole = database.read_bytes()
    database.write_bytes(b"damaged" + whole[7:200])
    for _ in range(2):  # not ProjectLockedError the second time
        with pytest.raises(StoreError, match=r"cannot open the database .*rsf\.duckdb"):
            Project.open(project.folder)
    database.write_bytes(whole)
    Project.open(project.folder).close()


def test_each_stage_says_what_is_missing(project: Project) -> None:
    with pytest.raises(StageError, match="round 1 has no candidates to score: generate them first"):
        project.score()
    with pytest.raises(StageError, match="no decisions yet"):
        project.freeze()
    with pytest.raises(StageError, match="no curated set to train on: freeze one first"):
        project.finetune()
    with pytest.raises(StageError, match="round 1 has not tuned a model yet: finish it first"):
        project.start_round()
    with pytest.raises(StageError, match="M is chosen after scoring"):
        project.set_threshold(0.0, Scope.GLOBAL)
    with pytest.raises(StageError, match="there is no round 7"):
        project.score(7)
    with pytest.raises(StoreError, match=r"no candidate '1\.1\.0'"):
        project.override("1.1.0", Action.ACCEPT)
    with pytest.raises(StoreError, match="no job 'r1-score-9'"):
        project.resume("r1-score-9")
    assert project.jobs() == [] and project.comparison() is None and project.undo() is None


def test_imported_prompts_are_placed_and_the_others_reported(project: Project) -> None:
    rows = [PromptRow("Praise the old mill.", line=1), PromptRow(" Review  opera.", line=2), PromptRow("", line=3)]
    problems = project.import_prompts(rows[:2], "by hand", held_out_share=1.0)
    assert [str(problem) for problem in problems] == ["line 2: is the same as a prompt of the project; left out"]
    rows = [PromptRow("Praise the old mill.", "Fine.", line=1), PromptRow("Praise  the old mill.", line=2)]
    assert [str(problem) for problem in project.import_prompts(rows, "by hand")] == [
        "line 1, reference: is not taken: the row is the same as a prompt of the project, which has no reference; left out",
        "line 2: is the same as a prompt of the project; left out",
    ]
    assert project.prompts(Split.HELD_OUT)[-1].text == "Praise the old mill."


def test_a_stage_is_not_started_twice(project: Project) -> None:
    project.generate(then_score=False)
    with pytest.raises(StageError, match=r"r1-generate-1 is (queued|running) already: wait for it or cancel it"):
        project.generate()
    project.cancel("r1-generate-1")
    with contextlib.suppress(JobError):
        project.wait()
    assert project.store.job("r1-generate-1").state is JobState.CANCELLED


def test_half_an_evaluation_is_no_comparison_and_a_second_try_doubles_nothing(project: Project) -> None:
    project.run(1)
    whole = project.comparison(1)
    assert whole is not None
    samples = project.store.evaluation_samples(
        project._project_state.evaluation_key(project._project_state.target(1)), "m1-1"
    )
    project.set("evaluate.candidates", "3")
    assert project.comparison(1) == replace(whole, current=False)  # the settings now ask for other samples
    project.evaluate()
    project.wait()
    again = project.comparison(1)
    assert again is not None and (whole.completions, again.completions) == (8, 12)
    project.set("evaluate.candidates", "2")
    rows = samples.append_column(
        "evaluation_key", [[project._project_state.evaluation_key(project._project_state.target(1))] * 8]
    )
    rows = rows.append_column("model_id", [["m1-1"] * 8]).append_column("job_id", [["again"] * 8])
    with project.store.transaction("the test"):
        project.store._db.append("evaluation_samples", rows.slice(0, 5))
    assert project.comparison(1) == whole


def test_a_job_that_was_started_again_is_not_resumed_beside_the_newer_one(project: Project) -> None:
    project.supervisor.stop()  # so that nothing starts
    project.generate()
    project.cancel("r1-generate-1")
    project.generate()
    project.cancel("r1-generate-2")
    with pytest.raises(
        StageError, match=r"r1-generate-1 cannot go on: r1-generate-2 .* Resume that one if it is not done"
    ):
        project.resume("r1-generate-1")
    assert project.advance() == "r1-generate-2" and project.jobs(active=True)[0].job_id == "r1-generate-2"


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (specs.finetune("m1-1"), specs.finetune("m1-1"), True),
        (specs.finetune("m1-1-random"), specs.finetune("m1-2"), False),
        (specs.score(), specs.score(), True),
        (specs.evaluate(), specs.evaluate(), True),
        (specs.trial(), specs.trial(), False),
    ],
)
def test_only_a_newer_job_for_the_same_keeps_one_from_being_resumed(
    project: Project, first: JobSpec, second: JobSpec, refused: bool
) -> None:
    project.supervisor.stop()
    made = []
    for spec in (first, second):
        made.append(project.supervisor.submit(spec, {}))
        project.cancel(made[-1])
    with pytest.raises(StageError, match=made[1]) if refused else contextlib.nullcontext():
        project.resume(made[0])
    assert [job.job_id for job in project.jobs(active=True)] == ([] if refused else made[:1])


def test_a_job_finds_models_by_where_they_are_and_those_of_the_project_within_it(
    project: Project, tiny_model: Path
) -> None:
    project.supervisor.stop()
    unknown = project.store.job(project.generate()).spec_of(GenerateSpec).model
    assert (unknown.name, unknown.folder) == (str(tiny_model), None)
    for name, folder, parent in (("base", str(tiny_model), None), ("m1-1", "models/m1-1", "base")):
        project.store.add_model(ModelRecord(name, "./tiny", folder, "id", parent, 0, None, utc_now()))
    models = project.store.job(project.try_out(["base", "m1-1"], "Review tea.")).spec_of(TrialSpec).models
    assert [model.folder for model in models] == [str(tiny_model), "models/m1-1"]
