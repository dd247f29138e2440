"""What a model makes of a completion before its head: the last hidden states, by the way through the model that judges it.

The head is put aside meanwhile, so that what comes out in place of logits is what would have gone into it, at the positions
and with the padding that the way is known to be right for. A model that scales its logits scales the states as well.
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

BATCH_TOKENS = 8192  # of prompts and completions, padding included, that are computed together
BATCH_ROWS = 64
_SOFTCAP = "final_logit_softcapping"


def hidden_states(model: Any, way: Forward, pairs: Pairs, pad: int) -> NDArray[np.float32]:
    """(len(pairs), 2·D): for each (prompt, completion) the mean of the last hidden states over the completion's tokens, then
    the state of its last token. Of a completion without tokens both are the state that the prompt ends in. What does not fit
    into the model's context is cut off: a completion at its end, a prompt at its beginning. Raises ModelError where the
    model has no head that can be put aside, or a state is not a finite number."""
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
    """One more token is given behind each completion, for what stands at a position is told by the token after it."""
    longer = [
        (prompt, [*completion, pad] if not completion or window.fits(len(prompt), len(completion) + 1) else completion)
        for prompt, completion in pairs
    ]
    states, _, real = way.completion_logits(longer)
    return np.stack([_summary(row[own], len(pair[1])) for row, own, pair in zip(states, real, pairs, strict=True)])


def _summary(states: Tensor, tokens: int) -> NDArray[np.float32]:
    """`states` (C, D): of the prompt's last token, then of those of the completion, as far as they were computed."""
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
    """The indices of what is computed together: equal prompts side by side, like lengths together."""
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
    """In place of a head: gives what it gets. Some models look at the weights of theirs."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.weight = head.weight

    def forward(self, states: Tensor) -> Tensor:
        return states


@contextmanager
def _headless(model: Any) -> Iterator[None]:
    """The model without its head, and what is added to its logits; as it was after."""
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
