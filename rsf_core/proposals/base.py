"""The protocol of a proposal q: something that draws completions and knows their exact log-probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import Candidate, Prompt
from rsf_core.domain.settings import Sampling

NAMED = 5  # prompts left out, in a message


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why prompts cannot be drawn from, by their ids."""

    problems: dict[int, str]

    def named(self) -> str:
        """The first few in words, then how many more."""
        few = list(self.problems.values())[:NAMED]
        more = len(self.problems) - len(few)
        return "; ".join(few) + (f"; and {more:,} more" if more else "")


class Proposal(Protocol):
    def draw(
        self,
        requests: Sequence[tuple[Prompt, int, str]],
        sampling: Sampling,
        batch_size: int,
        should_stop: Callable[[], bool] = ...,
    ) -> Iterator[Candidate]:
        """Draw one completion for each request `(prompt, k, candidate_id)`, yielding each as it finishes (in any
        order). The randomness of a candidate depends on `sampling.seed` and its candidate_id alone, so the result
        does not depend on batch size, order or resumption (up to floating point). Stops early, without yielding
        unfinished ones, once `should_stop()` is true; it is asked at every decoding step."""
        ...

    def log_prob(
        self,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        temperature: float = 1.0,
        model_masks: bool = False,
    ) -> NDArray[np.float64]:
        """Log-probability (nats, summed over completion tokens) of each `(prompt_token_ids, token_ids)` under the model at
        `temperature`, without truncation; at 1 the untouched model. Shape (len(pairs),)."""
        ...
