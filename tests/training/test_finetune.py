"""Fine-tuning: one loop that learns the completions and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from rsf_core import models
from rsf_core.errors import JobError, StageError
from rsf_core.proposals.local import LocalProposal
from rsf_core.settings import Train
from rsf_core.training.batches import epoch_batches, steps
from rsf_core.training.finetune import StepMetrics, TrainingSample, finetune, learning_rate_factor

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SAMPLES = [TrainingSample((0, 5, 6, 7 + i % 3), (20 + i, 30, 40 + i, 1)) for i in range(12)]
RECIPE = Train(epochs=4, learning_rate=5e-3, rank=4, batch_size=4)


def run(model: Path, samples=SAMPLES, recipe=RECIPE, should_stop=lambda: False):
    seen: list[StepMetrics] = []
    return finetune(samples, model, recipe, seen.append, should_stop), seen


def test_the_loss_falls_and_the_samples_become_likelier(tiny_model, tmp_path):
    before = [(file.name, file.read_bytes()) for file in sorted(tiny_model.iterdir())]
    keen = RECIPE.model_copy(update={"epochs": 8, "learning_rate": 2e-2})
    (model, tokenizer), seen = run(tiny_model, recipe=keen)
    assert [step.step for step in seen] == list(range(1, 25))
    assert np.mean([s.loss for s in seen[-3:]]) < np.mean([s.loss for s in seen[:3]]) - 0.2
    models.save(model, tokenizer, tmp_path / "tuned", {"round": 1})
    pairs = [(s.prompt_token_ids, s.token_ids) for s in SAMPLES]
    assert (LocalProposal(tmp_path / "tuned").log_prob(pairs) > LocalProposal(tiny_model).log_prob(pairs)).all()
    assert [(file.name, file.read_bytes()) for file in sorted(tiny_model.iterdir())] == before


def test_the_first_loss_is_the_nll_of_the_completions_alone(tiny_model):
    _, seen = run(tiny_model, recipe=RECIPE.model_copy(update={"batch_size": 12, "epochs": 1}))
    log_probs = LocalProposal(tiny_model).log_prob([(s.prompt_token_ids, s.token_ids) for s in SAMPLES])
    assert seen[0].loss == pytest.approx(-log_probs.sum() / sum(len(s.token_ids) for s in SAMPLES), abs=1e-4)


def test_the_seed_decides_everything(tiny_model):
    (first, _), seen = run(tiny_model)
    (second, _), again = run(tiny_model)
    assert [s.loss for s in seen] == [s.loss for s in again]
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_stop_is_honoured_between_steps(tiny_model):
    steps_seen = iter([False, False, True])
    result, seen = run(tiny_model, should_stop=lambda: next(steps_seen))
    assert result is None
    assert len(seen) == 2


def test_an_empty_set_and_a_diverging_loss_are_said_with_the_remedy(tiny_model):
    with pytest.raises(StageError, match="empty"):
        run(tiny_model, samples=[])
    bad = [TrainingSample(s.prompt_token_ids, s.token_ids, weight=float("inf")) for s in SAMPLES]
    with pytest.raises(JobError, match=r"at step 1 of 12.*train.learning_rate"):
        run(tiny_model, samples=bad)


def test_an_epoch_holds_every_sample_once():
    lengths = list(range(50))
    batches = list(epoch_batches(lengths, 8, np.random.default_rng(0)))
    assert Counter(i for batch in batches for i in batch) == Counter(range(50))
    assert len(batches) * 3 == steps(50, 8, 3)


def test_the_learning_rate_warms_up_and_ends_near_zero():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[0] < 0.2
    assert max(factors) == pytest.approx(1, abs=0.01)
    assert factors[-1] < 0.01
    assert factors == [*sorted(factors[:10]), *sorted(factors[10:], reverse=True)]
