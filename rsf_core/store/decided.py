"""The part of the store for what decides a round (targets, log ratios, M) and for the outcome."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, ChosenBy, Scope, candidate_id
from rsf_core.store.database import Database, utc_now
from rsf_core.store.kept import Kept
from rsf_core.store.records import PromptKind, RoundCounts, ThresholdRecord
from rsf_core.store.tally import Tallies, Votes

COUNTED_TABLES = (  # every table that the counts of a round are read from
    *("candidates", "scores", "no_scores", "unscored", "log_ratios", "thresholds", "overrides", "gold_marks"),
    *("prompts", "prompt_events", "candidates_elsewhere", "adaptive_jobs"),
)


class Decided:
    def __init__(self, db: Database, kept: Kept) -> None:
        self._db, self._kept, self._tallies = db, kept, Tallies(db)

    def targets(self) -> list[dict[str, Any]]:
        return [row | {"spec": json.loads(row["spec"])} for row in self._kept.rows("targets", ("targets",))]

    def target_id(self, spec: dict[str, Any], author: str) -> int:
        """The number of this target, a new version when it isn't known yet."""
        text = json.dumps(spec, sort_keys=True)
        with self._db.transaction("saving the target"):
            known = self._db.rows("targets")
            for row in known:
                if row["spec"] == text:
                    return int(row["target_id"])
            number = len(known) + 1
            self._db.insert("targets", [{"target_id": number, "spec": text, "created_at": utc_now(), "author": author}])
            return number

    def thresholds(self, round_number: int) -> list[ThresholdRecord]:
        """Every M the round has had, the one in force first."""
        return [
            ThresholdRecord(**row | {"scope": Scope(row["scope"]), "chosen_by": ChosenBy(row["chosen_by"])})
            for row in self._kept.rows("thresholds", ("thresholds",), {"round": round_number})
        ]

    def add_threshold(
        self,
        round_number: int,
        target_id: int,
        log_m: float,
        scope: Scope,
        author: str,
        reason: str,
        chosen_by: ChosenBy = ChosenBy.PERSON,
    ) -> None:
        with self._db.transaction(f"saving M of round {round_number}"):
            self._db.insert(
                "thresholds",
                [
                    {
                        "round": round_number,
                        "target_id": target_id,
                        "log_m": log_m,
                        "scope": str(scope),
                        "author": author,
                        "reason": reason,
                        "created_at": utc_now(),
                        "chosen_by": str(chosen_by),
                    }
                ],
            )

    def replace_log_ratios(
        self, round_number: int, target_id: int, rows: pa.Table, unscored: pa.Table | None = None
    ) -> None:
        """Rows: candidate_id, log_ratio, critical_log_m, scale; `unscored`: candidate_id, scorer of those that have no log
        ratio because a score is missing."""
        of = {"round": round_number, "target_id": target_id}
        derived = {"log_ratios": rows} | ({} if unscored is None else {"unscored": unscored})
        with self._db.transaction(f"saving the log ratios of round {round_number}"):
            for table in ("log_ratios", "unscored"):
                self._db.run(f"clear_{table}", of)
            for table, part in derived.items():
                for name, value in of.items():
                    part = part.append_column(name, pa.repeat(pa.scalar(value, pa.int32()), part.num_rows))
                self._db.append(table, part)

    def ratios(self, round_number: int, onlooker_votes: Votes = ()) -> pa.Table:
        """One row for each scored candidate: log_ratio, critical_log_m, scale, override (−1, 0, 1), `planned` (drawn for all
        prompts alike, and not because a prompt had none), …; with `onlooker_votes` in place of the effective votes."""
        table = self._tallies.table("ratios", round_number, decided=True)
        return _with_votes(table, round_number, onlooker_votes) if onlooker_votes else table

    def ratios_version(self, round_number: int) -> tuple[int, int, int]:
        """Differs whenever `ratios` does."""
        tables = ("log_ratios", "thresholds", "overrides", "gold_marks")
        name = ("ratios_version", round_number)
        (row,) = self._kept.unchanged(name, tables, lambda: self._db.rows("ratios_version", {"round": round_number}))
        return row["count"], row["hash"], row["seq"]

    def drawn(self, round_number: int, onlooker_votes: Votes = ()) -> pa.Table:
        """One row a candidate of the round, in the order of `score_column` everywhere: log_q, log_model, u, truncated, stage
        (see `round_scores`), retired, decided, accepted (in effect), chance (that the rule accepts it; NaN undecided),
        override (−1, 0, 1); with `onlooker_votes` in place of the effective votes."""
        table = self._tallies.table("drawn", round_number, decided=False)
        return _with_votes(table, round_number, onlooker_votes) if onlooker_votes else table

    def scored_version(self) -> tuple[int, ...]:
        """Differs whenever candidates, their scores or the decisions on them do; costs nothing."""
        return self._db.version(*COUNTED_TABLES)

    def round_counts(self, round_number: int, onlooker_votes: Votes = ()) -> RoundCounts:
        """How many candidates of a round are in which state, with `onlooker_votes` in place of the effective votes. After
        an act only what it touched is read."""
        name = ("round_counts", round_number, _digest(onlooker_votes))
        return self._kept.unchanged(name, COUNTED_TABLES, lambda: self._count(round_number, onlooker_votes))

    def _count(self, round_number: int, onlooker_votes: Votes) -> RoundCounts:
        return self._tallies.counts(round_number, self._retired(), self._scored(round_number), onlooker_votes)

    def prompt_kinds(self, round_number: int, onlooker_votes: Votes = ()) -> list[PromptKind]:
        """What each prompt of the round got, by kind of prompt: a few kinds, however many prompts there are; with
        `onlooker_votes` in place of the effective votes."""
        name = ("prompt_kinds", round_number, _digest(onlooker_votes))
        return list(
            self._kept.unchanged(
                name, COUNTED_TABLES, lambda: self._tallies.kinds(round_number, self._retired(), onlooker_votes)
            )
        )

    def _scored(self, round_number: int) -> int:
        tables = ("scores", "candidates_elsewhere")
        return int(self._kept.rows("count_scored", tables, {"round": round_number})[0]["scored"])

    def _retired(self) -> NDArray[np.int64]:
        """The prompts that are no longer in use."""
        rows = self._kept.rows("retired_prompt_ids", ("prompt_events",))
        return np.array([row["prompt_id"] for row in rows], np.int64)

    def starving_prompts(self, round_number: int) -> list[int]:
        """The prompts in use whose candidates are all decided and none accepted in effect."""
        return [row["prompt_id"] for row in self._db.rows("starving_prompts", {"round": round_number})]


def _digest(onlooker_votes: Votes) -> bytes:
    """A short key that differs for different votes: answers are kept under many keys, and there can be many votes."""
    return blake2b(np.array(onlooker_votes, np.int64).tobytes(), digest_size=16).digest() if onlooker_votes else b""


def _with_votes(rows: pa.Table, round_number: int, onlooker_votes: Votes) -> pa.Table:
    """`rows` of candidates with `onlooker_votes` in place of the effective votes."""
    names = {
        candidate_id(round_number, where >> K_BITS, where & ((1 << K_BITS) - 1)): (vote, accepted)
        for where, vote, accepted in onlooker_votes
    }
    there = pc.is_in(rows["candidate_id"], pa.array(list(names))).combine_chunks()
    actions = [names[name] for name in rows["candidate_id"].filter(there).to_pylist()]
    for at, name in enumerate(("override", "accepted")):
        column = rows[name].combine_chunks()
        column = pc.replace_with_mask(column, there, pa.array([action[at] for action in actions], column.type))
        rows = rows.set_column(rows.column_names.index(name), name, column)
    return rows
