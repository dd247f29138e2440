"""What an export reads of a round: numbers of all candidates at once, texts of some prompts at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import place
from rsf_core.store.database import Database

# The tables that an export is read from.
TABLES = (
    *("rounds", "candidates", "scores", "log_ratios", "thresholds", "overrides", "annotations"),
    *("prompts", "prompt_events", "curated_sets", "comparisons", "rankings", "candidates_elsewhere"),
    *("question_versions", "answers"),
)


class Exported:
    def __init__(self, database: Database) -> None:
        self._db = database

    def decisions(self, round_number: int) -> pa.Table:
        """One row a candidate by prompt and k, all of one moment: numbers, decision, override, who decided, annotations, and
        `text`, equal for equal texts."""
        return self._db.arrow("export_decisions", {"round": round_number})

    def score(self, round_number: int, scorer: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The places of the candidates that a scorer has scored, ascending, and their scores."""
        table = self._db.arrow("export_score", {"round": round_number, "scorer": scorer})
        return table["place"].to_numpy(), table["score"].to_numpy()

    def texts(self, round_number: int, low: int, high: int) -> list[dict[str, Any]]:
        """prompt_id, k, completion, prompt_token_ids, token_ids, sampling of the candidates of the prompts `low` to `high`."""
        texts: list[dict[str, Any]] = self._db.rows("export_texts", {"round": round_number, "low": low, "high": high})
        return texts

    def scores(self, round_number: int) -> Scores:
        """The scores of the candidates of a round."""
        names = [row["scorer"] for row in self._db.rows("export_scorers", {"round": round_number})]
        return Scores({name: self.score(round_number, name) for name in names})

    def opinions(self, round_number: int) -> Opinions:
        """Each reviewer's current decision on each candidate of a round."""
        return Opinions(self._db.arrow("export_opinions", {"round": round_number}))

    def samples_of_prompts(self, curated_id: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The prompts of a curated set, ascending, and how many samples each has."""
        counts = self._db.arrow("export_sample_counts", {"curated_id": curated_id})
        return counts["prompt_id"].to_numpy(), counts["samples"].to_numpy()

    def samples(self, curated_id: str, low: int, high: int) -> pa.Table:
        """The samples of a curated set of the prompts `low` to `high`."""
        return self._db.arrow("export_samples", {"curated_id": curated_id, "low": low, "high": high})


class Scores:
    """The scores of the candidates of a round by scorer, as columns: looking some prompts up in the table would read all of
    it for each part of an export."""

    def __init__(self, by_scorer: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]) -> None:
        self._by_scorer = by_scorer

    def of_prompts(self, low: int, high: int) -> dict[int, list[dict[str, Any]]]:
        """The scores of each candidate of the prompts `low` to `high`, by its place: scorer and score, scorers in order."""
        by_place: dict[int, list[dict[str, Any]]] = {}
        for scorer, (places, scores) in self._by_scorer.items():
            begin, end = np.searchsorted(places, [place(low, 0), place(high + 1, 0)]).tolist()
            for at, score in zip(places[begin:end].tolist(), scores[begin:end].tolist(), strict=True):
                by_place.setdefault(at, []).append({"scorer": scorer, "score": score})
        return by_place


class Opinions:
    """Reviewers' current decisions on the candidates of a round, as columns: a million take some ten bytes each."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows, self._prompts = rows, rows["prompt_id"].to_numpy()

    def of_prompts(self, low: int, high: int) -> dict[str, list[dict[str, Any]]]:
        """The decisions on each candidate of the prompts `low` to `high`, by its name."""
        begin, end = np.searchsorted(self._prompts, [low, high + 1]).tolist()
        by_candidate: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows.slice(begin, end - begin).drop_columns(["prompt_id"]).to_pylist():
            by_candidate.setdefault(row.pop("candidate_id"), []).append(row)
        return by_candidate

    @property
    def counts(self) -> dict[str, int]:
        """How many candidates each reviewer has a decision on."""
        return self._counted("reviewer")

    @property
    def by_guide(self) -> dict[int, int]:
        """How many decisions were made under each version of the guide; 0: before there was one."""
        return self._counted("guide")

    def _counted(self, column: str) -> dict[Any, int]:
        counts = self._rows[column].value_counts()
        return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
