"""What the review page and its card ask of a project: a queue of candidates, and saying things of them."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core import agreement, suggestion
from rsf_core.agreement import Agreement
from rsf_core.domain import K_BITS, Act, Action, Outcome, Scope, parse_candidate_id
from rsf_core.errors import StageError
from rsf_core.review import CandidateFilter, Opinions, Order, ReviewIndex, RoundTable, View, page, place, spread
from rsf_core.settings import Settings, Target
from rsf_core.store.acts import Said
from rsf_core.store.store import Store
from rsf_core.suggestion import Suggestion
from rsf_core.target import reward

KEPT_TABLES = 2
PAGE = 50
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Opinion:
    reviewer: str
    action: Action
    final: bool


@dataclass(frozen=True, slots=True)
class ReviewCandidate:
    """A candidate as a reviewer sees it. `completion` is as drawn, `edit` what replaces it. Ratios are None before
    scoring; −∞ (a failed constraint) is a log_ratio of None with `impossible`."""

    candidate_id: str
    prompt_id: int
    k: int
    completion: str
    truncated: bool
    tokens: int
    scores: Mapping[str, float]
    log_ratio: float | None
    impossible: bool
    p_accept: float | None
    decision: Outcome | None
    violated: bool
    accepted: bool
    opinions: tuple[Opinion, ...]
    flagged: bool
    note: str | None
    tags: str | None
    edit: str | None


@dataclass(frozen=True, slots=True)
class ReviewPrompt:
    prompt_id: int
    text: str
    system: str | None
    reference: str | None
    candidates: tuple[ReviewCandidate, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """Candidates to look at, in order, with their prompts and all other candidates of those prompts. `counts` has the
    size of every view under the same filter."""

    candidate_ids: tuple[str, ...]
    prompts: tuple[ReviewPrompt, ...]
    counts: Mapping[View, int]


class Reviews:
    def __init__(self, store: Store, settings: Callable[[], Settings], target: Callable[[int], Target | None]) -> None:
        self._store, self._settings, self._target = store, settings, target
        self._index = lru_cache(maxsize=KEPT_TABLES)(self._read_index)
        self._scorers = lru_cache(maxsize=KEPT_TABLES)(self._read_scorers)
        self._column = lru_cache(maxsize=4)(self._read_column)
        self._table = lru_cache(maxsize=KEPT_TABLES)(self._read_table)
        self._score = lru_cache(maxsize=16)(self._read_score)
        self._matching = lru_cache(maxsize=16)(self._read_matching)

    # -- looking -----------------------------------------------------------------------------------------------------

    def queue(
        self,
        round_number: int,
        reviewer: str,
        wanted: CandidateFilter | None = None,
        view: View = View.PENDING,
        order: Order = Order.BOUNDARY,
        after: str | None = None,
        limit: int = PAGE,
        at: str | None = None,
    ) -> Queue:
        """The first `limit` candidates of a view; those after the candidate `after`, which may have left the view, or
        those from `at` on, where it is still in the view.
        Raises SettingsError or StoreError for a filter that makes no sense."""
        wanted = wanted or CandidateFilter()
        index = self.index(round_number)
        keep = self.mask(round_number, index, wanted)
        views = {v: keep & index.view(v, reviewer, self._settings().review.overlap) for v in View}
        rows = np.flatnonzero(views[view])
        seed, column = self._settings().seed, self._ordering(round_number, order, index.version)
        start: tuple[float, int] | None = None
        here = [name for name in (after or at or "",) if name.startswith(f"{round_number}.")]  # not of another round
        for row in index.rows(_places(here)).tolist():
            if after is not None:
                start = float(index.key(np.array([row]), order, seed, column)[0]), row
            elif views[view][row]:
                start = float(index.key(np.array([row]), order, seed, column)[0]), row - 1
        key = index.key(rows, order, seed, column)
        chosen = index.table.places[page(rows, key, start, limit)]
        ids = tuple(_name(round_number, one) for one in chosen.tolist())
        counts = {v: int(mask.sum()) for v, mask in views.items()}
        return Queue(ids, self._prompts(round_number, index, chosen), counts)

    def counts(self, round_number: int, reviewer: str, wanted: CandidateFilter) -> dict[View, int]:
        """The size of every view under a filter."""
        index, overlap = self.index(round_number), self._settings().review.overlap
        keep = self.mask(round_number, index, wanted)
        return {view: int((keep & index.view(view, reviewer, overlap)).sum()) for view in View}

    def candidates(self, round_number: int, candidate_ids: Sequence[str]) -> tuple[ReviewPrompt, ...]:
        """The prompts of these candidates with all of theirs, in the order asked."""
        index = self.index(round_number)
        return self._prompts(round_number, index, index.table.places[index.rows(_places(candidate_ids))])

    def page(
        self,
        round_number: int,
        reviewer: str,
        wanted: CandidateFilter,
        view: View,
        order: Order,
        number: int,
        size: int = PAGE,
    ) -> list[ReviewCandidate]:
        """Page `number`, from 0, of a view, for a table."""
        index = self.index(round_number)
        rows = np.flatnonzero(
            self.mask(round_number, index, wanted) & index.view(view, reviewer, self._settings().review.overlap)
        )
        key = index.key(rows, order, self._settings().seed, self._ordering(round_number, order, index.version))
        chosen = index.table.places[page(rows, key, None, (number + 1) * size)[number * size :]]
        found = {c.candidate_id: c for p in self._prompts(round_number, index, chosen) for c in p.candidates}
        return [found[_name(round_number, one)] for one in chosen.tolist()]

    def index(self, round_number: int) -> ReviewIndex:
        """The round as it stands now; kept until somebody says something, or scores or M change."""
        return self._index(
            round_number, self._store.review_version(round_number), self._store.said_version(round_number)
        )

    def version(self, round_number: int) -> str:
        """Differs whenever the rule decides otherwise or other candidates are near the boundary; what people say does not
        change it."""
        in_force = [(t.log_m, str(t.scope)) for t in self._store.thresholds(round_number)[:1]]
        return repr((self._store.review_version(round_number), in_force))

    def _read_index(self, round_number: int, version: tuple[int, ...], said: tuple[int, int, int]) -> ReviewIndex:
        thresholds = self._store.thresholds(round_number)
        flagged: list[int] = []
        tagged: dict[str, list[int]] = {}
        for row in self._store.annotations(round_number):
            if row["flagged"]:
                flagged.append(place(row["prompt_id"], row["k"]))
            for tag in _tags(row["tags"]):
                tagged.setdefault(tag, []).append(place(row["prompt_id"], row["k"]))
        return ReviewIndex(
            self._table(round_number, version),
            thresholds[0].log_m if thresholds else None,
            thresholds[0].scope if thresholds else Scope.GLOBAL,
            Opinions.read(self._store.opinions(round_number)),
            np.array(flagged, dtype=np.int64),
            {tag: np.array(places, dtype=np.int64) for tag, places in tagged.items()},
            version,
        )

    def mask(self, round_number: int, index: ReviewIndex, wanted: CandidateFilter) -> NDArray[np.bool_]:
        """Where the filter holds, shape (n,)."""
        scores = {name: self._score(round_number, name, index.version) for name in wanted.scores}
        matching = None
        if wanted.text or wanted.regex:
            *_, edits = self._store.said_version(round_number)
            matching = self._matching(round_number, wanted.text, wanted.regex, (index.version, edits))
        return index.mask(wanted, scores, matching)

    def agreement(self, round_number: int) -> Agreement:
        """How well the rule and people agree, and people with each other."""
        return agreement.agreement(self.index(round_number), self._settings().seed)

    def suggest(self, round_number: int) -> Suggestion:
        """The weights, β and M that people's decisions speak for. Raises TargetError where there is too little to tell."""
        target, thresholds = self._target(round_number), self._store.thresholds(round_number)
        if target is None or not thresholds:
            raise StageError(f"round {round_number} has no scores yet: a target is fitted after scoring")
        constrained = {constraint.scorer for constraint in target.constraints} - set(target.rewards)
        names = [name for name in self._store.scorers(round_number) if name not in constrained]
        index = self.index(round_number)
        scores = {name: self._score(round_number, name, index.version) for name in names}
        return suggestion.suggest(index, target, scores, thresholds[0].scope)

    # -- saying ------------------------------------------------------------------------------------------------------

    def say(self, round_number: int, reviewer: str, acts: Sequence[Act]) -> list[Said]:
        """Record the acts of a reviewer in order; see Acts.say."""
        return self._store.acts.say(acts, round_number, reviewer)

    def bulk(
        self,
        round_number: int,
        reviewer: str,
        wanted: CandidateFilter,
        view: View,
        action: Action,
        act: str | None = None,
    ) -> int:
        """Say `action` of everything in a view, as one act that is undone as one; how many candidates."""
        index = self.index(round_number)
        keep = self.mask(round_number, index, wanted) & index.view(view, reviewer, self._settings().review.overlap)
        places = index.table.places[keep]
        if not len(places):
            raise StageError("no candidate is left in this view: nothing was said")
        pairs = list(zip((places >> K_BITS).tolist(), (places & ((1 << K_BITS) - 1)).tolist(), strict=True))
        return self._store.acts.bulk(act or uuid.uuid4().hex, pairs, action, round_number, reviewer)

    def can_walk(self, round_number: int, reviewer: str) -> tuple[int, int]:
        """How many acts of the reviewer can be undone, and redone."""
        return self._store.acts.depths(round_number, reviewer)

    # -- pieces ------------------------------------------------------------------------------------------------------

    def _read_table(self, round_number: int, version: tuple[int, ...]) -> RoundTable:
        return RoundTable.read(self._store.review_table(round_number))

    def _read_scorers(self, round_number: int, version: tuple[int, ...]) -> list[str]:
        return self._store.scorers(round_number)

    def _read_score(self, round_number: int, scorer: str, version: tuple[int, ...]) -> Floats:
        return self._store.score_column(round_number, scorer, everywhere=True)

    def _read_matching(
        self, round_number: int, text: str | None, regex: str | None, version: object
    ) -> NDArray[np.int64]:
        rows = self._store.matching_text(round_number, text, regex)
        found: NDArray[np.int64] = place(
            rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)
        )
        return found

    def _ordering(self, round_number: int, order: Order, version: tuple[int, ...]) -> Floats | None:
        """The column that an order goes by, None for the other orders and where the target has none."""
        target = self._target(round_number)
        if target is None or order not in (Order.REWARD, Order.DISAGREEMENT):
            return None
        names = list(target.rewards) if order is Order.REWARD else self._scorers(round_number, version)
        return self._column(round_number, order, target.model_dump_json(), tuple(names), version)

    def _read_column(
        self, round_number: int, order: Order, target: str, names: tuple[str, ...], version: tuple[int, ...]
    ) -> Floats | None:
        scores = {name: self._score(round_number, name, version) for name in names}
        if order is Order.REWARD:
            return (
                reward(Target.model_validate_json(target), scores, len(next(iter(scores.values())))) if scores else None
            )
        return spread(list(scores.values())) if len(scores) > 1 else None

    def _prompts(self, round_number: int, index: ReviewIndex, places: NDArray[np.int64]) -> tuple[ReviewPrompt, ...]:
        prompt_ids = list(dict.fromkeys((places >> K_BITS).tolist()))
        if not prompt_ids:
            return ()
        texts = self._store.prompts_by_id(prompt_ids)
        drawn: dict[int, list[ReviewCandidate]] = {prompt_id: [] for prompt_id in prompt_ids}
        rows = self._store.candidates_of_prompts(round_number, prompt_ids)
        opinions = self._opinions(index, prompt_ids)
        annotated = {place(row["prompt_id"], row["k"]): row for row in self._store.annotations(round_number)}
        columns = {
            name: self._score(round_number, name, index.version) for name in self._scorers(round_number, index.version)
        }
        where = np.array([place(row["prompt_id"], row["k"]) for row in rows], dtype=np.int64)
        for row, at in zip(rows, index.rows(where).tolist(), strict=True):
            scores = {name: float(column[at]) for name, column in columns.items() if not math.isnan(column[at])}
            drawn[row["prompt_id"]].append(_candidate(row, at, index, scores, opinions, annotated))
        return tuple(
            ReviewPrompt(
                prompt_id,
                texts[prompt_id]["text"],
                texts[prompt_id]["system"],
                texts[prompt_id]["reference"],
                tuple(drawn[prompt_id]),
            )
            for prompt_id in prompt_ids
        )

    def _opinions(self, index: ReviewIndex, prompt_ids: Sequence[int]) -> dict[int, list[Opinion]]:
        """What everybody says of the candidates of these prompts, by place."""
        o = index.opinions
        found: dict[int, list[Opinion]] = {}
        for row in np.flatnonzero(np.isin(o.places >> K_BITS, prompt_ids)).tolist():
            action = Action.ACCEPT if o.votes[row] > 0 else Action.REJECT
            found.setdefault(int(o.places[row]), []).append(Opinion(str(o.reviewers[row]), action, bool(o.final[row])))
        return found


