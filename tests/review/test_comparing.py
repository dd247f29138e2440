"""The next pair: random by a seed, no near-duplicates, not shown twice to the same person unless asked for."""

from __future__ import annotations

import pytest

from rsf_core.domain import Verdict
from rsf_core.domain.access import person
from rsf_core.domain.settings import Settings
from rsf_core.review import comparing, walking
from rsf_core.review.comparing import Compared, Comparing
from rsf_core.review.queue import Reviews
from rsf_core.store.comparison_log import pair_of
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates

# for each prompt: two near-duplicates, one different text, and one cut off by the token limit
TEXTS = ["A cat sat on a mat.", "a cat sat on a mat", "dogs bark", "cut off here"] * 3
FINISH = ["eos", "eos", "eos", "length"] * 3


def make(store: Store, overlap: int = 1) -> Comparing:
    settings = Settings.model_validate({"task": "t", "seed": 3, "review": {"overlap": overlap}})
    review = Reviews(store, lambda: settings, lambda number: settings.target)
    return Comparing(store, lambda: settings, review)


@pytest.fixture
def filled(store: Store) -> Store:
    add_prompts(store, 3)
    add_candidates(store, candidates(3, 4, completions=TEXTS, finish=FINISH))
    return store


def next_pair(comparing: Comparing, who: str, again: bool = False) -> Compared | None:
    return next(iter(comparing.upcoming(1, person(who), 1, again).pairs), None)


def compare_all(comparing: Comparing, who: str, verdict: Verdict = Verdict.LEFT) -> list[tuple[str, str]]:
    seen = []
    while (pair := next_pair(comparing, who)) is not None:
        seen.append((pair.left.candidate_id, pair.right.candidate_id))
        comparing.say(1, *seen[-1], verdict, person(who))
    return seen


def test_every_pair_that_differs_comes_once_and_near_duplicates_and_the_truncated_never(filled: Store) -> None:
    seen = compare_all(make(filled), "ann")
    assert sorted(pair_of(*pair) for pair in seen) == sorted(
        (f"1.{prompt}.{k}", f"1.{prompt}.2") for prompt in (1, 2, 3) for k in (0, 1)
    )
    assert len({left.split(".")[1] for left, _ in seen[:3]}) == 3 or len(seen) == 6  # prompts take turns


def test_the_same_pair_is_asked_again_until_it_is_answered_and_by_another_process_too(filled: Store) -> None:
    first = next_pair(make(filled), "ann")
    again = next_pair(make(filled), "ann")
    assert first is not None and again is not None
    assert first.left.candidate_id == again.left.candidate_id and first.right.candidate_id == again.right.candidate_id


@pytest.mark.parametrize(("overlap", "bens"), [(1, 0), (2, 6)])
def test_a_pair_wants_as_many_opinions_as_a_candidate(filled: Store, overlap: int, bens: int) -> None:
    comparing = make(filled, overlap)
    anns = compare_all(comparing, "ann")
    assert len(anns) == 6
    assert (next_pair(comparing, "ben") is None) == (bens == 0)
    seen = compare_all(comparing, "ben")
    assert len(seen) == bens and seen in ([], anns)  # the same pairs in the same order
    assert next_pair(comparing, "cleo") is None


def test_what_was_taken_back_comes_again(filled: Store) -> None:
    comparing = make(filled)
    seen = compare_all(comparing, "ann")
    assert comparing.undo(1, person("ann")) == seen[-1]
    again = next_pair(comparing, "ann")
    assert again is not None and (again.left.candidate_id, again.right.candidate_id) == seen[-1]
    assert comparing.count(1, person("ann")) == 5


def test_who_asks_is_shown_the_pair_they_compared_longest_ago(filled: Store) -> None:
    comparing = make(filled)
    assert next_pair(comparing, "ann", again=True) is None
    seen = compare_all(comparing, "ann")
    for expected in (*seen, seen[0]):
        pair = next_pair(comparing, "ann", again=True)
        assert pair is not None
        ids = (pair.left.candidate_id, pair.right.candidate_id)
        assert pair_of(*ids) == pair_of(*expected)
        comparing.say(1, *ids, Verdict.TIE, person("ann"))
    assert comparing.count(1, person("ann")) == 6


def test_candidates_drawn_later_are_compared_too(filled: Store) -> None:
    comparing = make(filled)
    compare_all(comparing, "ann")
    late = candidates(3, 5, completions=[f"another {i} text" for i in range(15)]).filter(
        [i % 5 == 4 for i in range(15)]
    )
    add_candidates(filled, late, unit=1)
    seen = compare_all(comparing, "ann")
    assert len(seen) == 9 and all(any(name.endswith(".4") for name in pair) for pair in seen)


