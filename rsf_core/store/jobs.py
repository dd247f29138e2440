"""The part of the store for jobs: the spec of each, its states, the ledger of its segments, its metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rsf_core.domain import JobKind, JobState, specs
from rsf_core.domain.errors import JobError, StoreError
from rsf_core.domain.specs import GenerateSpec, JobSpec
from rsf_core.store.database import Database, utc_now
from rsf_core.store.event_records import JobEvent
from rsf_core.store.kept import Kept
from rsf_core.store.records import JobRecord, Speed

JOB_TABLES = ("jobs", "job_events")
KEPT_SPECS = 256  # a few kB each; the spec of a job never changes


class Jobs:
    def __init__(self, db: Database, kept: Kept) -> None:
        self._db, self._kept = db, kept
        self._job_spec = lru_cache(maxsize=KEPT_SPECS)(self._read_job_spec)

    def jobs(
        self, *, round_number: int | None = None, job_id: str | None = None, active: bool = False
    ) -> list[JobRecord]:
        if job_id is None:
            name = ("jobs", round_number, active)
            return list(self._kept.unchanged(name, JOB_TABLES, lambda: self._read_jobs(round_number, None, active)))
        return self._read_jobs(round_number, job_id, active)

    def _read_jobs(self, round_number: int | None, job_id: str | None, active: bool) -> list[JobRecord]:
        rows = self._db.rows("jobs", {"round": round_number, "job_id": job_id, "active": active})
        return [
            JobRecord(
                **row
                | {
                    "kind": JobKind(row["kind"]),
                    "state": JobState(row["state"]),
                    "read_spec": partial(self._job_spec, row["job_id"]),
                    "follow": tuple(json.loads(row["follow"])),
                }
            )
            for row in rows
        ]

    def job(self, job_id: str) -> JobRecord:
        jobs = self.jobs(job_id=job_id)
        if not jobs:
            raise StoreError(f"there is no job {job_id!r}")
        return jobs[0]

    def _read_job_spec(self, job_id: str) -> JobSpec:
        row, where = self._db.rows("job_spec", {"job_id": job_id})[0], f"the spec of {job_id}"
        try:
            data = json.loads(row["spec"])
        except (ValueError, RecursionError) as error:
            raise JobError(f"{where} is damaged: {error}") from error
        return specs.parse(data, where, JobKind(row["kind"]))

    def next_job_id(self, kind: JobKind, round_number: int) -> str:
        count = self._db.rows("count_jobs", {"round": round_number, "kind": kind})[0]["count"]
        return f"r{round_number}-{kind}-{count + 1}"

    def add_job(self, job_id: str, spec: JobSpec, follow: Sequence[str]) -> None:
        """Save a job that waits to start. If its spec is `adaptive`, the prompts it draws for depend on what was drawn
        before, and its candidates are marked so for good."""
        with self._db.transaction(f"saving the job {job_id}"):
            self._db.insert(
                "jobs",
                [
                    {
                        "job_id": job_id,
                        "kind": str(spec.kind),
                        "round": spec.round,
                        "spec": json.dumps(specs.dump(spec)),
                        "follow": json.dumps(list(follow)),
                        "created_at": utc_now(),
                    }
                ],
            )
            if isinstance(spec, GenerateSpec) and spec.adaptive:
                stage = 1 + self._db.rows("count_adaptive_jobs", {"round": spec.round})[0]["count"]
                self._db.insert("adaptive_jobs", [{"job_id": job_id, "round": spec.round, "stage": stage}])
            self.add_job_event(job_id, JobState.QUEUED, "waiting to start")

    def add_job_event(self, job_id: str, state: JobState, message: str) -> None:
        row = {"job_id": job_id, "state": str(state), "message": message, "created_at": utc_now()}
        with self._db.transaction(f"saving the state of {job_id}"):
            self._db.insert("job_events", [row])

    def job_events(self, job_id: str) -> list[JobEvent]:
        """The events of one job, in order."""
        rows = self._db.rows("job_events", {"job_id": job_id})
        return [JobEvent(**row | {"state": JobState(row["state"])}) for row in rows]

    def unfollowed_jobs(self) -> list[str]:
        """The ended jobs without an `add_followed` since they ended, in the order in which they ended."""
        return [row["job_id"] for row in self._db.rows("unfollowed_jobs")]

    def add_followed(self, job: JobRecord) -> None:
        """Record that all follow-ups of an ended job were started."""
        with self._db.transaction(f"saving that what follows {job.job_id} was started"):
            self._db.run("add_followed", {"event": job.changed_seq})

    def committed_units(self, job_id: str) -> set[int]:
        return {row["unit"] for row in self._db.rows("committed_units", {"job_id": job_id})}

    def commit_segment(self, job_id: str, unit: int, sha256: str, table: str, rows: pa.Table) -> bool:
        """Append a segment's rows and its ledger entry in one transaction. Returns False if it was there already. Of
        scores, the pairs without a score go to a table of their own."""
        with self._db.transaction(f"saving segment {unit} of {job_id}"):
            if self._db.rows("segment_known", {"sha256": sha256}):
                return False
            for place, part in _places(table, rows):
                self._db.append(place, part)
            entry = {"sha256": sha256, "job_id": job_id, "unit": unit, "row_count": rows.num_rows}
            self._db.insert("segments", [entry | {"created_at": utc_now()}])
            return True

    def metrics(self, job_id: str) -> list[dict[str, Any]]:
        """`step`, `name`, `value` of a finished job, by step."""
        return self._db.rows("metrics", {"job_id": job_id})

    def add_metrics(self, job_id: str, rows: Sequence[tuple[int, str, float]]) -> None:
        with self._db.transaction(f"saving the metrics of {job_id}"):
            self._db.insert("metrics", [{"job_id": job_id, "step": s, "name": n, "value": v} for s, n, v in rows])

    def generation_speed(self, job_ids: Sequence[str]) -> Speed | None:
        """Tokens a candidate and a second of these finished jobs; None if they drew nothing, or took no time."""
        row = self._db.rows("generation_speed", {"job_ids": list(job_ids)})[0]
        if not row["candidates"] or row["seconds"] <= 0:  # below 0: the clock was set back meanwhile
            return None
        return Speed(row["tokens"] / row["candidates"], row["tokens"] / row["seconds"])


def _places(table: str, rows: pa.Table) -> list[tuple[str, pa.Table]]:
    """The tables that the rows of a segment go to. Rows of scores without a score give the reason; segments of an earlier
    version have a score in every row."""
    if table != "scores" or "reason" not in rows.column_names:
        return [(table, rows)]
    none = pc.is_null(rows["score"])
    return [
        ("scores", rows.filter(pc.invert(none)).drop_columns("reason")),
        ("no_scores", rows.filter(none).drop_columns("score")),
    ]
