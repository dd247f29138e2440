"""Facts of a round made up, for what is decided by them alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rsf_core.domain import JobKind, JobState, Scope
from rsf_core.rounds.stages import RoundFacts
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
    told = (JobState(state), f"{kind} is {state}", NOW, NOW)
    return JobRecord(f"r1-{kind}-{number}", own, 1, specs.MAKERS[own], (), NOW, *told)


def facts(counts: RoundCounts = NOTHING, *jobs: JobRecord, **changes: Any) -> RoundFacts:
    known: dict[str, Any] = {
        "curated": None,
        "tuned": None,
        "evaluated": False,
        "train_prompts": 8,
        "held_out_prompts": 4,
    }
    return RoundFacts(counts=counts, jobs=jobs, **known | changes)
