"""The counts of a round in memory equal those of the database after every act, and no act requires reading it all again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.domain import ELSEWHERE_K, Act, Action, ActKind, Scope, candidate_id
from rsf_core.domain.errors import StoreError
from rsf_core.jobs.schemas import SCORES
from rsf_core.store import tally
from rsf_core.store.database import Database, utc_now
from rsf_core.store.records import PromptKind, RoundCounts
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide, replaced

COUNTED = """
SELECT count(*) AS candidates,
       (SELECT count(DISTINCT candidate_id) FROM scores
        WHERE round = $round
          AND candidate_id NOT IN (SELECT candidate_id FROM candidates_elsewhere WHERE round = $round)) AS scored,
       count(decision) AS decided,
       count(*) FILTER (accepted) AS accepted,
       count(*) FILTER (finish = 'length') AS truncated,
       count(*) FILTER (decision = 'accepted') AS automatic,
       count(override) AS overridden,
       count(*) FILTER (finish <> 'length' AND log_ratio > '-infinity' AND log_ratio - offset_log_m > log_m) AS violated,
       count(DISTINCT prompt_id) AS prompts,
       count(DISTINCT prompt_id) FILTER (accepted) AS prompts_accepted,
       count(*) FILTER (decision IS NULL AND prompt_id IN (SELECT prompt_id FROM retired_prompts)) AS retired,
       count(*) FILTER (decision IS NULL AND prompt_id NOT IN (SELECT prompt_id FROM retired_prompts)
                        AND candidate_id IN (SELECT candidate_id FROM without_score WHERE round = $round)) AS unscored,
       (SELECT count(*) FROM candidates_elsewhere e JOIN current_overrides o ON o.candidate_id = e.candidate_id
        WHERE e.round = $round AND o.action = 'accept') AS accepted_elsewhere
FROM decisions WHERE round = $round"""
KINDS = """
SELECT count(*) AS prompts, retired, drawn, automatic, accepted, further, further_automatic, further_accepted
FROM (SELECT prompt_id IN (SELECT prompt_id FROM retired_prompts) AS retired,
             count(*) FILTER (f.candidate_id IS NULL) AS drawn,
             count(*) FILTER (f.candidate_id IS NULL AND decision = 'accepted') AS automatic,
             count(*) FILTER (f.candidate_id IS NULL AND accepted) AS accepted,
             count(f.candidate_id) AS further,
             count(*) FILTER (f.candidate_id IS NOT NULL AND decision = 'accepted') AS further_automatic,
             count(*) FILTER (f.candidate_id IS NOT NULL AND accepted) AS further_accepted
      FROM decisions d
      LEFT JOIN (SELECT candidate_id FROM candidates
                 WHERE round = $round AND job_id IN (SELECT job_id FROM adaptive_jobs)) f
             ON f.candidate_id = d.candidate_id
      WHERE d.round = $round AND d.decision IS NOT NULL
      GROUP BY prompt_id)
