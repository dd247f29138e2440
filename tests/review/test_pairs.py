"""Pairs come in random order by a seed, each once, and every prompt comes once before any comes twice."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, islice

import pytest

from rsf_core.review import pairs
from rsf_core.review.pairs import Unlike, alike, pair_at, pairs_of, walk


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8, 17, 64])
def test_over_all_turns_each_pair_comes_once(count: int) -> None:
    pairs = [pair_at(count, turn, seed=5) for turn in range(pairs_of(count))]
    assert sorted(tuple(sorted(pair)) for pair in pairs) == list(combinations(range(count), 2))


def test_first_pairs_and_sides_are_as_random_as_chance_has_it() -> None:
    first_pairs = [pair_at(4, 0, seed) for seed in range(1_200)]
    pairs = Counter(tuple(sorted(pair)) for pair in first_pairs)
    assert len(pairs) == 6 and all(140 < count < 260 for count in pairs.values())  # 200 ± 5 standard deviations
    assert 500 < sum(left < right for left, right in first_pairs) < 700


def test_a_million_candidates_of_a_prompt_need_no_table() -> None:
    pairs = [pair_at(1_000_000, turn, seed=1) for turn in range(50)]
    assert len({tuple(sorted(pair)) for pair in pairs}) == 50
    assert all(0 <= one < 1_000_000 and one != other for one, other in pairs)


def test_every_prompt_gives_a_pair_before_one_gives_a_second() -> None:
    prompts = [(10 + i, 3) for i in range(7)]
    first = [row for _, row, _, _ in islice(walk(prompts, seed=2), 14)]
    assert sorted(first[:7]) == sorted(first[7:]) == list(range(7))


def test_a_walk_ends_once_every_pair_has_come_and_goes_on_from_a_position() -> None:
    prompts = [(1, 4), (2, 1), (3, 2), (4, 0)]  # 6, 0, 1 and 0 pairs
    walked = list(walk(prompts, seed=9))
    assert Counter(row for _, row, _, _ in walked) == {0: 6, 2: 1}
    later = walked[3][0]
    assert list(walk(prompts, 9, later)) == walked[3:]
    assert list(walk([], 9)) == [] and list(walk([(1, 1)], 9)) == []


def test_what_other_prompts_there_are_changes_no_prompts_pairs() -> None:
    def of(number: int, prompts: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(a, b) for _, row, a, b in walk(prompts, seed=3) if prompts[row][0] == number]

    assert of(5, [(5, 6)]) == of(5, [(1, 2), (5, 6), (9, 4)])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The cat sat.", "the CAT sat!", True),
        ("", " ", True),
        ("!", "?", False),
        ("yes", "no", False),
        ("a b", "a c", False),
        (
            "one two three four five six seven eight nine ten eleven",
            "one two three four five six seven eight nine ten",
            True,
        ),
        ("one two three four five", "five four three two one", False),
        ("日本 は", "日本 は。", True),
    ],
)
def test_near_duplicates_are_recognised_by_their_words(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is alike(other, one) is same


def by_hand(one: str, other: str) -> bool:
    a, b = one.lower().split(), other.lower().split()
    if not one.strip(" !") or not other.strip(" !"):
        return one.strip() == other.strip()
    runs, others = ({" ".join(words[at : at + 3]) for at in range(len(words) - 2)} for words in (a, b))
    return a == b or (bool(runs and others) and len(runs & others) / len(runs | others) >= 0.8)


def test_texts_unlike_each_other_are_those_that_no_earlier_one_is_like() -> None:
    rng, vocabulary = random.Random(2), [f"w{number}" for number in range(30)]
    texts = ["", " ", "!", "a b", "a  B", "a c"]
    for _ in range(12):
        words = rng.choices(vocabulary, k=rng.choice([3, 20, 60]))
        texts.append(" ".join(words))
        for changed in (1, 2, 5):  # some are near-duplicates, some are not
            texts.append(" ".join([*words[:-changed], *rng.choices(vocabulary, k=changed)]))
    rng.shuffle(texts)
    expected: list[str] = []
    for text in texts:
        if not any(by_hand(text, other) for other in expected):
            expected.append(text)
    unlike = Unlike()
    assert [text for text in texts if unlike.add(text)] == expected and 10 < len(expected) < len(texts) - 10


def test_the_words_of_each_text_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts that all differ: the cost is in splitting each into words, not in comparing it with the others."""
    looked_up: list[str] = []
    words_of = pairs._words_of

    def counted(text: str) -> pairs._Words:
        looked_up.append(text)
        return words_of(text)

    monkeypatch.setattr(pairs, "_words_of", counted)
    texts = [" ".join(f"w{number * other % 97}" for number in range(200)) for other in range(1, 33)]
    unlike = Unlike()
    assert sum(map(unlike.add, [*texts, *texts])) > 20
    assert looked_up == texts
