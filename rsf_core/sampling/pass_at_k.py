"""pass@k: the probability that at least one of k completions is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError


def pass_at_k(right: ArrayLike, drawn: ArrayLike, k: int) -> Floats:
    """1 − C(n − c, k)/C(n, k) for each prompt with c of n completions right: unbiased (Chen et al. 2021,
    arXiv:2107.03374), unlike 1 − (1 − c/n)^k.

    `right` and `drawn` hold c and n, shape (prompts,). Raises TargetError naming the first prompt with n < k, because fewer
    completions than k say nothing about k.
    """
    c, n = np.asarray(right, dtype=np.float64), np.asarray(drawn, dtype=np.float64)
    if k < 1:
        raise TargetError(f"k is {k}; it must be at least 1")
    if (n < k).any():
        at = int(np.argmax(n < k))
        raise TargetError(f"pass@{k} needs {k} completions a prompt; prompt number {at} has {int(n[at])}")
    wrong = n - c
    possible = wrong >= k
    w = np.where(possible, wrong, k)
    log_none = gammaln(w + 1) - gammaln(w - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    values: Floats = np.where(possible, -np.expm1(log_none), 1.0)
    return values