GROUP BY ALL ORDER BY ALL"""
PROMPTS, EACH = 12, 4


def recounted(store: Store, round_number: int = 1) -> tuple[RoundCounts, list[PromptKind]]:
    """The counts by scans of the database."""
    cursor = store._db._connection.cursor()

    def rows(sql: str) -> list[dict[str, Any]]:
        cursor_rows = cursor.execute(sql, {"round": round_number})
        names = [column[0] for column in cursor_rows.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor_rows.fetchall()]

    return RoundCounts(**rows(COUNTED)[0]), [PromptKind(**row) for row in rows(KINDS)]


def counted(store: Store, round_number: int = 1) -> tuple[RoundCounts, list[PromptKind]]:
    return store.round_counts(round_number), store.prompt_kinds(round_number)


@pytest.fixture
def rows() -> pa.Table:
    rng = np.random.default_rng(0)
    return candidates(PROMPTS, EACH, finish=np.where(rng.random(PROMPTS * EACH) < 0.2, "length", "eos").tolist())


@pytest.fixture
def filled(store: Store, rows: pa.Table) -> Store:
    """Candidates drawn, scored and not yet decided; some come from drawing further, and one was made elsewhere."""
    add_prompts(store, train=PROMPTS, held_out=1)
    later = np.arange(PROMPTS * EACH) % EACH == EACH - 1
    add_candidates(store, rows.filter(pa.array(~later)))
    again = rows.filter(pa.array(later))
    again = replaced(again, "job_id", ["r1-generate-2"] * again.num_rows)
    with store.transaction("drawing further"):
        store._db.insert("adaptive_jobs", [{"job_id": "r1-generate-2", "round": 1, "stage": 1}])
    add_candidates(store, again, job_id="r1-generate-2")
    add_scores(store, rows, {"length": 0.5})
    made_elsewhere(store, 3)
    return store


def made_elsewhere(store: Store, prompt: int) -> str:
    """Add another completion of a prompt; its name."""
    taken = store.elsewhere.next_k(1)
    k = dict(zip(*(taken[name].to_pylist() for name in ("prompt_id", "k")), strict=True)).get(prompt, ELSEWHERE_K)
    row = {"candidate_id": candidate_id(1, prompt, k), "round": 1, "prompt_id": prompt, "k": k, "completion": "by hand"}
    row |= {"source": "a file", "token_count": 2, "stated_log_q": None, "author": "ann", "created_at": utc_now()}
    with store.transaction("adding"):
        store.elsewhere.add(pa.Table.from_pylist([row]))
    return str(row["candidate_id"])


def ratios(store: Store, rows: pa.Table, seed: int, log_m: float, scope: Scope = Scope.GLOBAL) -> None:
    rng, n = np.random.default_rng(seed), rows.num_rows
    decide(store, rows, np.where(rng.random(n) < 0.2, -np.inf, rng.normal(0, 2, n)), log_m, scope)


def test_every_act_of_a_long_day_leaves_the_counts_that_the_database_has(filled: Store, rows: pa.Table) -> None:
    rng, names = np.random.default_rng(1), rows["candidate_id"].to_pylist()
    people = ("ann", "ben", "eva")

    def some() -> str:
        return str(rng.choice(names))

    def act(kind: ActKind, reviewer: str, *touched: str, action: Action | None = None) -> None:
        filled.acts.say([Act(str(rng.integers(2**60)), kind, touched, action)], 1, reviewer)

    def decided() -> None:
        act(ActKind.DECIDE, str(rng.choice(people)), some(), action=rng.choice(list(Action)))

    acts: dict[str, Callable[[], object]] = {
        "decide": decided,
        "decide again": decided,
        "undo": lambda: act(ActKind.UNDO, str(rng.choice(people))),
        "redo": lambda: act(ActKind.REDO, str(rng.choice(people))),
        "bulk": lambda: filled.acts.bulk(
            str(rng.integers(2**60)), [(int(rng.integers(1, PROMPTS)), k) for k in range(EACH)], Action.ACCEPT, 1, "ann"
        ),
        "settle": lambda: act(ActKind.ADJUDICATE, "eva", some(), action=Action.REJECT),
        "gold": lambda: filled.gold.mark(some(), Action.ACCEPT, "eva"),
        "no gold": lambda: [filled.gold.unmark(mark.candidate_id, "eva") for mark in filled.gold.of_round(1).values()],
        "retire": lambda: filled.prompt_book.say([int(rng.integers(1, PROMPTS))], "retire", "ann"),
        "put back": lambda: filled.prompt_book.say([int(rng.integers(1, PROMPTS))], "restore", "ann"),
        "another M": lambda: filled.add_threshold(
            1, 1, float(rng.normal()), Scope(rng.choice(list(Scope))), "ann", "x"
        ),
        "another target": lambda: ratios(filled, rows, int(rng.integers(100)), 0.3, Scope.PROMPT),
        "import": lambda: made_elsewhere(filled, int(rng.integers(1, PROMPTS))),
        "import and accept": lambda: act(ActKind.DECIDE, "ben", made_elsewhere(filled, 2), action=Action.ACCEPT),
    }
    assert counted(filled) == recounted(filled)
    assert filled.ratios(1).num_rows == 0
    ratios(filled, rows, 0, 0.0)
    for name in [*acts, *rng.choice(list(acts), 20).tolist()]:
        acts[name]()
        assert counted(filled) == recounted(filled), name
        for table, rows_now in (("ratios", filled.ratios(1)), ("drawn", filled.drawn(1))):
            assert repr(rows_now.to_pydict()) == repr(filled._db.arrow(table, {"round": 1}).to_pydict()), (name, table)
    assert len(filled.prompt_kinds(1)) > 3 and filled.round_counts(1).accepted_elsewhere


def test_candidates_without_a_score_are_counted_until_a_score_comes(filled: Store, rows: pa.Table) -> None:
    ratios(filled, rows, 0, 0.0)
    few = rows.slice(0, 3)
    table = pa.table(
        {
            **{name: few[name] for name in ("candidate_id", "round")},
            "scorer": ["grammar"] * 3,
            "score": pa.nulls(3, pa.float64()),
            "job_id": ["r1-score-2"] * 3,
            "reason": ["it failed"] * 3,
        }
    ).cast(SCORES)
    filled.commit_segment("r1-score-2", 0, "sha", "scores", table)
    assert counted(filled) == recounted(filled)
    decided = decide(filled, rows.slice(3), 0.5, 0.0)
    unscored = pa.table({"candidate_id": few["candidate_id"], "scorer": ["grammar"] * 3})
    filled.replace_log_ratios(1, 1, decided, unscored)
    assert counted(filled) == recounted(filled) and filled.round_counts(1).unscored == 3
    add_scores(filled, few, {"grammar": 1.0}, job_id="r1-score-3")
    assert counted(filled) == recounted(filled) and filled.round_counts(1).unscored == 0


def test_an_act_is_counted_without_reading_the_round_again(
    filled: Store, rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios(filled, rows, 0, 0.0)
    before = counted(filled)[0]
    asked: list[str] = []
    for how in ("rows", "arrow"):
        ask = getattr(Database, how)

        def noted(db: Database, name: str, given: Any = None, ask: Any = ask) -> Any:
            asked.append(name)
            return ask(db, name, given)

        monkeypatch.setattr(Database, how, noted)
    name = next(r["candidate_id"] for r in filled.drawn(1).to_pylist() if not r["accepted"])
    filled.acts.say([Act("one", ActKind.DECIDE, (name,), Action.ACCEPT)], 1, "ann")
    asked.clear()
    after = counted(filled)[0]
    assert dataclasses.replace(before, accepted=before.accepted + 1) == dataclasses.replace(
        after, overridden=0, prompts_accepted=before.prompts_accepted
    )
    assert asked == ["spoken_since"]


def test_more_than_a_few_at_once_are_read_again(filled: Store, rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    ratios(filled, rows, 0, 0.0)
    monkeypatch.setattr(tally, "MANY", 2)
    for take in (2, 3, 4):
        filled.acts.bulk(f"all {take}", [(prompt, 0) for prompt in range(1, take + 1)], Action.ACCEPT, 1, "ann")
        assert counted(filled) == recounted(filled)


def test_what_could_not_be_read_is_read_the_next_time(
    filled: Store, rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios(filled, rows, 0, 0.0)
    counted(filled)
    monkeypatch.setattr(tally, "MANY", 2)
    filled.acts.bulk("all", [(prompt, 0) for prompt in range(1, 5)], Action.ACCEPT, 1, "ann")
    with monkeypatch.context() as patch:
        patch.setattr(Database, "arrow", broken)
        with pytest.raises(StoreError, match="no memory"):
            counted(filled)
    assert counted(filled) == recounted(filled)


def broken(*given: object) -> pa.Table:
    raise StoreError("there is no memory for it")


@pytest.mark.parametrize("right", [Action.ACCEPT, Action.REJECT])
def test_the_version_of_the_ratios_changes_when_a_gold_item_is_marked_and_unmarked(
    filled: Store, rows: pa.Table, right: Action
) -> None:
    ratios(filled, rows, 0, 0.0)
    versions = [filled.ratios_version(1)]
    filled.gold.mark("1.1.0", right, "ann")
    versions.append(filled.ratios_version(1))
    filled.gold.mark("1.1.0", Action.REJECT if right is Action.ACCEPT else Action.ACCEPT, "ann")
    versions.append(filled.ratios_version(1))
    filled.gold.unmark("1.1.0", "ann")
    versions.append(filled.ratios_version(1))
    assert len(set(versions)) == 4 and len({version[:2] for version in versions}) == 1


def test_what_a_transaction_sees_is_forgotten_with_it(filled: Store, rows: pa.Table) -> None:
    ratios(filled, rows, 0, 0.0)
    before = counted(filled)

    def give_up() -> None:
        with filled.transaction("deciding"):
            filled.add_override("u", "1.1.0", Action.ACCEPT, "ann")
            assert counted(filled) == recounted_here(filled) != before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert counted(filled) == recounted(filled) == before


def recounted_here(store: Store) -> tuple[RoundCounts, list[PromptKind]]:
    """The counts within the transaction of this thread."""
    cursor = store._db._cursor()
    counts = cursor.execute(COUNTED, {"round": 1}).fetchone()
    kinds = cursor.execute(KINDS, {"round": 1}).fetchall()
    assert counts is not None
    return RoundCounts(*counts), [PromptKind(*row) for row in kinds]


def test_rows_are_read_once_and_include_later_decisions(
    filled: Store, rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios(filled, rows, 0, 0.0)
    before = [filled.ratios(1), filled.drawn(1)]
    monkeypatch.setattr(Database, "arrow", lambda *given: pytest.fail("the round was read again"))
    filled.add_override("u", "1.1.0", Action.REJECT, "ann")
    for was, now in zip(before, (filled.ratios(1), filled.drawn(1)), strict=True):
        assert now.schema == was.schema
        assert (was["override"].to_pylist()[0], now["override"].to_pylist()[0]) == (0, -1)
        assert now["accepted"].to_pylist() == [False, *was["accepted"].to_pylist()[1:]]


def test_a_round_that_is_empty_or_was_not_opened_counts_nothing(store: Store) -> None:
    assert counted(store) == recounted(store) == (RoundCounts(*[0] * 10), [])


def test_prompts_that_got_very_many_candidates_are_counted_by_rows() -> None:
    columns = [np.array([1, 2, 1]) * 10**9 for _ in range(3)]
    assert tally._alike(columns) == [(2, [10**9] * 3), (1, [2 * 10**9] * 3)]
