"""The part of the store for candidates as they were drawn, and their scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import SCORER_COST, place
from rsf_core.store.database import Database
from rsf_core.store.drawn_records import LatestCompletion, RoundPrompt
from rsf_core.store.kept import Kept
from rsf_core.store.records import CandidateRecord, NoScoreRecord, ScoredBy, Tried


class Candidates:
    def __init__(self, db: Database, kept: Kept) -> None:
        self._db, self._kept = db, kept

    def prompts_in_round(self, round_number: int) -> list[RoundPrompt]:
        return [RoundPrompt(**row) for row in self._db.rows("prompts_in_round", {"round": round_number})]

    def candidates_of_prompt(self, round_number: int, prompt_id: int) -> list[CandidateRecord]:
        params = {"round": round_number, "prompt_id": prompt_id}
        scores: dict[str, dict[str, float]] = {}
        for row in self._db.rows("scores_of_prompt", params):
            scores.setdefault(row["candidate_id"], {})[row["scorer"]] = row["score"]
        return [
            CandidateRecord(**row, scores=scores.get(row["candidate_id"], {}))
            for row in self._db.rows("candidates_of_prompt", params)
        ]

    def completions(self, candidate_ids: Sequence[str]) -> list[str]:
        """The text of each candidate, in the order of `candidate_ids`."""
        rows = self._db.rows("completions", {"candidate_ids": list(candidate_ids)})
        texts = {row["candidate_id"]: row["completion"] for row in rows}
        return [texts[candidate_id] for candidate_id in candidate_ids]

    def latest_completions(self, round_number: int, limit: int) -> list[LatestCompletion]:
        """The newest first."""
        rows = self._kept.rows("latest_completions", ("candidates",), {"round": round_number, "limit": limit})
        return [LatestCompletion(**row) for row in rows]

    def next_k(self, round_number: int) -> dict[int, int]:
        """The first free k of every prompt that has candidates in the round."""
        return {row["prompt_id"]: row["k"] for row in self._db.rows("next_k", {"round": round_number})}

    def sampling_laws(self, round_number: int) -> list[str]:
        """The laws that the round's candidates were drawn by, as JSON of settings.Sampling; mostly one."""
        return [row["sampling"] for row in self._db.rows("sampling_laws", {"round": round_number})]

    def accepted_by_prompt(self, round_number: int, job_ids: Sequence[str]) -> list[dict[str, int]]:
        """For each prompt whose candidates of these jobs are all decided, those without a score left out: how many were
        `drawn`, and how many the rule `accepted` at the M in force."""
        return self._db.rows("accepted_by_prompt", {"round": round_number, "job_ids": list(job_ids)})

    def candidates_to_score(
        self, round_number: int, scorers: Sequence[str], again: bool = False, elsewhere: Sequence[str] = ()
    ) -> pa.Table:
        """Candidates of the round that lack a score of any of `scorers`, and candidates made elsewhere that lack one of
        `elsewhere`, a subset of `scorers`; `missing` lists which. Pairs that were found to have no score are included
        only if `again`."""
        params = {"round": round_number, "scorers": list(scorers), "again": again, "elsewhere": list(elsewhere)}
        return self._db.arrow("candidates_to_score", params)

    def siblings(self, round_number: int, prompt_ids: Sequence[int]) -> pa.Table:
        """candidate_id, prompt_id, k, completion of all candidates of some prompts of the round, by prompt and k."""
        return self._db.arrow("siblings", {"round": round_number, "prompt_ids": list(prompt_ids)})

    def count_scores(self, round_number: int, scorers: Sequence[str]) -> dict[str, int]:
        """How many candidates of the round each of `scorers` has scored; scorers without any are left out."""
        rows = self._db.rows("count_scores", {"round": round_number, "scorers": list(scorers)})
        return {row["scorer"]: row["count"] for row in rows}

    def count_scored_by(self, round_number: int, scorer: str, elsewhere: bool) -> ScoredBy:
        """How far a scorer has come with a round, including candidates made elsewhere if `elsewhere`."""
        params = {"round": round_number, "scorer": scorer, "elsewhere": elsewhere}
        return ScoredBy(**self._db.rows("count_scored_by", params)[0])

    def pairs_without_score(self, round_number: int, scorers: Sequence[str]) -> pa.Table:
        """Pairs candidate_id, scorer of the round, of prompts in use, that were found to have no score."""
        return self._db.arrow("pairs_without_score", {"round": round_number, "scorers": list(scorers)})

    def without_score(self, round_number: int) -> list[NoScoreRecord]:
        """The scores that the target in force needs and the round's candidates do not have, and why, by candidate."""
        tables = ("scores", "no_scores", "unscored", "thresholds")
        name = ("without_score", round_number)
        rows = self._kept.unchanged(name, tables, lambda: self._db.rows("without_score", {"round": round_number}))
        return [NoScoreRecord(**row) for row in rows]

    def no_scores_of_prompts(self, round_number: int, prompt_ids: Sequence[int]) -> dict[str, dict[str, str]]:
        """Why scorers have no score for candidates of some prompts, by candidate and scorer: see `without_score`."""
        no_scores: dict[str, dict[str, str]] = {}
        for row in self._db.rows("no_scores_of_prompts", {"round": round_number, "prompt_ids": list(prompt_ids)}):
            no_scores.setdefault(row["candidate_id"], {})[row["scorer"]] = row["reason"]
        return no_scores

    def round_scores(self, round_number: int, scorers: Sequence[str] = ()) -> pa.Table:
        """Long table of the round: candidate_id, prompt_id, k, log_q, log_model, u, scorer, score, stage (0, or the number of
        the adaptive job that drew it)."""
        return self._db.arrow("round_scores", {"round": round_number, "scorers": list(scorers)})

    def score_column(self, round_number: int, scorer: str, everywhere: bool = False) -> NDArray[np.float64]:
        """The scorer's score of each row of `ratios`, or with `everywhere` of each drawn candidate, by prompt and k; NaN if
        there is none."""
        if everywhere:
            return self.scores_by_place(round_number, scorer)[1]
        rows = self._db.arrow("score_column", {"round": round_number, "scorer": scorer})
        column: NDArray[np.float64] = rows["score"].to_numpy()
        return column

    def scores_by_place(self, round_number: int, scorer: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The places of all candidates that the round has drawn, ascending, and the scorer's score of each, NaN if there is
        none."""
        rows = self._db.arrow("score_column_everywhere", {"round": round_number, "scorer": scorer})
        prompt, k = (rows[name].to_numpy().astype(np.int64) for name in ("prompt_id", "k"))
        return place(prompt, k), rows["score"].to_numpy()

    def scores_version(self) -> tuple[int, ...]:
        """Differs whenever candidates or their scores do; costs nothing."""
        return self._db.version("candidates", "scores")

    def review_score(self, round_number: int, scorer: str) -> NDArray[np.float64]:
        """The scorer's score of each row of `review_table`, in its order; NaN if there is none."""
        rows = self._db.arrow("review_score", {"round": round_number, "scorer": scorer})
        column: NDArray[np.float64] = rows["score"].to_numpy()
        return column

    def scorers(self, round_number: int) -> list[str]:
        """The scorers that have scored candidates of the round, by name, without log-probabilities of references."""
        name = ("scorers_of_round", round_number)
        rows = self._kept.unchanged(
            name, ("scores",), lambda: self._db.rows("scorers_of_round", {"round": round_number})
        )
        return [row["scorer"] for row in rows]

    def scorer_milliseconds(self) -> dict[str, float]:
        """Milliseconds a candidate in the last finished job, by scorer."""
        return {row["scorer"]: row["value"] for row in self._db.rows("scorer_milliseconds", {"prefix": SCORER_COST})}

    def scores_and_opinions(self, scorer: str) -> pa.Table:
        """candidate_id, prompt_id, score, accepted of the candidates of every round that people decided and the scorer
        scored."""
        return self._db.arrow("scores_and_opinions", {"scorer": scorer})

    def texts_of(self, candidate_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The prompts and completions of a few candidates, by name."""
        rows = self._db.look_up("texts_of", candidate_ids)
        return {row["candidate_id"]: (row["prompt"], row["completion"]) for row in rows}

    def candidates_to_try(self, round_number: int, limit: int) -> list[Tried]:
        """At most `limit` candidates of as many prompts of a round as possible, the same each time."""
        params = {"round": round_number, "limit": limit}
        return [Tried(**row) for row in self._db.rows("candidates_to_try", params)]
