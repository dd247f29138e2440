"""Goal and pace in one line, as they are read."""

from __future__ import annotations

from datetime import datetime

import pytest

from rsf_core.review.progress import Progress, SittingSummary
from rsf_core.store.review_records import ReviewGoal
from rsf_core.web.progress_parts import line


def progress(
    today: int = 0, decided: int = 0, goal: tuple[int | None, int | None] = (None, None), per_hour: float | None = None
) -> Progress:
    sitting = SittingSummary(datetime(2026, 5, 4), decided, 0, 0, 0, 0, 0, 0, 0.0, per_hour) if decided else None
    return Progress("ann", ReviewGoal(*goal), today, decided, 0, per_hour, sitting)


@pytest.mark.parametrize(
    ("reviewed", "words"),
    [
        (progress(), "You have decided 0 today, 0 in this round."),
        (progress(3, 12), "You have decided 3 today, 12 in this round."),
        (progress(3, 1_200, per_hour=151.6), "You have decided 3 today, 1,200 in this round; 152 an hour."),
        (progress(goal=(50, None)), "You have decided 0 of 50 today, 0 in this round."),
        (progress(50, 60, (50, 200)), "You have decided 50 of 50 today (reached), 60 of 200 in this round."),
    ],
)
def test_decisions_and_the_goal_are_described_in_one_line(reviewed: Progress, words: str) -> None:
    assert line(reviewed) == words
