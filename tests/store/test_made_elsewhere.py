"""Candidates made elsewhere: people decide them beside drawn ones, and they enter no figure that is based on P/q."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.domain import ELSEWHERE_K, Act, Action, ActKind, candidate_id
from rsf_core.domain.access import person
from rsf_core.domain.errors import StoreError
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import parse
from rsf_core.review.agreement import agreement
from rsf_core.review.drawn import drawn
from rsf_core.review.filters import CandidateFilter, View
from rsf_core.review.queue import Reviews
from rsf_core.rounds.curation import freeze, freeze_control
from rsf_core.store.records import ElsewhereCounts
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide


def rows(*texts: tuple[int, str], source: str = "a teacher", log_q: float | None = None) -> pa.Table:
    """Rows for MadeElsewhere.add: the completions of prompts, numbered by prompt."""
    taken: dict[int, int] = {}
    made = []
    for prompt_id, text in texts:
        k = ELSEWHERE_K + taken.setdefault(prompt_id, 0)
        taken[prompt_id] += 1
        made.append(
            {
                "candidate_id": candidate_id(1, prompt_id, k),
                "round": 1,
                "prompt_id": prompt_id,
                "k": k,
                "completion": text,
                "source": source,
                "token_count": None,
                "stated_log_q": log_q,
                "author": "ann",
                "created_at": datetime(2026, 1, 1),
            }
        )
    return pa.Table.from_pylist(made)


def add(store: Store, *texts: tuple[int, str]) -> list[str]:
    """Add completions of prompts made elsewhere; their names."""
    table = rows(*texts)
    with store.transaction("adding"):
        store.elsewhere.add(table)
    names: list[str] = table["candidate_id"].to_pylist()
    return names


@pytest.fixture
def seeded(store: Store) -> Store:
    """Two prompts with three drawn and decided candidates each, scored, and two candidates of the first made elsewhere."""
    add_prompts(store)
    drawn_rows = candidates(2, 3)
    add_candidates(store, drawn_rows)
    add_scores(store, drawn_rows, {"words": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    decide(store, drawn_rows, [0.0, -1.0, -2.0, 0.0, -1.0, -2.0], 0.5)
    return store


FIRST = candidate_id(1, 1, ELSEWHERE_K)
SECOND = candidate_id(1, 1, ELSEWHERE_K + 1)


def reviews(store: Store) -> Reviews:
    return Reviews(store, settings, lambda number: settings().target)


def settings() -> Settings:
    return parse({"task": "t", "target": {"rewards": {"words": 1.0}}, "accept": {"weighted": False}}, "test")


def test_figures_from_the_ratios_are_the_same_with_them_and_without(seeded: Store) -> None:
    def figures() -> list[object]:
        counts = seeded.round_counts(1)
        return [
            (counts.candidates, counts.scored, counts.decided, counts.accepted, counts.overridden, counts.undecided),
            seeded.prompt_kinds(1),
            seeded.starving_prompts(1),
            seeded.ratios(1).to_pylist(),
            seeded.drawn(1).to_pylist(),
            seeded.round_scores(1).to_pylist(),
            seeded.next_k(1),
            seeded.sampling_laws(1),
            seeded.score_column(1, "words").tolist(),
            seeded.score_column(1, "words", everywhere=True).tolist(),
        ]

    before = figures()
    add(seeded, (1, "made by a teacher"), (1, "another"))
    assert figures() == before
    seeded.add_override("a", FIRST, Action.ACCEPT, "ann")
    seeded.add_override("b", SECOND, Action.REJECT, "ann")
    assert figures() == before
    assert seeded.round_counts(1).accepted_elsewhere == 1
    assert seeded.elsewhere.counts(1) == ElsewhereCounts(2, 1, 1, 1)


def test_agreement_and_its_audit_are_of_what_was_drawn(seeded: Store) -> None:
    for number in range(3):
        seeded.add_override(f"d{number}", f"1.1.{number}", Action.ACCEPT, "ann")
    before = agreement(reviews(seeded).index(1), 3)
    add(seeded, *((1, f"made elsewhere {number}") for number in range(20)))
    seeded.add_override("e", FIRST, Action.ACCEPT, "ann")
    review = reviews(seeded)
    assert review.agreement(1) == before
    index, here = drawn(review.index(1))
    assert (len(here), int(here.sum()), len(index.table.places)) == (26, 6, 6)
    assert agreement(index, 3) == before


def test_they_are_reviewed_beside_the_others_and_say_where_they_come_from(seeded: Store) -> None:
    add(seeded, (1, "made by a teacher"), (2, "another"))
    review = reviews(seeded)
    queue = review.queue(1, person("ann"), view=View.ALL)
    assert len(queue.candidate_ids) == 8
    one = next(c for prompt in queue.prompts for c in prompt.candidates if c.candidate_id == FIRST)
    assert (one.completion, one.source, one.tokens, one.decision, one.p_accept, one.scores) == (
        "made by a teacher", "a teacher", None, None, None, {},
    )  # fmt: skip
    assert [c.source for c in queue.prompts[0].candidates].count(None) == 3
    (outcome,) = review.say(1, person("ann"), [Act("act-00001", ActKind.DECIDE, (FIRST,), Action.ACCEPT)])
    assert outcome.refused is None and review.counts(1, person("ann"), CandidateFilter())[View.ACCEPTED] >= 1
    assert bool(review.index(1).accepted[review.index(1).table.row_of([(1 << 20) | ELSEWHERE_K])[0]])
    assert review.bulk(1, person("ann"), CandidateFilter(text="another"), View.ALL, Action.REJECT) == 1


def test_one_that_is_not_there_cannot_be_decided(seeded: Store) -> None:
    with pytest.raises(StoreError, match="no candidate"):
        seeded.add_override("a", FIRST, Action.ACCEPT, "ann")


def test_a_score_of_one_is_beside_it_and_in_no_column_of_the_drawn(seeded: Store) -> None:
    add(seeded, (1, "made by a teacher"))
    table = pa.table({"candidate_id": [FIRST], "round": pa.array([1], pa.int32())})
    add_scores(seeded, table, {"words": 9.0}, job_id="r1-score-2")
    assert seeded.review_score(1, "words").tolist() == [1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0]
    assert seeded.score_column(1, "words").tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert seeded.round_counts(1).scored == 6


def test_only_scorers_that_need_no_draw_are_asked_of_them(seeded: Store) -> None:
    add(seeded, (1, "made by a teacher"))
    asked = seeded.candidates_to_score(1, ["words", "length"], elsewhere=["words"]).to_pylist()
    assert {row["candidate_id"]: row["missing"] for row in asked}[FIRST] == ["words"]
    assert all(row["missing"] == ["length"] for row in asked if row["candidate_id"] != FIRST)
    assert seeded.candidates_to_score(1, ["words"], elsewhere=[]).num_rows == 0


def test_what_people_accept_of_them_is_frozen_with_its_source_and_weighs_one(seeded: Store) -> None:
    add(seeded, (1, "made by a teacher"), (1, "refused"), (2, "nobody has said anything"))
    before = freeze(seeded, settings(), 1, "ann").summary
    seeded.add_override("a", FIRST, Action.ACCEPT, "ann")
    seeded.add_override("b", SECOND, Action.REJECT, "ann")
    record = freeze(seeded, settings(), 1, "ann")
    (sample,) = [s for s in seeded.curated_samples(record.curated_id).to_pylist() if s["source"] is not None]
    assert (sample["candidate_id"], sample["completion"], sample["weight"], sample["log_q"], sample["token_ids"]) == (
        FIRST, "made by a teacher", 1.0, None, [],
    )  # fmt: skip
    assert (sample["source"], sample["decided_by"], sample["log_ratio"]) == ("a teacher", "ann", None)
    summary = record.summary
    assert summary["made_elsewhere"] == 1 and summary["samples"] == before["samples"] + 1
    same = ("rate_automatic", "rate_effective", "candidates", "overridden", "bound_violated", "tokens")
    assert {name: summary[name] for name in same} == {name: before[name] for name in same}


def test_sets_that_differ_in_one_made_elsewhere_are_distinguished(seeded: Store) -> None:
    add(seeded, (1, "made by a teacher"), (2, "made by a teacher"))
    seeded.add_override("a", FIRST, Action.ACCEPT, "ann")
    first = freeze(seeded, settings(), 1, "ann")
    seeded.add_override("b", FIRST, Action.REJECT, "ann")
    seeded.add_override("c", candidate_id(1, 2, ELSEWHERE_K), Action.ACCEPT, "ann")
    second = freeze(seeded, settings(), 1, "ann")
    assert first.content_hash != second.content_hash


def test_equal_ones_of_a_prompt_are_trained_on_once(seeded: Store) -> None:
    names = add(seeded, (1, "the same"), (1, "the same"), (2, "the same"))
    for at, name in enumerate(names):
        seeded.add_override(f"a{at}", name, Action.ACCEPT, "ann")
    record = freeze(seeded, settings(), 1, "ann")
    samples = seeded.curated_samples(record.curated_id).to_pylist()
    assert [s["candidate_id"] for s in samples if s["source"]] == [names[0], names[2]]


def test_a_control_is_chosen_among_what_was_drawn(seeded: Store) -> None:
    add(seeded, (1, "made by a teacher"))
    seeded.add_override("a", FIRST, Action.ACCEPT, "ann")
    matched = freeze(seeded, settings(), 1, "ann")
    control = freeze_control(seeded, matched, "ann")
    samples = seeded.curated_samples(control.curated_id)
    assert control.summary["made_elsewhere"] == 0 and set(samples["source"].to_pylist()) == {None}
    assert FIRST not in samples["candidate_id"].to_pylist()
    assert np.isfinite(samples["weight"].to_numpy()).all()


def test_a_control_of_what_was_made_elsewhere_alone_is_chosen_at_random(seeded: Store) -> None:
    names = add(seeded, (1, "made by a teacher"), (2, "by a person"))
    for at, name in enumerate(names):
        seeded.add_override(f"a{at}", name, Action.ACCEPT, "ann")
    for at, row in enumerate(seeded.ratios(1)["candidate_id"].to_pylist()):
        seeded.add_override(f"r{at}", row, Action.REJECT, "ann")
    matched = freeze(seeded, settings(), 1, "ann")
    assert (matched.summary["samples"], matched.summary["tokens"]) == (2, 0)
    assert freeze_control(seeded, matched, "ann").summary["samples"] == 2
