"""pass@k against enumeration: every choice of k of the n completions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.pass_at_k import pass_at_k


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_it_is_the_share_of_choices_with_one_right(case):
    n, c, k = case
    choices = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k([c], [n], k)[0] == pytest.approx(sum(map(any, choices)) / len(choices))


def test_its_mean_over_samples_is_the_truth():
    rng, p, n, k = np.random.default_rng(0), 0.3, 6, 3
    mean = pass_at_k(rng.binomial(n, p, 200_000), np.full(200_000, n), k).mean()
    assert mean == pytest.approx(1 - (1 - p) ** k, abs=2e-3)


def test_fewer_completions_than_k_are_an_error():
    with pytest.raises(TargetError, match=r"pass@4 needs 4 completions a prompt; prompt number 1 has 3"):
        pass_at_k([1, 1], [4, 3], 4)
    with pytest.raises(TargetError, match="at least 1"):
        pass_at_k([1], [4], 0)
