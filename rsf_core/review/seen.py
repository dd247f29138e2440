"""A round as one reviewer sees it: gold items look like any candidate, whatever other reviewers have answered. The person who
marked an item sees its right decision as the one that settles it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import place
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt, with_acts
from rsf_core.review.gold_mix import as_seen
from rsf_core.review.index import ReviewIndex, Spots, summed_up
from rsf_core.review.live_round import Heard, LiveRound
from rsf_core.review.opinions import Word

MOST_REVIEWERS = 64  # of a round whose view of the gold items is kept, about 200 bytes an item
MOST_LOOKS = 4  # reviewers whose whole round is kept, about 10 bytes a candidate


@dataclass(frozen=True, slots=True)
class Seen:
    """`whole` is the true index of the round, `index` the one that the reviewer sees: the same candidates, in the same rows.
    `words` has the decisions on each gold item that the reviewer sees, by place, `heard` all of them; `rows` are the rows of
    the items in the table."""

    reviewer: str
    whole: ReviewIndex
    index: ReviewIndex
    words: Mapping[int, Sequence[Word]]
    heard: Mapping[int, Heard]
    rows: NDArray[np.int64]

    def show(self, prompts: Iterable[ReviewPrompt]) -> tuple[ReviewPrompt, ...]:
        """Prompts as the reviewer sees them; those without a gold item are the same."""
        return tuple(self._shown(prompt) if self._has_gold(prompt) else prompt for prompt in prompts)

    def _has_gold(self, prompt: ReviewPrompt) -> bool:
        return any(place(candidate.prompt_id, candidate.k) in self.words for candidate in prompt.candidates)

    def _shown(self, prompt: ReviewPrompt) -> ReviewPrompt:
        return replace(prompt, candidates=tuple(map(self._candidate, prompt.candidates)))

    def _candidate(self, candidate: ReviewCandidate) -> ReviewCandidate:
        where = place(candidate.prompt_id, candidate.k)
        row = self.index.table.row_of([where])[0] if where in self.words else -1
        if row < 0:
            return candidate
        words, (_, notes, answers) = self.words[where], self.heard[where]
        speak = {self.reviewer, *(word.reviewer for word in words)}
        shown = tuple(answer for answer in answers if answer.reviewer in speak)
        return with_acts(candidate, bool(self.index.accepted[row]), words, notes, shown)


@dataclass(frozen=True, slots=True)
class _Account:
    """What a reviewer saw of the gold items when they looked last: `state` are the marks, the life of the log and the table
    that it belongs to, `heard_until` how much of the log was taken in. `at` gives the row in `spots` of each place."""

    state: tuple[object, ...]
    overlap: int
    heard_until: tuple[int, int]
    at: Mapping[int, int]
    words: Mapping[int, Sequence[Word]]
    heard: Mapping[int, Heard]
    spots: Spots


class GoldSeen:
    """The gold items of a round as each of the last reviewers sees them: only the acts since then are taken in, so that
    looking costs the same however many items there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}
        self._looks: dict[str, tuple[_Account, Seen]] = {}

    def by(self, live: LiveRound, reviewer: str, overlap: int) -> Seen:
        """The current round as the reviewer sees it. A candidate needs `overlap` opinions."""
        index = live.index()
        gold, life, heard_until = live.heard_so_far()
        if not gold:
            return Seen(reviewer, index, index, {}, {}, np.zeros(0, np.int64))
        state = (gold, life, index.table)
        with self._lock:
            account = self._accounts.pop(reviewer, None)
        same = account is not None and all(was is now for was, now in zip(account.state, state, strict=True))
        if account is None or not same or account.overlap != overlap:
            account = _account(live, index, reviewer, state, overlap, heard_until)
        elif account.heard_until != heard_until:
            account = _updated(live, reviewer, account, heard_until)
        with self._lock:
            self._accounts[reviewer] = account  # the one who looked last comes last
            while len(self._accounts) > MOST_REVIEWERS:
                del self._accounts[next(iter(self._accounts))]
        if not account.words:
            return Seen(reviewer, index, index, {}, {}, np.zeros(0, np.int64))
        with self._lock:
            look = self._looks.pop(reviewer, None)
        if look is None or look[0] is not account or look[1].whole is not index:
            rows, words = account.spots.rows[account.spots.rows >= 0], account.words
            seen = index.as_seen_by(words, account.spots, reviewer, lambda: live.guides(words))
            look = account, Seen(reviewer, index, seen, words, account.heard, rows)
        with self._lock:
            self._looks[reviewer] = look  # several questions in a row copy the round once
            while len(self._looks) > MOST_LOOKS:
                del self._looks[next(iter(self._looks))]
        return look[1]


def _account(
    live: LiveRound,
    index: ReviewIndex,
    reviewer: str,
    state: tuple[object, ...],
    overlap: int,
    heard_until: tuple[int, int],
) -> _Account:
    heard = live.answered([where for where, mark in live.gold.items() if mark.author != reviewer])
    words = as_seen({where: decisions for where, (decisions, *_) in heard.items()}, reviewer, overlap)
    columns = [(*summed_up(decisions), _decided(reviewer, decisions)) for decisions in words.values()]
    voices, settled, split, votes, mine = zip(*columns, strict=True) if columns else ([], [], [], [], [])
    spots = Spots(
        np.array(index.table.row_of(list(words)), np.int64),
        np.array(voices, np.int32),
        np.array(settled, np.bool_),
        np.array(split, np.bool_),
        np.array(votes, np.int8),
        np.array(mine, np.bool_),
    )
    return _Account(state, overlap, heard_until, {where: row for row, where in enumerate(words)}, words, heard, spots)


def _updated(live: LiveRound, reviewer: str, account: _Account, heard_until: tuple[int, int]) -> _Account:
    """The account with the acts since."""
    again = [where for where in live.places_with_acts(account.heard_until, heard_until) if where in account.at]
    if not again:
        return replace(account, heard_until=heard_until)
    heard = live.answered(again)
    words = as_seen({where: decisions for where, (decisions, *_) in heard.items()}, reviewer, account.overlap)
    spots = Spots(*(getattr(account.spots, name).copy() for name in Spots.__slots__))
    for where, decisions in words.items():
        row = account.at[where]
        spots.voices[row], spots.settled[row], spots.split[row], spots.votes[row] = summed_up(decisions)
        spots.mine[row] = _decided(reviewer, decisions)
    return replace(
        account,
        heard_until=heard_until,
        words={**account.words, **words},
        heard={**account.heard, **heard},
        spots=spots,
    )


def _decided(reviewer: str, words: Sequence[Word]) -> bool:
    return any(word.reviewer == reviewer for word in words)
