"""Where the rows of an export come from: a curated set, or a round in its current state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rsf_core.domain.errors import ExportError, StageError
from rsf_core.domain.settings import Target
from rsf_core.project.exporting import curated
from rsf_core.project.exporting.request import Request, What
from rsf_core.project.exporting.rounds import Counted, RoundExamples
from rsf_core.review.onlooking import Onlooking
from rsf_core.rounds.curation import is_control, near_held_out
from rsf_core.store.records import CuratedRecord
from rsf_core.store.store import Store

AT_ONCE = 2_000  # candidates whose texts are read together; more if one prompt has more


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one round or curated set. `rows` yields the rows in parts of about the given number, in a fixed order;
    they belong to `prompts`."""

    round_number: int
    curated_id: str | None
    counted: Counted
    prompts: frozenset[int]
    rows: Callable[[int], Iterator[list[dict[str, Any]]]]

    @property
    def rounds(self) -> tuple[int, ...]:
        return (self.round_number,)

    @property
    def parts(self) -> tuple[Source, ...]:
        return ()


class AllRounds:
    """The sources of all rounds, the oldest first, as one set. Each is opened when its turn comes, so that only one is in
    memory; its counts are those from when it was last opened."""

    curated_id = None

    def __init__(self, requests: Sequence[Request], open_one: Callable[[Request], Source]) -> None:
        self._requests, self._open = requests, open_one
        self._parts = [self._closed(request, open_one(request)) for request in requests]

    def _closed(self, request: Request, source: Source) -> Source:
        return replace(source, rows=lambda at_once: self._open(request).rows(at_once))

    def rows(self, at_once: int) -> Iterator[list[dict[str, Any]]]:
        """The rows of all rounds, with the round in each row."""
        for at, request in enumerate(self._requests):
            source = self._open(request)
            self._parts[at] = self._closed(request, source)
            for some in source.rows(at_once):
                yield [row | {"round": source.round_number} for row in some]

    @property
    def parts(self) -> tuple[Source, ...]:
        return tuple(self._parts)

    @property
    def round_number(self) -> int:
        """The newest round."""
        return self._parts[-1].round_number

    @property
    def rounds(self) -> tuple[int, ...]:
        return tuple(part.round_number for part in self._parts)

    @property
    def prompts(self) -> frozenset[int]:
        return frozenset[int]().union(*(part.prompts for part in self._parts))

    @property
    def counted(self) -> Counted:
        counts = [asdict(part.counted) for part in self._parts]
        together = {name: sum(count[name] for count in counts) for name in counts[0]}
        return Counted(**together | {"prompts": len(self.prompts)})


def find(
    store: Store,
    request: Request,
    target: Callable[[int], Target | None],
    onlooking: Callable[[int], Onlooking | None] = lambda number: None,
) -> Source | AllRounds:
    """The source of a request's rows. `target` returns the target that a round is decided by, `onlooking` the view of a round
    for a reviewer who asks, None for an owner. Raises ExportError for a round or set that does not exist, StageError if there
    is nothing to export yet."""
    if request.all_rounds:
        return AllRounds(_by_round(store, request), lambda one: _of_one(store, one, target, onlooking))
    return _of_one(store, request, target, onlooking)


def _of_one(
    store: Store,
    request: Request,
    target: Callable[[int], Target | None],
    onlooking: Callable[[int], Onlooking | None],
) -> Source:
    if request.what is What.SFT:
        return _of_set(store, request, _curated(store, request))
    number = _round(store, request)
    near = near_held_out(store) if request.what is not What.ALL else set()
    examples = RoundExamples(store, request, number, target(number), near, onlooking(number))
    return Source(number, None, examples.counted, examples.prompts, examples.rows)


def _by_round(store: Store, request: Request) -> list[Request]:
    """The request for each round that can be exported, the oldest first. Raises StageError if there is none."""
    newest = _newest(store, replace(request, all_rounds=False))
    if request.what is What.SFT:
        own = {one.round for one in store.curated_sets() if not is_control(one.curated_id)}
        numbers = sorted(own)
    else:
        numbers = [one.round for one in store.rounds() if one.round <= newest and _can(store, request.what, one.round)]
    return [replace(request, all_rounds=False, round_number=number) for number in numbers]


def _newest(store: Store, request: Request) -> int:
    """The round of a request. Raises as `find` does."""
    return _curated(store, request).round if request.what is What.SFT else _round(store, request)


def _of_set(store: Store, request: Request, record: CuratedRecord) -> Source:
    prompts, samples = store.exported.samples_of_prompts(record.curated_id)

    def rows(at_once: int) -> Iterator[list[dict[str, Any]]]:
        begin, held = 0, 0
        for at, count in enumerate(samples.tolist()):
            held += count
            if held >= at_once or at == len(samples) - 1:
                part = store.exported.samples(record.curated_id, int(prompts[begin]), int(prompts[at]))
                yield curated.rows(part, request.shaped)
                begin, held = at + 1, 0

    count = int(samples.sum())
    counted = Counted(count, len(prompts), count, count)
    return Source(record.round, record.curated_id, counted, frozenset(prompts.tolist()), rows)


def _curated(store: Store, request: Request) -> CuratedRecord:
    sets = store.curated_sets()
    if request.curated_id is not None:
        chosen = [one for one in sets if one.curated_id == request.curated_id]
        if not chosen:
            names = ", ".join(one.curated_id for one in sets) or "none"
            raise ExportError(f"there is no curated set {request.curated_id!r}; there are: {names}")
        return chosen[-1]
    own = [one for one in sets if not is_control(one.curated_id)]
    chosen = [one for one in own if request.round_number in (None, one.round)]
    if not chosen:
        where = "" if request.round_number is None else f" of round {request.round_number}"
        raise StageError(
            f"there is no curated set{where} to export: freeze what is accepted (rsf freeze DIR, or Train in the app), "
            "or export labels or all, which need none"
        )
    return chosen[-1]


def _round(store: Store, request: Request) -> int:
    numbers = [one.round for one in store.rounds()]
    if request.round_number is not None:
        if request.round_number not in numbers:
            last = max(numbers, default=0)
            raise ExportError(f"there is no round {request.round_number}: name one from 1 to {last}")
        numbers = [request.round_number]
    for number in reversed(numbers):
        if _can(store, request.what, number):
            return number
    missing = "candidates yet: generate some" if request.what is What.ALL else "decisions yet: generate and score"
    raise StageError(f"round {numbers[-1] if numbers else 1} has no {missing}")


def _can(store: Store, what: What, number: int) -> bool:
    """Whether a round has anything to export as `what`, other than curated sets. Only people decide candidates made
    elsewhere."""
    others = store.elsewhere.counts(number)
    if what is What.ALL:
        return bool(store.round_counts(number).candidates or others.candidates)
    return bool(store.thresholds(number) or others.accepted + others.rejected)
