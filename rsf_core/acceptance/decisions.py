"""From scores to decisions: log ratios under the target, and the M that is in force."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.acceptance.target import BASE, LOG_MODEL, LOG_Q, PROPOSAL, is_indicator, log_ratio, reference_source
from rsf_core.domain import ChosenBy, Scope
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Sampling, Settings, Target
from rsf_core.sampling.acceptance import critical_log_m, log_m_for_priority, log_m_for_rate, staged_scale
from rsf_core.sampling.arrays import relative
from rsf_core.store.records import RoundRecord, ThresholdRecord
from rsf_core.store.store import Store

AUTOMATIC = "rule"


def reference_model(target: Target, base_id: str) -> str | None:
    """The model_id of the target's reference, None where it is the proposal (log p_ref then cancels out)."""
    if target.reference == PROPOSAL:
        return None
    return base_id if target.reference == BASE else target.reference


def reference_of(store: Store, target: Target, opened: RoundRecord, base_id: str) -> str | None:
    """Where log p_ref of the round's candidates comes from; see `reference_source`."""
    # as they were stored: what an earlier version allowed is no error now
    laws = [Sampling.model_construct(**json.loads(law)) for law in store.sampling_laws(opened.round)]
    return reference_source(target, reference_model(target, base_id), opened.model_id, laws)


def target_of(store: Store, threshold: ThresholdRecord) -> Target:
    """The target that an M belongs to."""
    spec = next(row["spec"] for row in store.targets() if row["target_id"] == threshold.target_id)
    return Target.model_validate(spec)


def retarget(store: Store, settings: Settings, opened: RoundRecord, base_id: str, anew: bool = False) -> None:
    """Compute ℓ and m of every scored candidate of the round under the target of `settings`, and choose M by the rule
    unless a person has chosen it for this very target; `anew` also then. Raises TargetError when a score is missing."""
    target = settings.target
    source = reference_of(store, target, opened, base_id)
    needed = [*target.scorers, *([source] if source not in (None, LOG_Q, LOG_MODEL) else [])]
    table = _Scores(store.round_scores(opened.round, needed))
    if not table.candidate_ids:
        return
    known = {None: None, LOG_Q: table.log_q, LOG_MODEL: table.log_model}
    log_reference = known[source] if source in known else table.score(str(source))
    scores = {scorer: table.score(scorer) for scorer in target.scorers}
    ell = log_ratio(target, scores, table.log_q, log_reference)
    possible = np.where(table.truncated, -np.inf, ell)  # the rule accepts none that was cut off: a draw with P = 0
    scale = staged_scale(possible, table.prompt_ids, table.stage)
    rows = pa.table(
        {
            "candidate_id": table.candidate_ids,
            "log_ratio": ell,
            "critical_log_m": critical_log_m(ell, table.u),
            "scale": scale,
        }
    )
    with store.transaction(f"deciding round {opened.round}"):
        target_id = store.target_id(target.model_dump(mode="json"), AUTOMATIC)
        store.replace_log_ratios(opened.round, target_id, rows)
        current = store.thresholds(opened.round)[:1]
        if anew or not current or current[0].chosen_by is ChosenBy.RULE or current[0].target_id != target_id:
            critical, planned = critical_log_m(possible, table.u), table.stage == 0
            if not np.isfinite(critical[planned]).any():  # all that can be accepted was drawn again
                planned[:] = True
            # constraints alone, and a reference that is the law they were drawn by: every ratio is 0 or −∞
            bound = is_indicator(target) or (not target.rewards and source == LOG_Q)
            # by what was drawn for all prompts alike: drawing more for those that had none moves no M
            apply_rule(
                store, settings, opened.round, target_id, possible[planned], critical[planned], scale[planned], bound
            )


def apply_rule(
    store: Store,
    settings: Settings,
    round_number: int,
    target_id: int,
    ratio: NDArray[np.float64],
    critical: NDArray[np.float64],
    scale: NDArray[np.float64],
    bound: bool,
) -> None:
    """Let the rule of `settings.accept` choose M for the round: `ratio` is ℓ of each candidate and `critical` its critical
    log M (both −∞ where it cannot be accepted), `scale` its prompt's by its other candidates, all in nats; `bound`: M = 1 is
    exact."""
    scope, rate = settings.accept.scope, settings.accept.rate

    def chosen(by: NDArray[np.float64] | float) -> float:
        if settings.accept.choose == "priority":
            return log_m_for_priority(critical, ratio, rate, by)
        return log_m_for_rate(critical, rate, by)

    how = f"accepts {rate:.0%} of the candidates"
    if settings.accept.choose == "priority":
        how += ", the critical value of the next one: priority sampling"
    if bound:
        log_m, scope, reason = 0.0, Scope.GLOBAL, "constraints alone: M = 1 is the exact bound"
    elif not np.isfinite(critical).any():
        log_m, reason = 0.0, "no candidate meets the constraints"
    elif scope is Scope.PROMPT and not np.isfinite(relative(critical, scale)).any():
        log_m, scope = chosen(0.0), Scope.GLOBAL
        reason = f"{how}; no prompt has two to tell its own scale by"
    else:
        log_m, reason = chosen(scale if scope is Scope.PROMPT else 0.0), how
    store.add_threshold(round_number, target_id, log_m, scope, AUTOMATIC, reason, ChosenBy.RULE)


class _Scores:
    """The long table of scores as one array a scorer, in the order of the candidates. Scorers that nobody asks for may
    be incomplete: an earlier target may have needed them."""

    def __init__(self, long: pa.Table) -> None:
        ids = long["candidate_id"].to_numpy(zero_copy_only=False).astype(str)
        _, first, index = np.unique(ids, return_index=True, return_inverse=True)
        self.candidate_ids: list[str] = ids[first].tolist()
        self.prompt_ids = long["prompt_id"].to_numpy()[first]
        self.log_q = long["log_q"].to_numpy()[first]
        self.log_model = long["log_model"].to_numpy()[first]
        self.u = long["u"].to_numpy()[first]
        self.stage = long["stage"].to_numpy()[first]
        self.truncated = long["truncated"].to_numpy(zero_copy_only=False)[first]
        self._index = index
        self._scorers = long["scorer"].to_numpy(zero_copy_only=False)
        self._values = long["score"].to_numpy(zero_copy_only=False).astype(np.float64)

    def score(self, scorer: str) -> NDArray[np.float64]:
        """One score a candidate. Raises TargetError naming the scorer, and a candidate that lacks it alone."""
        mine = self._scorers == scorer
        if not mine.any():
            raise TargetError(f"these candidates have no {scorer!r}: score the round again")
        column = np.full(len(self.candidate_ids), np.nan)
        column[self._index[mine]] = self._values[mine]
        if np.isnan(column).any():
            missing = self.candidate_ids[int(np.argmax(np.isnan(column)))]
            raise TargetError(f"candidate {missing} has no score of {scorer!r}: score the round again")
        return column
