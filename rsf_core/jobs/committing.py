"""Saves the results of a running job: each segment once, and only the rows that the job was asked for."""

from __future__ import annotations

import logging
import math

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, RefusedRowsError
from rsf_core.jobs.contents import AllContents
from rsf_core.jobs.schemas import INPUT_COLUMNS
from rsf_core.jobs.spool import Spool, left_out
from rsf_core.jobs.types import contents, has_segments
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # how often the folder is listed while the job reports nothing new


class Ingest:
    """Commits the segments of one job; `committed` are the units that the database has."""

    def __init__(self, store: Store, spool: Spool, job: JobRecord) -> None:
        self._store, self._spool, self._job = store, spool, job
        self.committed: set[int] = store.committed_units(job.job_id) if has_segments(job.kind) else set()
        self._contents: AllContents | None = None
        self._listed = -math.inf

    def commit(self, units: int, now: float) -> None:
        """Save what is new. The job reports that it has written `units` segments; the folder is listed if that is more than
        are saved, or if it was not listed for LOOK_SECONDS. `now` is monotonic, in seconds."""
        if has_segments(self._job.kind) and (units > len(self.committed) or now - self._listed >= LOOK_SECONDS):
            self.commit_all()
            self._listed = now

    def commit_all(self) -> None:
        """Save all new segments. A segment that is damaged, or does not belong to its unit, is set aside and reported, so that
        its unit is done again. Raises JobError if spec or inputs are damaged."""
        if not has_segments(self._job.kind):
            return
        for unit, path in self._spool.segments():
            if unit in self.committed or unit >= self.contents.units:
                continue
            table, schema = self.contents.of(unit)[0].place
            try:
                sha256, rows = self._spool.read_segment(path, schema)
                try:
                    self.contents.check(unit, rows, left_out(rows))
                except JobError as error:
                    raise JobError(f"{path} is damaged: {error}") from error
                rows = rows.replace_schema_metadata(None)
                self._store.commit_segment(self._job.job_id, unit, sha256, table, rows)
                self.committed.add(unit)
            except (JobError, RefusedRowsError) as error:
                aside = self._spool.set_aside(path)
                log.error("%s", error)
                message = f"{error}. It is kept as {aside.name} and its part of the work is done again"
                self._store.add_job_event(self._job.job_id, JobState.RUNNING, message)

    def missing(self) -> int:
        """How many units are not saved yet."""
        return self.contents.units - len(self.committed) if has_segments(self._job.kind) else 0

    @property
    def contents(self) -> AllContents:
        if self._contents is None:
            job = self._job
            self._contents = contents(job.job_id, job.spec, lambda name: self._spool.input(name, INPUT_COLUMNS))
        return self._contents
