"""The examples of a round: first which candidates an export uses, then their texts, some prompts at a time."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from rsf_core.domain import Finish, place
from rsf_core.domain.arrays import Bools, Floats
from rsf_core.domain.settings import Target
from rsf_core.project.exporting.answered import answers
from rsf_core.project.exporting.compared import ComparedPair, compared_pairs, ranked_places
from rsf_core.project.exporting.messages import texts
from rsf_core.project.exporting.pairing import Decided, Sides, pairs, sides
from rsf_core.project.exporting.request import Pairing, Request, What
from rsf_core.project.exporting.tally import Candidates, tally
from rsf_core.review.onlooking import Onlooking
from rsf_core.review.pair_words import pair_words
from rsf_core.store.store import Store


@dataclass(frozen=True, slots=True)
class Counted:
    """The size of an export of a round: `rows` from `prompts` prompts, and how many of the round's `candidates` are left out:
    without a decision, ended by the token limit (unless people decided), of train prompts that nearly repeat a held-out one,
    equal to another of its prompt, or with a text that people have both accepted and rejected. `tied` pairs that people
    compared are left out too."""

    rows: int
    prompts: int
    candidates: int
    accepted: int = 0
    rejected: int = 0
    undecided: int = 0
    truncated: int = 0
    near_held_out: int = 0
    repeated: int = 0
    contradictory: int = 0
    tied: int = 0


class RoundExamples:
    """The candidates of a round when this object is made; their texts, which never change, are read when they are needed."""

    def __init__(
        self,
        store: Store,
        request: Request,
        round_number: int,
        target: Target | None,
        near: set[int],
        onlooking: Onlooking | None = None,
    ) -> None:
        self._store, self._request, self._round, self._target, self._near = store, request, round_number, target, near
        table = store.exported.decisions(round_number)
        self._onlooking = onlooking
        self._table = table if onlooking is None else onlooking.decisions(table)
        self._prompt_ids: NDArray[np.int64] = self._table["prompt_id"].to_numpy().astype(np.int64)
        self._k: NDArray[np.int64] = self._table["k"].to_numpy().astype(np.int64)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def counted(self) -> Counted:
        return self._tally[0]

    @property
    def prompts(self) -> frozenset[int]:
        """The prompts that have rows."""
        return self._tally[1]

    @cached_property
    def _tally(self) -> tuple[Counted, frozenset[int]]:
        if self._request.what is What.ALL:
            drawn_for = frozenset(np.unique(self._prompt_ids).tolist())
            return Counted(len(self), len(drawn_for), len(self)), drawn_for
        if self._by_comparing:
            pairs, tied = self._compared
            compared = frozenset(pair.prompt_id for pair in pairs)
            return Counted(len(pairs), len(compared), len(self), tied=tied), compared
        near = np.isin(self._prompt_ids, list(self._near))
        usable = np.flatnonzero(self._usable & ~near)
        every = Candidates(self._prompt_ids, self._text, self._accepted, self._people, self._ranked)
        tallied = tally(every.at(usable), self._request.what, self._request.pairing)
        counted = Counted(
            tallied.rows,
            len(tallied.prompts),
            len(self),
            tallied.accepted,
            tallied.rejected,
            int((self._undecided & ~near).sum()),
            int((self._truncated & ~near).sum()),
            int(near.sum()),
            tallied.repeated,
            tallied.contradictory,
        )
        return counted, tallied.prompts

    def rows(self, at_once: int) -> Iterator[list[dict[str, Any]]]:
        """The rows of the export by prompt and k, in parts of about `at_once` candidates, each with whole prompts."""
        everything = self._request.what is What.ALL
        opinions = self._store.exported.opinions(self._round) if everything else None
        scored = self._store.exported.scores(self._round) if everything else None
        answered = answers(self._store, self._round) if everything else {}
        ranked = ranked_places(self._store.rankings.standing(self._round)) if everything else {}
        if self._onlooking is not None:
            answered = self._onlooking.answers(answered)
        for low, high in self._parts(at_once):
            first, last = int(self._prompt_ids[low]), int(self._prompt_ids[high - 1])
            drawn = self._store.exported.texts(self._round, first, last)
            by_place = {(row["prompt_id"], row["k"]): row for row in drawn}
            prompts = self._store.prompts_by_id(np.unique(self._prompt_ids[low:high]).tolist())
            facts = self._table.slice(low, high - low).to_pylist()
            for fact in facts:
                fact |= by_place[fact["prompt_id"], fact["k"]]
            if self._request.what is What.ALL:
                scores = scored.of_prompts(first, last) if scored is not None else {}
                part_opinions = opinions.of_prompts(first, last) if opinions is not None else {}
                part_opinions = part_opinions if self._onlooking is None else self._onlooking.opinions(part_opinions)
                whole = (
                    self._whole(facts, i, low, prompts, scores, part_opinions, answered) for i in range(len(facts))
                )
                yield [row | {"rankings": ranked.get(row["candidate_id"], [])} for row in whole]
            elif self._by_comparing:
                yield list(self._comparisons(facts, low, high, prompts))
            else:
                yield list(self._examples(facts, low, high, prompts))

    # -- which candidates ----------------------------------------------------------------------------------------------

    @cached_property
    def _accepted(self) -> Bools:
        accepted: Bools = self._table["accepted"].to_numpy()
        return accepted

    @cached_property
    def _text(self) -> NDArray[np.uint64]:
        text: NDArray[np.uint64] = self._table["text"].to_numpy()
        return text

    @cached_property
    def _people(self) -> Bools:
        overridden: Bools = self._table["override"].is_valid().to_numpy()
        return overridden

    @cached_property
    def _undecided(self) -> Bools:
        undecided: Bools = self._table["decision"].is_null().to_numpy()
        return undecided & ~self._people

    @cached_property
    def _usable(self) -> Bools:
        return ~(self._undecided | self._truncated)

    @cached_property
    def _truncated(self) -> Bools:
        cut: Bools = pc.fill_null(pc.equal(self._table["finish"], Finish.LENGTH), False).to_numpy()
        return cut & ~self._people & ~self._undecided

    @cached_property
    def _reward(self) -> Floats:
        """r of each candidate under the round's target; NaN if a score is missing."""
        total = np.zeros(len(self))
        places = place(self._prompt_ids, self._k)
        for scorer, weight in (self._target.rewards if self._target is not None else {}).items():
            column = np.full(len(self), np.nan)
            at, scores = self._store.exported.score(self._round, scorer)
            where = np.searchsorted(places, at)
            there = (where < len(places)) & (places[np.minimum(where, len(places) - 1)] == at)
            column[where[there]] = scores[there]
            total += weight * column
        return total

    @cached_property
    def _ranked(self) -> Floats:
        """The reward, or −∞ if P is 0."""
        impossible = self._table["log_ratio"].to_numpy() == -math.inf
        return np.where(impossible, -np.inf, self._reward)

    def _sides(self, low: int, high: int) -> Iterator[tuple[int, Sides]]:
        """The examples of each prompt among the candidates `low` to `high`."""
        accepted, text, people, usable = self._accepted, self._text, self._people, self._usable
        edges = [low, *(low + 1 + np.flatnonzero(np.diff(self._prompt_ids[low:high]))).tolist(), high]
        for begin, end in pairwise(edges):
            prompt_id = int(self._prompt_ids[begin]) if begin < end else 0
            if begin == end or prompt_id in self._near:
                continue
            yield (
                prompt_id,
                sides(
                    [
                        Decided(row, int(text[row]), bool(accepted[row]), bool(people[row]), float(self._ranked[row]))
                        for row in range(begin, end)
                        if usable[row]
                    ]
                ),
            )

    def _parts(self, at_once: int) -> Iterator[tuple[int, int]]:
        """The bounds of parts of about `at_once` candidates, cut between prompts."""
        edges = [*(1 + np.flatnonzero(np.diff(self._prompt_ids))).tolist(), len(self)]
        low = 0
        for edge in edges:
            if edge - low >= at_once or edge == len(self) > low:
                yield low, edge
                low = edge

    # -- their rows ----------------------------------------------------------------------------------------------------

    def _examples(
        self, facts: list[dict[str, Any]], low: int, high: int, prompts: dict[int, dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        shape, how = self._request.shaped, self._request.pairing
        for prompt_id, both in self._sides(low, high):
            if self._request.what is What.LABELS:
                for one in sorted((*both.accepted, *both.rejected), key=lambda one: one.row):
                    fact = facts[one.row - low]
                    yield texts(shape, prompts[prompt_id], {"completion": _text(fact)}) | {
                        "label": one.accepted,
                        "reward": self._reward_of(one.row),
                        "candidate_id": fact["candidate_id"],
                        "decided_by": fact["decided_by"],
                    }
                continue
            for one, other in pairs(both, how, self._request.seed, prompt_id):
                chosen, rejected = facts[one.row - low], facts[other.row - low]
                yield texts(shape, prompts[prompt_id], {"chosen": _text(chosen), "rejected": _text(rejected)}) | {
                    "chosen_reward": self._reward_of(one.row),
                    "rejected_reward": self._reward_of(other.row),
                    "chosen_id": chosen["candidate_id"],
                    "rejected_id": rejected["candidate_id"],
                    "chosen_by": chosen["decided_by"],
                    "rejected_by": rejected["decided_by"],
                    "weight": 1.0,
                }

    @property
    def _by_comparing(self) -> bool:
        return self._request.what is What.PREFERENCE and self._request.pairing is Pairing.COMPARED

    @cached_property
    def _compared(self) -> tuple[list[ComparedPair], int]:
        words = pair_words(self._store.comparisons.standing(self._round), self._store.rankings.standing(self._round))
        return compared_pairs(words, self._near)

    def _comparisons(
        self, facts: list[dict[str, Any]], low: int, high: int, prompts: dict[int, dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """The pairs of the prompts among the candidates `low` to `high`, with the texts that people read: as drawn."""
        pairs, _ = self._compared
        first, last = int(self._prompt_ids[low]), int(self._prompt_ids[high - 1])
        begin = bisect_left(pairs, first, key=lambda pair: pair.prompt_id)
        end = bisect_right(pairs, last, key=lambda pair: pair.prompt_id)
        places = place(self._prompt_ids[low:high], self._k[low:high])
        for pair in pairs[begin:end]:
            one, other = np.searchsorted(places, [pair.chosen, pair.rejected]).tolist()
            chosen, rejected = facts[one], facts[other]
            row = {"chosen": chosen["completion"], "rejected": rejected["completion"]}
            yield texts(self._request.shaped, prompts[pair.prompt_id], row) | {
                "chosen_reward": self._reward_of(low + one),
                "rejected_reward": self._reward_of(low + other),
                "chosen_id": chosen["candidate_id"],
                "rejected_id": rejected["candidate_id"],
                "chosen_by": pair.by,
                "rejected_by": pair.by,
                "weight": pair.weight,
            }

    def _whole(
        self,
        facts: list[dict[str, Any]],
        at: int,
        low: int,
        prompts: dict[int, dict[str, Any]],
        scores: dict[int, list[dict[str, Any]]],
        opinions: dict[str, list[dict[str, Any]]],
        answered: dict[str, list[dict[str, Any]]],
    ) -> dict[str, Any]:
        fact = facts[at]
        prompt, name = prompts[fact["prompt_id"]], fact["candidate_id"]
        more = {key: fact[key] for key in fact if key not in ("text", "completion")}
        return (
            texts(self._request.shaped, prompt, {"completion": fact["completion"]})
            | {"reference": prompt["reference"], "round": self._round}
            | {key: _finite(value) if isinstance(value, float) else value for key, value in more.items()}
            | {
                "scores": scores.get(place(fact["prompt_id"], fact["k"]), []),
                "reward": self._reward_of(low + at),
                "opinions": opinions.get(name, []),
                "answers": answered.get(name, []),
                "flagged": bool(fact["flagged"]),
            }
        )

    def _reward_of(self, row: int) -> float | None:
        return _finite(float(self._reward[row])) if self._target is not None else None


def _text(fact: dict[str, Any]) -> str:
    """The text of a candidate: the edited one if it was edited and is accepted."""
    edit = fact["edit"] if fact["accepted"] else None
    return str(fact["completion"] if edit is None else edit)


def _finite(value: float) -> float | None:
    """`value`, or None for NaN and infinity, which JSON does not have."""
    return value if math.isfinite(value) else None
