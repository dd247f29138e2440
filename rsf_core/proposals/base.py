"""The protocols of samplers, which draw completions, and of likelihoods, which judge them. A sampler need not be a likelihood:
an endpoint returns the log-probability of what it has drawn, and of nothing else. `making` creates them for a model."""

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
        """The first few problems, and how many more there are."""
        few = list(self.problems.values())[:NAMED]
        more = len(self.problems) - len(few)
        return "; ".join(few) + (f"; and {more:,} more" if more else "")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts about a model. `family` is the model_type of its config.json, `parameters` their number."""

    family: str
    encoder_decoder: bool
    parameters: int
    chat_template: bool


class Sampler(Protocol):
    """Draws completions from a proposal q and returns their exact log q. tests/contracts/test_samplers.py is what the jobs
    rely on."""

    @property
    def lengths(self) -> Lengths:
        """The lengths of prompts for the model, and its context window."""
        ...

    def fitting(self, prompts: Sequence[Prompt], max_new_tokens: int) -> tuple[list[Prompt], LeftOut]:
        """The prompts that it takes with `max_new_tokens`, and those that it does not. Raises ModelError if it takes none."""
        ...

    def unfit(self, prompts: Sequence[Prompt], max_new_tokens: int) -> LeftOut:
        """The prompts that are too long with `max_new_tokens`, or refused for another reason."""
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
        unfinished candidates, once `should_stop()` is true; it is called at every decoding step."""
        ...


class Likelihood(Protocol):
    """Judges completions drawn by itself or by another model with the same tokens. tests/contracts/test_likelihoods.py is what
    the jobs rely on."""

    def check(self, drawn: Iterable[tuple[tuple[int, ...], tuple[int, ...], str]], model_masks: bool = False) -> None:
        """Raises ModelError if one of `(prompt_token_ids, token_ids, completion)` cannot be judged."""
        ...

    def log_prob(
        self,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        temperature: float = 1.0,
        model_masks: bool = False,
    ) -> NDArray[np.float64]:
        """Log-probability (nats, summed over completion tokens) of each `(prompt_token_ids, token_ids)` under the model at
        `temperature`, without truncation; temperature 1 is the untouched model. Shape (len(pairs),)."""
        ...


class LoadedModel(Sampler, Likelihood, Protocol):
    """A model whose weights are in this process: it draws, judges and gives access to its states.
    tests/contracts/test_loaded_models.py is what the jobs rely on, with the suites of both other protocols."""

    def facts(self) -> ModelFacts: ...

    def hidden_states(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> NDArray[np.float32]:
        """Features of completions `(prompt_token_ids, token_ids)`, which do not depend on what is computed in the same batch.
        Shape (len(pairs), width); the width is the model's."""
        ...

    def divergence(
        self,
        other: Self,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        model_masks: bool = False,
    ) -> NDArray[np.float64]:
        """For each completion `(prompt_token_ids, token_ids)`, the sum over its tokens of KL(this model's law of the next
        token ‖ that of `other`), in nats, never below 0; `other` has the same tokens. Shape (len(pairs),)."""
        ...
