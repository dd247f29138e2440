"""Freezing a round's effective decisions into an immutable curated set."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core import prompts as prompt_rules
from rsf_core.acceptance import bands, thinning
from rsf_core.domain import Control, Split
from rsf_core.domain.errors import StageError, TargetError
from rsf_core.domain.settings import Settings
from rsf_core.domain.turns import whole
from rsf_core.prompts import near_duplicates
from rsf_core.prompts.near_duplicates import near_duplicate_pairs
from rsf_core.sampling import rules
from rsf_core.sampling.acceptance import importance_weight
from rsf_core.sampling.arrays import excess
from rsf_core.store.curated import content_hash
from rsf_core.store.database import utc_now
from rsf_core.store.records import CuratedRecord
from rsf_core.store.store import Store

NEAR_HELD_OUT = "near held out"  # the name of the value kept for the prompts


def freeze(store: Store, settings: Settings, round_number: int, author: str) -> CuratedRecord:
    """Freeze what is accepted now. Decide first, de-duplicate afterwards: of equal completions of one prompt one is kept (of
    near ones, or all, by `train.deduplicate`), and both counts are in the summary, with the effect on the law. If nothing
    changed since the newest set, that set is returned. Candidates of train prompts that nearly repeat a held-out prompt
    are left out and counted. Candidates made elsewhere are in it if people accept them: they weigh 1, because they have no
    P/q, and no rate counts them. Raises StageError if nothing is left to train on."""
    thresholds = store.thresholds(round_number)
    accepted = store.accepted_samples(round_number)
    if not thresholds:
        raise StageError(f"round {round_number} has no decisions yet: generate and score candidates first")
    if not accepted:
        raise StageError(
            f"round {round_number} has no accepted candidate to train on: lower M on the Acceptance page, accept some "
            "by hand on the Review page, or draw more candidates"
        )
    threshold = thresholds[0]
    near = near_held_out(store)
    kept = [row for row in accepted if row["prompt_id"] not in near]
    if not kept:
        raise StageError(
            f"every accepted candidate of round {round_number} belongs to a train prompt that is nearly the same as a "
            "held-out one, so the comparison would not be honest: add train prompts that differ from the held-out ones"
        )
    weights = _weights(kept, threshold.log_m) if settings.accept.weighs else [1.0] * len(kept)
    drawn = [_sample(row, weight) for row, weight in zip(kept, weights, strict=True)]
    how = settings.train.deduplicate
    of = _stand_ins(drawn, how)
    samples = _kept(drawn, of)
    digest = content_hash(samples)
    earlier = [c for c in store.curated_sets() if c.round == round_number and not is_control(c.curated_id)]
    if earlier and (earlier[-1].content_hash, earlier[-1].log_m) == (digest, threshold.log_m):
        return earlier[-1]
    counts, rates = store.round_counts(round_number), bands.rates(store.prompt_kinds(round_number))
    record = CuratedRecord(
        curated_id=f"c{round_number}-{len(earlier) + 1}",
        round=round_number,
        target_id=threshold.target_id,
        log_m=threshold.log_m,
        scope=threshold.scope,
        content_hash=digest,
        summary={
            "samples": len(samples),
            "tokens": _tokens(store, round_number, samples),
            "accepted": len(accepted),
            "near_held_out": len(accepted) - len(kept),
            "deduplicate": how,
            "thinned": len(drawn) - len(samples),
            "mass_thinned": thinning.mass_thinned(weights, of),
            "law_moved": thinning.law_moved(weights, of),
            "candidates": counts.candidates,
            "distinct": _distinct(samples),
            "prompts": len({sample["prompt_id"] for sample in samples}),
            "rate_automatic": rates.automatic,
            "rate_effective": rates.effective,
            "overridden": counts.overridden,
            "bound_violated": counts.violated,
            "edited": sum(sample["edited"] for sample in samples),
            "made_elsewhere": sum(sample["source"] is not None for sample in samples),
        },
        author=author,
        created_at=utc_now(),
    )
    return store.add_curated_set(record, samples)


def control_id(of: str, control: Control) -> str:
    """The id of a control's curated set, or of the model trained on it, from the id of its counterpart."""
    return f"{of}-{control}"


