"""The last hidden states of a completion, the input of the model's head, computed by the same forward pass that judges it.

The head is replaced meanwhile by the identity, so that the forward pass returns the states in place of logits, at the
positions and with the padding for which it is known to be exact. A model that scales its logits scales the states too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rsf_core.domain.errors import ModelError
from rsf_core.models.context_window import ContextWindow, window_of
from rsf_core.models.forward.base import Forward, Pairs, Tokens

BATCH_TOKENS = 8192  # of prompts and completions in a batch, padding included
BATCH_ROWS = 64
_SOFTCAP = "final_logit_softcapping"


def hidden_states(model: Any, way: Forward, pairs: Pairs, pad: int) -> NDArray[np.float32]:
    """(len(pairs), 2·D): for each (prompt, completion), the mean of the last hidden states over the completion's tokens, then
    the state of its last token. For a completion without tokens, both are the state of the prompt's last token. Tokens that do
    not fit into the model's context are cut off: at the end of a completion, at the beginning of a prompt. Raises ModelError
    if the model has no head that can be replaced, or if a state is not finite."""
    window = window_of(model)
    cut = [_fitting(window, prompt, completion) for prompt, completion in pairs]
    states: NDArray[np.float32] | None = None
    with torch.inference_mode(), _headless(model):
        for batch in _batches(cut):
            rows = _states(way, window, [cut[i] for i in batch], pad)
            states = np.empty((len(cut), rows.shape[1]), np.float32) if states is None else states
            states[batch] = rows
    if states is None:
        return np.empty((0, 0), np.float32)
    if not np.isfinite(states).all():
        raise ModelError("the model's hidden states are not all finite: set compute.dtype to float32 and try again")
    return states


def _states(way: Forward, window: ContextWindow, pairs: Pairs, pad: int) -> NDArray[np.float32]:
    """The features of each pair. One more token is appended to each completion if it fits, because the output at a position is
    that of the token before it."""
    longer = [
        (prompt, [*completion, pad] if not completion or window.fits(len(prompt), len(completion) + 1) else completion)
        for prompt, completion in pairs
    ]
    states, _, real = way.completion_logits(longer)
    return np.stack([_summary(row[own], len(pair[1])) for row, own, pair in zip(states, real, pairs, strict=True)])


def _summary(states: Tensor, tokens: int) -> NDArray[np.float32]:
    """The features (2·D,) of one completion. `states` (C, D) are those of the prompt's last token and of the completion's
    tokens, as far as they were computed."""
    own = states[1 : tokens + 1] if len(states) > 1 else states
    both = torch.cat([own.double().mean(0), own[-1].double()])
    summary: NDArray[np.float32] = both.float().cpu().numpy()
    return summary


def _fitting(window: ContextWindow, prompt: Tokens, completion: Tokens) -> tuple[Tokens, Tokens]:
    if window.limit is None or window.fits(len(prompt), max(1, len(completion))):
        return prompt, completion
    if window.prefix is not None:
        return prompt[-window.limit :], completion[: window.limit - window.prefix]
    prompt = prompt[-(window.limit // 2) :] if len(prompt) >= window.limit else prompt
    return prompt, completion[: window.limit - len(prompt)]


def _batches(pairs: Pairs) -> Iterator[list[int]]:
    """The indices of each batch: equal prompts side by side, similar lengths together."""
    order = sorted(range(len(pairs)), key=lambda i: (len(pairs[i][0]), tuple(pairs[i][0]), len(pairs[i][1])))
    batch: list[int] = []
    longest = [0, 0]
    for i in order:
        wider = [max(widest, len(tokens) + 1) for widest, tokens in zip(longest, pairs[i], strict=True)]
        if batch and (len(batch) == BATCH_ROWS or (len(batch) + 1) * sum(wider) > BATCH_TOKENS):
            yield batch
            batch, wider = [], [len(tokens) + 1 for tokens in pairs[i]]
        batch.append(i)
        longest = wider
    if batch:
        yield batch


class _Same(nn.Module):
    """The identity in place of a head. It has the head's weight, which some models use elsewhere."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.weight = head.weight

    def forward(self, states: Tensor) -> Tensor:
        return states


@contextmanager
def _headless(model: Any) -> Iterator[None]:
    """Runs the block with the model's head, logits bias and softcap switched off, then restores them. Raises ModelError if the
    model has no head."""
    head = model.get_output_embeddings()
    if head is None or not hasattr(head, "weight"):
        raise ModelError(f"{type(model).__name__} names no head: its hidden states cannot be read. Use another model")
    bias, cap = getattr(model, "final_logits_bias", None), getattr(model.config, _SOFTCAP, None)
    model.set_output_embeddings(_Same(head))
    try:
        if bias is not None:
            model.final_logits_bias = bias.new_zeros((1, 1))
        if cap is not None:
            setattr(model.config, _SOFTCAP, None)
        yield
    finally:
        model.set_output_embeddings(head)
        if bias is not None:
            model.final_logits_bias = bias
        if cap is not None:
            setattr(model.config, _SOFTCAP, cap)
