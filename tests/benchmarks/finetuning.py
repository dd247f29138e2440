"""A fine-tuning step (LoRA r = 16 on all linear layers, loss on the completion only) against TRL's SFTTrainer without gradient
checkpointing: the same samples, precision and batch of eight, the embedded model, run in turn. With one candidate a prompt,
and with eight of one prompt, which is then computed once. Prints one JSON line for each; the ratio is our completion tokens
per second over TRL's, the median of the pairs. On a processor without bf16 instructions TRL uses our products too
(training/bf16.py): without them its step would take about ten times as long, which says nothing about the rest. Only the
benchmarks need TRL: `make bench` installs it.

    python tests/benchmarks/finetuning.py
"""

from __future__ import annotations

import json
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Literal, get_args

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.settings import Train
from rsf_core.prompts import tasks
from rsf_core.proposals.local import LocalProposal
from rsf_core.training.base import StepMetrics
from rsf_core.training.bf16 import products
from rsf_core.training.samples import TrainingSample
from rsf_core.training.sft import finetune

PAIRS, STEPS, BATCH = 5, 4, 8
OPENINGS = ("I bought it in spring and", "After a long week it", "My sister told me that it", "To be honest, it")
ENDINGS = (
    "did all I wanted, looks lovely on the table and has never once let me down since",
    "made the whole family smile, and we would choose the very same one again without a doubt",
)
Precision = Literal["fp32", "bf16"]


def main() -> None:
    logging.disable(logging.WARNING)
    folder = models.resolve(models.DEFAULT_MODEL)
    for per_prompt in (1, BATCH):
        samples = _samples(LocalProposal(folder), per_prompt)
        for precision in get_args(Precision):
            _measure(folder, samples, precision, per_prompt)


def _measure(folder: Any, samples: list[TrainingSample], precision: Precision, per_prompt: int) -> None:
    ratios, ours, theirs, gaps = [], [], [], []
    for pair in range(PAIRS + 1):
        mine, my_loss = _ours(folder, samples, precision)
        other, their_loss = _trl(folder, samples, precision)
        gaps.append(abs(my_loss - their_loss))
        if pair:  # the first warms both up
            ratios.append(mine / other)
            ours.append(mine)
            theirs.append(other)
    helped = "" if isinstance(products("cpu", precision), nullcontext) else " with our products in fp32"
    line = {
        "benchmark": f"fine-tuning step, LoRA, {precision}, {per_prompt} accepted a prompt",
        "against": f"TRL SFTTrainer, {precision}{helped}, no checkpointing",
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "tokens_per_second": round(statistics.median(ours)),
        "tokens_per_second_trl": round(statistics.median(theirs)),
        "first_loss_differs_by": round(max(gaps), 6),
    }
    print(json.dumps(line), flush=True)


def _samples(proposal: LocalProposal, per_prompt: int) -> list[TrainingSample]:
    rows = tasks.load("positive_reviews").prompts[: BATCH // per_prompt]
    seconds = []
    for i, row in enumerate(rows):
        prompt = proposal.prompt_token_ids(Prompt(i, row.text, system=row.system))
        for k in range(per_prompt):
            number = i * per_prompt + k
            text = f"{OPENINGS[number % 4]} {ENDINGS[number // 4]}."
            ids = proposal.tokenizer(text, add_special_tokens=False).input_ids
            seconds.append(TrainingSample(prompt, (*ids, proposal.tokenizer.eos_token_id)))
    return seconds


def _ours(folder: Any, samples: list[TrainingSample], precision: Precision) -> tuple[float, float]:
    """Completion tokens per second after the first step, and the loss before it."""
    seen: list[StepMetrics] = []
    recipe = Train(epochs=STEPS, batch_size=BATCH, per_prompt=BATCH, precision=precision, rank=16, alpha=32)
    finetune(samples, folder, recipe, seen.append)
    return statistics.median(step.tokens_per_second for step in seen[1:]), seen[0].loss


class _Clock(TrainerCallback):  # type: ignore[misc]
    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._started = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._started = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.perf_counter() - self._started)


def _trl(folder: Any, samples: Sequence[TrainingSample], precision: Precision) -> tuple[float, float]:
    torch.manual_seed(0)
    model, tokenizer = models.load(folder)
    rows = [
        {
            "input_ids": [*s.prompt_token_ids, *s.token_ids],
            "completion_mask": [0] * len(s.prompt_token_ids) + [1] * len(s.token_ids),
        }
        for s in samples
    ]
    clock = _Clock()
    with tempfile.TemporaryDirectory() as output:
        config = SFTConfig(
            output_dir=output,
            max_steps=STEPS,
            per_device_train_batch_size=BATCH,
            bf16=precision == "bf16",
            gradient_checkpointing=False,
            use_cpu=True,
            completion_only_loss=True,
            max_length=None,
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            disable_tqdm=True,
        )
        trainer = SFTTrainer(
            model,
            args=config,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
            callbacks=[clock],
        )
        with products("cpu", precision):
            trainer.train()
    tokens = sum(len(sample.token_ids) for sample in samples)
    loss = next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry)
    return statistics.median(tokens / seconds for seconds in clock.seconds[1:]), float(loss)


if __name__ == "__main__":
    main()
