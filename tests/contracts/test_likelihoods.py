"""What jobs rely on in every likelihood: it returns the log-probability that a completion was drawn with, whatever else is
judged in the batch, and refuses what it cannot judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsf_core.domain import Candidate, Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.proposals import making
from rsf_core.proposals.base import Likelihood

PROMPTS = [Prompt(1, "Say a."), Prompt(2, "Say grün.")]


@pytest.fixture(scope="module")
def likelihood(any_model: Path) -> Likelihood:
    return making.likelihood(any_model)


@pytest.fixture(scope="module")
def drawn(any_model: Path) -> list[Candidate]:
    requests = [(prompt, k, f"1.{prompt.prompt_id}.{k}") for prompt in PROMPTS for k in range(3)]
    return list(making.sampler(any_model).draw(requests, Sampling(max_new_tokens=6, top_k=20), 8))


def pairs(drawn: list[Candidate]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    return [(candidate.prompt_token_ids, candidate.token_ids) for candidate in drawn]


def test_it_gives_the_log_probability_that_a_completion_was_drawn_with(
    likelihood: Likelihood, drawn: list[Candidate]
) -> None:
    judged = likelihood.log_prob(pairs(drawn))
    assert judged.dtype == np.float64 and judged.shape == (len(drawn),)
    np.testing.assert_allclose(judged, [candidate.log_model for candidate in drawn], atol=1e-4)


def test_a_completion_is_judged_alike_alone_and_with_others(likelihood: Likelihood, drawn: list[Candidate]) -> None:
    together = likelihood.log_prob(pairs(drawn)[::-1])[::-1]
    alone = [likelihood.log_prob([pair])[0] for pair in pairs(drawn)]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert likelihood.log_prob([]).shape == (0,)


def test_another_temperature_is_another_law(likelihood: Likelihood, drawn: list[Candidate]) -> None:
    assert not np.allclose(likelihood.log_prob(pairs(drawn), 2.0), likelihood.log_prob(pairs(drawn)), atol=1e-3)


def test_what_it_can_judge_passes_and_tokens_that_it_does_not_have_are_refused(
    likelihood: Likelihood, drawn: list[Candidate]
) -> None:
    likelihood.check((*pair, candidate.completion) for pair, candidate in zip(pairs(drawn), drawn, strict=True))
    with pytest.raises(ModelError, match="the reference cannot judge the candidates"):
        likelihood.check([(drawn[0].prompt_token_ids, (10**6,), "x")])
