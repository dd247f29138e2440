"""What drawing, scoring and training ask of a model."""

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
        """Go on with these rows only, by their indices."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token (B,) to each row; the logits (B, V) of the next."""


class Forward(Protocol):
    """What drawing, scoring and training ask of a model."""

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        """The logits (B, V) of the first completion token, and the rows to go on with."""

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """`(logits, targets, mask)` over C positions, C the longest completion: logits (B, C, V) as the model gives
        them, targets (B, C) the completion tokens, mask (B, C) true on real completion tokens."""

    def fits(self, prompt: int, completion: int) -> bool:
        """Whether a prompt and a completion of so many tokens fit into the model's context."""