def control_of(curated_id: str | None) -> Control | None:
    """Which control a curated set was chosen for; None if it holds what people and the rule accepted."""
    return next((one for one in Control if curated_id is not None and curated_id.endswith(f"-{one}")), None)


def is_control(curated_id: str | None) -> bool:
    """Whether a curated set is a random selection, made to see what fine-tuning, or the constraints, gain alone."""
    return control_of(curated_id) is not None


def leaves_a_choice(store: Store, matched: CuratedRecord, control: Control) -> bool:
    """Whether there is more to choose a control from than the curated set `matched` has. If the target has only constraints,
    the candidates that pass them are those accepted: a constraints-only control would be the same set."""
    samples, how = int(matched.summary["samples"]), matched.summary.get("deduplicate", "exact")
    near = near_held_out(store)
    most = store.count_to_choose_from(
        matched.round, near, constraints=control is Control.CONSTRAINTS, once=how != "off"
    )
    if how != "near" or most.samples <= samples or most.prompts > samples:  # at least one of each prompt is kept
        return most.samples > samples
    return len(_to_choose_from(store, matched, control)[1]) > samples


def freeze_control(
    store: Store, matched: CuratedRecord, author: str, control: Control = Control.RANDOM
) -> CuratedRecord:
    """As many samples as the curated set `matched` has, with as many completion tokens, chosen at random among what the
    proposal drew for train prompts, de-duplicated in the same way. The random control leaves nothing out, not even
    truncated ones: its gain comes from fine-tuning alone. The constraints control chooses among candidates with P > 0, which
    pass the constraints and have ended: its gain over the random control comes from the constraints. Returns the existing set
    if there is one. Raises StageError if there is no candidate to choose."""
    round_number, curated_id = matched.round, control_id(matched.curated_id, control)
    known = next((c for c in store.curated_sets() if c.curated_id == curated_id), None)
    if known is not None:
        return known
    u_of = _u_of(store, round_number)
    drawn, once = _to_choose_from(store, matched, control)
    if not once:
        raise StageError(f"round {round_number} has no candidate to choose at random for the {control.label}")
    u = [u_of[sample["candidate_id"]] for sample in once]
    count, tokens = matched.summary["samples"], _tokens_to_match(store, matched)
    sizes = [len(sample["token_ids"]) for sample in once]
    kept = rules.random(u, count) if tokens is None else rules.random_of_size(u, count, sizes, tokens)
    samples = [sample for sample, chosen in zip(once, kept, strict=True) if chosen]
    record = replace(
        matched,
        curated_id=curated_id,
        content_hash=content_hash(samples),
        summary=matched.summary
        | {
            "rule": str(control),
            "samples": len(samples),
            "tokens": _tokens(store, round_number, samples),
            "distinct": _distinct(samples),
            "accepted": len(samples),
            "near_held_out": 0,
            "thinned": len(drawn) - len(once),
            "mass_thinned": 1 - len(once) / len(drawn),
            "law_moved": None,
            "prompts": len({sample["prompt_id"] for sample in samples}),
            "edited": 0,
            "made_elsewhere": 0,
        },
        author=author,
        created_at=utc_now(),
    )
    return store.add_curated_set(record, samples)


