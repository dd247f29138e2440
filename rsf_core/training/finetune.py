"""LoRA fine-tuning on a curated set. One loop that reads top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model

from rsf_core import models
from rsf_core.errors import JobError, StageError
from rsf_core.forward import completion_logits
from rsf_core.settings import Train
from rsf_core.training.batches import epoch_batches, steps
from rsf_core.training.loss import weighted_nll


@dataclass(frozen=True, slots=True)
class TrainingSample:
    """The sampled token ids, never re-tokenised text; `token_ids` end with EOS where the completion did. Only where a
    person has edited the completion, `text` is what is trained on, and its tokens are made here."""

    prompt_token_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    weight: float = 1.0
    text: str | None = None


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """One optimiser step, counted from 1; `loss` in nats per completion token."""

    step: int
    total: int
    epoch: int
    loss: float
    learning_rate: float
    grad_norm: float
    tokens_per_second: float


def finetune(
    samples: Sequence[TrainingSample],
    model_folder: Path,
    recipe: Train,
    on_step: Callable[[StepMetrics], None],
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Any, Any] | None:
    """Train LoRA matrices on every linear layer and return `(merged model, tokenizer)`, or None when stopped.
    Deterministic in `recipe.seed`. Raises StageError for an empty set, JobError when the loss is not finite."""
    if not samples:
        raise StageError("the curated set is empty: there is nothing to train on")
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    base, tokenizer = models.load(model_folder)
    samples = [_tokenised(sample, tokenizer) for sample in samples]
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules="all-linear", lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    model = get_peft_model(base, config)
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    total = steps(len(samples), recipe.batch_size, recipe.epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(step, total, recipe.warmup)
    )
    lengths = [len(sample.prompt_token_ids) + len(sample.token_ids) for sample in samples]
    pad = 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        for batch in epoch_batches(lengths, recipe.batch_size, rng):
            if should_stop():
                return None
            started = time.perf_counter()
            chosen = [samples[i] for i in batch]
            logits, targets, mask = completion_logits(model, [(s.prompt_token_ids, s.token_ids) for s in chosen], pad)
            weights = torch.tensor([sample.weight for sample in chosen], dtype=torch.float64)
            loss = weighted_nll(logits, targets, mask, weights)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(trained, recipe.max_grad_norm)
            step += 1
            if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
                raise JobError(
                    f"the loss is {loss.item()} at step {step} of {total} (gradient norm {norm.item()}): lower "
                    f"train.learning_rate (now {recipe.learning_rate:g}) and start again; the model before is untouched"
                )
            rate = schedule.get_last_lr()[0]
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            speed = int(mask.sum()) / (time.perf_counter() - started)
            on_step(StepMetrics(step, total, epoch, loss.item(), float(rate), norm.item(), speed))
    return model.merge_and_unload().eval(), tokenizer


def _tokenised(sample: TrainingSample, tokenizer: Any) -> TrainingSample:
    if sample.text is None:
        return sample
    ids = tokenizer(sample.text, add_special_tokens=False).input_ids
    return replace(sample, token_ids=(*ids, tokenizer.eos_token_id), text=None)


def learning_rate_factor(step: int, total: int, warmup: float) -> float:
    """The share of the peak learning rate at `step` (from 0): linear warm-up over the share `warmup` of all steps, then
    half a cosine down to 0 after the last."""
    first = warmup * total
    if step < first:
        return (step + 1) / (first + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - first) / max(1.0, total - first)))
