"""Rows of tokens of unequal length as tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rsf_core.models.forward.base import Tokens


def left_pad(rows: Sequence[Tokens], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """`(input_ids, attention_mask)`, both (B, T): assembled on the processor and copied to `device` once, not row by row."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long, device="cpu")
    mask = torch.zeros((len(rows), width), dtype=torch.long, device="cpu")
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.as_tensor(row, dtype=torch.long, device="cpu")
        mask[i, width - len(row) :] = 1
    return ids.to(device), mask.to(device)


def right_pad(rows: Sequence[Tokens], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """`(input_ids, attention_mask)`, both (B, T)."""
    ids, mask = left_pad([row[::-1] for row in rows], pad, device)
    return ids.flip(1), mask.flip(1)


def positions(mask: Tensor) -> Tensor:
    """Position ids of left-padded rows, (B, T): 0 at the first real token, and on the padding, which no token attends to."""
    return (mask.cumsum(1) - 1).clamp(min=0)


def by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in batches of `size`, similar lengths together, so that there is little padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[start : start + size] for start in range(0, len(order), size)]


def distinct_rows(prompts: Sequence[Tokens], device: torch.device) -> tuple[list[tuple[int, ...]], Tensor]:
    """The different prompts in order of appearance, and which of them each prompt is, (B,)."""
    rows = [tuple(prompt) for prompt in prompts]
    distinct = list(dict.fromkeys(rows))
    number = {prompt: i for i, prompt in enumerate(distinct)}
    return distinct, torch.tensor([number[prompt] for prompt in rows], device=device)
