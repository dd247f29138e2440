"""From scores to decisions: log ratios under the target, and the M in force."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.acceptance import history
from rsf_core.acceptance.deriving import Drawn, derive
from rsf_core.acceptance.target import BASE, LOG_MODEL, LOG_Q, PROPOSAL, reference_source
from rsf_core.domain import ChosenBy
from rsf_core.domain.access import RULE
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Sampling, Settings, Target
from rsf_core.store.records import RoundRecord, ThresholdRecord
from rsf_core.store.store import Store


def reference_model(target: Target, base_id: str) -> str | None:
    """The model_id of the target's reference, None if it is the proposal (log p_ref then cancels out)."""
    if target.reference == PROPOSAL:
        return None
    return base_id if target.reference == BASE else target.reference


def reference_of(store: Store, target: Target, round_record: RoundRecord, base_id: str) -> str | None:
    """Where log p_ref of the round's candidates comes from; see `reference_source`."""
    # without validation: a value that an earlier version allowed must not fail now
    laws = [Sampling.model_construct(**json.loads(law)) for law in store.sampling_laws(round_record.round)]
    return reference_source(target, reference_model(target, base_id), round_record.model_id, laws)


def target_of(store: Store, threshold: ThresholdRecord) -> Target:
    """The target that an M belongs to."""
    spec = next(row["spec"] for row in store.targets() if row["target_id"] == threshold.target_id)
    return Target.model_validate(spec)


def retarget(
    store: Store, settings: Settings, round_record: RoundRecord, base_id: str, replace_m: bool = False
) -> None:
    """Compute ℓ and m of every scored candidate of the round under the target of `settings`, and choose M by the rule. An M
    that a person chose for this target, now or earlier, is kept unless `replace_m`. A candidate for which a scorer recorded
    that it has no score stays undecided. Raises TargetError if a score is missing for another reason."""
    target = settings.target
    source = reference_of(store, target, round_record, base_id)
    needed = [*target.scorers, *([source] if source not in (None, LOG_Q, LOG_MODEL) else [])]
    table, unscored = (
        _Scores(store.round_scores(round_record.round, needed)),
        store.pairs_without_score(round_record.round, needed),
    )
    if not table.candidate_ids and not unscored.num_rows:
        return
    known = {None: None, LOG_Q: table.log_q, LOG_MODEL: table.log_model}
    log_reference = known[source] if source in known else table.score(str(source))
    scores = {scorer: table.score(scorer) for scorer in target.scorers}
    drawn = Drawn(table.prompt_ids, table.log_q, table.u, table.stage, table.truncated)
    derived = derive(drawn, target, settings.accept, scores, source, log_reference)
    rows = pa.table(
        {
            "candidate_id": table.candidate_ids,
            "log_ratio": derived.log_ratio,
            "critical_log_m": derived.critical_log_m,
            "scale": derived.scale,
        }
    )
    with store.transaction(f"deciding round {round_record.round}"):
        target_id = store.target_id(target.model_dump(mode="json"), RULE.name)
        store.replace_log_ratios(round_record.round, target_id, rows, unscored)
        thresholds = store.thresholds(round_record.round)
        chosen = None if replace_m else history.by_a_person(thresholds, target_id)
        if chosen is None:
            rule = derived.by_rule
            store.add_threshold(
                round_record.round, target_id, rule.log_m, rule.scope, RULE.name, rule.reason, ChosenBy.RULE
            )
        elif chosen != thresholds[0]:  # another target was in force meanwhile
            store.add_threshold(round_record.round, target_id, chosen.log_m, chosen.scope, chosen.author, chosen.reason)


class _Scores:
    """The long table of scores as one array per scorer, in the order of the candidates. A scorer that is not asked for may be
    incomplete: an earlier target may have needed it."""

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
        """One score per candidate, (n,). Raises TargetError if no candidate has it, or naming the first that lacks it."""
        mine = self._scorers == scorer
        if self.candidate_ids and not mine.any():
            raise TargetError(f"these candidates have no {scorer!r}: score the round again")
        column = np.full(len(self.candidate_ids), np.nan)
        column[self._index[mine]] = self._values[mine]
        if np.isnan(column).any():
            missing = self.candidate_ids[int(np.argmax(np.isnan(column)))]
            raise TargetError(f"candidate {missing} has no score of {scorer!r}: score the round again")
        return column
