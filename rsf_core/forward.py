"""Teacher forcing: the logits at the completion positions of (prompt, completion) pairs, for scoring and for training.

Rows are padded on the left, so that the completions end together and the head, the dearest part of a small model, is
computed on the last positions only. Where completions share a prompt, it can be computed once for all of them: its keys
and values are repeated, not its tokens, and the gradient goes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def left_pad(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """`(input_ids, attention_mask)`, both (B, T)."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.as_tensor(row, dtype=torch.long)
        mask[i, width - len(row) :] = 1
    return ids, mask


def right_pad(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """`(input_ids, attention_mask)`, both (B, T)."""
    ids, mask = left_pad([row[::-1] for row in rows], pad)
    return ids.flip(1), mask.flip(1)


def positions(mask: Tensor) -> Tensor:
    """Position ids of left-padded rows, (B, T): 0 at the first real token (and on the padding, which nothing sees)."""
    return (mask.cumsum(1) - 1).clamp(min=0)


def completion_logits(
    model: Any, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int
) -> tuple[Tensor, Tensor, Tensor]:
    """`(logits, targets, mask)` over the last C positions, C the longest completion: logits (B, C, V) as the model
    gives them, targets (B, C) the completion tokens, mask (B, C) true on real completion tokens."""
    ids, attention = left_pad([[*prompt, *completion] for prompt, completion in pairs], pad)
    longest = max(len(completion) for _, completion in pairs)
    logits = model(
        input_ids=ids,
        attention_mask=attention,
        position_ids=positions(attention),
        logits_to_keep=longest + 1,
        use_cache=False,
    ).logits[:, :-1]
    targets = ids[:, -longest:]
    lengths = torch.tensor([len(completion) for _, completion in pairs])
    mask = torch.arange(longest).flip(0)[None, :] < lengths[:, None]
    return logits, targets, mask


def prefill(model: Any, prompts: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Any, Tensor]:
    """Logits (B, V) of the first completion token, the cache and its mask (B, T); equal prompts are computed once."""
    rows = [tuple(prompt) for prompt in prompts]
    distinct = list(dict.fromkeys(rows))
    ids, mask = left_pad(distinct, pad)
    result = model(input_ids=ids, attention_mask=mask, position_ids=positions(mask), use_cache=True, logits_to_keep=1)
    number = {prompt: i for i, prompt in enumerate(distinct)}
    expand = torch.tensor([number[prompt] for prompt in rows])
    cache = result.past_key_values
    cache.batch_select_indices(expand)
    return result.logits[expand, -1], cache, mask[expand]


def shared_prompt_logits(
    model: Any, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int
) -> tuple[Tensor, Tensor, Tensor]:
    """What `completion_logits` gives, with equal prompts computed once; the completions begin together here."""
    first, cache, mask = prefill(model, [prompt for prompt, _ in pairs], pad)
    targets, real = right_pad([completion for _, completion in pairs], pad)
    mask = torch.cat([mask, real], dim=1)
    logits = first[:, None]
    if targets.shape[1] > 1:
        later = model(
            input_ids=targets[:, :-1],
            attention_mask=mask[:, :-1],
            position_ids=positions(mask)[:, -targets.shape[1] : -1],
            past_key_values=cache,
            use_cache=True,
        ).logits
        logits = torch.cat([logits, later], dim=1)
    return logits, targets, real.bool()


def token_log_probs(logits: Tensor, targets: Tensor) -> Tensor:
    """log p of each target token, (B, C), nats. The normaliser is summed in float64: a float32 logsumexp is off by
    3e-4 over a sequence."""
    peak = logits.detach().amax(-1, keepdim=True)
    shifted = logits - peak
    log_z = shifted.exp().sum(-1, dtype=torch.float64).log()
    return shifted.gather(-1, targets[..., None]).squeeze(-1).double() - log_z


def by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in batches of `size`, like lengths together, so that little is padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[start : start + size] for start in range(0, len(order), size)]
