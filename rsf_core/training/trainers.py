"""The trainer of a recipe: the fine-tuning job asks here, and names no implementation."""

from __future__ import annotations

from rsf_core.domain.settings import Train
from rsf_core.training.base import Trainer
from rsf_core.training.sft import Supervised


def of(recipe: Train) -> Trainer:
    """For `recipe`. There is one for every recipe so far: a weighted likelihood, of LoRA matrices or of all weights."""
    return Supervised()
