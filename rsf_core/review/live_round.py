"""A round kept up to date with what is drawn and decided, for all who review it: one shared index, which takes in what is new
instead of being read again, and the prompts as they are shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Scope
from rsf_core.review.candidates import Answer, ReviewPrompt, with_acts
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Guides, Opinions, Word
from rsf_core.review.round_table import RoundTable
from rsf_core.store.review_records import GoldMark
from rsf_core.store.round_log import VOTES, RoundLog
from rsf_core.store.store import Store

MANY = 1_000  # from this many candidates in one act on, everything is read again
Heard = tuple[list[Word], dict[str, str | None], tuple[Answer, ...]]
"""Everybody's decisions on a candidate, its annotations by kind, and the answers to questions about it."""
KEPT_CANDIDATES = 20_000  # of the prompts that are cached as they are shown, about 1 kB each


class LiveRound:
    def __init__(self, store: Store, round_number: int) -> None:
        self._store, self.round = store, round_number
        self._reading, self._making, self._lock = threading.Lock(), threading.Lock(), threading.Lock()
        self._index: ReviewIndex | None = None
        self._drawn: tuple[int, ...] | None = None  # the state of the database in which the candidates were read
        self._rule: object = None
        self._life: object = None  # of the log that the index has taken in
        self.gold: Mapping[int, GoldMark] = {}  # the gold items that the index knows of, by place
        self._spoken = self._annotated = 0  # how many rows of the log the index has taken in
        self._prompts: dict[int, ReviewPrompt] = {}
        self._kept = 0
        self._changed: dict[int, int] = {}  # prompt → the generation of the index with the newest act on it
        self._oldest = 0  # the generation since which `_changed` is complete

    @property
    def candidates(self) -> int:
        """How many candidates are in memory."""
        return 0 if self._index is None else len(self._index.table.places)

    def index(self) -> ReviewIndex:
        """The current index. A caller that comes while another one reads the candidates again gets the earlier ones."""
        drawn = self._store.drawn_version()
        if drawn != self._drawn and self._reading.acquire(blocking=self._index is None):
            try:
                if drawn != self._drawn:
                    self._read(drawn)
            finally:
                self._reading.release()
        log, gold = self._store.acts.logs.of(self.round), self._store.gold.of_round(self.round)
        with self._lock, log.lock:
            if gold is not self.gold:
                self.gold, self._life = gold, None
            log.refresh()
            return self._take_in(log)

    def _read(self, drawn: tuple[int, ...]) -> None:
        version = self._store.review_version(self.round)
        thresholds = self._store.thresholds(self.round)[:1]
        log_m = thresholds[0].log_m if thresholds else None
        scope = thresholds[0].scope if thresholds else Scope.GLOBAL
        if self._index is None or self._rule != (version, log_m, scope):
            same = self._index is not None and self._index.version == version
            table = self._index.table if same and self._index else RoundTable.read(self._store.review_table(self.round))
            none = np.zeros(0, np.int64)
            index = ReviewIndex(table, log_m, scope, Opinions.none(), none, {}, version)
            with self._lock:
                index.generation = self._index.generation + 1 if self._index else 0
                self._index, self._rule, self._life = index, (version, log_m, scope), None
        self._drawn = drawn

    def _take_in(self, log: RoundLog) -> ReviewIndex:
        """Take in what is new in the log. Both locks must be held."""
        index = self._index
        assert index is not None
        places = np.concatenate(
            [log.overrides["place"][self._spoken :], np.array(log.annotated[self._annotated :], np.int64)]
        )
        if log.life is not self._life or len(places) > MANY:
            index = copy(index)
            index.generation += 1
            index.read_acts(_opinions(log, self.gold), _flagged(log), lambda: self._tagged(log))
            self._prompts.clear()
            self._kept = 0
            self._changed.clear()
            self._oldest = index.generation
        elif len(places):
            decided = np.unique(log.overrides["place"][self._spoken :]).tolist()
            marked = dict.fromkeys(log.annotated[self._annotated :])
            flags = {where: log.notes.get(where, {}).get("flag") is not None for where in marked}
            words_at = {where: self._words(log, where) for where in decided}
            index = index.with_acts(words_at, flags, lambda: self._tagged(log), lambda: self._opinions(log))
            for where in np.unique(places).tolist():
                self._update_prompt(index, log, where)
        self._index, self._life = index, log.life
        self._spoken, self._annotated = len(log.overrides), len(log.annotated)
        return index

    def _update_prompt(self, index: ReviewIndex, log: RoundLog, where: int) -> None:
        """Update the cached prompt, if any, after an act on a candidate."""
        number, k = where >> K_BITS, where & ((1 << K_BITS) - 1)
        self._changed[number] = index.generation
        prompt, (row,) = self._prompts.get(number), index.table.row_of([where])
        if prompt is not None and row >= 0:
            heard = self._words(log, where), log.notes.get(where, {}), answers(log, where)
            shown = tuple(with_acts(c, bool(index.accepted[row]), *heard) if c.k == k else c for c in prompt.candidates)
            self._prompts[number] = replace(prompt, candidates=shown)

    def _opinions(self, log: RoundLog) -> Opinions:
        with log.lock:
            return _opinions(log, self.gold)

    def _words(self, log: RoundLog, where: int) -> list[Word]:
        """The decisions on a candidate; of a gold item its right decision alone, which settles it."""
        mark = self.gold.get(where)
        return words(log, where) if mark is None else [_word(mark)]

    def _tagged(self, log: RoundLog) -> dict[str, NDArray[np.int64]]:
        """The places with each tag."""
        tagged: dict[str, list[int]] = {}
        with log.lock:
            for where, notes in log.notes.items():
                for tag in (notes.get("tags") or "").split(","):
                    if tag:
                        tagged.setdefault(tag, []).append(where)
        return {tag: np.array(places, np.int64) for tag, places in tagged.items()}

    def heard(self, places: Sequence[int]) -> dict[int, Heard]:
        """The current decisions, annotations and answers on some candidates."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            log.refresh()
            return {
                where: (self._words(log, where), dict(log.notes.get(where, {})), answers(log, where))
                for where in places
            }

    def heard_so_far(self) -> tuple[Mapping[int, GoldMark], object, tuple[int, int]]:
        """The gold items that the index knows of, the life of the log that it has taken in, and how many of its rows."""
        with self._lock:
            return self.gold, self._life, (self._spoken, self._annotated)

    def places_with_acts(self, since: tuple[int, int], until: tuple[int, int]) -> list[int]:
        """The places with an act between two positions (see `heard_so_far`) in one life of the log."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            places = log.overrides["place"][since[0] : until[0]].tolist()
            return list(dict.fromkeys([*places, *log.annotated[since[1] : until[1]]]))

    def answered(self, places: Iterable[int]) -> dict[int, Heard]:
        """Reviewers' current decisions on some gold items, the annotations by kind, and answers to questions."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            log.refresh()
            return {where: (words(log, where), dict(log.notes.get(where, {})), answers(log, where)) for where in places}

    def guides(self, places: Iterable[int]) -> Guides:
        """The versions of the guide under which reviewers made their current decisions on some gold items."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            log.refresh()
            names, columns = list(log.reviewers), log.overrides
            return {
                (where, names[columns["reviewer"][row]]): int(columns["guide"][row])
                for where in places
                for row in log.words(where)
            }

    def prompts(
        self,
        prompt_ids: Sequence[int],
        make: Callable[[ReviewIndex, Sequence[int]], Sequence[ReviewPrompt]],
        ahead: Sequence[int] = (),
    ) -> tuple[ReviewPrompt, ...]:
        """The prompts as they are shown. Those not in the cache are made from the current index, and with them some of those
        `ahead`, which will be asked for next: one query takes as long for many as for one."""
        prompts = self._cached(prompt_ids)
        if len(prompts) < len(prompt_ids):
            with self._making:  # if many ask for the same, one makes them
                index, prompts = self.index(), self._cached(prompt_ids)
                missing = [number for number in prompt_ids if number not in prompts]
                missing += self._worth_making(ahead, prompt_ids) if missing else []
                for prompt in make(index, missing) if missing else ():
                    prompts[prompt.prompt_id] = prompt
                    with self._lock:
                        if self._changed.get(prompt.prompt_id, self._oldest) <= index.generation:
                            self._keep(prompt)
        return tuple(prompts[number] for number in prompt_ids if number in prompts)

    def _worth_making(self, ahead: Sequence[int], requested: Sequence[int]) -> list[int]:
        """The prompts ahead that are not in the cache, as many as leave room for those that are."""
        with self._lock:
            each = self._kept / len(self._prompts) if self._prompts else KEPT_CANDIDATES
            new = [number for number in ahead if number not in self._prompts and number not in requested]
        return new[: int(KEPT_CANDIDATES / 4 / max(each, 1))]

    def _cached(self, prompt_ids: Sequence[int]) -> dict[int, ReviewPrompt]:
        with self._lock:
            return {number: self._prompts[number] for number in prompt_ids if number in self._prompts}

    def _keep(self, prompt: ReviewPrompt) -> None:
        before = self._prompts.pop(prompt.prompt_id, None)
        self._kept += len(prompt.candidates) - (len(before.candidates) if before else 0)
        self._prompts[prompt.prompt_id] = prompt
        while self._kept > KEPT_CANDIDATES and len(self._prompts) > 1:
            oldest = self._prompts.pop(next(iter(self._prompts)))
            self._kept -= len(oldest.candidates)


