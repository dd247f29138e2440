"""Each undo of M goes back one step, and never to an M of another target."""

from __future__ import annotations

from datetime import datetime

from rsf_core.acceptance.history import UNDO, before
from rsf_core.domain import ChosenBy, Scope
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.store.records import ThresholdRecord


def chosen(*steps: tuple[float, str] | tuple[float, str, int]) -> list[ThresholdRecord]:
    """A history, newest first, from steps given oldest first."""
    chosen_targets = []
    for log_m, reason, *target in steps:
        chosen_targets.append(
            ThresholdRecord(
                1,
                target[0] if target else 1,
                log_m,
                Scope.GLOBAL,
                "ann",
                reason,
                datetime(2026, 1, 1),
                ChosenBy.UNDO if reason == UNDO else ChosenBy.PERSON,
            )
        )
    return chosen_targets[::-1]


def test_undo_walks_back_step_by_step() -> None:
    history = chosen((1.0, "rule"), (2.0, "by hand"), (3.0, "by hand"))
    walked = []
    while (earlier := before(history)) is not None:
        walked.append(earlier.log_m)
        history = [*chosen((earlier.log_m, UNDO)), *history]
    assert walked == [2.0, 1.0]


def test_a_new_choice_after_an_undo_is_undone_first() -> None:
    history = chosen((1.0, "rule"), (2.0, "by hand"), (1.0, UNDO), (5.0, "by hand"))
    earlier = before(history)
    assert earlier is not None and earlier.log_m == 1.0


def test_the_first_m_and_an_m_of_another_target_are_not_left() -> None:
    assert before(chosen((1.0, "rule"))) is None
    assert before(chosen((1.0, "rule", 1), (2.0, "rule", 2))) is None
    assert before([]) is None


def test_a_project_undoes_m_and_keeps_the_whole_history(project: Project) -> None:
    project.generate()
    project.wait()
    first = project.threshold()
    assert first is not None and not project.undo_threshold()
    project.set_threshold(first.log_m + 1.0, Scope.GLOBAL, author=person("ann"))
    project.set_threshold(first.log_m + 2.0, Scope.GLOBAL, author=person("ann"))
    assert project.undo_threshold(author=person("bob")) and project.undo_threshold(author=person("bob"))
    now = project.threshold()
    assert now is not None and (now.log_m, now.scope, now.author) == (first.log_m, first.scope, "bob")
    assert len(project.thresholds()) == 5 and not project.undo_threshold()
