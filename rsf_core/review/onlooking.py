"""A round's figures as a reviewer (the onlooker) sees them: gold items count as ordinary candidates, so that no figure gives
one away by how it changes when the reviewer decides it. The owner, who marks them, sees the effective decisions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rsf_core.domain import ELSEWHERE_K, K_BITS, Action, candidate_at, candidate_id, place
from rsf_core.review.opinions import Word
from rsf_core.review.seen import Seen
from rsf_core.store.drawn_records import RoundPrompt
from rsf_core.store.records import CandidateRecord, ElsewhereCounts
from rsf_core.store.tally import Votes


@dataclass(frozen=True, slots=True)
class SeenGold:
    """A gold item as a reviewer sees it: what decides it (`override` by `reviewer`, None if nobody has), and whether it is
    then `accepted`. For its owner: `held` is whether it is accepted, `settled` whether a person's decision is in effect."""

    prompt_id: int
    k: int
    override: str | None
    reviewer: str | None
    accepted: bool
    held: bool
    settled: bool

    @property
    def elsewhere(self) -> bool:
        return self.k >= ELSEWHERE_K


@dataclass(frozen=True, slots=True)
class Onlooking:
    """The figures of a round for one reviewer; `seen` is the round as the reviewer sees it."""

    round_number: int
    seen: Seen

    def gold_items(self) -> Iterator[SeenGold]:
        index, whole = self.seen.index, self.seen.whole
        for where, words in self.seen.words.items():
            row = index.table.row_of([where])[0]
            if row < 0:  # drawn after the table was read
                continue
            vote = int(index.votes[row])
            yield SeenGold(
                where >> K_BITS,
                where & ((1 << K_BITS) - 1),
                None if vote == 0 else str(Action.ACCEPT if vote > 0 else Action.REJECT),
                _by(words),
                bool(index.accepted[row]),
                bool(whole.accepted[row]),
                bool(whole.votes[row]),
            )

    @property
    def votes(self) -> Votes:
        """The vote that decides each gold item, and whether it is then accepted."""
        index = self.seen.index
        rows = index.table.row_of(list(self.seen.words))
        known = ((where, row) for where, row in zip(self.seen.words, rows, strict=True) if row >= 0)
        return tuple((where, int(index.votes[row]), bool(index.accepted[row])) for where, row in known)

    def prompts(self, rows: Sequence[RoundPrompt]) -> list[RoundPrompt]:
        """The prompts of a round, with the counts of drawn candidates that this onlooker sees."""
        drawn = [item for item in self.gold_items() if not item.elsewhere]
        prompts = []
        for row in rows:
            mine = [candidate for candidate in drawn if candidate.prompt_id == row.prompt_id]
            accepted, overridden = row.accepted + _more_accepted(mine), row.overridden + _more_overridden(mine)
            prompts.append(replace(row, accepted=accepted, overridden=overridden))
        return prompts

    def elsewhere(self, counts: ElsewhereCounts) -> ElsewhereCounts:
        """How many candidates made elsewhere people accept and reject."""
        elsewhere = [item for item in self.gold_items() if item.elsewhere]
        accepted = sum((one.override == Action.ACCEPT) - one.held for one in elsewhere)
        rejected = sum((one.override == Action.REJECT) - (one.settled and not one.held) for one in elsewhere)
        return replace(counts, accepted=counts.accepted + accepted, rejected=counts.rejected + rejected)

    def candidates(self, candidates: Sequence[CandidateRecord]) -> list[CandidateRecord]:
        decided = {candidate_id(self.round_number, item.prompt_id, item.k): item for item in self.gold_items()}
        return [
            replace(candidate, override=gold.override, reviewer=gold.reviewer, accepted=gold.accepted)
            if (gold := decided.get(candidate.candidate_id)) is not None
            else candidate
            for candidate in candidates
        ]

    def decisions(self, table: pa.Table) -> pa.Table:
        """A table by prompt_id and k with decision, override, accepted and decided_by."""
        places = place(table["prompt_id"].to_numpy().astype(np.int64), table["k"].to_numpy().astype(np.int64))
        gold_at = {place(item.prompt_id, item.k): item for item in self.gold_items()}
        rows: list[int] = np.flatnonzero(np.isin(places, list(gold_at))).tolist()
        if not rows:
            return table
        gold = [gold_at[int(places[row])] for row in rows]
        decided = table["decision"].take(rows).to_pylist()
        rule = [None if decision is None else "rule" for decision in decided]
        new: dict[str, list[Any]] = {
            "override": [one.override for one in gold],
            "accepted": [one.accepted for one in gold],
            "decided_by": [r if one.override is None else one.reviewer for one, r in zip(gold, rule, strict=True)],
        }
        mask = np.zeros(table.num_rows, bool)
        mask[rows] = True
        for name, values in new.items():
            column = table[name].combine_chunks()
            column = pc.replace_with_mask(column, pa.array(mask), pa.array(values, column.type))
            table = table.set_column(table.column_names.index(name), name, column)
        return table

    def opinions(self, opinions: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Each reviewer's decision on each candidate, by name; a gold item shows what an ordinary candidate would."""
        shown = dict(opinions)
        for where, words in self.seen.words.items():
            name = self._name(where)
            guides = {one["reviewer"]: one["guide"] for one in opinions.get(name, [])}
            by_name = sorted(words, key=lambda word: word.reviewer)
            shown[name] = [
                {
                    "reviewer": word.reviewer,
                    "action": str(Action.ACCEPT if word.vote > 0 else Action.REJECT),
                    "final": word.final,
                    "guide": guides.get(word.reviewer, 0),
                }
                for word in by_name
            ]
        return shown

    def answers(self, answers: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Reviewers' answers for each candidate, by name; for a gold item only of those whose decision is shown."""
        shown = dict(answers)
        for where, words in self.seen.words.items():
            name, speak = self._name(where), {self.seen.reviewer, *(word.reviewer for word in words)}
            if name in shown:
                shown[name] = [opinion for opinion in shown[name] if opinion["reviewer"] in speak]
        return shown

    def _name(self, where: int) -> str:
        return candidate_at(self.round_number, where)


def _more_accepted(decided: Sequence[SeenGold]) -> int:
    return sum(one.accepted - one.held for one in decided)


def _more_overridden(decided: Sequence[SeenGold]) -> int:
    return sum((one.override is not None) - one.settled for one in decided)


def _by(words: Sequence[Word]) -> str | None:
    """Who decides, as the store names it: who settled it last, else all who decided it."""
    final = [word.reviewer for word in words if word.final]
    return final[-1] if final else ", ".join(word.reviewer for word in words) or None


def as_seen(rows: pa.Table, accepted_by_id: Mapping[str, bool | None]) -> pa.Table:
    """Rows of decisions (candidate_id, accepted, …) with the `accepted` of `accepted_by_id` for the gold items in it; those
    at None, which are not decided, are left out."""
    names = rows["candidate_id"].to_pylist()
    held = rows["accepted"].to_pylist()
    accepted = [accepted_by_id.get(name, accepted_now) for name, accepted_now in zip(names, held, strict=True)]
    rows = rows.set_column(rows.column_names.index("accepted"), "accepted", pa.array(accepted, pa.bool_()))
    return rows.filter(pa.array([one is not None for one in accepted], pa.bool_()))


Find = Callable[[int, str | None], Onlooking | None]
"""How a round looks to an onlooker; None without one, or without gold items: the effective decisions are shown."""
