"""A round kept up with what is drawn, decided and said, for all who review it: one index for all of them, which learns what
is new instead of being read again, and the prompts as they are shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Scope
from rsf_core.review.candidates import Answer, ReviewPrompt, said_of
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Guides, Opinions, Word
from rsf_core.review.round_table import RoundTable
from rsf_core.store.review_records import GoldMark
from rsf_core.store.round_log import VOTES, RoundLog
from rsf_core.store.store import Store

MANY = 1_000  # from this many candidates in one act on, everything is read again
Heard = tuple[list[Word], dict[str, str | None], tuple[Answer, ...]]
"""What everybody says of a candidate, its annotations by kind, and the answers to questions about it."""
KEPT_CANDIDATES = 20_000  # of the prompts that are kept as they are shown, about 1 kB each


class LiveRound:
    def __init__(self, store: Store, round_number: int) -> None:
        self._store, self.round = store, round_number
        self._reading, self._making, self._lock = threading.Lock(), threading.Lock(), threading.Lock()
        self._index: ReviewIndex | None = None
        self._drawn: tuple[int, ...] | None = None  # the state of the database in which the candidates were read
        self._rule: object = None
        self._life: object = None  # of the log that the index has heard
        self.gold: Mapping[int, GoldMark] = {}  # the gold items that it knows of, by place
        self._spoken = self._annotated = 0  # how much of the log it has heard
        self._prompts: dict[int, ReviewPrompt] = {}
        self._kept = 0
        self._changed: dict[
            int, int
        ] = {}  # prompt → the generation of the index in which something of it was said last
        self._oldest = 0  # the generation since when that is known

    @property
    def candidates(self) -> int:
        """How many it has in memory."""
        return 0 if self._index is None else len(self._index.table.places)

    def index(self) -> ReviewIndex:
        """The round as it is now. A reader that comes while another one reads the candidates again uses the earlier ones."""
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
            return self._hear(log)

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

    def _hear(self, log: RoundLog) -> ReviewIndex:
        """Take in what the log has and the index has not; while both are locked."""
        index = self._index
        assert index is not None
        places = np.concatenate(
            [log.overrides["place"][self._spoken :], np.array(log.annotated[self._annotated :], np.int64)]
        )
        if log.life is not self._life or len(places) > MANY:
            index = copy(index)
            index.generation += 1
            index.hear(_opinions(log, self.gold), _flagged(log), lambda: self._tagged(log))
            self._prompts.clear()
            self._kept = 0
            self._changed.clear()
            self._oldest = index.generation
        elif len(places):
            spoken = np.unique(log.overrides["place"][self._spoken :]).tolist()
            marked = dict.fromkeys(log.annotated[self._annotated :])
            flags = {where: log.notes.get(where, {}).get("flag") is not None for where in marked}
            words_at = {where: self._words(log, where) for where in spoken}
            index = index.told(words_at, flags, lambda: self._tagged(log), lambda: self._opinions(log))
            for where in np.unique(places).tolist():
                self._retell(index, log, where)
        self._index, self._life = index, log.life
        self._spoken, self._annotated = len(log.overrides), len(log.annotated)
        return index

    def _retell(self, index: ReviewIndex, log: RoundLog, where: int) -> None:
        """Something was said of a candidate: show it so, where its prompt is kept."""
        number, k = where >> K_BITS, where & ((1 << K_BITS) - 1)
        self._changed[number] = index.generation
        prompt, (row,) = self._prompts.get(number), index.table.row_of([where])
        if prompt is not None and row >= 0:
            heard = self._words(log, where), log.notes.get(where, {}), answers(log, where)
            shown = tuple(said_of(c, bool(index.accepted[row]), *heard) if c.k == k else c for c in prompt.candidates)
            self._prompts[number] = replace(prompt, candidates=shown)

    def _opinions(self, log: RoundLog) -> Opinions:
        with log.lock:
            return _opinions(log, self.gold)

    def _words(self, log: RoundLog, where: int) -> list[Word]:
        """What is said of a candidate: of a gold item its decision, which settles it."""
        mark = self.gold.get(where)
        return words(log, where) if mark is None else [_word(mark)]

    def _tagged(self, log: RoundLog) -> dict[str, NDArray[np.int64]]:
        """Where each tag is."""
        tagged: dict[str, list[int]] = {}
        with log.lock:
            for where, notes in log.notes.items():
                for tag in (notes.get("tags") or "").split(","):
                    if tag:
                        tagged.setdefault(tag, []).append(where)
        return {tag: np.array(places, np.int64) for tag, places in tagged.items()}

    def heard(self, places: Sequence[int]) -> dict[int, Heard]:
        """What is said of some candidates now."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            log.refresh()
            return {
                where: (self._words(log, where), dict(log.notes.get(where, {})), answers(log, where))
                for where in places
            }

    def heard_so_far(self) -> tuple[Mapping[int, GoldMark], object, tuple[int, int]]:
        """The gold items that the index knows of, the life of the log that it has heard, and how much of that."""
        with self._lock:
            return self.gold, self._life, (self._spoken, self._annotated)

    def spoken_of(self, since: tuple[int, int], until: tuple[int, int]) -> list[int]:
        """The places of which something was said between two such moments of one life of the log."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            places = log.overrides["place"][since[0] : until[0]].tolist()
            return list(dict.fromkeys([*places, *log.annotated[since[1] : until[1]]]))

    def answered(self, places: Iterable[int]) -> dict[int, Heard]:
        """What reviewers say of some gold items now, their annotations by kind, and answers to questions."""
        log = self._store.acts.logs.of(self.round)
        with log.lock:
            log.refresh()
            return {where: (words(log, where), dict(log.notes.get(where, {})), answers(log, where)) for where in places}

    def guides(self, places: Iterable[int]) -> Guides:
        """By which version of the guide reviewers said what they say of some gold items now."""
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
        """The prompts as they are shown; those that are not kept are made of the index as it then stands, and with them some
        of those `ahead`, which will be asked for next: one look into the database takes as long for many as for one."""
        prompts = self._found(prompt_ids)
        if len(prompts) < len(prompt_ids):
            with self._making:  # where many ask for the same, one makes them
                index, prompts = self.index(), self._found(prompt_ids)
                missing = [number for number in prompt_ids if number not in prompts]
                missing += self._worth_making(ahead, prompt_ids) if missing else []
                for prompt in make(index, missing) if missing else ():
                    prompts[prompt.prompt_id] = prompt
                    with self._lock:
                        if self._changed.get(prompt.prompt_id, self._oldest) <= index.generation:
                            self._keep(prompt)
        return tuple(prompts[number] for number in prompt_ids if number in prompts)

    def _worth_making(self, ahead: Sequence[int], requested: Sequence[int]) -> list[int]:
        """Those ahead that are not kept, as far as they leave room for what is kept."""
        with self._lock:
            each = self._kept / len(self._prompts) if self._prompts else KEPT_CANDIDATES
            new = [number for number in ahead if number not in self._prompts and number not in requested]
        return new[: int(KEPT_CANDIDATES / 4 / max(each, 1))]

    def _found(self, prompt_ids: Sequence[int]) -> dict[int, ReviewPrompt]:
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
    """What all reviewers say of a candidate now, the oldest first."""
    names, columns = list(log.reviewers), log.overrides
    spoken = (
        Word(names[columns["reviewer"][row]], int(columns["vote"][row]), bool(columns["final"][row]))
        for row in log.words(where)
    )
    return [word for word in spoken if word.vote]


def answers(log: RoundLog, where: int) -> tuple[Answer, ...]:
    """What all reviewers answer of a candidate now."""
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
