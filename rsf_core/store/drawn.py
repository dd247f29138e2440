"""What was drawn, as numbers alone: the places of the candidates of a round, and their tokens in parts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import place
from rsf_core.store.database import Database


class Drawn:
    def __init__(self, database: Database) -> None:
        self._db = database

    def places(self, round_number: int) -> NDArray[np.int64]:
        """The place of every candidate of a round, in order: see domain.place."""
        rows = self._db.arrow("places_of_round", {"round": round_number})
        places: NDArray[np.int64] = place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy())
        return places

    def tokens(self, round_number: int, low: int, high: int) -> pa.Table:
        """prompt_id, k, prompt_token_ids, token_ids of the candidates of the prompts from `low` to `high`, by prompt and k."""
        return self._db.arrow("tokens_of_prompts", {"round": round_number, "low": low, "high": high})
