"""Which model candidates are drawn from next."""

from __future__ import annotations

from rsf_core.domain.errors import StageError
from rsf_core.rounds import comparisons, guardrails
from rsf_core.rounds.state import ProjectState
from rsf_core.store.store import Store


def next_proposal(store: Store, project_state: ProjectState) -> str:
    """The model that the next round draws from: the one a person has chosen since the newest round was opened, else the one
    which that round tuned, unless it is known to be worse than its proposal. Raises StageError if the round has tuned none."""
    current = project_state.current_round()
    chosen = store.proposal_choice(current.round)
    if chosen is not None:
        return chosen
    tuned = project_state.tuned_model(current.round)
    if tuned is None:
        raise StageError(f"round {current.round} has not tuned a model yet: finish it first")
    compared = comparisons.comparison(store, project_state, current.round)
    return current.model_id if compared and guardrails.is_worse(compared) else tuned.model_id


def current_model(store: Store, project_state: ProjectState) -> str:
    """The model that would be drawn from now: the next proposal, or the newest round's own until that has tuned one."""
    try:
        return next_proposal(store, project_state)
    except StageError:
        return project_state.current_round().model_id
