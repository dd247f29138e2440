"""What a round was compared by stays when settings change, and a failed job is resumed only where that can help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsf_core.domain import JobKind
from rsf_core.project import Project


def test_other_settings_do_not_undo_a_comparison_and_comparing_again_takes_them(complete: Project) -> None:
    before = complete.comparison(1)
    assert before is not None and before.current
    complete.set("generate.temperature", "0.5")
    kept = complete.comparison(1)
    assert kept == replace(before, current=False) and complete.held_out_examples(kept, 2)
    assert complete.stages()[-1].progress == "done"
    assert complete.lineage.models()[0].metrics and complete.lineage.ballot("base", "m1-1", "ann").texts
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
    assert complete._standing.agrees(job)
    complete.set(key, value)
    assert not complete._standing.agrees(job)
