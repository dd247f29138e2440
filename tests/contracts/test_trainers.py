"""What the fine-tuning job relies on in every trainer: the samples become likelier, the same seed trains the same model, it
stops when asked, and refuses what cannot be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Train
from rsf_core.domain.specs import TrainedLaw
from rsf_core.proposals import making
from rsf_core.training import trainers
from rsf_core.training.base import StepMetrics
from rsf_core.training.samples import TrainingSample

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SAMPLES = [TrainingSample((0, 5, 6, 7 + i % 2), (20 + i, 30, 1)) for i in range(4)]
LAW = TrainedLaw()


@pytest.fixture(params=["lora", "full"])
def recipe(request: pytest.FixtureRequest) -> Train:
    return Train(method=request.param, epochs=4, learning_rate=2e-2, rank=2, batch_size=4, held_out_share=0, seed=3)


def test_the_samples_become_likelier_and_the_steps_are_reported(recipe: Train, any_model: Path, tmp_path: Path) -> None:
    steps: list[StepMetrics] = []
    keen = recipe.model_copy(update={"epochs": 16})
    tuned = trainers.of(keen).train(SAMPLES, any_model, keen, LAW, steps.append)
    assert tuned is not None and [(step.step, step.total) for step in steps] == [(n, 16) for n in range(1, 17)]
    models.save(*tuned, tmp_path / "tuned", {"round": 1})
    pairs = [(sample.prompt_token_ids, sample.token_ids) for sample in SAMPLES]
    after, before = (making.likelihood(folder).log_prob(pairs) for folder in (tmp_path / "tuned", any_model))
    assert after.sum() > before.sum()


def test_the_same_seed_trains_the_same(recipe: Train, tiny_model: Path) -> None:
    runs: list[list[StepMetrics]] = [[], []]
    for steps in runs:
        trainers.of(recipe).train(SAMPLES, tiny_model, recipe, LAW, steps.append)
    first, second = ([step.loss for step in steps] for steps in runs)
    assert len(first) == 4 and first == pytest.approx(second, abs=1e-6)


def test_it_stops_when_asked_and_goes_on_from_its_checkpoint(recipe: Train, tiny_model: Path, tmp_path: Path) -> None:
    steps: list[StepMetrics] = []
    place = tmp_path / "checkpoint.safetensors"
    stopped = trainers.of(recipe).train(SAMPLES, tiny_model, recipe, LAW, steps.append, lambda: len(steps) >= 2, place)
    assert stopped is None
    assert trainers.of(recipe).train(SAMPLES, tiny_model, recipe, LAW, steps.append, checkpoint=place) is not None
    assert [step.step for step in steps] == [1, 2, 3, 4]


def test_nothing_to_train_on_is_refused(recipe: Train, tiny_model: Path) -> None:
    with pytest.raises(StageError, match="the curated set is empty"):
        trainers.of(recipe).train([], tiny_model, recipe, LAW, lambda step: None)
