"""The protocols of what draws completions, and of what judges them. Not everything that draws can judge: an endpoint tells the
log-probability of what it has drawn, and of nothing else. `making` gives one for a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import Candidate, Prompt
from rsf_core.domain.settings import Sampling
from rsf_core.models.lengths import Lengths

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


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model is, beside its weights. `family` is the model type of its config.json."""

    family: str
    encoder_decoder: bool
    parameters: int
    chat_template: bool


class Sampler(Protocol):
    """Draws completions from a proposal q and knows their exact log q. What the jobs count on:
    tests/contracts/test_samplers.py."""

    @property
    def lengths(self) -> Lengths:
        """How long prompts are for the model, and how much it takes."""
        ...

    def fitting(self, prompts: Sequence[Prompt], max_new_tokens: int) -> tuple[list[Prompt], LeftOut]:
        """The prompts that it takes, with so many new tokens, and those that it does not. Raises ModelError where it takes
        none."""
        ...

    def unfit(self, prompts: Sequence[Prompt], max_new_tokens: int) -> LeftOut:
        """The prompts that are too long with so many new tokens, or refused otherwise."""
        ...

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


class Likelihood(Protocol):
    """Judges completions that it, or another model of the same tokens, has drawn. What the jobs count on:
    tests/contracts/test_likelihoods.py."""

    def check(self, drawn: Iterable[tuple[tuple[int, ...], tuple[int, ...], str]], model_masks: bool = False) -> None:
        """Refuse what it cannot judge among `(prompt_token_ids, token_ids, completion)`. Raises ModelError."""
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


class LoadedModel(Sampler, Likelihood, Protocol):
    """A model whose weights are here: it draws and judges, and can be looked into. What the jobs count on:
    tests/contracts/test_loaded_models.py, and the suites of both other protocols."""

    def facts(self) -> ModelFacts: ...

    def hidden_states(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> NDArray[np.float32]:
        """Features of completions `(prompt_token_ids, token_ids)`, each the same whatever is computed beside it. Shape
        (len(pairs), width); the width is the model's."""
        ...

    def divergence(
        self,
        other: Self,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        model_masks: bool = False,
    ) -> NDArray[np.float64]:
        """For each completion `(prompt_token_ids, token_ids)` the sum over its tokens of KL(this model's law of the next
        token ‖ that of `other`), in nats, never below 0; `other` has the same tokens. Shape (len(pairs),)."""
        ...
