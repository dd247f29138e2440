"""Constructed facts of a round, for tests of code that depends on them alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any

from rsf_core.domain import JobKind, JobState, Scope
from rsf_core.rounds.stages import RoundFacts, Stage
from rsf_core.store.records import CuratedRecord, JobRecord, ModelRecord, RoundCounts
from tests.support import specs

NOW = datetime(2026, 1, 1)
NOTHING = RoundCounts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
DRAWN = RoundCounts(40, 0, 0, 0, 3, 0, 0, 0, 5, 0)
DECIDED = RoundCounts(40, 40, 40, 10, 3, 9, 1, 2, 5, 4)
CURATED = CuratedRecord("c1-1", 1, 1, 0.0, Scope.GLOBAL, "hash", {}, "ann", NOW)
TUNED = ModelRecord("m1-1", "t", "models/m1-1", "id", "base", 1, "c1-1", NOW)


def job(kind: str, state: str, number: int = 1) -> JobRecord:
    own = JobKind(kind)
    progress = (JobState(state), f"{kind} is {state}", NOW, NOW)
    return JobRecord(f"r1-{kind}-{number}", own, 1, partial(specs.of_kind, own), (), NOW, *progress)


def facts(counts: RoundCounts = NOTHING, *jobs: JobRecord, **changes: Any) -> RoundFacts:
    """The facts of a round in which nothing is tuned or compared, unless `changes` set it. The requirements of optional stages
    are met unless `changes` say otherwise, so that they do not affect the other stages."""
    known: dict[str, Any] = {
        "curated": None,
        "tuned": None,
        "evaluated": False,
        "train_prompts": 8,
        "held_out_prompts": 4,
    }
    lacking = {field.name for field in fields(RoundFacts)} - {"counts", "jobs", *known}
    assert not lacking, (
        f"tests/support/round_facts.py: give {sorted(lacking)} a default in `facts`, that of a stage that is done"
    )
    return RoundFacts(counts=counts, jobs=jobs, **known | changes)


# The facts before any stage, and how each stage with a job changes them once the job is done.
BEFORE: Mapping[str, Any] = {"counts": NOTHING, "tuned": None, "evaluated": False}
LEAVES: Mapping[Stage, Mapping[str, Any]] = {
    Stage.GENERATE: {"counts": DRAWN},
    Stage.SCORE: {"counts": DECIDED},
    Stage.FINETUNE: {"tuned": TUNED},
    Stage.EVALUATE: {"evaluated": True},
}


def after(done: Collection[Stage], *jobs: JobRecord, **changes: Any) -> RoundFacts:
    """The facts of a round once these stages are done."""
    known = dict(BEFORE)
    for stage, left in LEAVES.items():
        known |= left if stage in done else {}
    return facts(known.pop("counts"), *jobs, **known | changes)
