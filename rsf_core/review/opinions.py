"""Reviewers' decisions on the candidates of a round: one of them (a word), and everybody's as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import place
from rsf_core.domain.arrays import Bools, Ints


@dataclass(frozen=True, slots=True)
class Word:
    """A reviewer's decision on a candidate: +1 accept or −1 reject, and whether it is final."""

    reviewer: str
    vote: int
    final: bool


Guides = Mapping[tuple[int, str], int]
"""By place and reviewer: the version of the guide that the decision was made under."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """Reviewers' current decisions, one row each: place, reviewer, +1 accept or −1 reject, whether it is final, and the
    version of the guide it was made under, 0 if there was none."""

    places: Ints
    reviewers: NDArray[np.str_]
    votes: Ints
    final: Bools
    guides: Ints

    @classmethod
    def read(cls, rows: pa.Table) -> Opinions:
        """From the rows of Store.opinions, oldest first."""
        return cls(
            place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)),
            rows["reviewer"].to_numpy(zero_copy_only=False).astype(str),
            np.where(np.array(rows["action"].to_pylist(), dtype=object) == "accept", 1, -1).astype(np.int64),
            np.array(rows["final"].to_pylist(), dtype=bool),
            rows["guide"].to_numpy().astype(np.int64),
        )

    @classmethod
    def none(cls) -> Opinions:
        none = np.zeros(0, np.int64)
        return cls(none, np.zeros(0, str), none, np.zeros(0, bool), none)

    def but_for(self, words: Mapping[int, Sequence[Word]], guides: Guides) -> Opinions:
        """These opinions, with those on some places replaced by `words`, made under the versions in `guides`."""
        left = self.where(~np.isin(self.places, list(words)))
        new = [(where, word) for where, decisions in words.items() for word in decisions]
        return Opinions(
            np.append(left.places, [where for where, _ in new]).astype(np.int64),
            np.array([*left.reviewers.tolist(), *(word.reviewer for _, word in new)], str),
            np.append(left.votes, [word.vote for _, word in new]).astype(np.int64),
            np.append(left.final, [word.final for _, word in new]).astype(bool),
            np.append(left.guides, [guides.get((where, word.reviewer), 0) for where, word in new]).astype(np.int64),
        )

    def independent(self, before: Opinions) -> Opinions:
        """Each reviewer's independent decisions. Whoever settles a disagreement has read both sides, so their final decision
        is replaced by the one that they had made `before`, if any."""
        settled = set(zip(self.places[self.final].tolist(), self.reviewers[self.final].tolist(), strict=True))
        words_before = zip(before.places.tolist(), before.reviewers.tolist(), strict=True)
        rows = before.where(np.array([word in settled for word in words_before], bool))
        own = self.where(~self.final)
        return Opinions(*(np.append(getattr(own, field.name), getattr(rows, field.name)) for field in fields(Opinions)))

    def where(self, keep: Bools) -> Opinions:
        """The rows of the mask `keep`."""
        return Opinions(self.places[keep], self.reviewers[keep], self.votes[keep], self.final[keep], self.guides[keep])
