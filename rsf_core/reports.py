"""What the pages and the CLI show of a project beyond single rows: comparisons, gains over rounds, examples."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from rsf_core.deciding import target_of
from rsf_core.domain import Scope
from rsf_core.evaluation import HeldOutSamples, compare, summarise
from rsf_core.sampling.intervals import Interval
from rsf_core.standing import BASE_ID, Standing
from rsf_core.store.records import ThresholdRecord
from rsf_core.store.store import Store


@dataclass(frozen=True, slots=True)
class Comparison:
    """One round's held-out result: the proposal before, the tuned model after, and the gains paired by prompt,
    against the proposal (`gain`) and against the base (`gain_over_base`). `control` is the metrics of the model that was
    tuned on as many candidates chosen at random, `control_over_base` its gain over the base and `selection` what the tuned
    model gained over it: what is due to selection, not to fine-tuning as such. All three are empty without a control.
    `current` is False where the settings that completions are drawn by have changed since."""

    round: int
    before_id: str
    after_id: str
    base: dict[str, Interval]
    before: dict[str, Interval]
    after: dict[str, Interval]
    gain: dict[str, Interval]
    gain_over_base: dict[str, Interval]
    prompts: int
    completions: int
    control: dict[str, Interval] = field(default_factory=dict)
    control_over_base: dict[str, Interval] = field(default_factory=dict)
    selection: dict[str, Interval] = field(default_factory=dict)
    current: bool = True


def comparison(store: Store, standing: Standing, round_number: int) -> Comparison | None:
    """The held-out comparison of a round, or None before its evaluation is done."""
    opened = next((r for r in store.rounds() if r.round == round_number), None)
    tuned = standing.tuned_model(round_number)
    thresholds = store.thresholds(round_number)
    if opened is None or tuned is None or not thresholds:
        return None
    target = target_of(store, thresholds[0])
    evaluation = standing.evaluation(round_number)
    compared = {BASE_ID, opened.model_id, tuned.model_id}
    if not compared <= evaluation.models:
        return None
    control = standing.control(round_number)
    if control is not None and control.model_id in evaluation.models:
        compared.add(control.model_id)
    samples = {model_id: held_out_samples(store, evaluation.key, model_id) for model_id in compared}
    log_m = common_log_m(store, thresholds[0])
    base, before, after = samples[BASE_ID], samples[opened.model_id], samples[tuned.model_id]
    found = Comparison(
        round=round_number,
        before_id=opened.model_id,
        after_id=tuned.model_id,
        base=summarise(base, target, log_m),
        before=summarise(before, target, log_m),
        after=summarise(after, target, log_m),
        gain=compare(before, after, target, log_m),
        gain_over_base=compare(base, after, target, log_m),
        prompts=len(np.unique(after.prompt_ids)),
        completions=len(after.log_q),
        current=evaluation.current,
    )
    if control is None or control.model_id not in compared:
        return found
    random = samples[control.model_id]
    return replace(
        found,
        control=summarise(random, target, log_m),
        control_over_base=compare(base, random, target, log_m),
        selection=compare(random, after, target, log_m),
    )


def common_log_m(store: Store, threshold: ThresholdRecord) -> float:
    """One log M (nats) by which two models are measured alike: the round's own when its scope is global, else moved by
    the mean over the round's prompts of their scale log Ẑ(c)."""
    if threshold.scope is Scope.GLOBAL:
        return threshold.log_m
    ratios = store.ratios(threshold.round)
    _, first = np.unique(ratios["prompt_id"].to_numpy(), return_index=True)
    scale = ratios["scale"].to_numpy()[first]
    finite = scale[np.isfinite(scale)]
    return threshold.log_m + (float(finite.mean()) if finite.size else 0.0)


def held_out_samples(store: Store, key: str, model_id: str) -> HeldOutSamples:
    """The completions of a model under an evaluation key, as arrays."""
    table = store.evaluation_samples(key, model_id)
    scores: list[dict[str, float]] = [dict(entry) for entry in table["scores"].to_pylist()]
    names = scores[0].keys() if scores else ()
    return HeldOutSamples(
        prompt_ids=table["prompt_id"].to_numpy().astype(np.int64),
        completions=table["completion"].to_pylist(),
        finish=table["finish"].to_pylist(),
        token_counts=table["token_count"].to_numpy().astype(np.float64),
        log_q=table["log_q"].to_numpy(),
        log_base=table["log_base"].to_numpy(),
        log_reference=table["log_reference"].to_numpy(),
        scores={name: np.array([row[name] for row in scores]) for name in names},
    )


def held_out_examples(store: Store, standing: Standing, comparison: Comparison, count: int) -> list[dict[str, str]]:
    """The first completion before and after of the first `count` held-out prompts, for reading."""
    key = standing.evaluation(comparison.round).key
    texts = {prompt.prompt_id: prompt.text for prompt in store.prompts(retired=True)}
    found = {}
    for model_id in (comparison.before_id, comparison.after_id):
        table = store.evaluation_samples(key, model_id).select(["prompt_id", "k", "completion"])
        found[model_id] = {row["prompt_id"]: row["completion"] for row in table.to_pylist() if row["k"] == 0}
    return [
        {
            "prompt": texts[prompt_id],
            "before": found[comparison.before_id].get(prompt_id, ""),
            "after": found[comparison.after_id][prompt_id],
        }
        for prompt_id in list(found[comparison.after_id])[:count]
    ]
