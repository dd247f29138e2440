"""The token that wins the race follows the law whose log-probability is reported, whatever else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.proposals.token_law import Noise, draw, width

VOCABULARY = 700  # not a multiple of the block


def law(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """The processed distribution, written out: temperature, then top-k, then top-p."""
    weights = np.exp((logits - logits.max()) / sampling.temperature)
    order = np.argsort(-weights, kind="stable")
    if sampling.top_k:
        weights[order[sampling.top_k :]] = 0.0
    if sampling.top_p < 1:
        before = np.cumsum(weights[order]) - weights[order]
        weights[order[before >= sampling.top_p * weights.sum()]] = 0.0
    return weights / weights.sum()


def some_logits(seed: int, vocabulary: int = VOCABULARY) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, vocabulary).astype(np.float32)


def some_noise(count: int, seed: int = 0, vocabulary: int = VOCABULARY) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_exponential((count, width(vocabulary))))


SETTINGS = [
    Sampling(),
    Sampling(temperature=0.7),
    Sampling(temperature=1.6, top_k=20),
    Sampling(top_p=0.8),
    Sampling(temperature=0.8, top_k=50, top_p=0.5),
]


@pytest.mark.parametrize("sampling", SETTINGS, ids=str)
def test_log_q_is_of_the_law_sampled_from_and_log_model_of_the_untouched_one(sampling):
    logits = some_logits(1)
    drawn = draw(torch.from_numpy(logits).expand(2000, -1), some_noise(2000), sampling)
    tokens = drawn.tokens.numpy()
    np.testing.assert_allclose(drawn.log_q.numpy(), np.log(law(logits.astype(float), sampling)[tokens]), atol=1e-5)
    np.testing.assert_allclose(
        drawn.log_model.numpy(), np.log(law(logits.astype(float), Sampling())[tokens]), atol=1e-5
    )


@pytest.mark.parametrize("sampling", SETTINGS, ids=str)
def test_draws_follow_the_law(sampling):
    logits = some_logits(2)
    count = 40_000
    tokens = draw(torch.from_numpy(logits).expand(count, -1), some_noise(count), sampling).tokens.numpy()
    expected = count * law(logits.astype(float), sampling)
    observed = np.bincount(tokens, minlength=VOCABULARY)
    assert observed[expected == 0].sum() == 0
    often = expected > 10
    rest = [observed[~often].sum()], [expected[~often].sum()]
    if rest[1][0] > 0:
        observed, expected = np.concatenate([observed[often], rest[0]]), np.concatenate([expected[often], rest[1]])
    else:
        observed, expected = observed[often], expected[often]
    assert chisquare(observed, expected).pvalue > 0.001


@given(
    logits=st.lists(st.sampled_from([-np.inf, -80.0, -3.0, 0.0, 5.0]), min_size=2, max_size=600).filter(
        lambda values: max(values) > -np.inf
    ),
    noise=st.sampled_from([1e-300, 2.0**-53, 0.5, 36.7]),
    seed=st.integers(0, 5),
)
def test_a_token_of_weight_zero_never_wins_not_even_against_the_largest_noise(logits, noise, seed):
    given_noise = np.random.default_rng(seed).choice([noise, 1.0], (1, width(len(logits))))
    drawn = draw(torch.tensor([logits], dtype=torch.float32), torch.from_numpy(given_noise), Sampling())
    assert logits[drawn.tokens.item()] > -np.inf
    assert np.isfinite(drawn.log_q.item())


def test_a_row_does_not_depend_on_the_rows_beside_it():
    logits = torch.from_numpy(np.stack([some_logits(seed) for seed in range(8)]))
    noise = some_noise(8)
    together = draw(logits, noise, Sampling(temperature=0.9))
    for i in range(8):
        alone = draw(logits[i : i + 1], noise[i : i + 1], Sampling(temperature=0.9))
        assert alone.tokens.item() == together.tokens[i].item()
        assert alone.log_q.item() == pytest.approx(together.log_q[i].item(), abs=1e-6)


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0.8, top_k=50)], ids=str)
@pytest.mark.parametrize("size", [1e-5, 1e-2, 0.5])
def test_another_law_draws_another_token_at_most_twice_as_often_as_they_differ(sampling, size):
    """Such as the rounding of another batch, or a slightly tuned model. Inverting the CDF changed far more tokens."""
    count, logits = 20_000, some_logits(4)
    other = logits + np.random.default_rng(5).normal(0, size, len(logits)).astype(np.float32)
    noise = some_noise(count)
    first, second = (draw(torch.from_numpy(some).expand(count, -1), noise, sampling).tokens for some in (logits, other))
    distance = 0.5 * np.abs(law(logits.astype(float), sampling) - law(other.astype(float), sampling)).sum()
    changed = float((first != second).double().mean())
    assert changed <= 2 * distance + 4 * np.sqrt(2 * distance / count) + 2 / count
    assert size < 0.5 or changed > 0  # otherwise the test would show nothing


def test_noise_is_exponential_and_that_of_its_seed_name_and_position_in_any_order():
    noise = Noise(7, "1.2.3")
    expected = [noise.at(position, VOCABULARY).copy() for position in range(40)]
    shuffled = Noise(7, "1.2.3")
    for position in (39, 0, 16, 15, 3, 3, 31):
        np.testing.assert_array_equal(shuffled.at(position, VOCABULARY), expected[position])
    flat = np.concatenate(expected)
    assert len(np.unique(flat)) == len(flat) and kstest(flat, "expon").pvalue > 0.001
    for other in (Noise(8, "1.2.3"), Noise(7, "1.2.4")):
        assert not np.intersect1d(other.at(0, VOCABULARY), flat).size
    for vocabulary in (2, 256, 257, 50_000):
        assert noise.at(20, vocabulary).shape == (width(vocabulary),) and width(vocabulary) % 4 == 0


def test_logits_that_are_no_numbers_are_refused():
    logits = torch.from_numpy(some_logits(6))[None].clone()
    logits[0, 5] = torch.nan
    with pytest.raises(ModelError, match="no numbers"):
        draw(logits, some_noise(1), Sampling())
