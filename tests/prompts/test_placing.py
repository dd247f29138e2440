"""Placing prompts on the two sides of the held-out split: stable, without duplicates, and near-duplicates together."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Split
from rsf_core.prompts import PromptRow, by_hash, check_disjoint, identity, place, shares
from rsf_core.prompts.near_duplicates import near_duplicate_pairs, normalise
from rsf_core.prompts.placing import _hash
from tests.support.growth import is_linear

Placed = Sequence[tuple[PromptRow, Split]]
LONG = "describe the old lighthouse keeper walking home along cold windy cliffs in {}"  # 1 of 12 words differs


def row(text: str, split: Split | None = None, line: int | None = None) -> PromptRow:
    return PromptRow(text, split=split, line=line)


def as_existing(placed: Placed) -> list[tuple[str, Split]]:
    return [(row.text, split) for row, split in placed]


words = st.lists(st.sampled_from("abcdefgh123"), min_size=1, max_size=7).map(" ".join)
wishes = st.sampled_from([None, None, Split.TRAIN, Split.HELD_OUT])
batches = st.lists(st.builds(PromptRow, text=words, split=wishes), max_size=15)


@given(batches, st.floats(0, 1), st.integers(0, 3))
def test_every_row_is_placed_or_reported(rows: list[PromptRow], share: float, seed: int) -> None:
    placed, problems = place([], rows, share, seed)
    assert len(placed) + len(problems) == len(rows)
    keys = [identity(row.text, row.system) for row, _ in placed]
    assert len(set(keys)) == len(keys)
    assert all(row.split is split for row, split in placed)


@given(batches, batches, st.integers(0, 3))
def test_near_duplicates_never_straddle(first: list[PromptRow], second: list[PromptRow], seed: int) -> None:
    """Near-duplicates among all the texts at hand, because these determine which words are a template."""
    existing = as_existing(place([], first, 0.5, seed)[0])
    placed, _ = place(existing, second, 0.5, seed)
    texts = [text for text, _ in existing] + [row.text for row in second]
    side = {len(existing) + second_index(second, row): split for row, split in placed}
    side |= {i: split for i, (_, split) in enumerate(existing)}
    for i, j in near_duplicate_pairs(texts):
        if i in side and j in side and j >= len(existing):
            assert side[i] is side[j]


def second_index(rows: list[PromptRow], placed: PromptRow) -> int:
    """The position of the placed row: the first with its text, because later ones are duplicates."""
    return next(
        i for i, row in enumerate(rows) if row.text == placed.text and (row.split or placed.split) is placed.split
    )


def apart(count: int, begin: int = 0) -> list[PromptRow]:
    """Rows that do not resemble each other."""
    return [PromptRow(f"{i * 7919} {hex(i * 104729)[2:]} {chr(0x4E00 + i)}") for i in range(begin, begin + count)]


def held_out(placed: Placed) -> set[str]:
    return {row.text for row, split in placed if split is Split.HELD_OUT}


@given(st.integers(2, 40), st.floats(0.001, 0.999), st.integers(0, 9))
def test_an_import_gets_the_requested_share_and_at_least_one_on_either_side(
    count: int, share: float, seed: int
) -> None:
    rows = apart(count)
    assert not near_duplicate_pairs([row.text for row in rows])
    held_out_count = len(held_out(place([], rows, share, seed)[0]))
    assert abs(held_out_count - min(max(share * count, 1), count - 1)) <= 0.5


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, 10), (0.25, 2), (0.1, 1), (0.04, 1), (0.96, 9), (0.5, 5)])
def test_of_ten_prompts(share: float, count: int) -> None:
    assert {len(held_out(place([], apart(10), share, seed)[0])) for seed in range(5)} == {count}


@given(st.integers(0, 9), st.floats(0, 1))
def test_one_alone_goes_by_its_hash(seed: int, share: float) -> None:
    (row,) = apart(1)
    assert place([], [row], share, seed)[0][0][1] is by_hash(normalise(row.whole), share, seed)


@given(st.permutations(range(20)), st.integers(0, 3))
def test_the_order_of_an_import_changes_no_side(order: list[int], seed: int) -> None:
    rows = apart(20)
    assert held_out(place([], [rows[i] for i in order], 0.3, seed)[0]) == held_out(place([], rows, 0.3, seed)[0])


@given(st.integers(1, 60), st.integers(0, 9))
def test_those_that_are_held_out_are_those_with_the_smallest_hashes(count: int, seed: int) -> None:
    """So a larger import of the same prompts moves only those near the limit."""
    placed, _ = place([], apart(count), 0.3, seed)
    sides = [split is Split.TRAIN for _, split in sorted(placed, key=lambda one: _hash(normalise(one[0].whole), seed))]
    assert sides == sorted(sides)


@given(batches, batches, st.floats(0, 1), st.integers(0, 3))
def test_what_is_placed_never_moves_and_what_is_added_gets_a_share_of_its_own(
    first: list[PromptRow], second: list[PromptRow], share: float, seed: int
) -> None:
    before = place([], first, share, seed)[0]
    added, problems = place(as_existing(before), second, share, seed)
    known = {identity(row.text, row.system) for row, _ in before}
    assert not known & {identity(row.text, row.system) for row, _ in added}
    assert len(added) + len(problems) == len(second)


def test_prompts_that_resemble_each_other_count_together_and_are_on_one_side() -> None:
    alike = [
        row(text)
        for text in ("Describe the harbour!", "describe the harbour", "The harbour: DESCRIBE", "describe harbour")
    ]
    for seed in range(8):
        placed, _ = place([], [*alike, *apart(12)], 0.25, seed)
        sides = {split for one, split in placed if "harbour" in one.text}
        assert len(sides) == 1
        assert 2 <= len(held_out(placed)) <= 6


def test_a_wish_counts_and_is_no_part_of_the_share() -> None:
    wished = [replace(one, split=Split.TRAIN) for one in apart(30, 100)]
    for seed in range(4):
        placed, _ = place([], [*wished, *apart(8)], 0.25, seed)
        assert len(held_out(placed)) == 2


@given(
    st.lists(st.tuples(st.integers(0, (1 << 64) - 1), st.integers(1, 9), st.booleans()), max_size=12), st.floats(0, 1)
)
def test_no_other_number_of_the_smallest_hashes_comes_nearer(blocks: list[tuple[int, int, bool]], share: float) -> None:
    hashes, rows, by_hash = (
        np.array([one[at] for one in blocks], kind) for at, kind in enumerate((np.uint64, np.int64, bool))
    )
    chosen = shares.held_out(hashes, rows, by_hash, share)
    if len(blocks) < 2:
        assert chosen.tolist() == by_hash.tolist()
        return
    ordered = sorted(range(len(blocks)), key=lambda one: (blocks[one][0], one))
    expected = share * sum(one[1] for one in blocks)
    counts = range(1, len(blocks)) if 0 < share < 1 else range(len(blocks) + 1)
    off = {count: abs(sum(blocks[one][1] for one in ordered[:count]) - expected) for count in counts}
    taken = int(chosen.sum())
    assert set(np.flatnonzero(chosen)) == set(ordered[:taken]) and off[taken] <= min(off.values()) + 1e-9


@given(batches, st.integers(0, 3))
def test_placing_the_same_file_again_adds_nothing(rows: list[PromptRow], seed: int) -> None:
    placed, _ = place([], rows, 0.5, seed)
    placed_again, problems = place(as_existing(placed), [row for row, _ in placed], 0.5, seed)
    assert placed_again == [] and len(problems) == len(placed)


def test_the_share_is_met_and_depends_on_the_seed() -> None:
    keys = [f"prompt {i}" for i in range(4000)]
    held_out = [{key for key in keys if by_hash(key, 0.25, seed) is Split.HELD_OUT} for seed in (1, 2)]
    assert all(900 < len(prompt_row) < 1100 for prompt_row in held_out)
    assert 180 < len(held_out[0] & held_out[1]) < 320  # as if chosen independently
    assert {by_hash(key, 0.0, 1) for key in keys} == {Split.TRAIN}
    assert {by_hash(key, 1.0, 1) for key in keys} == {Split.HELD_OUT}


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 30), st.integers(0, 3))
def test_raising_the_share_of_an_import_only_moves_prompts_to_held_out(a: float, b: float, n: int, seed: int) -> None:
    low, high = (held_out(place([], apart(n), share, seed)[0]) for share in sorted((a, b)))
    assert low <= high


def test_raising_the_share_only_moves_prompts_to_held_out() -> None:
    keys = [f"prompt {i}" for i in range(300)]
    smaller = {key for key in keys if by_hash(key, 0.2, 5) is Split.HELD_OUT}
    assert smaller < {key for key in keys if by_hash(key, 0.4, 5) is Split.HELD_OUT}


def test_a_near_duplicate_goes_where_the_prompt_it_resembles_is() -> None:
    for split in Split:
        placed, problems = place([(LONG.format("spring"), split)], [row(LONG.format("autumn"))], 0.5, seed=1)
        assert [side for _, side in placed] == [split] and problems == []


def test_a_wish_that_would_straddle_is_reported_with_what_it_resembles() -> None:
    rows = [
        row(LONG.format("spring"), Split.TRAIN, line=3),
        row(LONG.format("autumn"), Split.HELD_OUT, line=4),
        row("something else entirely", Split.HELD_OUT, line=5),
    ]
    placed, problems = place([], rows, 0.5, seed=1)
    assert [prompt_row.line for prompt_row, _ in placed] == [3, 5]
    assert [str(problem) for problem in problems] == [
        "line 4, split: nearly the same as line 3, which is train; left out"
    ]
    _, problems = place([(LONG.format("winter"), Split.HELD_OUT)], rows[:1], 0.5, seed=1)
    assert str(problems[0]) == "line 3, split: nearly the same as a prompt of the project, which is held_out; left out"


def test_a_prompt_that_resembles_both_sides_is_left_out() -> None:
    """It resembles both others (9 words of 11 or more), which do not resemble each other (8 of 12)."""
    left = "one two three four five six seven eight nine ten"
    middle = "one two three four five six seven eight nine eleven"
    right = "one two three four five six seven eight eleven twelve"
    existing = [(left, Split.TRAIN), (right, Split.HELD_OUT)]
    assert check_disjoint([left], [right]) == []
    placed, problems = place(existing, [row(middle, line=9)], 0.5, seed=1)
    assert placed == [] and problems[0].line == 9 and "nearly the same" in problems[0].message


def test_a_duplicate_is_reported_with_what_it_repeats() -> None:
    rows = [row("Why is the sky blue?", line=1), row("Why is  the sky blue?\n", line=2), row("Caf\u00e9", line=3)]
    placed, problems = place([("Cafe\u0301", Split.TRAIN)], rows, 0.0, seed=1)
    assert [prompt_row.line for prompt_row, _ in placed] == [1]
    assert [str(problem) for problem in problems] == [
        "line 2: is the same as line 1; left out",
        "line 3: is the same as a prompt of the project; left out",
    ]
    _, problems = place([], [row("Hi."), row(" Hi. ")], 0.0, seed=1)
    assert str(problems[0]) == "this prompt: is the same as an earlier row; left out"


def test_check_disjoint_names_the_pairs_by_their_place() -> None:
    train = ["a completely different prompt", LONG.format("spring")]
    held_out = ["something else entirely", "nothing like it", LONG.format("autumn")]
    assert check_disjoint(train, held_out) == [(1, 2)]
    assert check_disjoint([*train, train[1]], held_out) == [
        (1, 2),
        (len(train), 2),
    ]  # names each copy that must not be trained on
    assert check_disjoint([*train, train[1]], ["x"]) == []  # prompts of one side may resemble each other


def test_copies_of_a_prompt_on_both_sides_are_all_kept_in_mind() -> None:
    existing = [(LONG.format("spring"), Split.TRAIN), (LONG.format("spring"), Split.HELD_OUT)]
    _, problems = place(existing, [row(LONG.format("autumn"), line=3)], 0.5, seed=1)
    assert str(problems[0]).endswith("nearly the same as a prompt of the project, which is held_out; left out")


def test_a_refused_row_does_not_replace_its_copy() -> None:
    """The first copy names the wrong side and is left out; the second names none and goes where it belongs."""
    rows = [row(LONG.format("autumn"), Split.HELD_OUT, 1), row(LONG.format("autumn"), line=2)]
    placed, problems = place([(LONG.format("spring"), Split.TRAIN)], rows, 0.5, seed=1)
    assert [r.line for r, _ in placed] == [2] and placed[0][1] is Split.TRAIN
    assert [problem.line for problem in problems] == [1]


@pytest.mark.timeout(60)  # comparing all pairs would take minutes
def test_twenty_thousand_copies_are_placed_at_once() -> None:
    placed, problems = place([], [row("Say it again.") for _ in range(20_000)], 0.5, seed=1)
    assert len(placed) == 1 and len(problems) == 19_999


# -- the same ----------------------------------------------------------------------------------------------------------

DIFFERENT = [
    ("Write hello world in C.", "Write hello world in C#."),
    ("Write hello world in C.", "Write hello world in C++."),
    ("What is .NET?", "What is NET?"),
    ("What is (1 + 2) * 3?", "What is 1 + (2 * 3)?"),
    ("What is 10² - 2?", "What is 102 - 2?"),
    ("Simplify x².", "Simplify x2."),
    ("What is ½ of 3?", "What is 1/2 of 3?"),
    ("Who leads the US?", "Who leads the us?"),
    ("Let's eat, grandma", "Let's eat grandma"),
    ("Is it's right?", "Is its right?"),
    ("Is it a or b?", "Is it a or b!"),
    ("print(A)", "print(a)"),
    ("Explain 😀", "Explain 😢"),
    ("कल", "कला"),
    ("की", "कि"),
    ("ป่า", "ป้า"),
    ("كَتَبَ", "كُتِبَ"),
    ("a b", "ab"),
    ("5 < 6", "5 > 6"),
    ("naïve", "naive"),
    ("ﬁ", "fi"),
]


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_prompts_that_a_model_reads_differently_are_both_kept(a: str, b: str) -> None:
    placed, problems = place([], [row(a), row(b)], 0.25, seed=1)
    assert [prompt_row.text for prompt_row, _ in placed] == [a, b] and problems == []


@pytest.mark.parametrize(
    ("a", "b"), [("é", "e\u0301"), ("a  b\n", " a\tb"), ("Å", "\u212b"), ("한", "\u1112\u1161\u11ab")]
)
def test_the_unicode_form_and_white_space_make_no_other_prompt(a: str, b: str) -> None:
    assert len(place([], [row(a), row(b)], 0.25, seed=1)[0]) == 1


def test_one_text_under_two_system_prompts_is_two_prompts_on_one_side() -> None:
    rows = [
        PromptRow("Introduce yourself.", system=system) for system in ("A pirate.", "A robot.", None, "A  pirate.", "")
    ]
    placed, problems = place([], rows, 0.5, seed=1)
    assert [prompt_row.system for prompt_row, _ in placed] == ["A pirate.", "A robot.", None] and len(problems) == 2
    assert len({split for _, split in placed}) == 1


def test_a_text_that_is_no_prompt_any_more_keeps_what_resembles_it_on_its_side() -> None:
    for split in Split:
        placed, problems = place([], [row(LONG.format("spring"))], 0.5, 1, former=[(LONG.format("spring"), split)])
        assert [side for _, side in placed] == [split] and problems == []


# -- conversations -------------------------------------------------------------------------------------------------------

ASKED = "And which colour has it?"
KETTLE = ("I bought a kettle in the old shop behind the station.", "A good place to buy kettles.")
DOG = ("My neighbour's brown dog ran over the garden fence yesterday.", "I hope that nobody was hurt by it.")


def test_one_question_after_different_turns_is_two_prompts() -> None:
    rows = [
        PromptRow(ASKED, earlier=KETTLE),
        PromptRow(ASKED, earlier=DOG),
        PromptRow(ASKED),
        PromptRow(ASKED, earlier=KETTLE),
    ]
    placed, problems = place([], rows, 0.0, 1)
    assert [row.earlier for row, _ in placed] == [KETTLE, DOG, ()]
    assert len(problems) == 1 and "is the same as" in problems[0].message


def test_conversations_that_resemble_each_other_are_on_one_side_and_others_need_not_be() -> None:
    nearly = (KETTLE[0].replace("bought", "Bought"), KETTLE[1] + "!")
    existing = [(ASKED, Split.HELD_OUT, None, KETTLE)]
    placed, problems = place(existing, [PromptRow(ASKED, earlier=nearly), PromptRow(ASKED, earlier=DOG)], 0.0, 1)
    assert [split for _, split in placed] == [Split.HELD_OUT, Split.TRAIN] and problems == []
    _, problems = place(existing, [PromptRow(ASKED, split=Split.TRAIN, earlier=nearly)], 0.0, 1)
    assert "nearly the same as a prompt of the project, which is held_out" in problems[0].message


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("def f():\n    if x:\n        y()\n    z()", "def f():\n    if x:\n        y()\n        z()"),
        ("List:\na\nb", "List: a b"),
        ("a\n\tb", "a\n    b"),
    ],
)
def test_where_lines_end_and_how_they_are_indented_makes_another_prompt(a: str, b: str) -> None:
    assert identity(a, None) != identity(b, None)


@pytest.mark.parametrize("same", [" a  b\n  c\n", "a b\r\n  c", "a b \n\n  c", "a b\n  c"])
def test_empty_lines_line_ends_and_outer_white_space_make_no_other_prompt(same: str) -> None:
    assert identity(same, None) == identity("a b\n  c", None)


@pytest.mark.parametrize("part", ["\u0301\u0316", "x", "ᄀ", "word ", "好", "+-", "a. ", "### Answer:\n"])
def test_a_long_prompt_takes_time_in_proportion_to_its_length(part: str) -> None:
    def seconds(characters: int) -> float:
        row = PromptRow("a" + part * (characters // len(part)))
        start = time.process_time()
        place([], [row], 0.25, 1)
        return time.process_time() - start

    assert is_linear(seconds, 10_000)


def test_a_letter_is_looked_for_in_the_longest_word_that_is_typed_and_in_no_longer_one() -> None:
    for letters, together in ((2_000, True), (2_003, False)):
        word = "".join(random.Random(letters).choices("bcdfgaeiou", k=letters))
        rows = [
            PromptRow(f"Read {one} aloud, please.", split=side)
            for one, side in ((word, Split.TRAIN), (word[:700] + word[701:], Split.HELD_OUT))
        ]
        assert (len(place([], rows, 0.25, 1)[0]) == 1) is together
