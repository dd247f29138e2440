"""How the owner judges a running job by its own clock: silence, standing still, and a cancel that has no effect."""

from __future__ import annotations

import signal

import pytest

from rsf_core.domain import JobState
from rsf_core.jobs import watching
from rsf_core.jobs.spool import Status
from rsf_core.jobs.watching import Watch


def status(done: int = 0, heartbeat: float = 0.0, state: JobState = JobState.RUNNING) -> Status:
    return Status(state, "drawing", done=done, total=10, heartbeat=heartbeat)


def signals(watch: Watch, begin: float, seconds: float, done_until: float = 0.0) -> list[tuple[float, signal.Signals]]:
    """The signals that come due, with their times in seconds; the job makes progress until `done_until`."""
    reasons, now = [], begin
    while now <= begin + seconds:
        watch.see(status(done=int(min(now, done_until) * 4), heartbeat=now), 0, now)
        if (due := watch.due(now)) is not None:
            reasons.append((now - begin, due))
        now += 0.25
    return reasons


def test_a_job_that_reports_and_gets_on_needs_no_word():
    watch = Watch(100.0)
    for second in range(3000):
        watch.see(status(done=second // 500, heartbeat=second), 0, 100.0 + second)
        assert watch.note(100.0 + second) == "" and watch.due(100.0 + second) is None


def test_silence_is_reported_with_its_length():
    watch = Watch(0.0)
    watch.see(status(heartbeat=5.0), 0, 1.0)
    watch.see(status(heartbeat=5.0), 0, 130.0)
    assert watch.note(20.0) == ""
    assert watch.note(45.0).startswith("it has not reported for 44 s")
    assert watch.note(121.0).startswith("it has not reported for 2 min")
    watch.see(status(heartbeat=6.0), 0, 131.0)
    assert watch.note(131.0) == ""


@pytest.mark.parametrize("jump", [-3600.0, 3600.0, -1e9])
def test_a_heartbeat_of_another_clock_is_a_heartbeat(jump):
    """A job started by an earlier version reports Unix seconds, and that clock can be set."""
    watch = Watch(0.0)
    for second in range(120):
        watch.see(status(heartbeat=1e9 + second + (jump if second > 60 else 0)), 0, float(second))
        assert watch.note(float(second)) == ""


def test_lack_of_progress_is_reported_and_segments_are_progress_too():
    watch = Watch(0.0)
    for second in range(1200):
        watch.see(status(done=3, heartbeat=second), 1 if second > 500 else 0, float(second))
        assert (watch.note(float(second)) != "") == (second >= 501 + 600)
    assert watch.note(1199.0) == "no progress for 12 min"


def test_a_stopped_process_is_reported_at_once():
    assert Watch(0.0).note(0.0, stopped=True).startswith("its process was stopped by a signal")


def test_a_cancel_that_is_not_heard_ends_in_sigterm_and_sigkill_within_ten_seconds():
    watch = Watch(0.0)
    watch.cancel(0.0)
    assert watch.note(0.0) == "cancelling"
    (first, term), (second, kill), *_ = signals(watch, 0.0, 12.0)
    assert (first, term) == (watching.GRACE_SECONDS, signal.SIGTERM)
    assert kill is signal.SIGKILL and second <= 8.5
    assert "killed" in watch.note(12.0)


def test_a_job_that_gets_on_has_a_little_longer_to_stop_and_no_more():
    watch = Watch(0.0)
    watch.cancel(0.0)
    (first, term), (second, kill), *_ = signals(watch, 0.0, 12.0, done_until=20.0)
    assert (first, term) == (watching.AT_MOST_SECONDS, signal.SIGTERM) and kill is signal.SIGKILL and second <= 8.5


def test_asking_again_gives_no_more_time():
    watch = Watch(0.0)
    watch.cancel(0.0)
    watch.cancel(4.0)
    assert signals(watch, 0.0, 12.0)[0][0] == watching.GRACE_SECONDS


def test_a_process_that_reported_its_end_and_stays_is_terminated():
    watch = Watch(0.0)
    watch.see(status(state=JobState.DONE), 0, 50.0)
    assert watch.due(50.0 + watching.GRACE_SECONDS - 0.1) is None
    assert watch.due(50.0 + watching.GRACE_SECONDS) is signal.SIGTERM
    assert not watch.cancelled
