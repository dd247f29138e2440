"""The active orders of a round use the learned score and features, and name what is missing; similar ones are the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Act, Action, ActKind, JobState, Scope
from rsf_core.domain.access import person
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Settings
from rsf_core.review import active, similar
from rsf_core.review.active_orders import ACTIVE, taste_of
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.queue import Reviews
from rsf_core.scorers import tastes
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide

PROMPTS, EACH = 8, 6
N = PROMPTS * EACH
ODDS = np.random.default_rng(2).normal(0, 2, N)
ELL = np.random.default_rng(3).normal(0, 2, N)
SETTINGS = Settings.model_validate(
    {"task": "t", "seed": 3, "target": {"rewards": {"sentiment": 1.0}}, "review": {"audit_share": 0.0}}
)


class Kinds:
    """Features in which each prompt is a kind of its own; `embedded` is how many candidates of the round have features."""

    def __init__(self, embedded: int = N) -> None:
        self.embedded, self.read = embedded, 0

    def has(self, round_number: int, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._at(places) < self.embedded

    def of_round(self, round_number: int, places: NDArray[np.int64]) -> NDArray[np.float32]:
        assert self.has(round_number, places).all()
        self.read += len(places)
        prompt, k = places >> K_BITS, places & ((1 << K_BITS) - 1)
        features = (
            5.0 + np.eye(PROMPTS + 1)[prompt] + 0.01 * (k + 1)[:, None] * np.eye(PROMPTS + 1)[(prompt + 1) % PROMPTS]
        )
        return features.astype(np.float32)

    def _at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return ((places >> K_BITS) - 1) * EACH + (places & ((1 << K_BITS) - 1))


@pytest.fixture
def filled(store: Store) -> Store:
    add_prompts(store, PROMPTS)
    rows = candidates(PROMPTS, EACH)
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": np.linspace(-1, 1, N), "taste": ODDS})
    decide(store, rows, ELL, 0.3, Scope.GLOBAL)
    return store


def reviews(store: Store, embedded: int = N) -> Reviews:
    return Reviews(store, lambda: SETTINGS, lambda number: SETTINGS.target, Kinds(embedded))


def shown(review: Reviews, order: Order, view: View = View.ALL) -> list[str]:
    return list(review.queue(1, person("ann"), view=view, order=order, limit=N).candidate_ids)


def test_the_least_sure_come_first_by_the_learned_score(filled: Store) -> None:
    names = shown(reviews(filled), Order.UNSURE)
    assert names == [f"1.{1 + i // EACH}.{i % EACH}" for i in np.argsort(np.abs(ODDS), kind="stable")]


def test_without_a_learned_score_the_least_sure_are_nearest_to_the_boundary(store: Store) -> None:
    add_prompts(store, PROMPTS)
    rows = candidates(PROMPTS, EACH)
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": 0.5})
    decide(store, rows, ELL, 0.3, Scope.GLOBAL)
    review = reviews(store)
    assert shown(review, Order.UNSURE) == shown(review, Order.BOUNDARY)
    with pytest.raises(StageError, match=r"learned from your decisions.*Scorers page"):
        review.ready(1, Order.AGAINST)
    review.ready(1, Order.TEACHES)


def test_the_score_that_speaks_most_against_the_rule_comes_first(filled: Store) -> None:
    review = reviews(filled)
    automatic = review.index(1).automatic
    against = np.where(automatic, -ODDS, ODDS)
    names = [f"1.{1 + i // EACH}.{i % EACH}" for i in np.argsort(-against, kind="stable")]
    assert shown(review, Order.AGAINST) == names


def test_one_of_each_kind_is_shown_before_a_second(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "KINDS", PROMPTS)
    names = shown(reviews(filled), Order.KINDS)
    assert {name.split(".")[1] for name in names[:PROMPTS]} == {str(p + 1) for p in range(PROMPTS)}
    assert len(set(names)) == N


def test_what_teaches_most_is_unlike_what_was_decided(filled: Store) -> None:
    review = reviews(filled)
    decided_ids = tuple(f"1.{p}.{k}" for p in range(1, PROMPTS) for k in range(EACH // 2))  # every kind but the last
    review.say(1, person("ann"), [Act("decided", ActKind.DECIDE, decided_ids, Action.ACCEPT)])
    names = shown(review, Order.TEACHES, View.PENDING)
    assert len(names) == N - len(decided_ids) and not set(names) & set(decided_ids)
    assert names[0].split(".")[1] == str(PROMPTS)


@pytest.mark.parametrize("order", ACTIVE)
def test_an_order_shows_every_candidate_also_those_without_features(filled: Store, order: Order) -> None:
    names = shown(reviews(filled, embedded=N // 2), order)
    assert sorted(names) == sorted(shown(reviews(filled), Order.PROMPT))


@pytest.mark.parametrize("order", [Order.TEACHES, Order.KINDS])
def test_without_features_the_order_says_what_to_click(filled: Store, order: Order) -> None:
    with pytest.raises(StageError, match="compute them on the Scorers page, or with `rsf embed DIR`"):
        reviews(filled, embedded=0).queue(1, person("ann"), order=order)


@pytest.mark.parametrize("order", [Order.TEACHES, Order.KINDS])
def test_a_bounded_part_is_compared_however_many_there_are(
    filled: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(active, "POOL", 10)
    features = Kinds()
    review = Reviews(filled, lambda: SETTINGS, lambda number: SETTINGS.target, features)
    assert len(shown(review, order)) == N and features.read == 10
    shown(review, order)
    assert features.read == 10  # the features are kept


def test_features_that_come_later_are_seen_once_their_job_has_ended(filled: Store) -> None:
    features = Kinds(0)
    review = Reviews(filled, lambda: SETTINGS, lambda number: SETTINGS.target, features)
    with pytest.raises(StageError):
        review.ready(1, Order.KINDS)
    features.embedded = N
    filled.add_job_event("r1-embed-1", JobState.DONE, "done")
    review.ready(1, Order.KINDS)


def test_similar_candidates_are_the_nearest_with_itself_the_first(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "BLOCK", 7)  # the features are read in several blocks
    review = reviews(filled)
    ids = review.queue(1, person("ann"), CandidateFilter(like="1.3.2", nearest=EACH), View.ALL, limit=N).candidate_ids
    assert set(ids) == {f"1.3.{k}" for k in range(EACH)}
    places = review.index(1).table.places
    to = (3 << K_BITS) | 2
    order = similar.nearest(Kinds(), 1, places, to, N)
    assert order[0] == to and len(order) == N
    states = Kinds().of_round(1, places).astype(float)
    states -= states.mean(axis=0)
    cosines = states @ states[list(places).index(to)] / np.linalg.norm(states, axis=1)
    assert np.all(np.diff(cosines[[list(places).index(p) for p in order]]) <= 1e-6)


def test_similar_candidates_are_decided_alike_as_one_step(filled: Store) -> None:
    review = reviews(filled)
    similar = CandidateFilter(like="1.3.2", nearest=EACH)
    assert review.bulk(1, person("ann"), similar, View.ALL, Action.REJECT) == EACH
    assert (review.index(1).votes != 0).sum() == EACH and review.can_walk(1, person("ann")) == (1, 0)
    review.say(1, person("ann"), [Act("undo it all", ActKind.UNDO)])
    assert not review.index(1).votes.any()


@pytest.mark.parametrize(
    ("like", "message"), [("1.99.0", "no candidate"), ("2.1.0", "no candidate"), ("x", "no candidate")]
)
def test_what_is_no_candidate_has_nothing_like_it(filled: Store, like: str, message: str) -> None:
    with pytest.raises(StageError, match=message):
        reviews(filled).queue(1, person("ann"), CandidateFilter(like=like))


def test_a_candidate_without_features_says_what_to_click(filled: Store) -> None:
    with pytest.raises(StageError, match="Scorers page"):
        reviews(filled, embedded=6).queue(1, person("ann"), CandidateFilter(like="1.5.0"))


def test_the_learned_score_is_that_of_the_version_that_was_learned_last() -> None:
    learned = [f'taste(version="{version}")' for version in ("ffff0000", "0000ffff", "88880000")]
    assert taste_of(["length", *sorted(learned[:2]), "tasteful"], learned) == learned[1]
    assert taste_of([learned[0]], learned) == learned[0]
    assert taste_of(["sentiment", "tasteful"], learned) is None and taste_of([], learned) is None


def test_an_order_goes_by_the_version_that_was_learned_last_whatever_it_is_called(filled: Store) -> None:
    """A version's name depends on its data, so it sorts before or after that of an earlier version by chance."""
    for number, version in enumerate(("88880000", "ffff0000", "0000ffff")):
        filled.tastes.add(version, {}, "ann")
        scores = (np.arange(N) + EACH * number) % N
        add_scores(
            filled, candidates(PROMPTS, EACH), {tastes.ref(version): scores.astype(float)}, f"r1-score-by-{number}"
        )
        assert shown(reviews(filled), Order.UNSURE)[0] == f"1.{1 + -number % PROMPTS}.0"
