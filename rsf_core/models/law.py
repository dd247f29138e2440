"""The law of a model in a folder: what its files ask for and which tokens it rules out (see `generation`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rsf_core.domain import Mask
from rsf_core.models import generation
from rsf_core.models.generation import Asked, Vocabulary
from rsf_core.models.tokens import vocabulary


def asked_of(folder: Path, model_masks: bool = False) -> list[Asked]:
    """What the folder asks for when drawing tokens, and what became of each. Loads nothing. Raises ModelError."""
    return generation.asked(generation.read(folder), model_masks)


def masks_of(
    folder: Path, model: Any, tokenizer: Any, ends: tuple[int, ...], model_masks: bool = False
) -> tuple[Mask, ...]:
    """The tokens that the law of the model loaded from `folder` rules out; `ends` are its EOS tokens. Raises ModelError."""
    config = generation.read(folder)
    pad = config.get("pad_token_id", tokenizer.pad_token_id)
    forced = None
    if model.config.is_encoder_decoder:
        forced = 1 if config.get("forced_bos_token_id") is None else 2
    return generation.masks(config, Vocabulary(vocabulary(model), ends, pad, forced), model_masks)
