"""What a reviewer is told of a round's figures: as if gold items were any candidates, so that nothing that they can ask moves
otherwise, or does not move, when they decide one. The owner, who marks them, is told what holds. Pure."""

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
class Told:
    """A gold item as a reviewer is told of it: what decides it (`override` by `reviewer`, None where nobody has), and whether
    it is then accepted; `held` is whether it is, and `settled` whether a person's word decides, as it is for its owner."""

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
    """`seen` is the round as the reviewer sees it."""

    round_number: int
    seen: Seen

    def told(self) -> Iterator[Told]:
        index, whole = self.seen.index, self.seen.whole
        for where, words in self.seen.words.items():
            row = index.table.row_of([where])[0]
            if row < 0:  # drawn after the table was read
                continue
            vote = int(index.votes[row])
            yield Told(
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
        """What decides each gold item, and whether it accepts it."""
        index = self.seen.index
        rows = index.table.row_of(list(self.seen.words))
        spoken = ((where, row) for where, row in zip(self.seen.words, rows, strict=True) if row >= 0)
        return tuple((where, int(index.votes[row]), bool(index.accepted[row])) for where, row in spoken)

    def prompts(self, rows: Sequence[RoundPrompt]) -> list[RoundPrompt]:
        """Those of a round, by what this onlooker sees of what was drawn."""
        drawn = [item for item in self.told() if not item.elsewhere]
        prompts = []
        for row in rows:
            mine = [candidate for candidate in drawn if candidate.prompt_id == row.prompt_id]
            accepted, overridden = row.accepted + _more_accepted(mine), row.overridden + _more_overridden(mine)
            prompts.append(replace(row, accepted=accepted, overridden=overridden))
        return prompts

    def elsewhere(self, counts: ElsewhereCounts) -> ElsewhereCounts:
        """How many of those made elsewhere people accept and reject."""
        elsewhere = [item for item in self.told() if item.elsewhere]
        accepted = sum((one.override == Action.ACCEPT) - one.held for one in elsewhere)
        rejected = sum((one.override == Action.REJECT) - (one.settled and not one.held) for one in elsewhere)
        return replace(counts, accepted=counts.accepted + accepted, rejected=counts.rejected + rejected)

    def candidates(self, candidates: Sequence[CandidateRecord]) -> list[CandidateRecord]:
        decided = {candidate_id(self.round_number, item.prompt_id, item.k): item for item in self.told()}
        return [
            replace(candidate, override=gold.override, reviewer=gold.reviewer, accepted=gold.accepted)
            if (gold := decided.get(candidate.candidate_id)) is not None
            else candidate
            for candidate in candidates
        ]

    def decisions(self, table: pa.Table) -> pa.Table:
        """A table by prompt_id and k with decision, override, accepted and decided_by."""
        places = place(table["prompt_id"].to_numpy().astype(np.int64), table["k"].to_numpy().astype(np.int64))
        gold_at = {place(item.prompt_id, item.k): item for item in self.told()}
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
        """What each reviewer says of each candidate, by name: of a gold item what there would be of any."""
        shown = dict(opinions)
        for where, words in self.seen.words.items():
            name = self._name(where)
            guides = {one["reviewer"]: one["guide"] for one in opinions.get(name, [])}
            spoken = sorted(words, key=lambda word: word.reviewer)
            shown[name] = [
                {
                    "reviewer": word.reviewer,
                    "action": str(Action.ACCEPT if word.vote > 0 else Action.REJECT),
                    "final": word.final,
                    "guide": guides.get(word.reviewer, 0),
                }
                for word in spoken
            ]
        return shown

    def answers(self, answers: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """What reviewers answered to questions of each candidate, by name: of a gold item of those whose word is shown."""
        shown = dict(answers)
        for where, words in self.seen.words.items():
            name, speak = self._name(where), {self.seen.reviewer, *(word.reviewer for word in words)}
            if name in shown:
                shown[name] = [opinion for opinion in shown[name] if opinion["reviewer"] in speak]
        return shown

    def _name(self, where: int) -> str:
        return candidate_at(self.round_number, where)


def _more_accepted(decided: Sequence[Told]) -> int:
    return sum(one.accepted - one.held for one in decided)


def _more_overridden(decided: Sequence[Told]) -> int:
    return sum((one.override is not None) - one.settled for one in decided)


def _by(words: Sequence[Word]) -> str | None:
    """Who decides, as the store says it: who settled it last, else all who said something."""
    final = [word.reviewer for word in words if word.final]
    return final[-1] if final else ", ".join(word.reviewer for word in words) or None


def as_told(rows: pa.Table, accepted_by_id: Mapping[str, bool | None]) -> pa.Table:
    """Decisions, with candidate_id and accepted: of the gold items of `accepted_by_id` what stands there, accepted or not, and
    without those of which nothing is decided (None)."""
    names = rows["candidate_id"].to_pylist()
    held = rows["accepted"].to_pylist()
    accepted = [accepted_by_id.get(name, accepted_now) for name, accepted_now in zip(names, held, strict=True)]
    rows = rows.set_column(rows.column_names.index("accepted"), "accepted", pa.array(accepted, pa.bool_()))
    return rows.filter(pa.array([one is not None for one in accepted], pa.bool_()))


Find = Callable[[int, str | None], Onlooking | None]
"""How a round looks to an onlooker; None where there is none, and what holds is told."""
