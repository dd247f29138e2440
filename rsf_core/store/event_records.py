"""What happened to jobs and to runs of the autopilot, as the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rsf_core.domain import JobState


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A state that a job entered, and why."""

    seq: int
    job_id: str
    state: JobState
    message: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AutopilotEvent:
    """What the autopilot did in its run number `run`: `event` is a name of rounds/autopilot.py, `last_round` the round in
    which the run is to end, `pause` whether it waits for a review, `author` who started it."""

    run: int
    event: str
    round: int
    last_round: int
    pause: bool
    author: str
    reason: str
    created_at: datetime
