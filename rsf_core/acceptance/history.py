"""The history of M: append-only, so that undoing is one more entry, and any earlier M can be taken again."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain import ChosenBy
from rsf_core.store.records import ThresholdRecord

UNDO = "undo"  # the reason that is shown


def before(history: Sequence[ThresholdRecord]) -> ThresholdRecord | None:
    """What an undo brings back, or None: the M under the one in force, in the order they were chosen. `history` is
    newest first, as the store gives it. An M chosen under another target is never brought back: it measured other ratios."""
    standing: list[ThresholdRecord] = []
    for chosen in reversed(history):
        if standing and standing[-1].target_id != chosen.target_id:
            standing.clear()
        if chosen.chosen_by is ChosenBy.UNDO and standing:
            standing.pop()
        else:
            standing.append(chosen)
    return standing[-2] if len(standing) > 1 else None


def by_a_person(history: Sequence[ThresholdRecord], target_id: int) -> ThresholdRecord | None:
    """The M that a person has chosen for a target, also where another target was in force meanwhile; None where the rule had
    the last word. `history` is newest first."""
    chosen = next((record for record in history if record.target_id == target_id), None)
    return None if chosen is None or chosen.chosen_by is ChosenBy.RULE else chosen
