"""Fine-tuning: one loop that learns the completions and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rsf_core import models
from rsf_core.domain.errors import JobError, StageError
from rsf_core.domain.settings import Train
from rsf_core.models import forward
from rsf_core.proposals.local import LocalProposal
from rsf_core.training.base import StepMetrics
from rsf_core.training.batches import epoch_batches, steps, together
from rsf_core.training.samples import TrainingSample
from rsf_core.training.sft import finetune, learning_rate_factor

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SAMPLES = [TrainingSample((0, 5, 6, 7 + i % 3), (20 + i, 30, 40 + i, 1)) for i in range(12)]
RECIPE = Train(epochs=4, learning_rate=5e-3, rank=4, batch_size=4)


def run(model: Path, samples=SAMPLES, recipe=RECIPE, should_stop=lambda: False):
    steps: list[StepMetrics] = []
    return finetune(samples, model, recipe, steps.append, should_stop), steps


@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_loss_falls_and_the_samples_become_likelier(any_model, method, tmp_path):
    before = [(file.name, file.read_bytes()) for file in sorted(any_model.iterdir())]
    keen = RECIPE.model_copy(update={"epochs": 8, "learning_rate": 2e-2, "method": method})
    (model, tokenizer), steps = run(any_model, recipe=keen)
    assert [step.step for step in steps] == list(range(1, 25))
    assert np.mean([s.loss for s in steps[-3:]]) < np.mean([s.loss for s in steps[:3]]) - 0.2
    models.save(model, tokenizer, tmp_path / "tuned", {"round": 1})
    pairs = [(s.prompt_token_ids, s.token_ids) for s in SAMPLES]
    assert (LocalProposal(tmp_path / "tuned").log_prob(pairs) > LocalProposal(any_model).log_prob(pairs)).all()
    assert [(file.name, file.read_bytes()) for file in sorted(any_model.iterdir())] == before


def test_the_first_loss_is_the_nll_of_the_completions_alone(tiny_model):
    _, steps = run(tiny_model, recipe=RECIPE.model_copy(update={"batch_size": 12, "epochs": 1}))
    log_probs = LocalProposal(tiny_model).log_prob([(s.prompt_token_ids, s.token_ids) for s in SAMPLES])
    assert steps[0].loss == pytest.approx(-log_probs.sum() / sum(len(s.token_ids) for s in SAMPLES), abs=1e-4)


def test_short_and_long_completions_are_learned_as_often_as_they_occur(tiny_model):
    """Half the samples are `a`, half are nine times `b`, in batches of similar length. Steps divided by their own number of
    tokens trained to 68 % and 31 %."""
    short, long = TrainingSample((0, 5, 6), (20, 1)), TrainingSample((0, 5, 6), (*[30] * 9, 1))
    recipe = Train(epochs=100, learning_rate=1e-2, method="full", batch_size=8, per_prompt=1, held_out_share=0)
    (model, tokenizer), _ = run(tiny_model, [short, long] * 8, recipe)
    models.save(model, tokenizer, tiny_model.parent / "halves", {"round": 1})
    log_p = LocalProposal(tiny_model.parent / "halves").log_prob(
        [(s.prompt_token_ids, s.token_ids) for s in (short, long)]
    )
    assert np.exp(log_p) == pytest.approx([0.5, 0.5], abs=0.04)


def test_parts_of_a_step_give_the_gradient_of_the_whole(tiny_model):
    uneven = [TrainingSample(s.prompt_token_ids, s.token_ids[i % 3 :]) for i, s in enumerate(SAMPLES)]
    _, whole = run(tiny_model, uneven)
    _, parts = run(tiny_model, uneven, RECIPE.model_copy(update={"accumulate": 3}))
    assert [m.grad_norm for m in parts] == pytest.approx([m.grad_norm for m in whole], rel=1e-3)
    assert [m.loss for m in parts] == pytest.approx([m.loss for m in whole], abs=1e-5)


def test_the_seed_decides_everything(any_model):
    (first, _), first_steps = run(any_model)
    (second, _), second_steps = run(any_model)
    assert [s.loss for s in first_steps] == [s.loss for s in second_steps]
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_pad_token_that_the_model_does_not_know_pads_nothing(tiny_model, tmp_path):
    model, tokenizer = models.load(tiny_model)
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})  # without enlarging the embeddings
    assert tokenizer.pad_token_id >= model.get_input_embeddings().num_embeddings
    models.save(model, tokenizer, tmp_path / "padded", {"round": 0})
    uneven = [TrainingSample(s.prompt_token_ids, s.token_ids[i % 3 :]) for i, s in enumerate(SAMPLES)]
    _, steps = run(tmp_path / "padded", samples=uneven)
    _, expected = run(tiny_model, samples=uneven)
    assert [step.loss for step in steps] == pytest.approx([step.loss for step in expected], abs=1e-5)


def test_a_stop_is_honoured_between_steps(tiny_model):
    steps_seen = iter([False, False, True])
    result, steps = run(tiny_model, should_stop=lambda: next(steps_seen))
    assert result is None
    assert len(steps) == 2


def test_an_empty_set_and_a_diverging_loss_are_reported_with_the_remedy(tiny_model):
    with pytest.raises(StageError, match="empty"):
        run(tiny_model, samples=[])
    bad = [TrainingSample(s.prompt_token_ids, s.token_ids, weight=float("inf")) for s in SAMPLES]
    with pytest.raises(JobError, match=r"at step 1 of 12.*train.learning_rate"):
        run(tiny_model, samples=bad)


def test_a_loss_that_stays_worse_than_guessing_is_a_divergence_and_leaves_the_model_alone(tiny_model):
    """All weights at a learning rate of 1: nothing becomes infinite, and nothing is learned."""
    before = [(file.name, file.read_bytes()) for file in sorted(tiny_model.iterdir())]
    wild = RECIPE.model_copy(update={"method": "full", "learning_rate": 1.0, "epochs": 20})
    with pytest.raises(
        JobError, match=r"diverges: the loss began at .* for 5 steps at step .*train.learning_rate \(now 1\)"
    ):
        run(tiny_model, recipe=wild)
    assert [(file.name, file.read_bytes()) for file in sorted(tiny_model.iterdir())] == before


@given(prompts=st.lists(st.integers(0, 9), min_size=1, max_size=60), at_most=st.integers(1, 9), size=st.integers(1, 9))
def test_an_epoch_holds_every_sample_once_and_groups_hold_one_prompt(prompts, at_most, size):
    rng = np.random.default_rng(0)
    groups = together(prompts, at_most, rng)
    assert all(len({prompts[i] for i in group}) == 1 and len(group) <= at_most for group in groups)
    batches = list(epoch_batches(groups, [3 * prompt for prompt in prompts], size, rng))
    assert Counter(i for batch in batches for i in batch) == Counter(range(len(prompts)))
    assert len(batches) * 3 == steps(len(prompts), size, 3)


def test_the_samples_of_a_prompt_come_in_one_batch_where_they_fit():
    prompts = [i % 12 for i in range(48)]
    rng = np.random.default_rng(0)
    batches = list(epoch_batches(together(prompts, 4, rng), [5] * 48, 8, rng))
    assert [len({prompts[i] for i in batch}) for batch in batches] == [2] * 6


def test_a_prompt_computed_once_for_its_samples_trains_the_same_model(tiny_model):
    """Two prompts and completions of unequal lengths, compared with the plain forward pass."""
    samples = [TrainingSample((0, 5, 6)[: 2 + i % 2], s.token_ids[i % 3 :]) for i, s in enumerate(SAMPLES)]
    recipe = RECIPE.model_copy(update={"per_prompt": 2})
    _, shared = run(tiny_model, samples, recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forward.Causal, "after_shared_prompts", forward.Causal.in_one_sequence)
        _, plain = run(tiny_model, samples, recipe)
    assert [m.loss for m in shared] == pytest.approx([m.loss for m in plain], abs=2e-5)
    assert [m.grad_norm for m in shared] == pytest.approx([m.grad_norm for m in plain], rel=1e-3)


def test_the_learning_rate_warms_up_and_ends_near_zero():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[0] < 0.2
    assert max(factors) == pytest.approx(1, abs=0.01)
    assert factors[-1] < 0.01
    assert factors == [*sorted(factors[:10]), *sorted(factors[10:], reverse=True)]
