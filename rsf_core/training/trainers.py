"""The trainer of a recipe: the fine-tuning job calls `of` and names no implementation."""

from __future__ import annotations

from rsf_core.domain.settings import Train
from rsf_core.training.base import Trainer
from rsf_core.training.sft import Supervised


def of(recipe: Train) -> Trainer:
    """The trainer for `recipe`. So far one trainer serves every recipe: weighted likelihood, for LoRA matrices or all
    weights."""
    return Supervised()
