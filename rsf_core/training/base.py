"""The protocol of trainers, which tune a model on a curated set, and the metrics they report of each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rsf_core.domain.settings import Train
from rsf_core.domain.specs import TrainedLaw
from rsf_core.models.placement import Placement
from rsf_core.training.samples import TrainingSample

Tuned = tuple[Any, Any]  # the model and its tokenizer, as transformers has them


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """The metrics of one optimiser step. `step` counts from 1; `loss` and `held_out_loss` (after an epoch's last step) are in
    nats per completion token; `grad_norm` is that of the objective, which is normalised by the epoch's mean tokens a step;
    `memory` is the peak of this process, in bytes."""

    step: int
    total: int
    epoch: int
    loss: float
    learning_rate: float
    grad_norm: float
    tokens_per_second: float
    memory: float
    held_out_loss: float | None = None


class Trainer(Protocol):
    """Tunes a model on a curated set. tests/contracts/test_trainers.py is what the fine-tuning job relies on."""

    def train(
        self,
        samples: Sequence[TrainingSample],
        model_folder: Path,
        recipe: Train,
        law: TrainedLaw,
        on_step: Callable[[StepMetrics], None],
        should_stop: Callable[[], bool] = ...,
        checkpoint: Path | None = ...,
        log_m: float = ...,
        placement: Placement = ...,
    ) -> Tuned | None:
        """Train the model in `model_folder`, whose files stay as they are, and return the tuned model with its tokenizer; None
        if stopped. The same `recipe.seed` trains the same model. With `checkpoint`, an interrupted run continues from there,
        with the same losses as without the interruption. `law` is the law whose log p is trained; `log_m` is in nats. Raises
        StageError for a set that cannot be trained on, JobError if training fails."""
        ...
