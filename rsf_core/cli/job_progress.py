"""A progress line for running jobs, until none runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from rsf_core.cli.output import err, visible
from rsf_core.cli.terminal import ProgressLine
from rsf_core.domain.errors import JobError
from rsf_core.project.client import Connection

POLL_SECONDS = 0.3
NEXT_SECONDS = 600.0  # from the end of a job to the start of the next: a million decisions may be made in between


def follow(connection: Connection, quiet: bool) -> None:
    """Show the running jobs until none runs or waits. Ctrl-C cancels them; raises JobError if one did not end well."""
    seen: set[str] = set()
    with ProgressLine(err, quiet) as line:
        try:
            while (active := connection.call("active_job")) is not None:
                seen.add(active["job_id"])
                line.show(active)
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            for job_id in seen:
                connection.call("cancel", {"job_id": job_id})
            err.print("cancelling; finished work is kept. `rsf run` continues from there")
            while connection.call("active_job") is not None:
                time.sleep(POLL_SECONDS)
            raise
    for job_id in sorted(seen):
        job = connection.call("job", {"job_id": job_id})
        if job["state"] != "done":
            raise JobError(job["outcome"])
        if job["message"] != "done":
            err.print(visible(f"{job_id}: {job['message']}"), markup=False)


def await_next(connection: Connection, ended: Callable[[], bool]) -> None:
    """Wait for the job that follows the one that has ended, or until `ended` reports that there is none. Raises JobError if
    neither happens in time."""
    give_up = time.monotonic() + NEXT_SECONDS
    while connection.call("active_job") is None and not ended():
        if time.monotonic() > give_up:
            raise JobError(f"no job has followed for {NEXT_SECONDS:g} s: `rsf status` says where the round stands")
        time.sleep(POLL_SECONDS)
