"""The interface of the review page and its card: a queue of candidates, and acts on them."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Act, Action, ActOutcome, place
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import StageError, TargetError
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.settings import Settings, Target
from rsf_core.review import agreement, suggestion
from rsf_core.review.active_orders import FeatureSource, NoFeatures
from rsf_core.review.agreement import Agreement
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt, candidate
from rsf_core.review.columns import Columns, places_of, rows_of
from rsf_core.review.drawn import drawn
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.gold_mix import Mixed, alone, in_turn, mixed, slots
from rsf_core.review.index import ReviewIndex
from rsf_core.review.live_round import LiveRound
from rsf_core.review.onlooking import Onlooking
from rsf_core.review.opinions import Opinions
from rsf_core.review.ordering import first
from rsf_core.review.seen import GoldSeen, Seen
from rsf_core.review.suggestion import Suggestion
from rsf_core.scorers import answered
from rsf_core.store.last_rounds import LastRounds
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

KEPT_ROUNDS = 16  # the most rounds in memory, while together they have at most
KEPT_CANDIDATES = 1_000_000  # candidates, about 200 bytes each
PAGE = 50
AHEAD = 100  # candidates after those asked for: each decision brings one more to the end of everybody's queue


@dataclass(frozen=True, slots=True)
class Queue:
    """Candidates to look at, in order, with their prompts and all other candidates of those prompts. `counts` has the
    size of every view under the same filter. Those in `audit` are shown as part of the random audit, gold items among
    them. More comes after `last` of the order, `last_audit` of the audit and `last_gold` of the gold items, None if none was
    shown. Which ones are gold is for the server alone: `last_gold` goes to no browser as it is."""

    candidate_ids: tuple[str, ...]
    prompts: tuple[ReviewPrompt, ...]
    counts: Mapping[View, int]
    audit: tuple[str, ...] = ()
    last: str | None = None
    last_audit: str | None = None
    last_gold: str | None = None


class Reviews:
    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        target: Callable[[int], Target | None],
        features: FeatureSource | None = None,
    ) -> None:
        self._store, self._settings, self._target = store, settings, target
        self._columns = Columns(store, settings, target, features or NoFeatures(), self.index)
        self._rounds = LastRounds(self._new_round, KEPT_ROUNDS, lambda one: one[0].candidates, KEPT_CANDIDATES)

    # -- reading -----------------------------------------------------------------------------------------------------

    def queue(
        self,
        round_number: int,
        reviewer: Actor,
        candidate_filter: CandidateFilter | None = None,
        view: View = View.PENDING,
        order: Order = Order.BOUNDARY,
        after: str | None = None,
        limit: int = PAGE,
        at: str | None = None,
        after_audit: str | None = None,
        after_gold: str | None = None,
    ) -> Queue:
        """The first `limit` candidates of a view; those after the candidate `after`, which may have left the view, or
        those from `at` on, if it is still in the view. In the pending view without a filter, candidates of the random audit
        after `after_audit` and gold items after `after_gold` come between them. Raises SettingsError or StoreError for a
        filter that is not valid."""
        candidate_filter = candidate_filter or CandidateFilter()
        seen = self._seen(round_number, reviewer.name)
        index = seen.index
        views = self._views(round_number, index, reviewer.name, candidate_filter)
        ordered = self._order(round_number, index, order)
        start, is_there = 0, False
        for row in rows_of(round_number, index, after or at):
            if after is not None or views[view][row]:
                start, is_there = int(ordered[1][row]) + (after is not None), True
        rows = first(ordered, views[view], start, limit + AHEAD)
        # with a filter the audit would not be a sample of the round
        whole = view is View.PENDING and candidate_filter == CandidateFilter()
        places, name = index.table.places, partial(_name, round_number)
        mix = Mixed(rows[:limit].tolist(), [], None, None)
        if whole:
            begin = at is not None and is_there  # what was asked for comes first
            mix = self._mix(
                round_number, seen, order, reviewer.name, views[view], rows[:limit], begin, after_audit, after_gold
            )
        return Queue(
            tuple(map(name, places[mix.shown].tolist())),
            seen.show(self._prompts(round_number, places[mix.shown], places[rows[limit:]])),
            {v: int(np.count_nonzero(mask)) for v, mask in views.items()},
            tuple(map(name, places[mix.inserted].tolist())),
            name(places[rows[:limit][-1]].item()) if len(rows) else None,
            None if mix.last_audit is None else name(places[mix.last_audit].item()),
            None if mix.last_gold is None else name(places[mix.last_gold].item()),
        )

    def counts(self, round_number: int, reviewer: Actor, candidate_filter: CandidateFilter) -> dict[View, int]:
        """The size of every view under a filter."""
        views = self._views(
            round_number, self._seen(round_number, reviewer.name).index, reviewer.name, candidate_filter
        )
        return {view: int(np.count_nonzero(mask)) for view, mask in views.items()}

    def check_text(self, round_number: int, candidate_filter: CandidateFilter) -> None:
        """Raises StoreError if the expression of a filter is not valid."""
        self._columns.matches(round_number, self.index(round_number), candidate_filter)

    def candidates(
        self, round_number: int, candidate_ids: Sequence[str], reviewer: Actor = LOCAL
    ) -> tuple[ReviewPrompt, ...]:
        """The prompts of these candidates, in their order and with all their candidates, as the reviewer sees them."""
        seen = self._seen(round_number, reviewer.name)
        table = seen.index.table
        return seen.show(self._prompts(round_number, table.places[seen.index.rows(places_of(candidate_ids))]))

    def page(
        self,
        round_number: int,
        reviewer: Actor,
        candidate_filter: CandidateFilter,
        view: View,
        order: Order,
        number: int,
        size: int = PAGE,
    ) -> list[ReviewCandidate]:
        """Page `number`, from 0, of a view, for a table."""
        seen = self._seen(round_number, reviewer.name)
        index = seen.index
        mask = self.mask(round_number, index, candidate_filter) & index.view(
            view, reviewer.name, self._settings().review.overlap
        )
        rows = first(self._order(round_number, index, order), mask, 0, (number + 1) * size)
        chosen = index.table.places[rows[number * size :]]
        candidates = {c.candidate_id: c for p in seen.show(self._prompts(round_number, chosen)) for c in p.candidates}
        return [candidates[_name(round_number, one)] for one in chosen.tolist()]

    def index(self, round_number: int, onlooker: str | None = None) -> ReviewIndex:
        """The current index of the round, or as an `onlooker` sees it."""
        return self._live(round_number).index() if onlooker is None else self._seen(round_number, onlooker).index

    def onlooking(self, round_number: int, onlooker: str | None) -> Onlooking | None:
        """How the round looks to an onlooker; None without one, or without gold items: then nothing differs."""
        if onlooker is None or not self._store.gold.of_round(round_number):
            return None
        return Onlooking(round_number, self._seen(round_number, onlooker))

    def onlooker_votes(self, round_number: int, onlooker: str | None) -> Votes:
        """The votes on gold items that an onlooker of the round sees in place of the effective ones."""
        onlooking = self.onlooking(round_number, onlooker)
        return () if onlooking is None else onlooking.votes

    def _seen(self, round_number: int, reviewer: str) -> Seen:
        """The round as this reviewer sees it."""
        live, gold = self._rounds.of(round_number)
        return gold.by(live, reviewer, self._settings().review.overlap)

    def _mix(
        self,
        round_number: int,
        seen: Seen,
        order: Order,
        reviewer: str,
        pending: NDArray[np.bool_],
        rows: NDArray[np.int64],
        begin: bool,
        after_audit: str | None,
        after_gold: str | None,
    ) -> Mixed:
        """`rows` of an order, with the `pending` candidates of the random audit and gold items that come between them; none
        before the first row if `begin`. In the audit order all rows count as audit."""
        settings, index = self._settings(), seen.index
        places, seed, shares = index.table.places, settings.seed, settings.review
        waiting = seen.rows[pending[seen.rows]]
        came = places_of([after_gold] if after_gold else []).tolist()
        gold = in_turn(places[waiting].tolist(), seed, reviewer, came[0] if came else None)
        share = shares.gold_share if gold else 0.0
        if order is Order.AUDIT:
            what = alone(places[rows], seed, reviewer, share)
        else:
            what = slots(places[rows], seed, reviewer, shares.audit_share, share)
        if begin:
            what[:1] = 0
        audit: list[int] = []
        if order is not Order.AUDIT and what.any():
            ordered, drawn_at_random = self._order(round_number, index, Order.AUDIT), pending.copy()
            drawn_at_random[waiting if shares.gold_share else []] = False  # gold items come in their own turn
            came = [int(ordered[1][row]) + 1 for row in rows_of(round_number, index, after_audit)]
            audit = first(ordered, drawn_at_random, max(came, default=0), 2 * len(rows)).tolist()
        mix = mixed(rows.tolist(), what.tolist(), audit, index.table.row_of(gold))
        return replace(mix, inserted=mix.shown) if order is Order.AUDIT else mix

    def version(self, round_number: int) -> str:
        """Differs whenever the rule's decisions or the candidates near the boundary change; people's decisions do not change
        it."""
        in_force = [(t.log_m, str(t.scope)) for t in self._store.thresholds(round_number)[:1]]
        return repr((self._store.review_version(round_number), in_force))

    def _views(
        self, round_number: int, index: ReviewIndex, reviewer: str, candidate_filter: CandidateFilter
    ) -> dict[View, NDArray[np.bool_]]:
        """The mask (n,) of each view under a filter."""
        overlap = self._settings().review.overlap
        views = {view: index.view(view, reviewer, overlap) for view in View}
        if candidate_filter == CandidateFilter():
            return views
        keep = self.mask(round_number, index, candidate_filter)
        return {view: keep & mask for view, mask in views.items()}

    def _order(
        self, round_number: int, index: ReviewIndex, order: Order
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All rows in an order, and the rank of each."""
        column, name = self._columns.ordering(round_number, order, index.version)
        return index.order(order, self._settings().seed, column, name)

    def mask(self, round_number: int, index: ReviewIndex, candidate_filter: CandidateFilter) -> NDArray[np.bool_]:
        """Which candidates pass the filter, shape (n,); see Columns.mask."""
        return self._columns.mask(round_number, index, candidate_filter)

    def agreement(self, round_number: int, onlooker: str | None = None) -> Agreement:
        """How well the rule and people agree, and people with each other."""
        index = drawn(self.index(round_number, onlooker))[0]
        return agreement.agreement(index, self._settings().seed, self._before_settling(round_number))

    def independent(self, round_number: int, onlooker: str | None = None) -> Opinions:
        """Reviewers' independent decisions on the round; see `Opinions.independent`."""
        index = drawn(self.index(round_number, onlooker))[0]
        return index.opinions.independent(self._before_settling(round_number))

    def _before_settling(self, round_number: int) -> Opinions:
        return Opinions.read(self._store.words_before_settling(round_number))

    def audited(self, round_number: int, onlooker: str | None = None) -> int:
        """How many candidates of the random audit are decided so far; see agreement.Agreement."""
        return agreement.audited(drawn(self.index(round_number, onlooker))[0], self._settings().seed)

    def suggest(self, round_number: int, onlooker: str | None = None) -> Suggestion:
        """The weights, β and M that people's decisions suggest. Raises TargetError if there are too few decisions."""
        target, thresholds = self._target(round_number), self._store.thresholds(round_number)
        if target is None or not thresholds:
            raise StageError(f"round {round_number} has no scores yet: a target is fitted after scoring")
        if by_answers := [readable(name) for name in target.rewards if answered.is_one(name)]:
            raise TargetError(
                f"the target has {by_answers[0]} as a reward. Suggested weights do not use answers, because whoever "
                "decides a candidate usually answers its questions too: take that reward out of the target to get "
                "suggestions"
            )
        constrained = {constraint.scorer for constraint in target.constraints} - set(target.rewards)
        names = [
            name
            for name in self._columns.scorers(round_number, self._store.review_version(round_number))
            if name not in constrained
        ]
        index, here = drawn(self.index(round_number, onlooker))
        scores = {name: self._columns.score(round_number, name, index.version)[here] for name in names}
        stage = self._store.drawn(round_number)["stage"].to_numpy().astype(np.int64)
        return suggestion.suggest(index, target, scores, thresholds[0].scope, stage)

    # -- acting ------------------------------------------------------------------------------------------------------

    @requires_actor
    def say(self, round_number: int, reviewer: Actor, acts: Sequence[Act]) -> list[ActOutcome]:
        """Record the acts of a reviewer in order; see Acts.say."""
        return self._store.acts.say(acts, round_number, reviewer.name)

    @requires_actor
    def bulk(
        self,
        round_number: int,
        reviewer: Actor,
        candidate_filter: CandidateFilter,
        view: View,
        action: Action,
        act: str | None = None,
    ) -> int:
        """Decide everything in a view by `action`, as one act that is undone as one. Returns how many candidates."""
        index = self._seen(round_number, reviewer.name).index
        keep = self.mask(round_number, index, candidate_filter) & index.view(
            view, reviewer.name, self._settings().review.overlap
        )
        places = index.table.places[keep]
        if not len(places):
            raise StageError("no candidate is left in this view: nothing was decided")
        pairs = list(zip((places >> K_BITS).tolist(), (places & ((1 << K_BITS) - 1)).tolist(), strict=True))
        return self._store.acts.bulk(act or uuid.uuid4().hex, pairs, action, round_number, reviewer.name)

    def can_walk(self, round_number: int, reviewer: Actor) -> tuple[int, int]:
        """How many acts of the reviewer can be undone, and redone."""
        return self._store.acts.depths(round_number, reviewer.name)

    # -- pieces ------------------------------------------------------------------------------------------------------

    def ready(self, round_number: int, order: Order) -> None:
        """Raises StageError, naming what to do first, if what an order goes by does not exist yet."""
        self._order(round_number, self.index(round_number), order)

    def _prompts(
        self, round_number: int, places: NDArray[np.int64], ahead: NDArray[np.int64] | None = None
    ) -> tuple[ReviewPrompt, ...]:
        """The prompts of some candidates; if one must be read, those of the candidates `ahead` are read with it."""
        prompt_ids, later = (
            list(dict.fromkeys((part >> K_BITS).tolist())) for part in (places, places[:0] if ahead is None else ahead)
        )
        return self._live(round_number).prompts(prompt_ids, partial(self._read_prompts, round_number), later)

    def _no_scores(self, round_number: int, prompt_ids: Sequence[int]) -> dict[str, dict[str, str]]:
        """Why candidates have no score, by candidate and scorer, of the scorers that a reviewer sees."""
        no_scores = self._store.no_scores_of_prompts(round_number, prompt_ids)
        return {
            name: {scorer: reason for scorer, reason in reasons.items() if not answered.is_one(scorer)}
            for name, reasons in no_scores.items()
        }

    def _read_prompts(self, round_number: int, index: ReviewIndex, prompt_ids: Sequence[int]) -> list[ReviewPrompt]:
        """The prompts as they are shown."""
        texts = self._store.prompts_by_id(prompt_ids)
        made: dict[int, list[ReviewCandidate]] = {prompt_id: [] for prompt_id in prompt_ids}
        rows = self._store.candidates_of_prompts(round_number, prompt_ids)
        columns = {
            name: self._columns.score(round_number, name, index.version)
            for name in self._columns.scorers(round_number, index.version)
        }
        where = [place(row["prompt_id"], row["k"]) for row in rows]
        heard, at_rows = self._live(round_number).heard(where), index.table.row_of(where)
        undecided = any(at >= 0 and not index.scored[at] for at in at_rows)
        reasons = self._no_scores(round_number, prompt_ids) if undecided else {}
        for row, one, at in zip(rows, where, at_rows, strict=True):
            if at >= 0:  # else drawn after the index was read
                scores = {name: float(column[at]) for name, column in columns.items() if not math.isnan(column[at])}
                no_score = reasons.get(row["candidate_id"], {})
                made[row["prompt_id"]].append(candidate(row, at, index, scores, *heard[one], no_score))
        return [
            ReviewPrompt(
                prompt_id,
                texts[prompt_id]["text"],
                texts[prompt_id]["system"],
                tuple(texts[prompt_id]["earlier"] or ()),
                texts[prompt_id]["reference"],
                tuple(made[prompt_id]),
            )
            for prompt_id in prompt_ids
        ]

    def _live(self, round_number: int) -> LiveRound:
        return self._rounds.of(round_number)[0]

    def _new_round(self, round_number: int) -> tuple[LiveRound, GoldSeen]:
        """What is cached of a round, together because the views of gold items hold references to its candidates."""
        return LiveRound(self._store, round_number), GoldSeen()


def _name(round_number: int, where: int) -> str:
    return f"{round_number}.{where >> K_BITS}.{where & ((1 << K_BITS) - 1)}"
