"""Near-duplicates: what counts as one, and that the fast search finds exactly what comparing all pairs finds."""

from __future__ import annotations

import dataclasses
import random
import time
from collections import Counter
from itertools import accumulate, combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsf_core.prompts import near_duplicates, near_edits, near_words
from rsf_core.prompts.near_duplicates import near_duplicate_pairs, normalise
from rsf_core.prompts.near_edits import is_typing_error
from rsf_core.prompts.near_words import CONTRASTS, NUMBERS, Kind, fold, kind_of, tokens
from tests.benchmarks.near_duplicates import are_near, make_pairs, scores

SUBJECTS = ("kettle", "tent", "taxi", "opera", "ferry", "bakery", "dentist", "hose", "lamp", "piano", "zoo", "kite")


def told_apart_by(text: str) -> tuple[list[str], int]:
    """The numbers, the operations between them and the marked words, in order, or sorted if all operations are sums; and the
    count of negations."""
    text_tokens = tokens(text)
    kinds = [kind_of(token) for token in text_tokens]
    used, operations = [], []
    for i, (token, kind) in enumerate(zip(text_tokens, kinds, strict=True)):
        beside = [kinds[j] for j in (i - 1, i + 1) if 0 <= j < len(text_tokens)]
        if kind is Kind.OPERATION and {Kind.NUMBER, Kind.LETTER, Kind.BRACKET} & set(beside):
            operations.append(token)
            used.append(token)
        elif kind in (Kind.NUMBER, Kind.LETTER, Kind.SYMBOL) or fold(token) in NUMBERS | CONTRASTS:
            used.append(fold(token))
    commutes = operations and set(operations) <= {"+"}
    return sorted(used) if commutes else used, kinds.count(Kind.NEGATION)


def words_of(text: str) -> list[str]:
    text_tokens = tokens(text)
    kinds = [kind_of(token) for token in text_tokens]
    computing = {Kind.NUMBER, Kind.LETTER, Kind.BRACKET}
    folded = [
        fold(token)
        for i, (token, kind) in enumerate(zip(text_tokens, kinds, strict=True))
        if kind in (Kind.WORD, Kind.NEGATION, Kind.NUMBER, Kind.LETTER, Kind.SYMBOL)
        or (kind is Kind.OPERATION and computing & {kinds[j] for j in (i - 1, i + 1) if 0 <= j < len(text_tokens)})
    ]
    return folded or text_tokens


def by_definition(texts: list[str]) -> list[tuple[int, int]]:
    """The definition in the docstrings, word for word, in O(n²): multisets of content words, Jaccard ≥ 0.8, the first of equal
    texts standing for all. For texts without capitals, brackets, typing errors and sentences."""
    words = [words_of(text) for text in texts]
    shared = Counter(word for token in words for word in set(token))
    template = {
        word
        for word, count in shared.items()
        if count > max(3, 0.2 * len(texts)) and not any(c.isdigit() for c in word)
    }
    bags = [Counter([word for word in token if word not in template] or token) for token in words]
    same = [(bag, told_apart_by(text)) for bag, text in zip(bags, texts, strict=True)]
    pairs = []
    for i, j in combinations(range(len(texts)), 2):
        if same[i][1] != same[j][1] or same.index(same[i]) != i or (same.index(same[j]) != j and same[j] != same[i]):
            continue
        union = (bags[i] | bags[j]).total()
        if union and (bags[i] & bags[j]).total() / union >= 0.8:
            pairs.append((i, j))
    return pairs


# a small vocabulary makes near-duplicates common, and some words templates
VOCABULARY = ("ant", "bee", "cow", "dog", "elk", "fox", "gnu", "12", "+", "-", "17", "not", "more")
sentences = st.lists(st.sampled_from(VOCABULARY), min_size=0, max_size=12).map(" ".join)


@given(st.lists(sentences, max_size=30))
def test_the_fast_search_finds_exactly_what_comparing_all_pairs_finds(texts: list[str]) -> None:
    assert near_duplicate_pairs(texts) == by_definition(texts)


