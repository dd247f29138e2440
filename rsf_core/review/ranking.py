"""Some candidates of a prompt, to be ranked: the best first, with ties."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import MOST_RANKED, ActOutcome, Choice, candidate_id, parse_candidate_id
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.settings import Settings
from rsf_core.review import walking
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt
from rsf_core.review.pairs import Unlike, prompt_order
from rsf_core.review.queue import Reviews
from rsf_core.review.walking import Ended, Ways, long
from rsf_core.sampling.streams import child_seed
from rsf_core.store.comparison_log import RankingLog
from rsf_core.store.store import Store

MOST_READ = 100  # prompts whose texts are read for one answer: somebody waits
LOOKED_AT = 32  # candidates of a prompt among which those to rank are chosen


@dataclass(frozen=True, slots=True)
class ToRank:
    """A prompt with 2 to 8 of its candidates, in the order in which they are shown."""

    prompt: ReviewPrompt
    candidates: tuple[ReviewCandidate, ...]


@dataclass(frozen=True, slots=True)
class UpcomingRankings:
    """Prompts to rank. `last`: the position after which the next ones follow; `ended`: there are no more for now."""

    prompts: list[ToRank]
    last: int | None
    ended: bool


class Ranking:
    """Rankings of the candidates in `ended`."""

    def __init__(self, store: Store, settings: Callable[[], Settings], review: Reviews, ended: Ended) -> None:
        self._store, self._settings, self._review, self._ended = store, settings, review, ended
        self._ways = Ways()

    def upcoming(
        self, round_number: int, reviewer: Actor, count: int, again: bool = False, after: int | None = None
    ) -> UpcomingRankings:
        """The next prompts for this reviewer, `count` at most: those that they have not ranked and that still want an opinion
        (as a candidate does: `review.overlap`), in a random order, the same to everybody. Of each as many of its candidates,
        drawn at random, as a ranking has; near-duplicates are shown once and truncated candidates are left out, and a prompt
        without two that differ is skipped. With `again` the prompts that they have ranked, the one ranked longest ago first,
        with the candidates that were ranked. `after`: the `last` of an earlier answer."""
        if again:
            return self._again(round_number, reviewer.name, count, after)
        return self._unseen(round_number, reviewer.name, count, after)

    def count(self, round_number: int, reviewer: Actor) -> int:
        """How many prompts of the round the reviewer has ranked."""
        return self._ask_log(round_number, lambda log: log.count(reviewer.name))

    def undoable(self, round_number: int, reviewer: Actor) -> int:
        """How many rankings of the round the reviewer can take back, one after the other."""
        return self._ask_log(round_number, lambda log: log.undoable(reviewer.name))

    def shown(self, round_number: int, sets: Sequence[tuple[str, ...]]) -> list[ToRank]:
        """These candidates, each set of one prompt, with their texts and in a random order."""
        return [self._shown(round_number, self._shuffled(round_number, names)) for names in sets]

    @requires_actor
    def say_all(self, choices: Sequence[Choice], round_number: int, reviewer: Actor = LOCAL) -> list[ActOutcome]:
        """Save a reviewer's rankings, in order; see the store's Choices.say_all."""
        return self._store.rankings.say_all(choices, round_number, reviewer.name)

    @requires_actor
    def say(
        self, round_number: int, best_first: Sequence[Sequence[str]], reviewer: Actor = LOCAL, act: str | None = None
    ) -> bool:
        """Rank candidates of a prompt, given as groups of equally good ones, the best first. Returns False if `act` was saved
        before: then nothing changes. Raises StageError unless they are 2 to 8 candidates of one prompt of the round."""
        names = tuple(name for group in best_first for name in group)
        places = tuple(at for at, group in enumerate(best_first, 1) for _ in group)
        return self._store.rankings.say(act or uuid.uuid4().hex, round_number, names, places, reviewer.name)

    @requires_actor
    def undo(self, round_number: int, reviewer: Actor = LOCAL, act: str | None = None) -> tuple[str, ...] | None:
        """Take back this reviewer's last ranking. Returns its candidates. Raises StageError if there is none."""
        return self._store.rankings.undo(act or uuid.uuid4().hex, round_number, reviewer.name)

    # ------------------------------------------------------------------------------------------------------------------

    def _ask_log(self, round_number: int, ask: Callable[[RankingLog], int]) -> int:
        log = self._store.rankings.log(round_number)
        with log.lock:
            log.refresh()
            return ask(log)

    def _again(self, round_number: int, reviewer: str, count: int, after: int | None) -> UpcomingRankings:
        log = self._store.rankings.log(round_number)
        with log.lock:
            log.refresh()
            earliest = log.longest_ago(reviewer, after or 0, count)
        shown: list[ToRank] = []
        while len(shown) < len(earliest) and not _long(shown):
            shown += self.shown(round_number, [earliest[len(shown)][1].candidates])
        last = earliest[len(shown) - 1][2] if shown else after
        return UpcomingRankings(shown, last, len(earliest) < count and len(shown) == len(earliest))

    def _unseen(self, round_number: int, reviewer: str, count: int, after: int | None) -> UpcomingRankings:
        groups, key = self._ended.by_prompt(round_number)
        overlap, log = self._settings().review.overlap, self._store.rankings.log(round_number)
        with log.lock:
            log.refresh()
            way = self._ways.of(round_number, reviewer, (key, overlap, log.undone))
        order = prompt_order(len(groups), child_seed(self._settings().seed, f"rankings of round {round_number}"))
        start = way.position if after is None else max(after, way.position)
        passed = start == way.position  # nothing is left to rank before here
        prompts: list[ToRank] = []
        read = characters = 0
        for position in range(start, len(order)):
            if len(prompts) == count or read == MOST_READ or characters > walking.MOST_CHARACTERS:
                return UpcomingRankings(prompts, position, False)
            prompt_id, ks = groups[order[position]]
            with log.lock:
                open_ = not log.has(reviewer, prompt_id) and log.voices(prompt_id) < overlap
            if open_ and len(ks) > 1:
                prompt, length = self._drawn(round_number, prompt_id, ks)
                read, characters = read + 1, characters + length
                if len(prompt.candidates) > 1:
                    prompts.append(prompt)
                    passed = False
            if passed:
                way.position = position + 1
        return UpcomingRankings(prompts, max(start, len(order)), True)

    def _drawn(self, round_number: int, prompt_id: int, ks: NDArray[np.int64]) -> tuple[ToRank, int]:
        """Random candidates of a prompt, one of each group of near-duplicates; and how many characters were read for them."""
        order = self._random(round_number, prompt_id).permutation(len(ks))[:LOOKED_AT]
        read = self._shown(round_number, [candidate_id(round_number, prompt_id, int(ks[at])) for at in order])
        unlike = Unlike()
        differing = (candidate for candidate in read.candidates if unlike.add(candidate.completion))
        chosen = tuple(islice(differing, MOST_RANKED))
        return ToRank(read.prompt, chosen), sum(len(candidate.completion) for candidate in read.candidates)

    def _shuffled(self, round_number: int, names: Sequence[str]) -> list[str]:
        """The names in a random order, which does not show how they were ranked."""
        parsed = parse_candidate_id(names[0])
        assert parsed is not None, "checked when it was saved"
        ordered, random = sorted(names), self._random(round_number, parsed[1])
        return [ordered[at] for at in random.permutation(len(ordered))]

    def _random(self, round_number: int, prompt_id: int) -> np.random.Generator:
        seed = child_seed(self._settings().seed, f"ranking of prompt {prompt_id} of round {round_number}")
        return np.random.default_rng(seed)

    def _shown(self, round_number: int, names: Sequence[str]) -> ToRank:
        (prompt,) = self._review.candidates(round_number, list(names))
        by_name = {candidate.candidate_id: candidate for candidate in prompt.candidates}
        return ToRank(prompt, tuple(by_name[name] for name in names))


def _long(prompts: Sequence[ToRank]) -> bool:
    """Whether their texts are enough for one answer."""
    return long(candidate for prompt in prompts for candidate in prompt.candidates)
