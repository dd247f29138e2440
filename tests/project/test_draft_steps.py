"""What each step of a new project checks, and what prevents the project from being made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsf_core.domain import Split
from rsf_core.domain.settings import Constraint, Target
from rsf_core.project.draft_steps import TITLES, Facts, ModelFacts, Step, blocking, check
from rsf_core.scorers.registry import ReferenceProblem

GOOD = Facts(
    {Split.TRAIN: 90, Split.HELD_OUT: 30, Split.SEALED: 5},
    [],
    ModelFacts("tiny", loaded=True),
    Target(rewards={"sentiment": 1.0}),
)


def messages(step: Step, facts: Facts) -> list[tuple[bool, str]]:
    return [(finding.blocks, finding.message) for finding in check(step, facts)]


def lacking(count: int) -> list[ReferenceProblem]:
    problem = "needs a number as the reference, and there is none"
    return [ReferenceProblem(i, "numeric_match", problem) for i in range(3, 3 + count)]


def test_a_whole_draft_passes_every_step() -> None:
    assert not blocking(GOOD) and not any(check(step, GOOD) for step in Step)
    assert list(TITLES) == list(Step)


@pytest.mark.parametrize(
    ("prompts", "blocks", "words"),
    [
        ({}, True, "no prompt yet"),
        ({Split.TRAIN: 0, Split.HELD_OUT: 0}, True, "no prompt yet"),
        ({Split.HELD_OUT: 1}, True, "None of the 1 prompt is a train prompt"),
        ({Split.TRAIN: 3}, False, "No prompt is held out"),
    ],
)
def test_prompts_are_there_and_on_both_sides(prompts: dict[Split, int], blocks: bool, words: str) -> None:
    ((step_message, message),) = messages(Step.PROMPTS, replace(GOOD, prompts=prompts))
    assert step_message is blocks and words in message
    assert (Step.PROMPTS in blocking(replace(GOOD, prompts=prompts))) is blocks


@pytest.mark.parametrize("step", [Step.PROMPTS, Step.GOOD])
@pytest.mark.parametrize("count", [1, 37, 119, 120])
def test_prompts_without_the_reference_that_a_scorer_needs_are_counted(step: Step, count: int) -> None:
    ((blocks, message),) = messages(step, replace(GOOD, unreadable=lacking(count)))
    assert f"numeric_match cannot score {count} of 120 prompts: it needs a number as the reference" in message
    assert "(prompt 3)" in message and blocks is (count == 120)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelFacts("tiny"), "has not been tried yet"),
        (ModelFacts("tiny", loading=True), "is being loaded"),
        (ModelFacts("tiny", problem="there is no model 'tiny'"), "there is no model 'tiny'"),
    ],
)
def test_the_model_was_loaded_once(model: ModelFacts, words: str) -> None:
    ((blocks, message),) = messages(Step.MODEL, replace(GOOD, model=model))
    assert blocks and words in message


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target(), "The target has no scorer yet"),
        (Target(rewards={"sentimant": 1.0}), "There is no scorer 'sentimant'; did you mean 'sentiment'"),
        (Target(rewards={"contains": 1.0}), "needs options"),
        (Target(rewards={"sentiment": 0.0}), "weight 0"),
        (Target(constraints=(Constraint(scorer="ended", at_least=2),)), "lie between 0 and 1, so none is at least 2"),
        (Target(constraints=(Constraint(scorer="ended", at_most=-1),)), "so none is at most -1"),
    ],
)
def test_a_target_that_can_accept_nothing_or_says_nothing_blocks(target: Target, words: str) -> None:
    messages_shown = messages(Step.GOOD, replace(GOOD, target=target))
    assert messages_shown and all(blocks for blocks, _ in messages_shown) and words in messages_shown[0][1]


@pytest.mark.parametrize(
    "target",
    [
        Target(constraints=(Constraint(scorer="ended", at_least=1),)),
        Target(constraints=(Constraint(scorer="repetition", at_most=0),)),
        Target(constraints=(Constraint(scorer="length", at_least=1, at_most=9e5),)),
        Target(rewards={"sentiment": 0.0, "length": -1.0}),
    ],
)
def test_a_target_at_the_ends_of_the_bounds_passes(target: Target) -> None:
    assert not check(Step.GOOD, replace(GOOD, target=target))


def test_a_setting_of_the_task_that_is_not_allowed_blocks() -> None:
    facts = replace(GOOD, settings_problems=["generate.candidates: is 0"])
    assert list(blocking(facts)) == [Step.TASK] and "generate.candidates: is 0" in blocking(facts)[Step.TASK]