@given(st.lists(sentences, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_dividing_what_shares_many_words_loses_no_pair(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    """As in a large set, where thousands of texts share their rarest words; here two are already too many."""
    monkeypatch.setattr(near_duplicates, "_SMALL", 1)
    assert near_duplicate_pairs(texts) == by_definition(texts)


@given(st.lists(st.one_of(st.text(max_size=20), sentences), max_size=12))
def test_any_text_is_compared_without_complaint(texts: list[str]) -> None:
    pairs = near_duplicate_pairs(texts)
    assert pairs == sorted(set(pairs)) and all(i < j for i, j in pairs)
    first = {text: i for i, text in reversed(list(enumerate(texts)))}
    copies = {i for i, text in enumerate(texts) if first[text] != i and text.strip()}
    assert copies <= {j for _, j in pairs}


@given(st.lists(sentences, max_size=15), st.permutations(range(15)))
def test_the_order_of_the_texts_does_not_matter(texts: list[str], order: list[int]) -> None:
    order = [i for i in order if i < len(texts)]
    shuffled = [texts[i] for i in order]
    assert named(shuffled) == named(texts)


def named(texts: list[str]) -> Counter[tuple[str, ...]]:
    """All pairs of texts that resemble each other, by their text, because the order of equal texts does not matter."""
    grouped = near_duplicates.groups(texts)
    near = {(a, b) for a, b in grouped.pairs.tolist()}
    return Counter(
        tuple(sorted((normalise(texts[i]), normalise(texts[j]))))
        for i, j in combinations(range(len(texts)), 2)
        if grouped.of[i] == grouped.of[j] or near & {(grouped.of[i], grouped.of[j]), (grouped.of[j], grouped.of[i])}
    )


@given(st.lists(st.tuples(sentences, st.integers(0, 3)), max_size=30))
def test_within_groups_the_texts_are_compared_as_if_there_were_no_others(rows: list[tuple[str, int]]) -> None:
    texts, within = [text for text, _ in rows], [7 * where for _, where in rows]
    alone = []
    for where in set(within):
        places = [i for i, other in enumerate(within) if other == where]
        alone += [(places[i], places[j]) for i, j in near_duplicate_pairs([texts[i] for i in places])]
    assert near_duplicate_pairs(texts, within) == sorted(alone)


def test_within_groups_edits_are_found_too() -> None:
    texts = [BASE, BASE.replace("kettle", "ketle"), BASE + " Thank you!", BASE]
    assert near_duplicate_pairs(texts, [1, 2, 1, 2]) == [(0, 2), (1, 3)]


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


@pytest.mark.timeout(60)  # comparing all pairs would take minutes
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
    """Prompts with the word frequencies of a language; every tenth is the previous one with a word changed."""
    rng = random.Random(count)
    vocabulary = [f"w{i}" for i in range(20_000)]
    weights = list(accumulate(1 / (i + 5) for i in range(20_000)))
    texts: list[str] = []
    for i in range(count):
        changed = rng.choices(vocabulary, cum_weights=weights, k=words)
        if i % 10 == 9:
            changed = [*texts[-1].split()[:-1], f"new{i}"]
        texts.append(" ".join(changed))
    return texts


def test_every_prompt_that_repeats_another_with_a_word_changed_is_found_among_thousands() -> None:
    pairs = set(near_duplicate_pairs(corpus(3_000)))
    assert pairs == {(i - 1, i) for i in range(9, 3_000, 10)}  # all of these pairs, and no others


def test_four_times_as_many_prompts_take_nothing_like_sixteen_times_as_long() -> None:
    spent = []
    for count in (2_000, 8_000):
        texts = corpus(count)
        began = time.process_time()
        near_duplicate_pairs(texts)
        spent.append(time.process_time() - began)
    assert spent[1] < 10 * spent[0]


# -- edits that keep the task, and edits that change it --------------------------------------------------------------------

BASE = "Write a short review of the kettle that my sister bought in spring."


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        (BASE, BASE.replace("kettle", "kettles")),
        ("Review a kettle.", "Review kettles."),
        ("Review the boxes and the cities.", "Review the box and the city."),
        ("Where is the best café in Zürich?", "where is the best cafe in Zurich"),
        ("Décris un été à la mer.", "Decris un ete a la mer."),
        ("Is it positive or négative?", "Is it positives or negative?"),
        (BASE, BASE.replace("kettle", "ketle")),  # a letter left out
        (BASE, BASE.replace("kettle", "kettlle")),  # a letter doubled
        (BASE, BASE.replace("kettle", "ketlte")),  # two letters swapped
        (BASE, BASE.replace("kettle", "kwttle")),  # the neighbouring key
        (BASE, BASE + " Thank you very much!"),
        (BASE, "Please think well. " + BASE),
        ("Describe\nthe sea.", "Describe the sea"),
        ("What is 1,000 + 20?", "What is 20 + 1000?"),
        ("Solve x² + 3", "Solve x^2 + 3"),
    ],
)
def test_an_edit_that_leaves_the_task_is_seen_through(text: str, edited: str) -> None:
    assert near_duplicate_pairs([text, edited]) == [(0, 1)]
    assert near_duplicate_pairs([edited, "Something else.", text]) == [(0, 2)]


LONG = "Tell the story of how {} got home late on a rainy evening by {} and {} what was for dinner there"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (LONG.format("Anna", "bus", "say"), LONG.format("Maria", "bus", "say")),
        (LONG.format("she", "bus 17", "say"), LONG.format("she", "bus 18", "say")),
        (LONG.format("she", "two buses", "say"), LONG.format("she", "three buses", "say")),
        (LONG.format("she", "bus", "say"), LONG.format("she", "bus", "never say")),
        (LONG.format("she", "bus", "do say"), LONG.format("she", "bus", "don't say")),
        (LONG.format("the US", "bus", "say"), LONG.format("the us", "bus", "say")),
        (LONG.format("it", "bus", "polish"), LONG.format("it", "bus", "Polish")),
        (LONG.format("more", "bus", "say"), LONG.format("less", "bus", "say")),
        ("Write hello in C", "Write hello in C#"),
        ("Write hello in C", "Write hello in C++"),
        ("Write hello in C", "Write hello in R"),
        ("What is (1+2)*3 ?", "What is 1+(2*3) ?"),
        ("What is 10²?", "What is 102?"),
        ("What is 1½?", "What is 11/2?"),
        ("What is 25 - 17?", "What is 17 - 25?"),
        ("What is 3 + 4 * 5?", "What is 3 * 4 + 5?"),
        ("17 apples and 25 pears", "25 apples and 17 pears"),
        ("What is 17 + 25?", "What is 17 + 25? Then add 3."),
        ("Name the capital of France.", "Name the capital of France. Who lives there?"),
        ("Describe a plane for a child.", "Describe a planet for a child."),
        ("Describe a house for a child.", "Describe a horse for a child."),
        ("Describe a boat for a child.", "Describe a coat for a child."),
        ("कि", "की"),
    ],
)
def test_similar_texts_of_different_tasks_are_not_duplicates(text: str, other: str) -> None:
    assert near_duplicate_pairs([text, other]) == []


