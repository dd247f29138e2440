"""What the owner has seen of a running job, by its own monotonic clock in seconds: whether it reports, whether it gets on, and
what to do with one that is to stop and does not. No processes, no files."""

from __future__ import annotations

import signal

from rsf_core.jobs.spool import Status

SILENT_SECONDS = 30.0  # without a heartbeat, which comes every second
STILL_SECONDS = 600.0  # without progress
# From Cancel to the end are at most AT_MOST + KILL seconds, whatever the job does.
GRACE_SECONDS = 5.0  # to stop by itself, from Cancel or its last progress since
AT_MOST_SECONDS = 6.5
KILL_SECONDS = 1.5  # from SIGTERM to SIGKILL


class Watch:
    """Begins when the job was started or adopted, at `now`."""

    def __init__(self, now: float) -> None:
        self._beat: float | None = None
        self._state: tuple[object, ...] = ()
        self._heard = self._moved = now
        self._cancelled: float | None = None
        self._said_to_end: float | None = None
        self._told: signal.Signals | None = None
        self._told_at = now

    @property
    def cancelled(self) -> bool:
        return self._cancelled is not None

    @property
    def told(self) -> signal.Signals | None:
        """The last signal that `due` gave."""
        return self._told

    def see(self, status: Status, segments: int, now: float) -> None:
        """Take note of what the job says of itself. Its heartbeat is compared with the one before, never with a clock."""
        if status.heartbeat != self._beat:
            self._beat, self._heard = status.heartbeat, now
        state = (status.state, status.done, status.total, status.message, segments)
        if state != self._state:
            self._state, self._moved = state, now
        if status.state.ended and self._said_to_end is None:
            self._said_to_end = now

    def cancel(self, now: float) -> None:
        """It was asked to stop."""
        if self._cancelled is None:
            self._cancelled = now

    def due(self, now: float) -> signal.Signals | None:
        """The signal to send now, to a process that still runs; None while it has time left."""
        if self._told is signal.SIGTERM:
            if now - self._told_at < KILL_SECONDS:
                return None
            self._told = signal.SIGKILL
            return self._told
        if self._told is signal.SIGKILL:
            return self._told  # again with every look: it may have started others meanwhile
        if self._must_end(now):
            self._told, self._told_at = signal.SIGTERM, now
            return self._told
        return None

    def note(self, now: float, stopped: bool = False) -> str:
        """What a person should know, in a few words; "" when all is well. `stopped`: a signal has stopped the process."""
        if self._told is signal.SIGKILL:
            return "cancelling: its process was killed"
        if self._told is signal.SIGTERM:
            return "cancelling: it did not stop by itself, so its process is being ended"
        if self._cancelled is not None:
            return "cancelling"
        if stopped:
            return "its process was stopped by a signal: continue it (kill -CONT) or cancel"
        if now - self._heard >= SILENT_SECONDS:
            return f"it has not reported for {_about(now - self._heard)}: cancel and resume it if that continues"
        if now - self._moved >= STILL_SECONDS:
            return f"no progress for {_about(now - self._moved)}"
        return ""

    def _must_end(self, now: float) -> bool:
        if self._said_to_end is not None and now - self._said_to_end >= GRACE_SECONDS:
            return True  # it said how it ended, and something keeps its process
        if self._cancelled is None:
            return False
        return now - max(self._cancelled, self._moved) >= GRACE_SECONDS or now - self._cancelled >= AT_MOST_SECONDS


def _about(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
