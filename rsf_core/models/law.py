"""The law of the model in a folder: what its files request and which tokens it rules out (see `generation`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rsf_core.domain import Mask
from rsf_core.models import generation
from rsf_core.models.generation import LawRequest, Vocabulary
from rsf_core.models.tokens import vocabulary


def requests_of(folder: Path, model_masks: bool = False) -> list[LawRequest]:
    """The requests of the folder for drawing tokens, and how each is handled. Loads no weights. Raises ModelError if a file is
    broken."""
    return generation.requests(generation.read(folder), model_masks)


def masks_of(
    folder: Path, model: Any, tokenizer: Any, ends: tuple[int, ...], model_masks: bool = False
) -> tuple[Mask, ...]:
    """The tokens that the law of the model loaded from `folder` rules out; `ends` are its EOS tokens. Raises ModelError, see
    generation.masks."""
    config = generation.read(folder)
    pad = config.get("pad_token_id", tokenizer.pad_token_id)
    forced = None
    if model.config.is_encoder_decoder:
        forced = 1 if config.get("forced_bos_token_id") is None else 2
    return generation.masks(config, Vocabulary(vocabulary(model), ends, pad, forced), model_masks)
