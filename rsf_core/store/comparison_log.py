"""A round's comparisons and rankings in effect, in memory."""

from __future__ import annotations

from typing import Any

from rsf_core.domain import Verdict
from rsf_core.store.choice_records import ComparisonRecord, RankingRecord
from rsf_core.store.word_log import WordLog

Pair = tuple[str, str]


def pair_of(one: str, other: str) -> Pair:
    """Two candidates in a fixed order, whichever was shown on the left."""
    return (one, other) if one < other else (other, one)


class ComparisonLog(WordLog[ComparisonRecord, Pair]):
    """By pair of candidates."""

    table, since = "comparisons", "comparisons_since"

    def read(self, row: dict[str, Any]) -> ComparisonRecord:
        return ComparisonRecord(**row | {"verdict": Verdict(row["verdict"])})

    def about(self, word: ComparisonRecord) -> Pair:
        return pair_of(word.left_id, word.right_id)


class RankingLog(WordLog[RankingRecord, int]):
    """By prompt, whichever of its candidates were ranked."""

    table, since = "rankings", "rankings_since"

    def read(self, row: dict[str, Any]) -> RankingRecord:
        return RankingRecord(**row | {name: tuple(row[name]) for name in ("candidates", "places")})

    def about(self, word: RankingRecord) -> int:
        return word.prompt_id

    def unsays(self, word: RankingRecord, before: RankingRecord) -> bool:
        return not set(before.candidates) <= set(word.candidates)
