"""The M tuner: drag M over the histogram of the log ratios; on release it sends M to Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.marks import Mark
from rsf_core.domain import Scope
from rsf_core.web.components import declare

_component = declare("m_tuner")
AXIS = {
    Scope.GLOBAL: "log ratio ℓ = log P − log q of the candidates, and log M (nats)",
    Scope.PROMPT: "log ratio relative to its prompt, ℓ − a(c), and log M (nats)",
}


def m_tuner(landscape: Landscape, in_force: float, start: float, marks: Sequence[Mark], key: str) -> float:
    """Draw the tuner at `start` (nats) and return the log M of its last release. `in_force` is drawn as the current M.
    A new `key` resets the tuner."""
    held = st.session_state.get(key)
    log_m = start if held is None or held["log_m"] is None else float(held["log_m"])
    known = [mark.log_m for mark in marks if mark.log_m is not None]
    picture = landscape.picture(*landscape.span(in_force, start, *known))
    # The figures at these positions are exact. Any other M is sent on its own, so that a drag changes no other data and the
    # browser keeps what it has.
    between = sorted({m for m in (in_force, start, *known, log_m) if m not in picture.positions})
    data = {
        "reset": key,
        "log_m": start,
        "in_force": in_force,
        "axis": AXIS[landscape.scope],
        "candidates": landscape.candidates,
        "prompts": landscape.prompt_count,
        "edges": picture.edges.tolist(),
        "positions": picture.positions.tolist(),
        "total": picture.total.tolist(),
        "steps": steps(picture.accepted),
        "accepted_count": picture.accepted_count.tolist(),
        "expected_rate": picture.expected_rate.round(6).tolist(),
        "prompts_with_none": picture.prompts_with_none.tolist(),
        "violating": picture.violating.tolist(),
        "between": [{"log_m": m} | asdict(landscape.at(m)) for m in between],
        "marks": [{"name": m.name, "log_m": m.log_m, "explanation": m.explanation} for m in marks],
    }
    result = _component(data=data, key=key, default={"log_m": start}, on_log_m_change=lambda: None)
    return float(result.log_m if result.log_m is not None else start)


def steps(accepted: NDArray[np.int64]) -> str:
    """By how many each bin's count falls from each position of M to the next, shape (bins, positions), as text: a row for each
    bin, nothing for 0. It is less than half as long as the counts themselves, and most of what the page sends."""
    falls = -np.diff(accepted, axis=1, append=0)
    return ";".join(",".join(str(n) if n else "" for n in row).rstrip(",") for row in falls.tolist())
