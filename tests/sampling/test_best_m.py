"""The M that agrees best with the overrides, compared with trying every cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.acceptance import accepted
from rsf_core.sampling.best_m import best_agreement

values = arrays(np.float64, 12, elements=st.one_of(st.integers(-4, 4).map(float), st.just(-math.inf)))
overrides = arrays(np.int64, 12, elements=st.sampled_from([-1, 0, 1]))


def agreeing(m, override, log_m, scale=0.0):
    overridden = override != 0
    return int((accepted(m, log_m, scale) == (override > 0))[overridden].sum())


@given(values, overrides)
def test_no_m_agrees_with_more_overrides(m, override):
    assume((np.isfinite(m) & (override != 0)).any())
    best = best_agreement(m, override)
    assert agreeing(m, override, best.log_m) == best.agreeing
    assert best.overrides == (override != 0).sum() and 0 <= best.share <= 1
    assert best.agreeing == max(agreeing(m, override, cut) for cut in np.arange(-5.5, 5))


def test_perfect_overrides_are_repeated_in_full_from_the_middle_of_their_gap():
    best = best_agreement([1.0, 2.0, 5.0, 6.0, 99.0], [-1, -1, 1, 1, 0], scale=np.full(5, -900.0))
    assert best == (903.5, 4, 4)


def test_one_sided_overrides_put_m_a_nat_beyond_them():
    assert best_agreement([1.0, 2.0], [1, 1]).log_m == 0.0
    assert best_agreement([1.0, 2.0], [-1, -1]).log_m == 3.0


@pytest.mark.parametrize(
    ("m", "override", "says"),
    [
        ([1.0], [0], "no override"),
        ([-math.inf], [1], "no override"),
        ([1.0], [3], r"override\[0\]"),
        ([1.0], [], "one"),
    ],
)
def test_without_a_usable_override_there_is_no_such_m(m, override, says):
    with pytest.raises(TargetError, match=says):
        best_agreement(m, override)
