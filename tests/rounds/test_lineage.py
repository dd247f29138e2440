"""Models have a recorded origin, are compared on the same prompts, and are deleted with care."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rsf_core.domain import Action, Control, JobKind, JobState
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError, StageError
from rsf_core.domain.specs import FinetuneSpec
from rsf_core.project import Project
from rsf_core.rounds.lineage import prompts_won

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, small_task: Path, tiny_model: Path) -> Iterator[Project]:
    """Two whole rounds on the tiny model, the second with a different setting."""
    folder = tmp_path_factory.mktemp("lineage") / "p"
    with Project.create(folder, str(small_task), str(tiny_model), seed=7) as made:
        made.run(1)
        made.set("accept.rate", "0.4")
        made.run(1)
        yield made


def test_every_model_has_its_parent_metrics_and_size(finished: Project) -> None:
    base, first, second = finished.lineage.models()
    assert [v.model.model_id for v in (base, first, second)] == ["base", "m1-1", "m2-1"]
    assert (first.model.parent_id, second.model.parent_id) == ("base", "m1-1")
    assert (base.drew, first.drew, second.drew) == ((1,), (2,), ())
    assert base.size is None and first.size is not None and first.size > 1000
    assert "reward" in second.metrics and second.metrics["reward"].groups == 4


def test_the_graph_names_models_candidates_and_curated_sets(finished: Project) -> None:
    graph = finished.lineage.graph("ink", "accent")
    assert '"base" -> "m1-1"' in graph and '"m1-1" -> "m2-1"' in graph and "c2-1" in graph and "32 drawn" in graph
    assert graph.count('color="accent"') == 1 and 'fontcolor="ink"' in graph


def test_any_two_models_are_paired_on_the_same_prompts(finished: Project) -> None:
    pairing = finished.lineage.pairing("base", "m2-1")
    assert pairing is not None
    assert pairing.gain["reward"].value == pytest.approx(pairing.second["reward"].value - pairing.first["reward"].value)
    back = finished.lineage.pairing("m2-1", "base")
    assert back is not None and back.gain["reward"].value == pytest.approx(-pairing.gain["reward"].value)
    same = finished.comparison(2)
    assert same is not None and same.gain_over_base["reward"].value == pytest.approx(pairing.gain["reward"].value)
    assert finished.lineage.pairing("base", "m9-9") is None
    assert len(finished.lineage.completions("m1-1")) == 8


def test_decisions_of_people_compare_nothing_again(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_at() -> tuple[object, ...]:
        lineage = finished.lineage
        compared = [finished.comparison(number) for number in (1, 2)]
        return compared, finished.gains(), lineage.models(), lineage.pairing("base", "m2-1"), finished.next_proposal()

    before = looked_at()
    candidate = finished.candidates(finished.prompts_in_round(2)[0].prompt_id, 2)[0]
    finished.override(candidate.candidate_id, Action.REJECT if candidate.accepted else Action.ACCEPT)
    for name in ("intervals", "gains"):
        monkeypatch.setattr(f"rsf_core.rounds.comparisons.{name}", None)
        monkeypatch.setattr(f"rsf_core.rounds.lineage.{name}", None)
    assert looked_at() == before
    monkeypatch.undo()
    finished.undo(2)


def test_what_changed_between_rounds_is_named(finished: Project) -> None:
    assert finished.lineage.changed_settings(1, 2) == {"accept.rate": (0.5, 0.4)}
    assert finished.lineage.changed_settings(1, 1) == {}
    first, second = finished.curated_sets()
    change = finished.lineage.curated_change(first, second)
    assert change.added + change.both == second.summary["samples"]
    assert change.removed + change.both == first.summary["samples"]


def test_a_typed_prompt_is_completed_by_both_models_and_stays(finished: Project) -> None:
    for text in ("Review a teapot.", "Review a teapot, again."):
        finished.try_out(("base", "m2-1"), text, "Be brief.", candidates=3)
        finished.wait()
    newest, first = finished.lineage.trials("m2-1", "base")
    assert (newest.text, first.text, first.system) == ("Review a teapot, again.", "Review a teapot.", "Be brief.")
    assert {name: len(texts) for name, texts in first.completions.items()} == {"m2-1": 3, "base": 3}
    assert first.completions["base"] != newest.completions["base"]
    assert finished.lineage.trials("base", "m1-1") == []
    assert {stage.progress for stage in finished.stages()} == {"done"}  # a trial is not a stage of the round


def test_a_prompt_that_cannot_be_completed_is_refused_or_reported(finished: Project) -> None:
    with pytest.raises(StageError, match="type a prompt"):
        finished.try_out(("base", "m2-1"), "  ")
    finished.try_out(("base", "m2-1"), "word " * 400)
    with pytest.raises(JobError, match="does not fit into the model's context"):
        finished.wait()


def test_the_newest_vote_of_a_reviewer_counts(finished: Project) -> None:
    lineage = finished.lineage
    ballot = lineage.ballot("base", "m1-1", person("ann"))
    first, *others = ballot.left
    assert ballot.texts[first] == (lineage.completions("base")[first], lineage.completions("m1-1")[first])
    for preferred in ("base", "m1-1"):
        lineage.vote(ballot, first, preferred, person("ann"))
    lineage.vote(ballot, first, "base", person("ben"))
    again = lineage.ballot("base", "m1-1", person("ann"))
    assert again.preferred == {first: "m1-1"} and again.left == others
    assert lineage.ballot("base", "m1-1", person("ben")).preferred == {first: "base"}
    assert lineage.ballot("base", "m2-1", person("ann")).preferred == {}


def test_a_vote_on_completions_that_are_others_now_does_not_count(finished: Project) -> None:
    ballot = finished.lineage.ballot("base", "m2-1", person("eve"))
    key = ballot.left[0]
    finished.lineage.vote(replace(ballot, texts={key: ("what was read", "then")}), key, "base", person("eve"))
    assert finished.lineage.ballot("base", "m2-1", person("eve")).preferred == {}
    before = finished.store.votes("base", "m2-1", "eve")
    finished.lineage.vote(ballot, key, "", person("eve"))
    assert finished.lineage.ballot("base", "m2-1", person("eve")).preferred == {key: ""}
    assert len(before) == 1  # the vote stays: it counts again if these completions come back


def test_votes_on_one_prompt_count_as_one() -> None:
    votes = {(1, 0): "a", (1, 1): "a", (1, 2): "b", (2, 0): "b", (2, 1): "", (3, 0): "a", (3, 1): "b", (4, 0): ""}
    assert prompts_won(votes, "a", "b") == (1, 1)


def test_a_model_is_deleted_only_where_no_round_needs_it(finished: Project) -> None:
    lineage = finished.lineage
    for model_id, reason in (
        ("base", "not the project's"),
        ("m9-9", "there is no model"),
        ("m1-1", "proposal of round 2"),
        ("m2-1", "what round 2 tuned"),
    ):
        with pytest.raises(StageError, match=reason):
            lineage.delete(model_id, person("ann"))
    finished.start_round()
    lineage.delete("m1-1", person("ann"))
    view = lineage.models()[1]
    assert view.deleted and view.size is None and not (finished.folder / view.model.folder).exists()
    assert view.metrics  # its figures are kept
    with pytest.raises(StageError, match="were deleted"):
        finished.set_proposal("m1-1")


def test_a_random_control_is_evaluated_beside_the_tuned_model_and_never_proposes(complete: Project) -> None:
    before = complete.comparison(1)
    assert before is not None and not before.control and not before.selection
    complete.set("train.epochs", "3")  # the control is tuned by the recipe of the model it is compared with
    job_id = complete.train_control(person("ann"))
    complete.cancel(job_id)
    with contextlib.suppress(JobError):  # raised if the job had already started
        complete.wait()
    assert {stage.progress for stage in complete.stages()} == {"done"}  # it is not a stage of the round
    job = complete.control_job()
    assert job is not None and (job.job_id, job.state) == (job_id, JobState.CANCELLED)
    assert complete.train_control(person("ann")) == job_id  # the same job goes on
    complete.wait()
    tuned, control = (job for job in complete.jobs() if job.kind is JobKind.FINETUNE)
    first, second = (job.spec_of(FinetuneSpec).recipe for job in (tuned, control))
    assert first.model_copy(update={"seed": second.seed}) == second and first.seed != second.seed
    assert [m.model_id for m in complete.models()] == ["base", "m1-1", "m1-1-random"]
    assert complete.next_proposal() == "m1-1"
    comparison, pairing = complete.comparison(1), complete.lineage.pairing("m1-1-random", "m1-1")
    assert comparison is not None and pairing is not None and comparison.after_id == "m1-1"
    assert (comparison.control, comparison.selection) == (pairing.first, pairing.gain)
    reward = comparison.gain_over_base["reward"].value - comparison.control_over_base["reward"].value
    assert comparison.selection["reward"].value == pytest.approx(reward)
    with pytest.raises(StageError, match="already exists"):
        complete.train_control(person("ann"))


def test_both_controls_are_compared_beside_the_tuned_model(jobs_in_threads: None, project: Project) -> None:
    project.set("target.constraints", '[{ scorer = "words", at_least = 1.0 }]')
    project.run(1)
    project.train_control(person("ann"), control=Control.CONSTRAINTS)
    project.wait()
    alone = project.comparison(1)
    assert alone is not None and alone.constraints and not alone.control and not alone.constraints_over_random
    assert set(alone.together) == {"tuned", "constraints"}
    project.train_control(person("ann"))
    project.wait()
    comparison, tuned = project.comparison(1), project.tuned_model()
    assert comparison is not None and tuned is not None and tuned.model_id == comparison.after_id == "m1-1"
    assert [m.model_id for m in project.models()] == ["base", "m1-1", "m1-1-constraints", "m1-1-random"]
    for first, second, shown in (
        ("m1-1-constraints", "m1-1", comparison.beyond_constraints),
        ("m1-1-random", "m1-1-constraints", comparison.constraints_over_random),
        ("base", "m1-1-constraints", comparison.constraints_over_base),
    ):
        pairing = project.lineage.pairing(first, second)
        assert pairing is not None and shown == pairing.gain
    assert set(comparison.together) == {"tuned", "control", "constraints"}
    assert (
        comparison.forgotten_constraints.keys()
        == comparison.forgotten_control.keys()
        == comparison.forgotten.keys()
        != set()
    )
    seeds = {job.spec_of(FinetuneSpec).recipe.seed for job in project.jobs() if job.kind is JobKind.FINETUNE}
    assert len(seeds) == 3
    assert "at random of what passes the constraints" in project.lineage.graph("ink", "accent")
    with pytest.raises(StageError, match="the constraints-only control of m1-1 already exists"):
        project.train_control(person("ann"), control=Control.CONSTRAINTS)


def test_constraints_that_leave_no_choice_have_no_control_and_the_autopilot_goes_on(
    jobs_in_threads: None, project: Project
) -> None:
    project.set("target.rewards", "{}")
    project.set("target.reference", "proposal")
    project.set("target.constraints", '[{ scorer = "words", at_least = 1.0 }]')
    project.set("autopilot.constraints_control", "true")
    project.autopilot.start(1, pause=False, author=person("ann"))
    project.wait()
    end = time.monotonic() + 60
    while (run := project.autopilot.latest_run()) is not None and run.active:
        assert time.monotonic() < end
        time.sleep(0.05)
    comparison = project.comparison(1)
    assert (
        comparison is not None
        and not comparison.constraints
        and project.control_job(control=Control.CONSTRAINTS) is None
    )
    with pytest.raises(StageError, match="would be the same"):
        project.train_control(person("ann"), control=Control.CONSTRAINTS)


def test_a_control_is_tuned_by_the_recipe_that_made_the_model_and_not_by_one_that_failed(
    tmp_path: Path, small_task: Path, tiny_model: Path
) -> None:
    with Project.create(tmp_path / "p", str(small_task), str(tiny_model), seed=7) as project:
        project.generate()
        project.wait()
        wild = {"method": "full", "learning_rate": "1", "epochs": "20", "batch_size": "1"}
        for key, value in wild.items():
            project.set(f"train.{key}", value)
        project.train(person("ann"))
        with pytest.raises(JobError, match="diverges"):
            project.wait()
        assert [model.model_id for model in project.models()] == ["base"]
        for key in wild:
            project.unset(f"train.{key}")
        project.train(person("ann"))  # begins again from scratch; a resumed job would fail again
        project.wait()
        project.train_control(person("ann"))
        project.wait()
        failed, tuned, control = (job for job in project.jobs() if job.kind is JobKind.FINETUNE)
        assert failed.spec_of(FinetuneSpec).recipe.learning_rate == 1
        assert len({job.spec_of(FinetuneSpec).recipe.model_copy(update={"seed": 0}) for job in (control, tuned)}) == 1
        assert project.tuned_model() == project.models()[1] and project.models()[1].model_id == "m1-1"


def test_each_round_is_judged_by_its_own_target(complete: Project) -> None:
    before = complete.comparison(1)
    complete.set("target.rewards", "{ words = -0.01 }")
    assert complete.comparison(1) == before
    complete.run(1)
    after = complete.comparison(2)
    assert before is not None and after is not None and complete.comparison(1) == before
    assert before.after["reward"].value != after.before["reward"].value  # the same model by another reward
    _, first, second = complete.lineage.models()
    assert second.metrics["reward"] == after.after["reward"] and first.metrics["reward"] == after.before["reward"]
    assert {stage.progress for stage in complete.stages(1)} == {"done"}


def test_a_model_that_is_still_named_is_not_deleted(complete: Project) -> None:
    complete.train_control(person("ann"))
    complete.wait()
    complete.start_round()
    complete.set_proposal("m1-1-random", person("ann"), "a test")
    with pytest.raises(StageError, match="next round draws from"):
        complete.lineage.delete("m1-1-random", person("ann"))
    complete.set_proposal("m1-1", person("ann"), "a test")
    complete.set("target.reference", "m1-1-random")
    with pytest.raises(StageError, match="reference of the target"):
        complete.lineage.delete("m1-1-random", person("ann"))
    complete.unset("target.reference")
    complete.lineage.delete("m1-1-random", person("ann"))
    complete.set("evaluate.candidates", "3")  # all models are compared again, except the deleted one
    assert complete.evaluate(1) is not None
    complete.wait()
    assert complete.comparison(1) is not None


def test_a_control_of_an_earlier_round_starts_from_that_rounds_proposal(complete: Project) -> None:
    complete.start_round()
    with pytest.raises(StageError, match="round 2 has tuned no model"):
        complete.train_control(person("ann"))
    complete.train_control(person("ann"), 1)
    complete.wait()
    control = complete.models()[-1]
    assert (control.model_id, control.parent_id, control.round) == ("m1-1-random", "base", 1)
    assert complete.comparison(1).control and complete.comparison(2) is None  # type: ignore[union-attr]
    assert {stage.progress for stage in complete.stages(1)} == {"done"}
