"""Freezing: the candidates that are currently accepted become an immutable set, once."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from rsf_core.domain import Act, Action, ActKind, Control, Scope, Split, access
from rsf_core.domain.errors import RsfError, StageError
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import parse
from rsf_core.rounds import curation
from rsf_core.rounds.curation import control_of, freeze, freeze_control, is_control, leaves_a_choice, near_held_out
from rsf_core.store.records import CuratedRecord
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates, decide


def settings(weighted: bool = False) -> Settings:
    return parse({"task": "t", "accept": {"weighted": weighted}}, "test")


def seed(store: Store, log_ratio: Any = 0.0, log_m: float = -9.0, scope: Scope = Scope.GLOBAL, **columns: Any) -> None:
    """Two prompts with three candidates each; at log M = −9 and ℓ = 0 all of them are accepted."""
    add_prompts(store)
    rows = candidates(2, 3, **columns)
    add_candidates(store, rows)
    decide(store, rows, log_ratio, log_m, scope)


def test_the_set_holds_what_is_accepted_and_where_it_came_from(store: Store) -> None:
    seed(store, finish=["eos", "eos", "eos", "eos", "length", "length"])
    store.add_override("a", "1.1.0", Action.REJECT, "ann")
    store.add_override("b", "1.2.1", Action.ACCEPT, "ann")
    record = freeze(store, settings(), 1, "ben")
    assert (record.curated_id, record.round, record.author, record.log_m) == ("c1-1", 1, "ben", -9.0)
    samples = store.curated_samples("c1-1").to_pylist()
    assert [(s["candidate_id"], s["decided_by"]) for s in samples] == [
        ("1.1.1", "rule"), ("1.1.2", "rule"), ("1.2.0", "rule"), ("1.2.1", "ann"),
    ]  # fmt: skip
    assert samples[0]["prompt"] == store.prompts()[0].text and samples[0]["token_ids"] == [3, 1, 2]
    assert [(s["weight"], s["acceptance_prob"]) for s in samples] == [(1.0, 1.0)] * 3 + [(1.0, 0.0)]  # truncated
    assert store.curated_sets() == [record]
    summary = record.summary
    assert (summary["candidates"], summary["overridden"], summary["prompts"]) == (6, 2, 2)
    assert summary["rate_automatic"] == pytest.approx(4 / 6) and summary["rate_effective"] == pytest.approx(4 / 6)


def test_equal_completions_of_a_prompt_are_kept_once_and_both_counts_are_reported(store: Store) -> None:
    same, other = [5, 5, 2], [6, 2]
    seed(store, token_ids=[same, same, other, same, same, same])
    summary = freeze(store, settings(), 1, "ann").summary
    assert (summary["accepted"], summary["samples"]) == (6, 3)
    kept = store.curated_samples("c1-1")["candidate_id"].to_pylist()
    assert kept == ["1.1.0", "1.1.2", "1.2.0"]  # the first of each; another prompt may have the same completion


def test_near_duplicates_of_a_prompt_are_kept_and_counted(store: Store) -> None:
    texts = ["It is a fine kettle indeed.", "It is a fine kettle, indeed!", "Mine broke."]
    seed(store, completions=texts * 2)
    summary = freeze(store, settings(), 1, "ann").summary
    assert (summary["accepted"], summary["samples"], summary["distinct"]) == (6, 6, 4)


def test_the_same_decisions_are_the_same_set(store: Store) -> None:
    seed(store)
    first = freeze(store, settings(), 1, "ann")
    assert freeze(store, settings(), 1, "ben") == first and len(store.curated_sets()) == 1
    assert store.curated_samples(first.curated_id).num_rows == 6


def test_later_decisions_make_another_set_and_leave_the_first_as_it_was(store: Store) -> None:
    seed(store)
    first = freeze(store, settings(), 1, "ann")
    samples = store.curated_samples("c1-1")
    store.add_override("a", "1.1.0", Action.REJECT, "ann")
    second = freeze(store, settings(), 1, "ann")
    assert (second.curated_id, second.summary["samples"]) == ("c1-2", 5)
    assert second.content_hash != first.content_hash
    assert store.curated_samples("c1-1").equals(samples) and store.curated_sets()[0] == first


def test_another_m_with_the_same_samples_is_another_set(store: Store) -> None:
    seed(store)
    first = freeze(store, settings(), 1, "ann")
    store.add_threshold(1, 1, -8.0, Scope.GLOBAL, "ann", "by hand")
    second = freeze(store, settings(), 1, "ann")
    assert second.content_hash == first.content_hash and (first.log_m, second.log_m) == (-9.0, -8.0)


def test_bound_violations_are_weighted_when_asked_for(store: Store) -> None:
    ell = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
    seed(store, ell, log_m=-1.0)
    for i in range(6):
        store.add_override(f"{i}", f"1.{1 + i // 3}.{i % 3}", Action.ACCEPT, "ann")
    assert freeze(store, settings(), 1, "ann").summary["bound_violated"] == 5
    assert set(store.curated_samples("c1-1")["weight"].to_pylist()) == {1.0}
    freeze(store, settings(weighted=True), 1, "ann")
    np.testing.assert_allclose(store.curated_samples("c1-2")["weight"], np.exp(np.maximum(0, ell + 1.0)))


def test_weights_are_relative_to_the_prompts_own_scale(store: Store) -> None:
    seed(store, [100.0, 101.0, 102.0, -3.0, -2.0, -1.0], log_m=-0.5, scope=Scope.PROMPT)
    for i in range(6):
        store.add_override(f"{i}", f"1.{1 + i // 3}.{i % 3}", Action.ACCEPT, "ann")
    freeze(store, settings(weighted=True), 1, "ann")
    weights = store.curated_samples("c1-1")["weight"].to_numpy()
    np.testing.assert_allclose(weights[:3], weights[3:])
    assert weights[0] == 1.0 and weights[2] > weights[1]


@pytest.mark.parametrize("scope", list(Scope))
def test_what_a_person_accepts_against_the_constraints_has_weight_one(store: Store, scope: Scope) -> None:
    seed(store, [-math.inf] * 3 + [0.0] * 3, log_m=0.0, scope=scope)
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    freeze(store, settings(weighted=True), 1, "ann")
    sample = store.curated_samples("c1-1").to_pylist()[0]
    assert (sample["candidate_id"], sample["weight"], sample["acceptance_prob"]) == ("1.1.0", 1.0, 0.0)


def test_what_a_person_accepts_before_it_was_scored_has_weight_one(store: Store) -> None:
    seed(store)
    add_candidates(store, candidates(2, 4).slice(7), unit=1)
    store.add_override("a", "1.2.3", Action.ACCEPT, "ann")
    freeze(store, settings(weighted=True), 1, "ann")
    sample = store.curated_samples("c1-1").to_pylist()[-1]
    assert (sample["candidate_id"], sample["weight"]) == ("1.2.3", 1.0)
    assert (sample["log_ratio"], sample["acceptance_prob"]) == (None, None)


def test_a_weight_beyond_all_numbers_is_refused(store: Store) -> None:
    seed(store, 800.0)
    with pytest.raises(RsfError, match=r"weight.*raise M"):
        freeze(store, settings(weighted=True), 1, "ann")
    assert store.curated_sets() == []


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_there_is_nothing_to_freeze_before_scoring(store: Store) -> None:
    add_prompts(store)
    add_candidates(store, candidates())
    with pytest.raises(StageError, match="round 1 has no decisions yet: generate and score"):
        freeze(store, settings(), 1, "ann")


def test_an_empty_set_is_refused_and_says_what_to_do(store: Store) -> None:
    seed(store, log_m=99.0)
    with pytest.raises(StageError, match=r"no accepted candidate to train on: lower M .* accept some by hand"):
        freeze(store, settings(), 1, "ann")
    assert store.curated_sets() == []


def test_a_train_prompt_that_repeats_a_held_out_one_is_left_out_and_counted(store: Store) -> None:
    seed(store)
    whole = freeze(store, settings(), 1, "ann")
    repeated = store.prompts(Split.TRAIN)[1]
    store.add_prompts([(repeated.text.upper(), None, None, Split.HELD_OUT)], "the test")
    honest = freeze(store, settings(), 1, "ann")
    assert repeated.prompt_id in whole_prompts(store, whole.curated_id)
    assert repeated.prompt_id not in whole_prompts(store, honest.curated_id)
    assert honest.summary["near_held_out"] > 0 == whole.summary["near_held_out"]
    assert honest.summary["accepted"] == whole.summary["accepted"]


def test_prompts_are_compared_once_and_again_where_one_comes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(store)
    assert near_held_out(store) == set()
    looked: list[Store] = []
    find = curation._find_near_held_out

    def noted(store: Store) -> set[int]:
        looked.append(store)
        return find(store)

    monkeypatch.setattr(curation, "_find_near_held_out", noted)
    store._kept._answers.clear()  # as if the project were opened again
    assert near_held_out(store) == set() and not looked
    repeated = store.prompts(Split.TRAIN)[1]
    store.add_prompts([(repeated.text.upper(), None, None, Split.HELD_OUT)], "the test")
    for _ in range(2):
        assert near_held_out(store) == {repeated.prompt_id} and len(looked) == 1
        store._kept._answers.clear()
    kept = [key for key in store.values() if key.startswith(curation.NEAR_HELD_OUT)]
    assert len(kept) == 1, "what was known of the prompts before them is not kept"


def whole_prompts(store: Store, curated_id: str) -> set[int]:
    return set(store.curated_samples(curated_id)["prompt_id"].to_pylist())


def test_nothing_but_repeated_prompts_is_refused(store: Store) -> None:
    seed(store)
    texts = [prompt.text for prompt in store.prompts(Split.TRAIN)]
    store.add_prompts([(text, None, None, Split.HELD_OUT) for text in texts], "the test")
    with pytest.raises(StageError, match="nearly the same as a held-out one"):
        freeze(store, settings(), 1, "ann")
    assert store.curated_sets() == []


def test_a_random_control_has_the_size_of_the_set_and_ignores_the_decisions(store: Store) -> None:
    add_prompts(store, 40)
    rows = candidates(40, 5, finish=["length" if i % 10 == 0 else "eos" for i in range(200)])
    add_candidates(store, rows)
    decide(store, rows, np.repeat([5.0, -5.0], 100), log_m=0.0)
    chosen = freeze(store, settings(), 1, "ann")
    control = freeze_control(store, chosen, "ann")
    assert control.curated_id == "c1-1-random" and is_control(control.curated_id) and not is_control(chosen.curated_id)
    assert control.summary["samples"] == chosen.summary["samples"] and control.summary["rule"] == "random"
    samples = store.curated_samples(control.curated_id).to_pylist()
    assert {row["decided_by"] for row in samples} == {"random"} and {row["weight"] for row in samples} == {1.0}
    cut_off = pc.filter(rows["candidate_id"], pc.equal(rows["finish"], "length")).to_pylist()
    names = {row["candidate_id"] for row in samples}
    assert names & set(cut_off)  # the proposal draws them, so the control has them
    assert control.summary["tokens"] == sum(len(row["token_ids"]) for row in samples) == chosen.summary["tokens"]
    accepted_by_rule = {row["candidate_id"] for row in store.curated_samples(chosen.curated_id).to_pylist()}
    assert 0.3 < len(names & accepted_by_rule) / len(names) < 0.7  # the rule accepts half of all
    assert freeze_control(store, chosen, "ann") == control
    store.add_override("a", "1.1.1", Action.REJECT, "ann")
    assert freeze(store, settings(), 1, "ann").curated_id == "c1-2"


@pytest.mark.parametrize("scope", [Scope.GLOBAL, Scope.PROMPT])
def test_a_control_of_the_constraints_is_chosen_among_what_passes_them_whatever_was_decided(
    store: Store, scope: Scope
) -> None:
    add_prompts(store, 40)
    rows = candidates(40, 5, finish=["length" if i % 10 == 0 else "eos" for i in range(200)])
    add_candidates(store, rows)
    ratio = np.tile([5.0, -5.0, -math.inf, 0.5, -2.0], 40)  # three of five pass, and a fourth, cut off half the time
    decide(store, rows, ratio, log_m=0.0, scope=scope)
    chosen = freeze(store, settings(), 1, "ann")
    control = freeze_control(store, chosen, "ann", Control.CONSTRAINTS)
    assert control.curated_id == "c1-1-constraints" and is_control(control.curated_id)
    assert control_of(control.curated_id) is Control.CONSTRAINTS and control_of(chosen.curated_id) is None
    assert control.summary["samples"] == chosen.summary["samples"] and control.summary["rule"] == "constraints"
    names = rows["candidate_id"].to_pylist()
    passes = {name for i, name in enumerate(names) if math.isfinite(ratio[i]) and i % 10 != 0}
    taken = {row["candidate_id"] for row in store.curated_samples(control.curated_id).to_pylist()}
    assert taken <= passes
    low = {name for i, name in enumerate(names) if ratio[i] < 0}
    assert taken & low  # the rule rejects these; the constraints do not
    assert freeze_control(store, chosen, "ann", Control.CONSTRAINTS) == control
    random = freeze_control(store, chosen, "ann")
    assert random.curated_id == "c1-1-random" and random.content_hash != control.content_hash


@pytest.mark.parametrize(("ratio", "choice"), [([5.0, -math.inf], False), ([5.0, -4.0], True)])
def test_where_all_that_passes_is_accepted_the_constraints_leave_no_choice(
    store: Store, ratio: list[float], choice: bool
) -> None:
    add_prompts(store, 20)
    rows = candidates(20, 4)
    add_candidates(store, rows)
    decide(store, rows, np.tile(np.repeat(ratio, 2), 20), log_m=0.0)
    chosen = freeze(store, settings(), 1, "ann")
    assert leaves_a_choice(store, chosen, Control.CONSTRAINTS) is choice
    assert leaves_a_choice(store, chosen, Control.RANDOM)


@pytest.mark.parametrize("how", ["off", "exact", "near"])
@pytest.mark.parametrize("control", Control)
@pytest.mark.parametrize("left", [0, 1, 3])
def test_counts_and_samples_agree_on_whether_there_is_a_choice(
    store: Store, how: Literal["off", "exact", "near"], control: Control, left: int
) -> None:
    add_prompts(store, 6)
    store.add_prompts([("Write about a chair in one line.", None, None, Split.HELD_OUT)], "like the first")
    rng = np.random.default_rng(left)
    texts = [f"It is a {('fine', 'fine', 'plain')[i % 3]} kettle indeed{'!' if i % 2 else '.'}" for i in range(24)]
    ids = [[3, int(rng.integers(2)), 2] for _ in range(24)]
    rows = candidates(
        6, 4, completions=texts, token_ids=ids, finish=["length" if i % 7 == 0 else "eos" for i in range(24)]
    )
    add_candidates(store, rows)
    decide(store, rows, np.where(rng.random(24) < 0.3, -math.inf, 1.0), log_m=0.0)
    chosen = freeze(store, settings(), 1, "ann")
    to_choose_from = len(curation._to_choose_from(store, replace_how(chosen, how), control)[1])
    for samples in (to_choose_from - 1 - left, to_choose_from - 1, to_choose_from, to_choose_from + left):
        matched = replace_how(chosen, how, samples)
        assert leaves_a_choice(store, matched, control) is (to_choose_from > samples)


def replace_how(record: CuratedRecord, how: str, samples: int = 1) -> CuratedRecord:
    return replace(record, summary=record.summary | {"deduplicate": how, "samples": samples})


def test_a_page_that_asks_whether_there_is_a_choice_reads_no_sample(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(store)
    chosen = freeze(store, settings(), 1, "ann")
    monkeypatch.setattr(type(store), "samples_of", lambda *_: pytest.fail("the samples are read"))
    assert not leaves_a_choice(store, chosen, Control.CONSTRAINTS)


def test_a_random_control_is_as_large_where_completions_repeat(store: Store) -> None:
    add_prompts(store, 10)
    rows = candidates(10, 20, token_ids=[[3, i % 10, 2] for i in range(200)])  # two of each completion
    add_candidates(store, rows)
    decide(store, rows, np.tile(np.repeat([5.0, -5.0], 10), 10), log_m=0.0)  # the first of each is accepted
    chosen = freeze(store, settings(), 1, "ann")
    control = freeze_control(store, chosen, "ann")
    assert control.summary["samples"] == chosen.summary["samples"] == 100
    samples = store.curated_samples(control.curated_id).to_pylist()
    assert len({(row["prompt_id"], tuple(row["token_ids"])) for row in samples}) == 100


def test_a_random_control_has_as_many_tokens_where_the_accepted_are_short(store: Store) -> None:
    add_prompts(store, 40)
    lengths = [3 if i % 5 < 2 else 12 for i in range(200)]
    rows = candidates(40, 5, token_ids=[[3 + i % 50] * length for i, length in enumerate(lengths)])
    add_candidates(store, rows)
    decide(store, rows, np.where(np.array(lengths) < 5, 5.0, -5.0), log_m=0.0)
    chosen = freeze(store, settings(), 1, "ann")
    control = freeze_control(store, chosen, "ann")
    assert control.summary["samples"] == chosen.summary["samples"]
    assert control.summary["tokens"] == pytest.approx(chosen.summary["tokens"], abs=12)


@pytest.mark.parametrize("edits", [0, 7, 80])
def test_an_edited_completion_counts_with_the_tokens_it_was_drawn_with(store: Store, edits: int) -> None:
    add_prompts(store, 40)
    lengths = [12 if i % 5 < 2 else 3 for i in range(200)]
    rows = candidates(40, 5, token_ids=[[3 + i % 50] * length for i, length in enumerate(lengths)])
    add_candidates(store, rows)
    decide(store, rows, np.where(np.array(lengths) > 5, 5.0, -5.0), log_m=0.0)
    long = [name for name, length in zip(rows["candidate_id"].to_pylist(), lengths, strict=True) if length == 12]
    store.acts.say([Act(f"e{n}", ActKind.EDIT, (long[n],), value=f"said better {n}") for n in range(edits)], 1, "ann")
    chosen = freeze(store, settings(), 1, "ann")
    assert chosen.summary["edited"] == edits and chosen.summary["tokens"] == 80 * 12
    control = freeze_control(store, chosen, "ann")
    assert control.summary["samples"] == 80 and control.summary["tokens"] == 80 * 12


def test_a_random_control_has_what_no_scorer_had_a_score_for(store: Store) -> None:
    add_prompts(store, 40)
    rows = candidates(40, 5, token_ids=[[3, i % 50, i % 7, i % 5, 2] for i in range(200)])
    add_candidates(store, rows)
    scored = rows.filter(pa.array([i % 5 < 3 for i in range(200)]))
    decide(store, scored, np.tile([5.0, 5.0, -5.0], 40), log_m=0.0)
    chosen = freeze(store, settings(), 1, "ann")
    names = set(store.curated_samples(freeze_control(store, chosen, "ann").curated_id)["candidate_id"].to_pylist())
    undecided = set(rows["candidate_id"].to_pylist()) - set(scored["candidate_id"].to_pylist())
    assert len(names) == 80 and 0.25 < len(names & undecided) / 80 < 0.55  # two of five candidates have no score


def test_a_candidate_without_a_scale_that_a_person_accepts_weighs_one(store: Store) -> None:
    seed(store, [5.0, -math.inf, -math.inf] * 2, log_m=0.0, scope=Scope.PROMPT)
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    (sample,) = store.curated_samples(freeze(store, settings(weighted=True), 1, "ann").curated_id).to_pylist()
    assert (sample["candidate_id"], sample["weight"]) == ("1.1.0", 1.0)


def test_decisions_taken_back_make_a_set_of_their_own_again(store: Store) -> None:
    """The newest set is what fine-tuning takes, so it must match the current decisions."""
    seed(store)
    first = freeze(store, settings(), 1, "ann")
    store.add_override("a", "1.1.0", Action.REJECT, "ann")
    second = freeze(store, settings(), 1, "ann")
    store.add_override("b", "1.1.0", Action.AUTO, "ann")
    third = freeze(store, settings(), 1, "ann")
    assert [c.curated_id for c in (first, second, third)] == ["c1-1", "c1-2", "c1-3"]
    assert third.content_hash == first.content_hash != second.content_hash
    assert freeze(store, settings(), 1, "ann") == third


def test_a_person_who_was_called_rule_is_not_taken_for_the_rule(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "RESERVED", frozenset())  # as in an earlier version, which accepted the name
    seed(store)
    store.add_override("a", "1.1.0", Action.ACCEPT, "rule")
    freeze(store, settings(), 1, "ben")
    assert [row["decided_by"] for row in store.curated_samples("c1-1").to_pylist()][:2] == ["rule (a person)", "rule"]
