"""The sign test against enumerated coin flips."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.sign_test import sign_test


@given(st.integers(0, 40), st.integers(0, 40))
def test_it_is_the_sum_over_all_outcomes_at_least_as_uneven(wins, losses):
    n = wins + losses
    as_uneven = [k for k in range(n + 1) if abs(2 * k - n) >= abs(wins - losses)]
    assert sign_test(wins, losses) == pytest.approx(sum(comb(n, k) for k in as_uneven) / 2**n)
    assert sign_test(wins, losses) == sign_test(losses, wins)


def test_known_values():
    assert sign_test(0, 0) == 1.0
    assert sign_test(10, 0) == pytest.approx(2 / 1024)
    with pytest.raises(TargetError, match="no counts"):
        sign_test(-1, 3)
