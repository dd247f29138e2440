"""The protocol of a model's forward pass, for drawing, scoring and training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

Tokens = Sequence[int]
Pair = tuple[Tokens, Tokens]  # (prompt, completion)
Pairs = Sequence[Pair]


class Decoding(Protocol):
    """Completions being drawn, one a row."""

    def keep(self, rows: Tensor) -> None:
        """Continue with these rows only, given by their indices."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token (B,) to each row; return the logits (B, V) of the next token."""


class Forward(Protocol):
    """What drawing, scoring and training need from a model."""

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        """The logits (B, V) of the first completion token, and the rows to continue with."""

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """`(logits, targets, mask)` over C positions, where C is the longest completion: logits (B, C, V) in the model's own
        precision, targets (B, C) the completion tokens, mask (B, C) true on real completion tokens."""

    def fits(self, prompt: int, completion: int) -> bool:
        """Whether a prompt and a completion of these numbers of tokens fit into the model's context."""
