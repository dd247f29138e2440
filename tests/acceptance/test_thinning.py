"""De-duplication after deciding: which candidate stands for which, and how far the law moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.acceptance import thinning
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import parse
from rsf_core.rounds.curation import freeze, freeze_control
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates, decide

SAID = ["It is a fine kettle indeed.", "It is a fine kettle, indeed!", "Mine broke.", "It is a fine kettle indeed."]


def settings(how: str) -> Settings:
    return parse({"task": "t", "train": {"deduplicate": how}}, "test")


@pytest.mark.parametrize(
    ("how", "expected"), [("off", [0, 1, 2, 3, 4]), ("exact", [0, 1, 2, 0, 4]), ("near", [0, 0, 2, 0, 4])]
)
def test_the_first_represents_its_duplicates_within_its_prompt(how: thinning.How, expected: list[int]) -> None:
    texts = [*SAID, SAID[0]]
    assert thinning.stand_ins([1, 1, 1, 1, 2], texts, texts, how).tolist() == expected


def test_contents_are_equal_by_their_tokens_and_near_by_their_text() -> None:
    same = ["one text", "one text"]
    assert thinning.stand_ins([1, 1], [(1, 2), (3,)], same, "exact").tolist() == [0, 1]
    assert thinning.stand_ins([1, 1], [(1, 2), (3,)], same, "near").tolist() == [0, 0]
    assert thinning.stand_ins([1, 1], [(1,), (2,)], ["", "  "], "near").tolist() == [0, 1]


rows = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["ant bee cow", "ant bee cows", "dog", "elk fox 12"])), max_size=15
)


@given(rows)
def test_a_representative_is_kept_and_belongs_to_the_same_prompt(problems: list[tuple[int, str]]) -> None:
    prompts, texts = [p for p, _ in problems], [t for _, t in problems]
    kept = []
    for how in ("off", "exact", "near"):
        of = thinning.stand_ins(prompts, texts, texts, how)
        assert (of[of] == of).all() and (of <= np.arange(len(of))).all()
        assert [prompts[i] for i in of] == prompts
        kept.append(int((of == np.arange(len(of))).sum()))
    assert kept[0] == len(problems) >= kept[1] == len(set(problems)) >= kept[2]


def test_how_much_is_left_out_and_how_far_the_law_moves() -> None:
    of = np.array([0, 0, 0, 3])
    assert thinning.mass_thinned(np.ones(4), of) == 0.5
    assert thinning.law_moved(np.ones(4), of) == pytest.approx(0.25)  # (3/4, 1/4) goes to (1/2, 1/2)
    assert thinning.law_moved(np.ones(4), np.array([0, 0, 2, 2])) == 0.0
    assert thinning.mass_thinned([3.0, 1.0], np.array([0, 0])) == 0.25
    assert thinning.mass_thinned([], np.array([], int)) == thinning.law_moved([], np.array([], int)) == 0.0


@pytest.mark.parametrize(("how", "samples"), [("off", 8), ("exact", 6), ("near", 4)])
def test_a_set_is_thinned_as_requested_and_reports_the_effect(store: Store, how: str, samples: int) -> None:
    add_prompts(store)
    tokens = [[3, 2], [4, 2], [5, 2], [3, 2]] * 2
    made = candidates(2, 4, completions=SAID * 2, token_ids=tokens)
    add_candidates(store, made)
    decide(store, made, 0.0, -9.0)
    record = freeze(store, settings(how), 1, "ann")
    summary = record.summary
    assert (summary["accepted"], summary["samples"], summary["thinned"]) == (8, samples, 8 - samples)
    assert summary["deduplicate"] == how and summary["mass_thinned"] == (8 - samples) / 8
    assert summary["distinct"] == 4  # whichever are kept
    # off: 0; exact: the law of a prompt goes from (2, 1, 1)/4 to thirds; near: from (3, 1)/4 to halves
    assert summary["law_moved"] == pytest.approx({"off": 0.0, "exact": 1 / 6, "near": 0.25}[how])
    words = thinning.in_words(summary)
    if how != "off":
        one = thinning.in_words(summary | {"thinned": 1, "mass_thinned": 0.0004, "law_moved": 0.00004})
        assert one.startswith("1 duplicate") and " was left out, 0.04% of " in one and "by 0.00004 in" in one
    assert (
        words == ""
        if how == "off"
        else f"{8 - samples} duplicates" in words and f"by {summary['law_moved']:.3f}" in words
    )
    control = freeze_control(store, record, "ann")
    assert control.summary["samples"] == samples and thinning.in_words(control.summary) == ""


def test_a_set_thinned_otherwise_is_another_set(store: Store) -> None:
    add_prompts(store)
    made = candidates(2, 4, completions=SAID * 2, token_ids=[[3, 2], [4, 2], [5, 2], [3, 2]] * 2)
    add_candidates(store, made)
    decide(store, made, 0.0, -9.0)
    first = freeze(store, settings("exact"), 1, "ann")
    assert freeze(store, settings("exact"), 1, "ann") == first
    assert [freeze(store, settings(how), 1, "ann").curated_id for how in ("near", "off")] == ["c1-2", "c1-3"]
