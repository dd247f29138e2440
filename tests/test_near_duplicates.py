"""Near-duplicates: what counts as one, and that the fast search finds exactly what comparing all pairs finds."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import accumulate, combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsf_core import near_duplicates
from rsf_core.near_duplicates import SIMILARITY, near_duplicate_pairs, normalise

SUBJECTS = ("kettle", "tent", "taxi", "opera", "ferry", "bakery", "dentist", "hose", "lamp", "piano", "zoo", "kite")


def by_definition(texts: list[str]) -> list[tuple[int, int]]:
    """The docstrings, word for word, in O(n²): multisets of content words, Jaccard ≥ 0.8, the first of equals for all."""
    words = [normalise(text).split() for text in texts]
    shared = Counter(word for found in words for word in set(found))
    template = {
        word
        for word, count in shared.items()
        if count > max(3, 0.2 * len(texts)) and not any(c.isdigit() for c in word)
    }
    bags = [Counter([word for word in found if word not in template] or found) for found in words]
    pairs = []
    for i, j in combinations(range(len(texts)), 2):
        if bags.index(bags[i]) != i or (bags.index(bags[j]) != j and bags[j] != bags[i]):
            continue
        union = (bags[i] | bags[j]).total()
        if union and (bags[i] & bags[j]).total() / union >= SIMILARITY:
            pairs.append((i, j))
    return pairs


# few words make near-duplicates common, and some of them templates
sentences = st.lists(st.sampled_from([*"abcdefg12+-", "17"]), min_size=0, max_size=12).map(" ".join)


@given(st.lists(sentences, max_size=30))
def test_the_fast_search_finds_exactly_what_comparing_all_pairs_finds(texts: list[str]) -> None:
    assert near_duplicate_pairs(texts) == by_definition(texts)


@given(st.lists(sentences, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_dividing_what_shares_many_words_loses_no_pair(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    """As in a large set, where thousands share their rarest words: here any two are already too many."""
    monkeypatch.setattr(near_duplicates, "_SMALL", 1)
    assert near_duplicate_pairs(texts) == by_definition(texts)


@given(st.lists(st.one_of(st.text(max_size=20), sentences), max_size=12))
def test_any_text_is_compared_without_complaint(texts: list[str]) -> None:
    assert near_duplicate_pairs(texts) == by_definition(texts)


@given(st.lists(sentences, max_size=15), st.permutations(range(15)))
def test_the_order_of_the_texts_does_not_matter(texts: list[str], order: list[int]) -> None:
    order = [i for i in order if i < len(texts)]
    shuffled = [texts[i] for i in order]
    assert named(shuffled) == named(texts)


def named(texts: list[str]) -> Counter[tuple[str, ...]]:
    """All the pairs that resemble each other, by what they say: which of equals comes first says nothing."""
    found = near_duplicates.groups(texts)
    near = {(a, b) for a, b in found.pairs.tolist()}
    return Counter(
        tuple(sorted((normalise(texts[i]), normalise(texts[j]))))
        for i, j in combinations(range(len(texts)), 2)
        if found.of[i] == found.of[j] or near & {(found.of[i], found.of[j]), (found.of[j], found.of[i])}
    )


def test_words_of_a_template_do_not_make_near_duplicates() -> None:
    assert near_duplicate_pairs([f"Write one short review sentence about a {subject}." for subject in SUBJECTS]) == []


def test_without_its_template_a_subject_that_says_the_same_is_found() -> None:
    texts = [f"Write one short review sentence about a {subject}." for subject in SUBJECTS]
    texts.append("write ONE short review sentence, about a (Tent)")
    assert near_duplicate_pairs(texts) == [(1, len(SUBJECTS))]


def test_a_sum_resembles_its_mirror_image_and_no_other_sum() -> None:
    texts = [f"What is {a} + {b}? Answer with just the number." for a, b in ((17, 25), (25, 17), (17, 26), (18, 25))]
    assert near_duplicate_pairs(texts) == [(0, 1)]


def test_numbers_are_content_however_many_share_them() -> None:
    texts = [f"2 plus {n}" for n in range(30, 50)]
    assert near_duplicate_pairs(texts) == []


def test_one_word_in_ten_may_differ_and_one_in_five_may_not() -> None:
    ten = "the quick brown fox jumps over one lazy sleeping dog"
    assert near_duplicate_pairs([ten, ten.replace("dog", "cat")]) == [(0, 1)]  # 9 of 11
    assert near_duplicate_pairs([ten, ten.replace("dog", "cat").replace("fox", "hen")]) == []  # 8 of 12


def test_repeated_words_count_as_often_as_they_stand() -> None:
    assert near_duplicate_pairs(["ha ha ha ha ha", "ha"]) == []
    assert near_duplicate_pairs(["ha ha ha ha ha", "ha ha ha ha"]) == [(0, 1)]  # 4 of 5


def test_prompts_of_template_words_alone_are_compared_as_they_are() -> None:
    assert near_duplicate_pairs(["say hello"] * 4 + ["say goodbye"] * 4) == [
        *((0, i) for i in range(1, 4)), *((4, i) for i in range(5, 8)),
    ]  # fmt: skip


def test_copies_count_for_what_is_a_template() -> None:
    close = [f"say one two three four five six seven {last}" for last in ("eight", "nine")]
    others = [f"{subject} {subject}s" for subject in SUBJECTS] + ["red"]
    assert near_duplicate_pairs([*close, "say hello", *others]) == [
        (0, 1)
    ]  # "say" in 3 of 16 is content: 8 of 10 words
    often = near_duplicate_pairs([*close, *["say hello"] * 5, *others])  # in 7 of 20 it is a template: 7 of 9
    assert often == [(2, i) for i in range(3, 7)]


@pytest.mark.timeout(60)  # each with each would take minutes
def test_twenty_thousand_copies_take_no_longer_than_as_many_pairs() -> None:
    assert near_duplicate_pairs(["Say it again."] * 20_000) == [(0, i) for i in range(1, 20_000)]


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""], ["   ", ""]])
def test_nothing_has_no_near_duplicates(texts: list[str]) -> None:
    assert near_duplicate_pairs(texts) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", "hello world"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("３ − ２", "3 − 2"),  # full-width digits
        ("3 - 2", "3 - 2"),
        ("", ""),
        ("?!", "?!"),
        ("日本 語", "日本 語"),
    ],
)
def test_normalising_keeps_words_and_signs_of_operations(text: str, words: str) -> None:
    assert normalise(text) == words


def test_sums_and_differences_are_not_duplicates() -> None:
    assert normalise("What is 3 + 2?") != normalise("What is 3 - 2?")


def corpus(count: int, words: int = 40) -> list[str]:
    """Prompts with word frequencies as in a language, every tenth one the one before with a word changed."""
    rng = random.Random(count)
    vocabulary = [f"w{i}" for i in range(20_000)]
    weights = list(accumulate(1 / (i + 5) for i in range(20_000)))
    texts: list[str] = []
    for i in range(count):
        said = rng.choices(vocabulary, cum_weights=weights, k=words)
        if i % 10 == 9:
            said = [*texts[-1].split()[:-1], f"new{i}"]
        texts.append(" ".join(said))
    return texts


def test_every_prompt_that_repeats_another_with_a_word_changed_is_found_among_thousands() -> None:
    pairs = set(near_duplicate_pairs(corpus(3_000)))
    assert pairs == {(i - 1, i) for i in range(9, 3_000, 10)}  # all of them, and nothing else


def test_four_times_as_many_prompts_take_nothing_like_sixteen_times_as_long() -> None:
    spent = []
    for count in (2_000, 8_000):
        texts = corpus(count)
        began = time.process_time()
        near_duplicate_pairs(texts)
        spent.append(time.process_time() - began)
    assert spent[1] < 10 * spent[0]
