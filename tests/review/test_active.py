"""Orders that learn most: uncertain and unusual candidates come first, one of each kind before a second of any."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.review import active

RNG = np.random.default_rng(5)


def clusters(sizes: list[int], width: int = 12, spread: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """Points around centres that are far apart, in random order, and the index of each point's centre."""
    rng = np.random.default_rng(len(sizes))
    centres = np.linalg.qr(rng.normal(size=(width, width)))[0][: len(sizes)]
    kind = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return centres[kind] + rng.normal(0, spread, (len(kind), width)), kind


def test_nothing_is_less_sure_than_even_odds() -> None:
    uncertain = active.uncertainty(np.array([0.0, 1.0, -1.0, 800.0, -np.inf, np.inf, np.nan]))
    assert uncertain[0] == 1.0 and uncertain[1] == uncertain[2] == pytest.approx(4 * 0.7310586 * 0.2689414)
    assert uncertain[3:].tolist() == [0, 0, 0, 0]


def test_a_score_is_against_the_rule_by_what_it_says_the_other_way() -> None:
    odds, automatic = np.array([2.0, -2.0, 2.0, -2.0, np.nan]), np.array([True, True, False, False, True])
    assert active.against_rule(odds, automatic).tolist() == [-2.0, 2.0, 2.0, -2.0, -np.inf]


def test_farthest_first_is_the_greedy_of_a_plain_account() -> None:
    points, weights, known = RNG.normal(size=(40, 3)), RNG.uniform(0.1, 1, 40), RNG.normal(size=(5, 3))
    taken: list[int] = []
    for _ in range(12):
        centres = [*known, *points[taken]]
        gain = [w * min(np.linalg.norm(p - c) for c in centres) for p, w in zip(points, weights, strict=True)]
        taken.append(int(np.argmax(gain)))
    assert active.farthest_first(points, weights, known, 12).tolist() == taken


def test_farthest_first_begins_with_the_heaviest_and_takes_none_twice_nor_its_copies() -> None:
    points = np.repeat(RNG.normal(size=(6, 4)), 5, axis=0)
    weights = np.linspace(0.1, 1, 30)
    taken = active.farthest_first(points, weights, np.zeros((0, 4)), 30)
    assert taken[0] == 29 and len(taken) == 6 and len({t // 5 for t in taken}) == 6
    assert active.farthest_first(points[:5], weights[:5], points[:1], 5).tolist() == []  # all points are known already
    assert active.farthest_first(points[:0], weights[:0], points[:0], 5).tolist() == []


def test_what_teaches_most_is_unsure_and_of_another_kind_than_what_was_decided() -> None:
    features, kind = clusters([30, 30, 30])
    unsure = np.where(kind == 2, 0.01, 0.9)  # the third kind has nothing to teach
    order = active.teaches_most(features, unsure, features[kind == 0][:10])
    assert sorted(order) == list(range(90))
    assert kind[order[0]] == 1
    fresh = active.teaches_most(features, unsure, features[:0])
    assert {kind[fresh[0]], kind[fresh[1]]} == {0, 1}


@pytest.mark.parametrize("sizes", [[1], [40], [50, 30, 20], [5, 5, 5, 5, 5]])
def test_one_of_each_kind_comes_before_a_second_of_any(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "KINDS", len(sizes))
    features, kind = clusters(sizes)
    order = active.one_of_each(features)
    assert sorted(order) == list(range(sum(sizes)))
    assert set(kind[order[: len(sizes)]]) == set(range(len(sizes)))
    if len(set(sizes)) == len(sizes) and len(sizes) > 1:
        assert kind[order[: len(sizes)]].tolist() == np.argsort(-np.array(sizes)).tolist()  # the largest first


def test_candidates_that_are_all_alike_are_of_one_kind() -> None:
    assert active.one_of_each(np.ones((7, 3))).tolist() == list(range(7))


def test_the_rows_come_first_in_their_order_and_the_others_by_the_rest() -> None:
    rest = RNG.normal(size=20)
    rows = np.array([7, 3, 11])
    order = np.argsort(active.ranked(rows, rest), kind="stable").tolist()
    assert order == [7, 3, 11, *(i for i in np.argsort(rest, kind="stable").tolist() if i not in (7, 3, 11))]


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_the_most_are_the_largest_among_the_others(count: int) -> None:
    values, among = RNG.integers(0, 4, 30).astype(float), RNG.random(30) < 0.5
    plain = sorted(np.flatnonzero(among).tolist(), key=lambda row: (-values[row], row))[:count]
    assert active.most(values, among, count).tolist() == plain


def test_directions_leave_out_what_all_share() -> None:
    features = np.array([[101.0, 0.0], [99.0, 0.0], [100.0, 3.0], [100.0, -3.0], [100.0, 0.0]])
    assert active.directions(features).tolist() == [[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]]