def _candidate(
    row: Mapping[str, Any],
    at: int,
    index: ReviewIndex,
    scores: Mapping[str, float],
    opinions: Mapping[int, list[Opinion]],
    annotated: Mapping[int, Mapping[str, Any]],
) -> ReviewCandidate:
    where = place(row["prompt_id"], row["k"])
    said = annotated.get(where, {})
    scored, ratio = bool(index.scored[at]), float(index.table.log_ratio[at])
    decided = scored and not math.isnan(index.margin[at])
    truncated = bool(index.table.truncated[at])
    rule = Outcome.TRUNCATED if truncated else Outcome.ACCEPTED if index.automatic[at] else Outcome.REJECTED
    return ReviewCandidate(
        candidate_id=row["candidate_id"],
        prompt_id=row["prompt_id"],
        k=row["k"],
        completion=row["completion"],
        truncated=truncated,
        tokens=row["token_count"],
        scores=scores,
        log_ratio=ratio if scored and math.isfinite(ratio) else None,
        impossible=scored and ratio == -math.inf,
        p_accept=float(index.p_accept[at]) if decided else None,
        decision=rule if decided else None,
        violated=decided and not truncated and bool(index.violated[at]),
        accepted=bool(index.accepted[at]),
        opinions=tuple(opinions.get(where, ())),
        flagged=said.get("flagged", False),
        note=said.get("note"),
        tags=said.get("tags"),
        edit=said.get("edit"),
    )


def _tags(text: str | None) -> list[str]:
    return [tag for tag in (text or "").split(",") if tag]


def _places(candidate_ids: Sequence[str]) -> NDArray[np.int64]:
    """Where candidates stand in their round, by name; a name that is none is left out."""
    parsed = [parse_candidate_id(name) for name in candidate_ids]
    return np.array([place(found[1], found[2]) for found in parsed if found is not None], dtype=np.int64)


def _name(round_number: int, where: int) -> str:
    return f"{round_number}.{where >> K_BITS}.{where & ((1 << K_BITS) - 1)}"
