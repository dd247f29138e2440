"""The columns of a round's candidates that never change, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rsf_core.domain import place
from rsf_core.domain.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class RoundTable:
    """The candidates of a round as arrays of shape (n,), by prompt and k. Ratios are NaN before scoring."""

    places: Ints
    tokens: Ints
    truncated: Bools
    u: Floats
    log_ratio: Floats
    critical: Floats
    scale: Floats

    @classmethod
    def read(cls, rows: pa.Table) -> RoundTable:
        """From the rows of Store.review_table."""
        return cls(
            place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)),
            rows["token_count"].to_numpy().astype(np.int64),
            rows["truncated"].to_numpy(),
            rows["u"].to_numpy(),
            rows["log_ratio"].to_numpy(),
            rows["critical_log_m"].to_numpy(),
            rows["scale"].to_numpy(),
        )

    def rows_of(self, places: Ints) -> Ints:
        """The rows at `places`; those that are not there are left out."""
        rows = np.searchsorted(self.places, places)
        there = rows < len(self.places)
        own_rows: Ints = rows[there][self.places[rows[there]] == places[there]]
        return own_rows

    def row_of(self, places: Sequence[int] | Ints) -> list[int]:
        """The row at each place, −1 if it is not there."""
        where = np.array(places, np.int64)
        rows = np.searchsorted(self.places, where)
        there = rows < len(self.places)
        there[there] = self.places[rows[there]] == where[there]
        listed: list[int] = np.where(there, rows, -1).tolist()
        return listed