def _to_choose_from(
    store: Store, matched: CuratedRecord, control: Control
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The samples a control is chosen from, each weighing 1: as they were drawn, and de-duplicated as `matched` is. The random
    control includes candidates without a score."""
    rows = store.ratios(matched.round) if control is Control.CONSTRAINTS else store.drawn(matched.round)
    eligible = ~np.isin(rows["prompt_id"].to_numpy(), list(near_held_out(store)))
    if control is Control.CONSTRAINTS:
        eligible &= np.isfinite(rows["log_ratio"].to_numpy()) & ~rows["truncated"].to_numpy()
    names = rows["candidate_id"].filter(pa.array(eligible)).to_pylist()
    drawn = [_sample(row, 1.0) for row in store.samples_of(matched.round, names)]
    return drawn, _kept(drawn, _stand_ins(drawn, matched.summary.get("deduplicate", "exact")))


def _u_of(store: Store, round_number: int) -> dict[str, float]:
    rows = store.drawn(round_number)
    return dict(zip(rows["candidate_id"].to_pylist(), rows["u"].to_pylist(), strict=True))


def _weights(rows: Sequence[dict[str, Any]], log_m: float) -> list[float]:
    """max(1, P/(M q)) of each candidate; an edited completion, or one made elsewhere, was not drawn from q and weighs 1."""
    ratios = [-math.inf if row["log_ratio"] is None or row["edited"] else row["log_ratio"] for row in rows]
    offsets = [row["offset_log_m"] or 0.0 for row in rows]
    scales = [
        -math.inf if offset == math.inf else offset for offset in offsets
    ]  # no other draw has a scale for this one
    try:
        weights: list[float] = importance_weight(ratios, log_m, scales).tolist()
        return weights
    except TargetError as error:
        largest = int(np.argmax(excess(ratios, log_m, scales)))
        raise StageError(
            f"the weight of candidate {rows[largest]['candidate_id']} is beyond all numbers ({error}): raise M, or set "
            "accept.weighted to false and accept.choose to rate"
        ) from error


def _sample(row: dict[str, Any], weight: float) -> dict[str, Any]:
    """The row of a curated set."""
    return {name: value for name, value in row.items() if name not in ("offset_log_m", "finish")} | {"weight": weight}


def _stand_ins(samples: list[dict[str, Any]], how: thinning.How) -> NDArray[np.int64]:
    return thinning.stand_ins(
        [sample["prompt_id"] for sample in samples],
        [
            sample["completion"] if sample["edited"] or sample["source"] else tuple(sample["token_ids"])
            for sample in samples
        ],
        [sample["completion"] for sample in samples],
        how,
    )


def _kept(samples: list[dict[str, Any]], of: NDArray[np.int64]) -> list[dict[str, Any]]:
    return [sample for place, sample in enumerate(samples) if of[place] == place]


def _tokens(store: Store, round_number: int, samples: list[dict[str, Any]]) -> int:
    """The completion tokens of a set, as drawn: an edited completion counts as the candidate that was edited, because its own
    tokens are made during training. Samples made elsewhere do not count: their tokens are not known yet."""
    drawn = [sample for sample in samples if sample["source"] is None]
    edited = [sample["candidate_id"] for sample in drawn if sample["edited"]]
    before = store.samples_of(round_number, edited) if edited else []
    return sum(len(sample["token_ids"]) for sample in (*drawn, *before))


def _tokens_to_match(store: Store, matched: CuratedRecord) -> float | None:
    """The completion tokens of a set, samples made elsewhere counting as the mean of the drawn ones: their tokens are made
    during training, and are not known before. None if all were made elsewhere."""
    samples = store.curated_samples(matched.curated_id).to_pylist()
    drawn = sum(sample["source"] is None for sample in samples)
    return _tokens(store, matched.round, samples) * (len(samples) / drawn) if drawn else None


def _distinct(samples: list[dict[str, Any]]) -> int:
    """How many samples there are when near-duplicates of one prompt count once. Repetition between prompts is not a
    fault: the answers to two sums may be the same."""
    texts, prompts = [sample["completion"] for sample in samples], [sample["prompt_id"] for sample in samples]
    return len(samples) - len({later for _, later in near_duplicate_pairs(texts, prompts)})


def near_held_out(store: Store) -> set[int]:
    """The train prompts that are the same or nearly the same as a held-out or sealed one: training on them would make the
    comparison dishonest. Prompts are placed so that there is none, but what counts as a template word changes as prompts come.
    Computed once for the same prompts, because it takes seconds for 100,000; the text of a prompt never changes."""
    return store.unchanged("near held out", ("prompts",), lambda: _near_held_out(store))


def _near_held_out(store: Store) -> set[int]:
    state = f"rules {near_duplicates.RULES}, prompts to {store.prompt_book.version()[0]}"
    known = store.kept_value(NEAR_HELD_OUT, state)
    if known is None:
        known = json.dumps(sorted(_find_near_held_out(store)))
        store.keep_value(NEAR_HELD_OUT, state, known)
    return set(json.loads(known))


def _find_near_held_out(store: Store) -> set[int]:
    train = store.prompts(Split.TRAIN, retired=True)
    held_out = [p for split in (Split.HELD_OUT, Split.SEALED) for p in store.prompts(split, retired=True)]
    pairs = prompt_rules.check_disjoint(
        [whole(p.text, p.earlier) for p in train], [whole(p.text, p.earlier) for p in held_out]
    )
    return {train[mine].prompt_id for mine, _ in pairs}
