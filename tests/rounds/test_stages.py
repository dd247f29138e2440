"""The state of a round in each situation it can be in, and the prompts that it draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Prompt
from rsf_core.rounds.stages import (
    STAGES,
    Progress,
    RoundFacts,
    Stage,
    StageState,
    complete,
    draw_prompts,
    first_k,
    next_stage,
    persons_before,
    stage_type,
    states,
)
from rsf_core.store.records import JobRecord, RoundCounts
from tests.support.round_facts import CURATED, DECIDED, DRAWN, NOTHING, TUNED, facts, job

# The stages of the rows below, in this order. A new stage between them gets rows of its own; in the rows below it is done
# (`facts`).
STAGES_BELOW = (Stage.GENERATE, Stage.SCORE, Stage.REVIEW, Stage.FINETUNE, Stage.EVALUATE)
W, R, X, D, F = Progress.WAITING, Progress.READY, Progress.RUNNING, Progress.DONE, Progress.FAILED


def of(stage_states: Sequence[StageState], stage: Stage) -> StageState:
    return next(state for state in stage_states if state.stage is stage)


GENERATED, SCORED = job("generate", "done"), job("score", "done")
FINETUNED, EVALUATED = job("finetune", "done"), job("evaluate", "done")
BOTH = (GENERATED, SCORED)


@pytest.mark.parametrize(
    ("round_facts", "expected", "next_one"),
    [
        (facts(), (R, W, W, W, W), Stage.GENERATE),
        (facts(train_prompts=0), (W, W, W, W, W), Stage.GENERATE),
        (facts(NOTHING, job("generate", "queued")), (X, W, W, W, W), None),
        (facts(DRAWN, job("generate", "running")), (X, W, W, W, W), None),
        (facts(NOTHING, job("generate", "failed")), (F, W, W, W, W), Stage.GENERATE),
        (facts(DRAWN, job("generate", "cancelled")), (F, W, W, W, W), Stage.GENERATE),
        (facts(DRAWN, job("generate", "interrupted")), (F, W, W, W, W), Stage.GENERATE),
        (facts(DRAWN, GENERATED), (D, R, W, W, W), Stage.SCORE),
        (facts(DRAWN, GENERATED, job("score", "running")), (D, X, W, W, W), None),
        (facts(DRAWN, GENERATED, job("score", "failed")), (D, F, W, W, W), Stage.SCORE),
        (facts(DECIDED, *BOTH), (D, D, R, R, W), Stage.FINETUNE),
        (facts(DECIDED, GENERATED, job("score", "cancelled")), (D, D, R, R, W), Stage.FINETUNE),
        (facts(DECIDED, *BOTH, curated=CURATED), (D, D, D, R, W), Stage.FINETUNE),
        (facts(DECIDED, *BOTH, job("finetune", "running"), curated=CURATED), (D, D, D, X, W), None),
        (facts(DECIDED, *BOTH, job("finetune", "failed"), curated=CURATED), (D, D, D, F, W), Stage.FINETUNE),
        (facts(DECIDED, *BOTH, FINETUNED, curated=CURATED, tuned=TUNED), (D, D, D, D, R), Stage.EVALUATE),
        (
            facts(DECIDED, *BOTH, FINETUNED, curated=CURATED, tuned=TUNED, held_out_prompts=0),
            (D, D, D, D, D),
            None,
        ),
        (
            facts(DECIDED, *BOTH, FINETUNED, job("evaluate", "running"), curated=CURATED, tuned=TUNED),
            (D, D, D, D, X),
            None,
        ),
        (
            facts(DECIDED, *BOTH, FINETUNED, EVALUATED, curated=CURATED, tuned=TUNED, evaluated=True),
            (D, D, D, D, D),
            None,
        ),
        # more candidates are drawn after the decision: scoring is due again, the tuned model stays
        (
            facts(
                RoundCounts(50, 40, 40, 10, 3, 9, 1, 2, 5, 4), *BOTH, job("generate", "done", 2), FINETUNED,
                curated=CURATED, tuned=TUNED,
            ),
            (D, R, D, D, R),
            Stage.SCORE,
        ),
    ],
)  # fmt: skip
def test_where_each_stage_stands(
    round_facts: RoundFacts, expected: tuple[Progress, ...], next_one: Stage | None
) -> None:
    got = states(round_facts)
    assert tuple(state.stage for state in got) == tuple(Stage)
    assert tuple(of(got, stage).progress for stage in STAGES_BELOW) == expected
    assert next_stage(got) == next_one
    assert complete(got) is (expected[-1] is D)
    assert all(state.detail for state in got)


def test_the_table_has_every_stage_once_and_each_kind_of_job_once() -> None:
    assert [row.stage for row in STAGES] == list(Stage)
    kinds = [row.kind for row in STAGES if row.kind is not None]
    assert len(kinds) == len(set(kinds)) == len(STAGES) - 1
    assert all(stage_type(row.stage) is row for row in STAGES)
    assert STAGES[-1].kind is not None  # otherwise a person could complete a round at any time


def test_a_stage_has_a_job_to_start_or_a_page_where_a_person_does_it() -> None:
    for row in STAGES:
        assert (row.start is None) is (row.kind is None) and (row.page != "") is (row.kind is None)
        assert row.label and row.icon.startswith(":material/") and row.action(DECIDED)
    assert [row.stage for row in STAGES if persons_before(row.stage)] == [Stage.FINETUNE]
    assert persons_before(Stage.FINETUNE) is stage_type(Stage.REVIEW)


def test_the_button_of_a_stage_names_what_it_does() -> None:
    counts = replace(DECIDED, accepted=1234)
    assert [stage_type(stage).action(counts) for stage in STAGES_BELOW] == [
        "Generate candidates", "Score candidates", "Review first", "Fine-tune on 1,234 accepted",
        "Compare on held-out prompts",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("round_facts", "blocked"),
    [
        (facts(train_prompts=0), {Stage.GENERATE: "prompts", Stage.SCORE: "prompts", Stage.FINETUNE: "acceptance"}),
        (facts(), {Stage.SCORE: "prompts", Stage.FINETUNE: "acceptance"}),
        (facts(DECIDED, *BOTH), {Stage.SCORE: "prompts"}),  # fine-tuning is done
        (facts(replace(DECIDED, accepted=0), *BOTH), {Stage.SCORE: "prompts", Stage.FINETUNE: "acceptance"}),
        (facts(DRAWN, GENERATED), {Stage.FINETUNE: "acceptance"}),
    ],
)
def test_a_stage_that_cannot_start_says_on_which_page_to_mend_it(
    round_facts: RoundFacts, blocked: dict[Stage, str]
) -> None:
    pages = {state.stage: state.blocked.page for state in states(round_facts) if state.blocked is not None}
    assert {stage: page for stage, page in pages.items() if stage in STAGES_BELOW} == blocked


def test_where_the_prompts_of_all_candidates_were_retired_nothing_is_to_be_scored() -> None:
    stage_states = states(facts(replace(DRAWN, retired=40), GENERATED))
    assert [of(stage_states, stage).progress for stage in STAGES_BELOW] == [D, W, W, W, W]
    blocked = of(stage_states, Stage.SCORE).blocked
    assert blocked is not None and "restore some" in blocked.because
    assert of(states(facts(replace(DRAWN, retired=39), GENERATED)), Stage.SCORE).progress is R


@pytest.mark.parametrize(("candidates", "may"), [(0, True), (1, False)])
def test_interrupted_drawing_starts_again_only_where_nothing_was_drawn(candidates: int, may: bool) -> None:
    counts = replace(NOTHING, candidates=candidates)
    assert {row.stage: row.restarts(counts) for row in STAGES} == dict.fromkeys(Stage, True) | {Stage.GENERATE: may}


def test_a_job_that_was_to_add_to_a_stage_does_not_undo_it() -> None:
    done = facts(DECIDED, *BOTH, FINETUNED, EVALUATED, job("evaluate", "cancelled", 2), tuned=TUNED, evaluated=True)
    assert complete(states(done)) and states(done)[-1].job is not None


def test_with_nothing_accepted_fine_tuning_waits() -> None:
    none = RoundCounts(40, 40, 40, 0, 3, 0, 0, 0, 5, 0)
    assert of(states(facts(none, *BOTH)), Stage.FINETUNE).progress is W


def test_a_failure_says_why_and_which_job() -> None:
    failed = states(facts(NOTHING, job("generate", "failed")))[0]
    assert failed.detail == "generate is failed" and failed.job is not None and failed.job.job_id == "r1-generate-1"


def test_the_newest_job_of_a_stage_counts() -> None:
    jobs = (job("generate", "failed", 1), job("generate", "running", 2))
    stage_state = states(facts(NOTHING, *jobs))[0]
    assert stage_state.progress is X and stage_state.job is not None and stage_state.job.job_id == "r1-generate-2"


# -- which prompts a round draws ---------------------------------------------------------------------------------------


def numbered(count: int) -> list[Prompt]:
    return [Prompt(i, f"prompt {i}") for i in range(1, count + 1)]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5))
def test_every_prompt_has_its_turn(count: int, each: int, seed: int) -> None:
    prompts = numbered(count)
    needed = -(-count // min(each, count))  # rounds until all have been drawn
    turns = Counter(p.prompt_id for number in range(1, needed + 1) for p in draw_prompts(prompts, each, number, seed))
    assert set(turns) == {prompt.prompt_id for prompt in prompts}
    assert max(turns.values()) <= 2


@given(st.integers(1, 40), st.integers(0, 50), st.integers(1, 9), st.integers(0, 5))
def test_a_round_draws_different_prompts_in_order_and_always_the_same(
    count: int, each: int, number: int, seed: int
) -> None:
    prompts = numbered(count)
    ids = [prompt.prompt_id for prompt in draw_prompts(prompts, each, number, seed)]
    assert ids == sorted(set(ids)) and len(ids) == (min(each, count) or count)
    assert ids == [prompt.prompt_id for prompt in draw_prompts(prompts[::-1], each, number, seed)]


def test_another_seed_draws_other_prompts() -> None:
    drawn = [draw_prompts(numbered(100), 20, 1, seed) for seed in (1, 2)]
    assert drawn[0] != drawn[1]


def test_new_candidates_are_counted_on() -> None:
    assert first_k(numbered(3), {2: 8}) == {"prompt_id": [1, 2, 3], "k": [0, 8, 0]}


def test_without_held_out_prompts_a_round_is_complete_without_a_comparison_and_says_so() -> None:
    stage_states = states(facts(DECIDED, *BOTH, FINETUNED, curated=CURATED, tuned=TUNED, held_out_prompts=0))
    assert complete(stage_states) and "no held-out prompts" in stage_states[-1].detail
    stage_states = states(facts(DECIDED, *BOTH, FINETUNED, curated=CURATED, tuned=TUNED, held_out_prompts=1))
    assert not complete(stage_states)  # a held-out prompt was added, so a comparison is possible


def test_scoring_is_announced_only_where_it_follows() -> None:
    """`rsf generate` only draws, so that scoring does not start by itself after it."""

    def detail(*jobs: JobRecord) -> str:
        return of(states(facts(DRAWN, *jobs)), Stage.SCORE).detail

    followed, alone = replace(GENERATED, follow=(Stage.SCORE,)), replace(GENERATED, follow=())
    assert detail(followed) == detail() == "follows by itself"
    assert detail(alone) == detail(followed, alone) == "not scored yet"
    assert of(states(facts(DECIDED, alone, SCORED)), Stage.SCORE).detail.endswith("scored")
