"""A training step makes no tensor on the default device, and a checkpoint is independent of devices; see
tests/support/placed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rsf_core.domain.settings import Train
from rsf_core.models.placement import Placement
from rsf_core.training import checkpoints
from rsf_core.training.base import StepMetrics
from rsf_core.training.samples import TrainingSample
from rsf_core.training.sft import finetune
from tests.support.placed import Placed

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SAMPLES = [TrainingSample((0, 5, 6, 7 + i % 3), (20 + i, 30, 1), log_q=-20.0 if i % 2 else None) for i in range(8)]
RECIPE = Train(epochs=2, rank=4, batch_size=4, loss="rsf", growth_bound=5.0, held_out_share=0.3, checkpoint_seconds=0)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_training_step_names_the_device_of_all_it_makes(any_model: Path, method: str, tmp_path: Path) -> None:
    """Stopped, and continued from a checkpoint with the best weights so far."""
    recipe = RECIPE.model_copy(update={"method": method})
    path = tmp_path / "checkpoint.safetensors"
    plain: list[StepMetrics] = []
    finetune(SAMPLES, any_model, recipe, plain.append)
    steps: list[StepMetrics] = []
    with Placed():
        stopped = finetune(SAMPLES, any_model, recipe, steps.append, lambda: len(steps) >= 2, path)
        tuned = finetune(SAMPLES, any_model, recipe, steps.append, checkpoint=path)
    assert stopped is None and tuned is not None
    assert [step.loss for step in steps] == pytest.approx([step.loss for step in plain], abs=1e-6)


def test_what_is_trained_is_float32_whatever_draws_and_judges(tiny_model: Path) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 1, "held_out_share": 0.0})
    steps: list[StepMetrics] = []
    tuned = finetune(SAMPLES, tiny_model, recipe, steps.append, placement=Placement("cpu", "bfloat16"))
    assert tuned is not None and {parameter.dtype for parameter in tuned[0].parameters()} == {torch.float32}


def test_a_checkpoint_goes_on_on_another_device(tmp_path: Path) -> None:
    """From the processor to `meta`: the optimiser's state goes to its parameter's device, except the count of steps."""
    path = tmp_path / "c.safetensors"
    here = [torch.nn.Parameter(torch.ones(3))]
    optimizer = torch.optim.AdamW(here)
    here[0].grad = torch.ones(3)
    optimizer.step()
    checkpoints.save(path, here, optimizer, {"step": 1})
    there = [torch.nn.Parameter(torch.empty(3, device="meta"))]
    other = torch.optim.AdamW(there)
    with Placed():
        assert checkpoints.load(path, there, other) == {"step": 1}
    devices = {name: value.device.type for name, value in other.state[there[0]].items()}
    assert devices == {"step": "cpu", "exp_avg": "meta", "exp_avg_sq": "meta"}
