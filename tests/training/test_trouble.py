"""Training that diverges with finite numbers is detected; single bad steps do not count as divergence."""

from __future__ import annotations

from rsf_core.training.trouble import DivergenceWatch


def test_bad_steps_are_forgiven_until_five_come_in_a_row():
    watch = DivergenceWatch(log_vocabulary=5.0)
    assert [watch.see(nll) for nll in (2.0, 7.0, 7.0, 7.0, 7.0, 5.9, 7.0, 7.0, 7.0, 7.0)] == [None] * 10
    assert "began at 2.00 nats a token, guessing gives 5.00" in (watch.see(7.0) or "")
    assert DivergenceWatch(log_vocabulary=5.0, first=9.0, worse=4).see(9.9) is None  # it began worse than guessing
