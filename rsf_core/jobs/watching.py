"""What the owner has seen of a running job, by its own monotonic clock in seconds: whether it reports, whether it makes
progress, and what to do if it has to stop and does not. No processes, no files."""

from __future__ import annotations

import signal

from rsf_core.jobs.spool import Status

SILENT_SECONDS = 30.0  # without a heartbeat, which comes every second
STILL_SECONDS = 600.0  # without progress
# A cancelled job ends within AT_MOST + KILL seconds, whatever it does.
GRACE_SECONDS = 5.0  # to stop by itself, counted from Cancel or from its last progress after that
AT_MOST_SECONDS = 6.5
KILL_SECONDS = 1.5  # from SIGTERM to SIGKILL


class Watch:
    """Starts when the job is started or adopted, at `now`."""

    def __init__(self, now: float) -> None:
        self._beat: float | None = None
        self._state: tuple[object, ...] = ()
        self._reported = self._moved = now
        self._cancelled: float | None = None
        self._end_reported: float | None = None
        self._sent: signal.Signals | None = None
        self._sent_at = now

    @property
    def cancelled(self) -> bool:
        return self._cancelled is not None

    @property
    def last_signal(self) -> signal.Signals | None:
        """The last signal that `due` returned."""
        return self._sent

    def see(self, status: Status, segments: int, now: float) -> None:
        """Take in the status that the job reports. Its heartbeat is compared with the one before, never with a clock."""
        if status.heartbeat != self._beat:
            self._beat, self._reported = status.heartbeat, now
        state = (status.state, status.done, status.total, status.message, segments)
        if state != self._state:
            self._state, self._moved = state, now
        if status.state.ended and self._end_reported is None:
            self._end_reported = now

    def cancel(self, now: float) -> None:
        """Note that the job was asked to stop."""
        if self._cancelled is None:
            self._cancelled = now

    def due(self, now: float) -> signal.Signals | None:
        """The signal to send now, to a process that still runs; None while it has time left."""
        if self._sent is signal.SIGTERM:
            if now - self._sent_at < KILL_SECONDS:
                return None
            self._sent = signal.SIGKILL
            return self._sent
        if self._sent is signal.SIGKILL:
            return self._sent  # again with every look: the job may have started more processes
        if self._must_end(now):
            self._sent, self._sent_at = signal.SIGTERM, now
            return self._sent
        return None

    def note(self, now: float, stopped: bool = False) -> str:
        """What a person should know, in a few words; "" when all is well. `stopped`: a signal has stopped the process."""
        if self._sent is signal.SIGKILL:
            return "cancelling: its process was killed"
        if self._sent is signal.SIGTERM:
            return "cancelling: it did not stop by itself, so its process is being ended"
        if self._cancelled is not None:
            return "cancelling"
        if stopped:
            return "its process was stopped by a signal: continue it (kill -CONT) or cancel"
        if now - self._reported >= SILENT_SECONDS:
            return f"it has not reported for {_about(now - self._reported)}: cancel and resume it if that continues"
        if now - self._moved >= STILL_SECONDS:
            return f"no progress for {_about(now - self._moved)}"
        return ""

    def _must_end(self, now: float) -> bool:
        if self._end_reported is not None and now - self._end_reported >= GRACE_SECONDS:
            return True  # it reported how it ended, but something keeps its process
        if self._cancelled is None:
            return False
        return now - max(self._cancelled, self._moved) >= GRACE_SECONDS or now - self._cancelled >= AT_MOST_SECONDS


def _about(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
