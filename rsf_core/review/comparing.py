"""Comparing two candidates of a prompt side by side: the queue of pairs, the verdicts, and the win rates."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsf_core.domain import ActOutcome, Choice, Verdict, candidate_id
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.settings import Settings
from rsf_core.review import walking
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt
from rsf_core.review.pair_words import pair_words
from rsf_core.review.pairs import alike, walk
from rsf_core.review.queue import Reviews
from rsf_core.review.walking import Ended, Way, Ways, long
from rsf_core.review.win_rates import WinRates, win_rates
from rsf_core.sampling.streams import child_seed
from rsf_core.store.comparison_log import ComparisonLog, Pair, pair_of
from rsf_core.store.store import Store

MOST_READ = 500  # pairs whose texts are read for one answer: most of them near-duplicates, and somebody waits


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair to compare: two candidates of a prompt."""

    prompt: ReviewPrompt
    left: ReviewCandidate
    right: ReviewCandidate


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Pairs to compare. `last`: the position after which the next ones follow; `ended`: there are no more for now."""

    pairs: list[Compared]
    last: int | None
    ended: bool


class Comparing:
    def __init__(self, store: Store, settings: Callable[[], Settings], review: Reviews) -> None:
        self._store, self._settings, self._review = store, settings, review
        self._ways = Ways()
        self.ended = Ended(review)

    def upcoming(
        self, round_number: int, reviewer: Actor, count: int, again: bool = False, after: int | None = None
    ) -> Upcoming:
        """The next pairs for this reviewer, `count` at most: those that they have neither compared nor ranked, that still want
        an opinion (as a candidate does: `review.overlap`), and whose texts differ. Truncated candidates are left out. With
        `again` the pairs that they have compared, the one compared longest ago first. `after`: the `last` of an earlier
        answer."""
        if again:
            log = self._store.comparisons.log(round_number)
            with log.lock:
                log.refresh()
                earliest = log.longest_ago(reviewer.name, after or 0, count)
            shown: list[Compared] = []
            while len(shown) < len(earliest) and not _long(shown):
                shown.append(self._shown(round_number, *earliest[len(shown)][0]))
            last = earliest[len(shown) - 1][2] if shown else after
            return Upcoming(shown, last, len(earliest) < count and len(shown) == len(earliest))
        return self._unseen(round_number, reviewer.name, count, after)

    def count(self, round_number: int, reviewer: Actor) -> int:
        """How many pairs of the round the reviewer has compared."""
        return self._ask_log(round_number, lambda log: log.count(reviewer.name))

    def undoable(self, round_number: int, reviewer: Actor) -> int:
        """How many comparisons of the round the reviewer can take back, one after the other."""
        return self._ask_log(round_number, lambda log: log.undoable(reviewer.name))

    def shown(self, round_number: int, pairs: Sequence[tuple[str, ...]]) -> list[Compared]:
        """These pairs with their texts."""
        return [self._shown(round_number, left, right) for left, right in pairs]

    @requires_actor
    def say_all(self, choices: Sequence[Choice], round_number: int, reviewer: Actor = LOCAL) -> list[ActOutcome]:
        """Save a reviewer's comparisons, in order; see Comparisons.say_all."""
        return self._store.comparisons.say_all(choices, round_number, reviewer.name)

    @requires_actor
    def say(
        self,
        round_number: int,
        left_id: str,
        right_id: str,
        verdict: Verdict,
        reviewer: Actor = LOCAL,
        act: str | None = None,
    ) -> bool:
        """Save which is better. Returns False if `act` was saved before: then nothing changes. Raises StageError for two that
        are not candidates of one prompt of the round."""
        named = act or uuid.uuid4().hex
        return self._store.comparisons.say(named, round_number, left_id, right_id, verdict, reviewer.name)

    @requires_actor
    def undo(self, round_number: int, reviewer: Actor = LOCAL, act: str | None = None) -> tuple[str, str] | None:
        """Take back this reviewer's last comparison. Returns the pair. Raises StageError if there is none."""
        return self._store.comparisons.undo(act or uuid.uuid4().hex, round_number, reviewer.name)

    def win_rates(self, round_number: int) -> WinRates:
        """The win rates of the rule, of each scorer and of each candidate, from the comparisons and rankings of a round."""
        index = self._review.index(round_number)
        scores = {
            name: self._store.score_column(round_number, name, everywhere=True)
            for name in self._store.scorers(round_number)
        }
        words = pair_words(self._store.comparisons.standing(round_number), self._store.rankings.standing(round_number))
        return win_rates(words, index, scores)

    # ------------------------------------------------------------------------------------------------------------------

    def _ask_log(self, round_number: int, ask: Callable[[ComparisonLog], int]) -> int:
        log = self._store.comparisons.log(round_number)
        with log.lock:
            log.refresh()
            return ask(log)

    def _unseen(self, round_number: int, reviewer: str, count: int, after: int | None) -> Upcoming:
        groups, key = self.ended.by_prompt(round_number)
        overlap, way = self._settings().review.overlap, self._way(round_number, reviewer, key)
        seed = child_seed(self._settings().seed, f"pairs of round {round_number}")
        start = way.position if after is None else max(after, way.position)
        passed = start == way.position  # nothing is left to compare before here
        pairs: list[Compared] = []
        read, characters, position = 0, 0, start - 1
        for position, row, a, b in walk([(number, len(ks)) for number, ks in groups], seed, start):
            if len(pairs) == count or read == MOST_READ or characters > walking.MOST_CHARACTERS:
                return Upcoming(pairs, position, False)
            prompt_id, ks = groups[row]
            left, right = (candidate_id(round_number, prompt_id, int(ks[at])) for at in (a, b))
            judged_by = self._reviewers_of(round_number, prompt_id, pair_of(left, right))
            if reviewer not in judged_by and len(judged_by) < overlap:
                pair, read = self._shown(round_number, left, right), read + 1
                characters += len(pair.left.completion) + len(pair.right.completion)
                if not alike(pair.left.completion, pair.right.completion):
                    pairs.append(pair)
                    passed = False
            if passed:
                way.position = position + 1
        return Upcoming(pairs, position + 1, True)

    def _way(self, round_number: int, reviewer: str, key: object) -> Way:
        """How far a reviewer has come. Takes in all that is committed first."""
        undone = []
        for log in (self._store.comparisons.log(round_number), self._store.rankings.log(round_number)):
            with log.lock:
                log.refresh()
                undone.append(log.undone)
        return self._ways.of(round_number, reviewer, (key, self._settings().review.overlap, *undone))

    def _reviewers_of(self, round_number: int, prompt_id: int, pair: Pair) -> set[str]:
        """Who has compared the two of a pair, or ranked them among others."""
        compared, ranked = self._store.comparisons.log(round_number), self._store.rankings.log(round_number)
        with compared.lock:
            reviewers = {word.reviewer for word in compared.of(pair)}
        with ranked.lock:
            return reviewers | {word.reviewer for word in ranked.of(prompt_id) if set(pair) <= set(word.candidates)}

    def _shown(self, round_number: int, left: str, right: str) -> Compared:
        (prompt,) = self._review.candidates(round_number, [left])
        by_name = {candidate.candidate_id: candidate for candidate in prompt.candidates}
        return Compared(prompt, by_name[left], by_name[right])


def _long(pairs: Sequence[Compared]) -> bool:
    """Whether their texts are enough for one answer."""
    return long(one for pair in pairs for one in (pair.left, pair.right))