@pytest.mark.parametrize(
    ("word", "other", "is_one"),
    [
        ("kettle", "kettle", False), ("kettle", "nettle", False), ("kettle", "ketle", True), ("planet", "plane", False),
        ("winter", "winner", False), ("seperate", "separate", True), ("train", "trains", False), ("from", "form", False),
        ("review", "rveiew", True), ("review", "reveiw", True), ("review", "evierw", False), ("bread", "broad", False),
    ],
)  # fmt: skip
def test_a_typing_error_is_one_slip_within_a_word(word: str, other: str, is_one: bool) -> None:
    assert is_typing_error(word, other) is is_typing_error(other, word) is is_one


def test_a_slip_in_a_short_word_is_detected_where_the_right_word_is_common() -> None:
    assert near_duplicate_pairs(["Say jut this and no other thing", "Say just this and no other thing"]) == []
    texts = [*(f"Say just {subject} {i}" for i in range(3) for subject in SUBJECTS), "Say jut kettle 1"]
    assert near_duplicate_pairs(texts) == [(SUBJECTS.index("kettle") + len(SUBJECTS), len(texts) - 1)]


def test_on_the_synthetic_set_more_is_found_and_less_is_wrong_than_by_similar_words() -> None:
    """Figures next to those of MinHash: tests/benchmarks/near_duplicates.py."""
    pairs = make_pairs(seed=1)
    pairs_alike = are_near(pairs)
    figures = scores(pairs, pairs_alike)
    assert figures["precision"] >= 0.9 and figures["recall"] >= 0.95
    for edit in ("number", "negation", "operation", "name", "look-alike"):
        assert not any(f for pair, f in zip(pairs, pairs_alike, strict=True) if pair.edit == edit), edit


def test_four_times_as_many_prompts_with_slips_take_nothing_like_sixteen_times_as_long() -> None:
    """All from one template, so that any two differ in one word."""
    spent = []
    for count in (500, 4_000, 16_000):
        rng = random.Random(count)
        texts = [f"Write a review of {''.join(rng.choices('bcdfgaeiou', k=9))} for my friend." for _ in range(count)]
        began = time.process_time()
        near_duplicate_pairs(texts)
        spent.append(time.process_time() - began)
    assert spent[2] < 10 * spent[1]  # the first count is a warm-up


def test_texts_are_read_alike_in_parts_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        f"Why is {'the' if i % 3 else 'no'} train {i % 7} late in {('Bonn', 'C#', 'été')[i % 3]}?" for i in range(50)
    ]
    whole = near_words.read(texts)
    for size, signed in ((1, 1), (7, 50_000), (49, 3), (50, 50)):
        monkeypatch.setattr(near_words, "_AT_ONCE", size)
        monkeypatch.setattr(near_words, "_SIGNED_AT_ONCE", signed)
        parts = near_words.read(texts)
        assert parts.words == whole.words
        for name in ("word", "owner", "sentence", "plain", "asked", "name", "inside", "signature"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name), err_msg=name)


def test_numbers_of_texts_and_words_may_be_more_together_than_their_width_holds() -> None:
    read = near_words.read([f"The train {i} was late." for i in range(30)])
    far = dataclasses.replace(read, owner=read.owner + np.int32(2**27))
    np.testing.assert_array_equal(near_edits._once(far), near_edits._once(read))
    words, owners, _ = near_duplicates._as_sets(np.array([7, 5]), np.full(2, 60_000, np.int32), 60_000)
    assert (words.tolist(), owners.tolist()) == ([5, 7], [60_000, 60_000])
    assert len(near_words.read([]).word) == 0