def words(log: RoundLog, where: int) -> list[Word]:
    """All reviewers' current decisions on a candidate, the oldest first."""
    names, columns = list(log.reviewers), log.overrides
    newest = (
        Word(names[columns["reviewer"][row]], int(columns["vote"][row]), bool(columns["final"][row]))
        for row in log.words(where)
    )
    return [word for word in newest if word.vote]


def answers(log: RoundLog, where: int) -> tuple[Answer, ...]:
    """All reviewers' current answers for a candidate."""
    held = log.answers.get(where, {}).items()
    return tuple(Answer(reviewer, question, version, value) for (reviewer, question), (version, value) in held)


def _opinions(log: RoundLog, gold: Mapping[int, GoldMark]) -> Opinions:
    rows = log.standing()
    rows = rows[log.overrides["vote"][rows] != 0]
    names = np.array([*log.reviewers, ""])
    columns = log.overrides
    opinions = Opinions(
        columns["place"][rows],
        names[columns["reviewer"][rows]],
        columns["vote"][rows].astype(np.int64),
        columns["final"][rows],
        columns["guide"][rows].astype(np.int64),
    )
    if not gold:
        return opinions
    return opinions.but_for(
        {where: [_word(mark)] for where, mark in gold.items()},
        {(where, mark.author): mark.guide for where, mark in gold.items()},
    )


def _word(mark: GoldMark) -> Word:
    return Word(mark.author, VOTES[mark.action], True)


def _flagged(log: RoundLog) -> NDArray[np.int64]:
    return np.array([where for where, notes in log.notes.items() if notes.get("flag") is not None], np.int64)
