"""The history of M. It is append-only: an undo is one more entry, and any earlier M can be chosen again."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain import ChosenBy
from rsf_core.store.records import ThresholdRecord

UNDO = "undo"  # the reason that is shown


def before(history: Sequence[ThresholdRecord]) -> ThresholdRecord | None:
    """The M that an undo restores: the one chosen before the M in force; None if there is none. `history` is newest first, as
    the store returns it. An M chosen under another target is never restored, because it applied to other ratios."""
    stack: list[ThresholdRecord] = []
    for chosen in reversed(history):
        if stack and stack[-1].target_id != chosen.target_id:
            stack.clear()
        if chosen.chosen_by is ChosenBy.UNDO and stack:
            stack.pop()
        else:
            stack.append(chosen)
    return stack[-2] if len(stack) > 1 else None


def by_a_person(history: Sequence[ThresholdRecord], target_id: int) -> ThresholdRecord | None:
    """The M that a person chose for a target, even if another target was in force in between; None if the rule chose last or
    there is no M. `history` is newest first."""
    chosen = next((record for record in history if record.target_id == target_id), None)
    return None if chosen is None or chosen.chosen_by is ChosenBy.RULE else chosen
