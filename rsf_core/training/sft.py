"""Fine-tuning on a curated set: LoRA or all weights, causal or encoder-decoder. One loop that reads top to bottom."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rsf_core import models
from rsf_core.domain.errors import JobError, StageError
from rsf_core.domain.settings import Train
from rsf_core.domain.specs import TrainedLaw
from rsf_core.models import forward
from rsf_core.models.placement import CPU, Placement
from rsf_core.models.prompting import Prompting
from rsf_core.training import bf16, checkpoints, lora, loss
from rsf_core.training.base import StepMetrics, Tuned
from rsf_core.training.batches import epoch_batches, mean_tokens_a_step, steps, together
from rsf_core.training.samples import TrainingSample, check_masks, check_tokenizer, split, tokenised
from rsf_core.training.trouble import DivergenceWatch, explained_memory_errors


def finetune(
    samples: Sequence[TrainingSample],
    model_folder: Path,
    recipe: Train,
    on_step: Callable[[StepMetrics], None],
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint: Path | None = None,
    log_m: float = 0.0,
    model_masks: bool = False,
    temperature: float = 1.0,
    placement: Placement = CPU,
) -> Tuned | None:
    """Train and return `(model, tokenizer)`, with LoRA matrices merged; None if stopped.

    Deterministic in `recipe.seed`. With `checkpoint`, the state is written there every `recipe.checkpoint_seconds` and when
    stopped; a run that finds it continues from it, with the same losses as without the interruption. `log_m` (nats) only
    shifts the value of the rsf loss. `model_masks` and `temperature` are those of the law by which the model will draw: log p
    is that of this law. Weights and optimiser state are on the device of `placement`, in float32. Raises StageError for a set
    that cannot be trained on, JobError if the loss diverges or memory runs out.
    """
    if not samples:
        raise StageError("the curated set is empty: there is nothing to train on")
    torch.manual_seed(recipe.seed)
    base, tokenizer = models.load(model_folder, placement.for_training)
    vocabulary = base.get_input_embeddings().num_embeddings
    model = lora.attach(base, recipe.rank, recipe.alpha) if recipe.method == "lora" else base
    model.train()
    pad = tokenizer.pad_token_id
    if pad is None or pad >= vocabulary:  # the padding is masked, so any known token will do
        pad = 0
    forward_pass, ends = forward.of(model, pad), models.eos_ids(base, tokenizer)
    prompting = Prompting(base, tokenizer, pad)
    samples = [tokenised(sample, tokenizer, forward_pass, ends, prompting) for sample in samples]
    check_tokenizer(samples, tokenizer, vocabulary)  # edits too: a tokenizer may know more than the model
    masks = models.masks_of(model_folder, base, tokenizer, ends, model_masks)
    check_masks(samples, masks)
    forward_pass = forward.masked(forward_pass, masks)
    train, held_out = split(samples, recipe)
    run = _Run(model, forward_pass, recipe, log_m, train, checkpoint, temperature)
    run.restore()
    with bf16.products(base.device.type, recipe.precision):
        for step, epoch, last_of_epoch, batch in _plan([*train], recipe):
            if step <= run.step:
                continue  # done before the interruption; the order of the samples is the same every time
            if run.worse_epochs >= recipe.patience and held_out:
                break  # the held-out loss has not fallen for `patience` epochs
            if should_stop():
                run.save()
                return None
            metrics = run.step_on(batch, epoch)
            if last_of_epoch and held_out:
                metrics = replace(metrics, held_out_loss=run.judge(held_out))
            on_step(metrics)
            run.save_now_and_then()
    run.take_best()
    return (model.merge_and_unload() if recipe.method == "lora" else model).eval(), tokenizer


class _Run:
    """The state of a training run, and what one step does to it."""

    def __init__(
        self,
        model: Any,
        forward_pass: forward.Forward,
        recipe: Train,
        log_m: float,
        samples: Sequence[TrainingSample],
        path: Path | None,
        temperature: float,
    ) -> None:
        self.temperature = temperature
        self.model, self.forward, self.recipe, self.log_m, self.path = model, forward_pass, recipe, log_m, path
        self.total = steps(len(samples), recipe.batch_size, recipe.epochs)
        self.tokens_a_step = mean_tokens_a_step([len(sample.token_ids) for sample in samples], recipe.batch_size)
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, foreach=True
        )
        self.step, self.worse_epochs, self.best_loss = 0, 0, math.inf
        self.watch = DivergenceWatch(math.log(model.get_input_embeddings().num_embeddings))
        self.best: list[Tensor] | None = None
        self._saved = time.monotonic()

    def step_on(self, batch: Sequence[TrainingSample], epoch: int) -> StepMetrics:
        """One optimiser step on `batch`, in `recipe.accumulate` parts. The objective is Σ_i w_i·loss_i divided by the epoch's
        mean tokens a step, the same number for every part and step, so that each sample counts equally in any batch."""
        started = time.perf_counter()
        torch.manual_seed(self.recipe.seed + self.step)  # for dropout: the same after an interruption
        rate = self.recipe.learning_rate * learning_rate_factor(self.step, self.total, self.recipe.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        tokens = sum(len(sample.token_ids) for sample in batch)
        size = -(-len(batch) // self.recipe.accumulate)
        value = nll = 0.0
        for start in range(0, len(batch), size):
            part, part_nll = self._loss(batch[start : start + size])
            with explained_memory_errors(self.recipe, self.step + 1):
                (part / self.tokens_a_step).backward()  # type: ignore[no-untyped-call]
            value, nll = value + part.item() / tokens, nll + part_nll / tokens
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.max_grad_norm).item()
        finite = math.isfinite(value) and math.isfinite(norm)
        problem = self.watch.see(nll) if finite else f"the loss is {value} (gradient norm {norm})"
        if problem:
            raise JobError(
                f"{problem} at step {self.step + 1} of {self.total}: lower train.learning_rate (now "
                f"{self.recipe.learning_rate:g}) and start again; the model before is untouched"
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        speed = tokens / (time.perf_counter() - started)
        return StepMetrics(self.step, self.total, epoch, value, rate, norm, speed, _peak_memory())

    def judge(self, held_out: Sequence[TrainingSample]) -> float:
        """The loss on the held-out samples, in nats per token; the best weights so far are kept."""
        tokens = sum(len(sample.token_ids) for sample in held_out)
        self.model.eval()
        with torch.no_grad():
            size = -(-self.recipe.batch_size // self.recipe.accumulate)  # as many together as in a part of a step
            parts = [held_out[i : i + size] for i in range(0, len(held_out), size)]
            value = sum(self._loss(part)[0].item() for part in parts) / tokens
        self.model.train()
        if value < self.best_loss:
            self.best_loss, self.worse_epochs = value, 0
            self.best = [parameter.detach().clone() for parameter in self.parameters]
        else:
            self.worse_epochs += 1
        return value

    def take_best(self) -> None:
        """Restore the weights with the lowest held-out loss, if one was measured."""
        if self.best is not None:
            with torch.no_grad():
                for parameter, best in zip(self.parameters, self.best, strict=True):
                    parameter.copy_(best)

    def save_now_and_then(self) -> None:
        if time.monotonic() - self._saved >= self.recipe.checkpoint_seconds:
            self.save()

    def save(self) -> None:
        if self.path is None or self.step == 0:
            return
        state = {
            "step": self.step,
            "worse_epochs": self.worse_epochs,
            "best_loss": self.best_loss,
            "watch": asdict(self.watch),
        }
        if self.best is not None:
            best = torch.optim.AdamW(self.best)  # no state: only the weights
            checkpoints.save(self._best_path(), self.best, best, {"best_loss": self.best_loss})
        checkpoints.save(self.path, self.parameters, self.optimizer, state)
        self._saved = time.monotonic()

    def restore(self) -> None:
        """Continue from the checkpoint, if there is one. Raises JobError if its files do not belong to this run."""
        state = None if self.path is None else checkpoints.load(self.path, self.parameters, self.optimizer)
        if state is None:
            return
        self.step, self.worse_epochs, self.best_loss = state["step"], state["worse_epochs"], state["best_loss"]
        self.watch = DivergenceWatch(**state["watch"])
        if math.isfinite(self.best_loss):
            self.best = [torch.empty_like(parameter) for parameter in self.parameters]
            if checkpoints.load(self._best_path(), self.best, torch.optim.AdamW(self.best)) is None:
                raise JobError(
                    f"{self._best_path()} is gone, which {self.path} belongs with: start the fine-tuning again"
                )

    def _best_path(self) -> Path:
        assert self.path is not None
        return self.path.with_name(f"best-{self.path.name}")

    def _loss(self, batch: Sequence[TrainingSample]) -> tuple[Tensor, float]:
        """The weighted loss and the plain negative log-likelihood, each summed over a part of a step; nats."""
        with explained_memory_errors(self.recipe, self.step + 1):
            kind = self.parameters[0].device.type
            with torch.autocast(kind, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
                pairs = [(sample.prompt_token_ids, sample.token_ids) for sample in batch]
                logits, targets, mask = self.forward.completion_logits(pairs)
            losses = loss.sequence_nll(logits, targets, mask, self.temperature)
        nll = losses.detach().sum().item()
        device = losses.device
        known = torch.tensor([sample.log_q is not None for sample in batch], device=device)
        log_q = torch.tensor([sample.log_q or 0.0 for sample in batch], dtype=torch.float64, device=device)
        if self.recipe.growth_bound is not None:
            losses = torch.where(known, loss.bounded(losses, log_q, self.recipe.growth_bound), losses)
        if self.recipe.loss == "rsf":
            losses = torch.where(known, loss.rsf(losses, log_q, self.log_m), losses)
        weights = torch.tensor([sample.weight for sample in batch], dtype=torch.float64, device=device)
        return loss.weighted_sum(losses, weights), nll


def _plan(samples: Sequence[TrainingSample], recipe: Train) -> Iterator[tuple[int, int, bool, list[TrainingSample]]]:
    """`(step, epoch, whether it is the epoch's last step, samples)` for every step, the same every time."""
    rng = np.random.default_rng(recipe.seed)
    lengths = [len(sample.prompt_token_ids) + len(sample.token_ids) for sample in samples]
    groups = together([sample.prompt_token_ids for sample in samples], recipe.per_prompt, rng)
    per_epoch = steps(len(samples), recipe.batch_size, 1)
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        for batch in epoch_batches(groups, lengths, recipe.batch_size, rng):
            step += 1
            yield step, epoch, step % per_epoch == 0, [samples[i] for i in batch]


def _peak_memory() -> float:
    """The peak memory of this process, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


def learning_rate_factor(step: int, total: int, warmup: float) -> float:
    """The share of the peak learning rate at `step` (from 0): linear warm-up over the share `warmup` of all steps, then half a
    cosine that would reach 0 after the last step."""
    first = warmup * total
    if step < first:
        return (step + 1) / (first + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - first) / max(1.0, total - first)))


class Supervised:
    """Implements rsf_core.training.base.Trainer by `finetune`."""

    def train(
        self,
        samples: Sequence[TrainingSample],
        model_folder: Path,
        recipe: Train,
        law: TrainedLaw,
        on_step: Callable[[StepMetrics], None],
        should_stop: Callable[[], bool] = lambda: False,
        checkpoint: Path | None = None,
        log_m: float = 0.0,
        placement: Placement = CPU,
    ) -> Tuned | None:
        """See Trainer.train."""
        masks, temperature = law.model_masks, law.temperature
        return finetune(
            samples, model_folder, recipe, on_step, should_stop, checkpoint, log_m, masks, temperature, placement
        )
