"""Random rows like those of `Project.ratios`: some impossible, truncated or overridden."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rsf_core.sampling.acceptance import prompt_scale


def ratios(count: int = 400, prompts: int = 20, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    ell = np.where(rng.random(count) < 0.2, -np.inf, rng.normal(0, 2, count))
    prompt = np.sort(rng.integers(0, prompts, count)).astype(np.int32)
    u = 1.0 - rng.random(count)
    return pa.table(
        {
            "candidate_id": [f"1.{p}.{i}" for i, p in enumerate(prompt)],
            "prompt_id": prompt,
            "log_ratio": ell,
            "critical_log_m": ell - np.log(u),
            "scale": prompt_scale(ell, prompt),
            "truncated": rng.random(count) < 0.1,
            "token_count": rng.integers(2, 30, count),
            "u": u,
            "override": rng.choice([-1, 0, 0, 0, 1], count).astype(np.int8),
        }
    )
