"""How well a completion compresses: text that repeats itself compresses well, noise does not."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from rsf_core.scorers.base import NoScore, Scored

_LEVEL = 9
_OVERHEAD = len(zlib.compress(b"", _LEVEL))  # bytes that compression adds to any data


class Compression:
    name = "compression"
    description = (
        "Size of the completion compressed by zlib, divided by its size in UTF-8: near 0 if it repeats itself, at most "
        "1"
    )
    bounds = (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [_ratio(scored.completion) for scored in batch]


def _ratio(text: str) -> float | NoScore:
    data = text.encode("utf-8", "replace")
    if not data:
        return NoScore("it is empty")
    return min(1.0, (len(zlib.compress(data, _LEVEL)) - _OVERHEAD) / len(data))
