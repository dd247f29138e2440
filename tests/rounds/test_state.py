"""A round's comparison stays when settings change, and a failed job is resumed only if that can help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsf_core.domain import JobKind, JobState
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import EvaluateSpec
from rsf_core.project import Project
from tests.support import specs


def test_other_settings_do_not_undo_a_comparison_and_comparing_again_takes_them(complete: Project) -> None:
    before = complete.comparison(1)
    assert before is not None and before.current
    complete.set("generate.temperature", "0.5")
    kept = complete.comparison(1)
    assert kept == replace(before, current=False) and complete.held_out_examples(kept, 2)
    assert complete.stages()[-1].progress == "done"
    assert complete.lineage.models()[0].metrics and complete.lineage.ballot("base", "m1-1", person("ann")).texts
    complete.evaluate(1)
    complete.wait()
    again = complete.comparison(1)
    assert again is not None and again.current and again.base != before.base


def test_completions_that_the_target_of_the_round_cannot_judge_are_no_comparison(complete: Project) -> None:
    complete.set("target.rewards", '{"words" = 1.0}')
    complete.score()
    complete.wait()
    assert complete.comparison(1) is None and complete.stages()[-1].progress == "ready"


@pytest.mark.parametrize(
    ("kind", "key", "value", "free", "any_value"),
    [
        (JobKind.GENERATE, "generate.max_new_tokens", "3", "generate.batch_size", "2"),
        (JobKind.SCORE, "target.beta", "0.7", "accept.rate", "0.4"),
        (JobKind.FINETUNE, "train.learning_rate", "0.001", "train.accumulate", "2"),
        (JobKind.EVALUATE, "evaluate.candidates", "3", "generate.batch_size", "2"),
    ],
)
def test_a_job_is_worth_resuming_while_the_settings_ask_for_what_it_does(
    complete: Project, kind, key, value, free, any_value
) -> None:
    job = next(job for job in complete.jobs() if job.kind is kind)
    complete.set(free, any_value)
    assert complete._project_state.agrees(job)
    complete.set(key, value)
    assert not complete._project_state.agrees(job)


def test_a_round_with_a_job_whose_spec_is_damaged_shows_it_failed_and_starts_again(project: Project) -> None:
    project.supervisor.stop()
    for spec in (specs.generate(), specs.finetune()):
        job_id = f"r1-{spec.kind}-1"
        project.store.add_job(job_id, spec, ())
        project.store._db._cursor().execute("UPDATE jobs SET spec = '{}' WHERE job_id = $1", [job_id])
        project.store.add_job_event(job_id, JobState.FAILED, "its spec is damaged")
        assert not project._project_state.agrees(project.store.job(job_id))
    assert [stage.progress for stage in project.stages() if stage.job is not None] == ["failed", "failed"]
    assert project.drawn_until() is None and project.control_job() is None
    assert project.generate() == "r1-generate-2"


def test_held_out_completions_of_another_sampler_are_never_paired_with_new_ones(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison stays and is marked as an earlier one; comparing again draws from every model again."""
    before, jobs = complete.comparison(1), len(complete.jobs())
    monkeypatch.setattr("rsf_core.rounds.state.SAMPLER_VERSION", 3)
    monkeypatch.setattr("rsf_core.rounds.comparing.SAMPLER_VERSION", 3)
    monkeypatch.setattr("rsf_core.jobs.work.evaluate.SAMPLER_VERSION", 3)
    complete.set("generate.batch_size", "31")  # changes no draw; the kept reports are read again
    assert before is not None and complete.comparison(1) == replace(before, current=False)
    complete.evaluate(1)
    complete.wait()
    spec = complete.jobs()[jobs].spec_of(EvaluateSpec)
    assert [model.model_id for model in spec.models] == ["base", "m1-1"] and spec.sampler == 3
    assert (comparison := complete.comparison(1)) is not None and comparison.current


def test_an_evaluation_that_another_sampler_began_does_not_go_on(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete.set("evaluate.candidates", "3")
    whole = complete.supervisor.submit
    monkeypatch.setattr(
        complete.supervisor,
        "submit",
        lambda spec, inputs, **rest: whole(spec.model_copy(update={"sampler": 1}), inputs, **rest),
    )
    complete.evaluate(1)
    with pytest.raises(
        JobError, match=r"begun by a version of RSF Studio that draws otherwise.* Compare the models again"
    ):
        complete.wait()
    monkeypatch.undo()
    complete.evaluate(1)
    complete.wait()
    assert (comparison := complete.comparison(1)) is not None and comparison.current
