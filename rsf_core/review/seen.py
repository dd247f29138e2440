"""A round as one reviewer sees it: gold items look like any candidate, whatever others have answered to them. Who marked an
item sees its decision as the word that settles it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import place
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt, said_of
from rsf_core.review.gold_mix import as_seen
from rsf_core.review.index import ReviewIndex, Spots, summed_up
from rsf_core.review.live_round import Heard, LiveRound
from rsf_core.review.opinions import Word

MOST_REVIEWERS = 64  # of a round whose look is kept, about 200 bytes a gold item
MOST_LOOKS = 4  # whose whole round is kept, about 10 bytes a candidate


@dataclass(frozen=True, slots=True)
class Seen:
    """`whole` is the round as it stood, `index` as the reviewer is told of it: the same candidates, in the same rows. `words`
    has what the reviewer is told of each gold item, by place, `heard` all that is said of it; `rows` are those of the items in
    the table."""

    reviewer: str
    whole: ReviewIndex
    index: ReviewIndex
    words: Mapping[int, Sequence[Word]]
    heard: Mapping[int, Heard]
    rows: NDArray[np.int64]

    def show(self, prompts: Iterable[ReviewPrompt]) -> tuple[ReviewPrompt, ...]:
        """Prompts as the reviewer sees them; those without a gold item are the same."""
        return tuple(self._shown(prompt) if self._asks(prompt) else prompt for prompt in prompts)

    def _asks(self, prompt: ReviewPrompt) -> bool:
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
        return said_of(candidate, bool(self.index.accepted[row]), words, notes, shown)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a reviewer was told of the gold items when they looked last: `state` are the marks, the life of the log and the
    table that it is of, `heard_until` how much of the log was heard. `at` has where in `spots` each place is."""

    state: tuple[object, ...]
    overlap: int
    heard_until: tuple[int, int]
    at: Mapping[int, int]
    words: Mapping[int, Sequence[Word]]
    heard: Mapping[int, Heard]
    spots: Spots


class GoldSeen:
    """The gold items of a round as each of those sees them who looked last: only what was said since is told again, so that
    looking costs the same however many there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}
        self._looks: dict[str, tuple[_Told, Seen]] = {}

    def by(self, live: LiveRound, reviewer: str, overlap: int) -> Seen:
        """The round as it stands now. A candidate wants `overlap` opinions."""
        index = live.index()
        gold, life, heard_until = live.heard_so_far()
        if not gold:
            return Seen(reviewer, index, index, {}, {}, np.zeros(0, np.int64))
        state = (gold, life, index.table)
        with self._lock:
            account = self._told.pop(reviewer, None)
        same = account is not None and all(was is now for was, now in zip(account.state, state, strict=True))
        if account is None or not same or account.overlap != overlap:
            account = _told(live, index, reviewer, state, overlap, heard_until)
        elif account.heard_until != heard_until:
            account = _told_more(live, reviewer, account, heard_until)
        with self._lock:
            self._told[reviewer] = account  # the one who looked last stands last
            while len(self._told) > MOST_REVIEWERS:
                del self._told[next(iter(self._told))]
        if not account.words:
            return Seen(reviewer, index, index, {}, {}, np.zeros(0, np.int64))
        with self._lock:
            look = self._looks.pop(reviewer, None)
        if look is None or look[0] is not account or look[1].whole is not index:
            rows, words = account.spots.rows[account.spots.rows >= 0], account.words
            seen = index.as_told(words, account.spots, reviewer, lambda: live.guides(words))
            look = account, Seen(reviewer, index, seen, words, account.heard, rows)
        with self._lock:
            self._looks[reviewer] = look  # who asks several things in a row copies no round for each
            while len(self._looks) > MOST_LOOKS:
                del self._looks[next(iter(self._looks))]
        return look[1]


def _told(
    live: LiveRound,
    index: ReviewIndex,
    reviewer: str,
    state: tuple[object, ...],
    overlap: int,
    heard_until: tuple[int, int],
) -> _Told:
    heard = live.answered([where for where, mark in live.gold.items() if mark.author != reviewer])
    words = as_seen({where: spoken for where, (spoken, *_) in heard.items()}, reviewer, overlap)
    columns = [(*summed_up(spoken), _speaks(reviewer, spoken)) for spoken in words.values()]
    voices, settled, split, votes, mine = zip(*columns, strict=True) if columns else ([], [], [], [], [])
    spots = Spots(
        np.array(index.table.row_of(list(words)), np.int64),
        np.array(voices, np.int32),
        np.array(settled, np.bool_),
        np.array(split, np.bool_),
        np.array(votes, np.int8),
        np.array(mine, np.bool_),
    )
    return _Told(state, overlap, heard_until, {where: row for row, where in enumerate(words)}, words, heard, spots)


def _told_more(live: LiveRound, reviewer: str, account: _Told, heard_until: tuple[int, int]) -> _Told:
    """With what was said since."""
    again = [where for where in live.spoken_of(account.heard_until, heard_until) if where in account.at]
    if not again:
        return replace(account, heard_until=heard_until)
    heard = live.answered(again)
    words = as_seen({where: spoken for where, (spoken, *_) in heard.items()}, reviewer, account.overlap)
    spots = Spots(*(getattr(account.spots, name).copy() for name in Spots.__slots__))
    for where, spoken in words.items():
        row = account.at[where]
        spots.voices[row], spots.settled[row], spots.split[row], spots.votes[row] = summed_up(spoken)
        spots.mine[row] = _speaks(reviewer, spoken)
    return replace(
        account,
        heard_until=heard_until,
        words={**account.words, **words},
        heard={**account.heard, **heard},
        spots=spots,
    )


def _speaks(reviewer: str, words: Sequence[Word]) -> bool:
    return any(word.reviewer == reviewer for word in words)