def test_where_all_nearly_repeat_each_other_it_gives_up_and_goes_on_when_asked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST_READ", 4)
    add_prompts(store, 2)
    add_candidates(store, candidates(2, 3, completions=["the same"] * 6))
    asked = make(store)
    for last in (4, 6):  # the pairs that were read are not read again
        answer = asked.upcoming(1, person("ann"), 1)
        assert (answer.pairs, answer.last, answer.ended) == ([], last, last == 6)


def ids(pairs: list[Compared]) -> list[tuple[str, str]]:
    return [(one.left.candidate_id, one.right.candidate_id) for one in pairs]


def test_pairs_are_had_ahead_in_parts_that_follow_each_other(filled: Store) -> None:
    comparing = make(filled)
    whole = comparing.upcoming(1, person("ann"), 100)
    assert whole.ended and len(whole.pairs) == 6
    begun = comparing.upcoming(1, person("ann"), 4)
    rest = comparing.upcoming(1, person("ann"), 4, after=begun.last)
    assert (begun.ended, rest.ended) == (False, True)
    assert ids(begun.pairs) + ids(rest.pairs) == ids(whole.pairs)
    assert comparing.upcoming(1, person("ann"), 4, after=rest.last).pairs == []
    comparing.say(1, *ids(begun.pairs)[1], Verdict.TIE, person("ann"))  # the second pair: the first stays the next one
    expected = [pair for at, pair in enumerate(ids(whole.pairs)) if at != 1]
    assert ids(comparing.upcoming(1, person("ann"), 100).pairs) == expected
    assert ids(comparing.upcoming(1, person("ann"), 100, after=begun.last).pairs) == ids(rest.pairs)


def test_earlier_pairs_are_sent_ahead_too_the_oldest_first(filled: Store) -> None:
    comparing = make(filled)
    seen = [pair_of(*pair) for pair in compare_all(comparing, "ann")]
    begun = comparing.upcoming(1, person("ann"), 4, again=True)
    rest = comparing.upcoming(1, person("ann"), 4, again=True, after=begun.last)
    assert [pair_of(*pair) for pair in ids(begun.pairs + rest.pairs)] == seen
    assert (begun.ended, rest.ended) == (False, True)
    assert comparing.upcoming(1, person("ann"), 2, again=True, after=rest.last).pairs == []


@pytest.mark.parametrize("again", [False, True])
def test_an_answer_ends_where_its_texts_are_long(filled: Store, monkeypatch: pytest.MonkeyPatch, again: bool) -> None:
    comparing = make(filled)
    if again:
        compare_all(comparing, "ann")
    whole = ids(comparing.upcoming(1, person("ann"), 100, again).pairs)
    monkeypatch.setattr(walking, "MOST_CHARACTERS", 30)  # a pair has 27 or 29 characters
    begun = comparing.upcoming(1, person("ann"), 100, again)
    assert (ids(begun.pairs), begun.ended) == (whole[:2], False)
    rest: list[tuple[str, str]] = []
    after, ended = begun.last, begun.ended
    while not ended:
        answer = comparing.upcoming(1, person("ann"), 100, again, after)
        rest, after, ended = rest + ids(answer.pairs), answer.last, answer.ended
        assert len(answer.pairs) <= 2
    assert rest == whole[2:]


def test_what_is_read_and_not_shown_counts_too_and_an_empty_answer_can_be_gone_on_from(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_prompts(store, 2)
    add_candidates(store, candidates(2, 3, completions=["the same words again"] * 6, finish=["eos"] * 6))
    comparing = make(store)
    monkeypatch.setattr(walking, "MOST_CHARACTERS", 60)  # a pair has 40 characters
    first = comparing.upcoming(1, person("ann"), 100)
    assert (first.pairs, first.last, first.ended) == ([], 2, False)
    after, answers = first.last, 1
    while not (answer := comparing.upcoming(1, person("ann"), 100, after=after)).ended:
        assert answer.pairs == [] and answer.last is not None and answer.last > (after or 0)
        after, answers = answer.last, answers + 1
    assert answers == 2  # of two pairs each; the third request gets the last two and ends


def test_a_round_without_candidates_has_no_pair(store: Store) -> None:
    assert next_pair(make(store), "ann") is None
