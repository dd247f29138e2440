"""What the store keeps: promises about segments, prompts and jobs. Decisions and overrides have files of their own."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rsf_core.domain import Action, JobKind, JobState, Split
from rsf_core.domain.errors import StoreError
from rsf_core.store.curated import content_hash
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.seeding import add_candidates, add_scores, candidates, decide, replaced

SEGMENT = ("r1-generate-1", 0, "abc", "candidates")


def test_rows_that_are_kept_are_those_of_now_and_nobody_changes_them_for_others(store: Store) -> None:
    store.set_value("first", "1")
    before = store._kept.rows("project_values", ("project",))
    before[0]["value"] = "changed by who was given it"
    assert store.values()["first"] == "1"
    store.set_value("second", "2")
    assert store.values()["second"] == "2"
    with store.transaction("trying"):
        store.set_value("third", "3")
        assert store.values()["third"] == "3", "a transaction sees what it has written"
    assert len(store._kept.rows("project_values", ("project",))) == len(before) + 2


def test_a_segment_committed_twice_is_stored_once(store: Store) -> None:
    rows = candidates()
    assert store.commit_segment(*SEGMENT, rows)
    assert not store.commit_segment(*SEGMENT, rows)
    assert store.round_counts(1).candidates == rows.num_rows
    assert store.committed_units("r1-generate-1") == {0}


def test_a_segment_committed_twice_is_stored_once_after_reopening(tmp_path: Path) -> None:
    for expected in (True, False):
        store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
        assert store.commit_segment(*SEGMENT, candidates()) is expected
        assert store.round_counts(1).candidates == 6
        store.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("log_q", math.nan),
        ("log_q", -math.inf),
        ("log_model", math.nan),
        ("log_model", math.inf),
        ("u", 0.0),
        ("u", -0.1),
        ("u", 1.0000001),
        ("u", math.nan),
        ("finish", "stop"),
        ("finish", None),
    ],
)
def test_a_segment_with_one_impossible_value_is_refused_whole(store: Store, column: str, value: object) -> None:
    rows = candidates()
    values = rows[column].to_pylist()
    values[-1] = value
    with pytest.raises(StoreError, match="segment 0 of r1-generate-1"):
        store.commit_segment(*SEGMENT, replaced(rows, column, values))
    assert store.round_counts(1).candidates == 0
    assert store.committed_units("r1-generate-1") == set()
    assert store.commit_segment(*SEGMENT, rows)  # the good one is accepted afterwards


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(store: Store, score: float) -> None:
    rows = candidates()
    add_candidates(store, rows)
    with pytest.raises(StoreError):
        add_scores(store, rows, {"sentiment": [0.1] * (rows.num_rows - 1) + [score]})
    assert store.round_counts(1).scored == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [("log_ratio", math.nan), ("log_ratio", math.inf), ("critical_log_m", math.nan), ("critical_log_m", math.inf),
     ("scale", math.nan), ("scale", math.inf)],
)  # fmt: skip
def test_log_ratios_that_would_always_be_accepted_are_refused(store: Store, column: str, value: float) -> None:
    rows = candidates()
    add_candidates(store, rows)
    before = decide(store, rows, 0.5, log_m=0.0)
    counts = store.round_counts(1)
    with pytest.raises(StoreError):
        store.replace_log_ratios(1, 1, replaced(before, column, [value] + [0.0] * (rows.num_rows - 1)))
    assert store.round_counts(1) == counts  # the earlier target stays in use


@pytest.mark.parametrize("log_m", [math.nan, math.inf, -math.inf])
def test_an_m_that_is_no_number_is_refused(store: Store, log_m: float) -> None:
    rows = candidates()
    add_candidates(store, rows)
    with pytest.raises(StoreError):
        decide(store, rows, 0.5, log_m)
    assert store.thresholds(1) == []


def test_replacing_log_ratios_leaves_other_rounds_alone(store: Store) -> None:
    first, second = candidates(), candidates(round_number=2)
    add_candidates(store, first)
    add_candidates(store, second, job_id="r2-generate-1")
    decide(store, first, -1.0, log_m=-5.0)
    decide(store, second, -2.0, log_m=-5.0, round_number=2)
    decide(store, first, -3.0, log_m=-5.0)
    assert set(store.ratios(1)["log_ratio"].to_pylist()) == {-3.0}
    assert set(store.ratios(2)["log_ratio"].to_pylist()) == {-2.0}
    assert store.ratios(1).num_rows == store.ratios(2).num_rows == 6


def test_prompts_are_numbered_on_and_text_stays_data(store: Store) -> None:
    nasty = ["'; DROP TABLE prompts; --", "nul \x00 inside", '"{}" $split ?', "日本\n🎉"]
    assert store.add_prompts([("first", None, None, Split.TRAIN)], "a") == 1
    assert store.add_prompts([(text, text, text, Split.HELD_OUT) for text in nasty], "b'; --") == len(nasty)
    prompts = store.prompts(Split.HELD_OUT)
    assert [prompt.prompt_id for prompt in prompts] == [2, 3, 4, 5]
    assert [(prompt.text, prompt.system, prompt.reference) for prompt in prompts] == [(t, t, t) for t in nasty]
    assert store.prompt_counts() == {Split.TRAIN: 1, Split.HELD_OUT: 4}
    assert store.prompts() == store.prompts(Split.TRAIN) + prompts


def test_adding_no_prompt_is_allowed(store: Store) -> None:
    assert store.add_prompts([], "nothing") == 0 and store.prompts() == []


def test_new_candidates_of_a_prompt_are_counted_on(store: Store) -> None:
    add_candidates(store, candidates(prompts=2, per_prompt=3))
    assert store.next_k(1) == {1: 3, 2: 3} and store.next_k(2) == {}


def test_only_candidates_without_a_score_have_to_be_scored(store: Store) -> None:
    rows = candidates(prompts=2, per_prompt=2)
    add_candidates(store, rows)
    assert store.candidates_to_score(1, ["sentiment"]).num_rows == 4
    add_scores(store, rows.slice(0, 3), {"sentiment": 0.5})
    assert store.candidates_to_score(1, ["sentiment"])["candidate_id"].to_pylist() == ["1.2.1"]
    assert store.candidates_to_score(1, ["sentiment", "length"]).num_rows == 4
    assert store.candidates_to_score(1, []).num_rows == 0
    assert store.round_counts(1).scored == 3


def test_equal_targets_are_one_version_and_others_are_not(store: Store) -> None:
    first = store.target_id({"beta": 1.0, "reference": "base"}, "rule")
    assert store.target_id({"reference": "base", "beta": 1.0}, "ann") == first
    assert store.target_id({"beta": 2.0, "reference": "base"}, "ann") == first + 1
    assert [row["spec"]["beta"] for row in store.targets()] == [1.0, 2.0]


def test_the_state_of_a_job_is_its_last_event(store: Store) -> None:
    job_id = store.next_job_id(JobKind.GENERATE, 1)
    store.add_job(job_id, specs.generate(), ["score"])
    assert store.job(job_id).state is JobState.QUEUED and store.job(job_id).started_at is None
    for state in (JobState.RUNNING, JobState.INTERRUPTED, JobState.RUNNING, JobState.DONE):
        store.add_job_event(job_id, state, f"now {state}")
    job = store.job(job_id)
    assert (job.state, job.message, job.follow, job.spec) == (JobState.DONE, "now done", ("score",), specs.generate())
    assert job.started_at is not None and job.started_at <= job.changed_at
    assert store.jobs(active=True) == [] and store.jobs(round_number=2) == []
    assert [event.state for event in store.job_events(job_id)] == [
        "queued",
        "running",
        "interrupted",
        "running",
        "done",
    ]
    assert store.next_job_id(JobKind.GENERATE, 1) == "r1-generate-2"
    with pytest.raises(StoreError, match="no job 'r9-score-1'"):
        store.job("r9-score-1")


def test_threads_decide_while_segments_arrive(store: Store) -> None:
    """Eight threads, as the app has: four append candidates, four override and read; nothing is lost or mixed up."""
    add_candidates(store, candidates(prompts=4, per_prompt=4))

    def append(thread: int) -> None:
        for unit in range(8):
            rows = candidates(prompts=4, per_prompt=4, round_number=10 + thread)
            names = [f"{name}-{unit}" for name in rows["candidate_id"].to_pylist()]
            add_candidates(store, replaced(rows, "candidate_id", names), unit, f"job {thread}")

    def review(thread: int) -> None:
        for turn in range(16):
            name = f"1.{1 + turn // 4}.{turn % 4}"
            action = Action.ACCEPT if thread % 2 else Action.REJECT
            assert store.add_override(f"{thread} {turn}", name, action, f"reviewer {thread}")
            overrides = store.overrides(candidate_id=name)
            assert {row.candidate_id for row in overrides} == {name} and f"{thread} {turn}" in {
                row.uid for row in overrides
            }
            assert store.round_counts(1).candidates == 16

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, thread) for thread in range(4) for work in (append, review)]:
            done.result()
    assert [store.round_counts(10 + thread).candidates for thread in range(4)] == [128] * 4
    assert len(store.overrides(round_number=1)) == 64
    assert store.round_counts(1).overridden == 16


def test_the_content_hash_sees_what_is_trained_on_and_not_the_order() -> None:
    one = {"prompt_token_ids": [1, 2], "token_ids": [3], "weight": 1.0}
    two = {"prompt_token_ids": [1], "token_ids": [2, 3], "weight": 1.0}
    assert content_hash([one, two]) == content_hash([two, one | {"candidate_id": "named differently"}])
    assert content_hash([one]) != content_hash([two])
    assert content_hash([one]) != content_hash([one | {"weight": 2.0}])
    assert content_hash([one]) != content_hash([one, one])


def test_text_and_expressions_find_a_letter_in_whichever_unicode_form_it_was_written(store: Store) -> None:
    rows = candidates(1, 3, completions=["un e\u0301te\u0301 chaud", "un été chaud", "un ete chaud"])
    add_candidates(store, rows)
    for form in ("été", "e\u0301te\u0301", "ÉTÉ"):
        assert store.matching_text(1, form, None)["k"].to_pylist() == [0, 1]
    for expression in ("^un été ", "e\u0301t.", "[é]t[éè]"):
        assert store.matching_text(1, None, expression)["k"].to_pylist() == [0, 1]
    assert store.matching_text(1, None, "^un .{3} chaud$")["k"].to_pylist() == [0, 1, 2]
