"""What the pages and the CLI show of a project beyond single rows: comparisons, gains over rounds, examples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rsf_core.acceptance.decisions import target_of
from rsf_core.domain import Control, JobState, Scope
from rsf_core.domain.settings import Target
from rsf_core.domain.specs import SealedSpec
from rsf_core.evaluation import forgetting
from rsf_core.evaluation.metrics import CONSTRAINTS_MET, Measured, gains, intervals, metric_bounds
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.sampling.acceptance import prompt_log_z
from rsf_core.sampling.intervals import Interval, difference_interval, paired_differences
from rsf_core.sampling.simultaneous import simultaneous_level
from rsf_core.sampling.winners_curse import overstatement
from rsf_core.store.records import ThresholdRecord
from rsf_core.store.store import Store

SCALE_TABLES = ("candidates", "log_ratios", "adaptive_jobs")  # that the scale of a round's prompts is read from
COMPARED_TABLES = (  # every table that a comparison is made from
    *("project", "rounds", "prompts", "prompt_events", "targets", "log_ratios", "thresholds", "curated_sets"),
    *("models", "model_deletions", "evaluation_samples", "gauge_samples", "jobs", "job_events"),
)


BY_METRIC = (  # the fields of a comparison that hold an estimate for each metric
    *("base", "before", "after", "gain", "gain_over_base", "control", "control_over_base", "selection"),
    *("constraints", "constraints_over_base", "beyond_constraints", "constraints_over_random"),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One round's held-out result: the proposal before, the tuned model after, and the gains paired by prompt,
    against the proposal (`gain`) and against the base (`gain_over_base`). `control` is the metrics of the model that was
    tuned on as many candidates chosen at random, `control_over_base` its gain over the base and `selection` what the tuned
    model gained over it: the effect of selection, not of fine-tuning as such. All three are empty without a control.
    `together` holds a tuned model's and its control's gain over the base in the headline metric by prompt, from which
    `gains_together` makes intervals that hold for all rounds shown. `current` is False if the settings that completions
    are drawn by have changed since. `forgotten` is how far the tuned model has moved from the base on the held-out prompts
    and on unrelated ones (see `forgetting`), `forgotten_before` and `forgotten_control` the proposal and the control;
    empty if that was not measured, as in rounds of earlier versions, and for the base. `constraints` is the metrics of the
    model tuned on as many candidates chosen at random among those that pass the constraints, `constraints_over_base` its gain
    over the base, `beyond_constraints` what the tuned model gained over it, and `constraints_over_random` what the constraints
    alone gained over the random control, if there are both."""

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
    together: dict[str, dict[int, float]] = field(default_factory=dict)
    together_width: float | None = None  # of the range of the headline's values; None if it has no bounds
    current: bool = True
    forgotten: dict[str, Interval] = field(default_factory=dict)
    forgotten_before: dict[str, Interval] = field(default_factory=dict)
    forgotten_control: dict[str, Interval] = field(default_factory=dict)
    constraints: dict[str, Interval] = field(default_factory=dict)
    constraints_over_base: dict[str, Interval] = field(default_factory=dict)
    beyond_constraints: dict[str, Interval] = field(default_factory=dict)
    constraints_over_random: dict[str, Interval] = field(default_factory=dict)
    forgotten_constraints: dict[str, Interval] = field(default_factory=dict)
    retired: int = 0  # how many of its prompts were retired since
    has_reward: bool = False  # whether the target has a reward: without scores `after` still lacks it
    has_constraints: bool = True  # whether the target has a constraint: without one there is no share that meets them

    @property
    def headline(self) -> str:
        """The metric a round is judged by: the reward if the target has one, else pass@1."""
        return "reward" if self.has_reward or "reward" in self.after else "pass@1"

    @property
    def rows(self) -> dict[str, str]:
        """The metrics to show, in order, each with what it is called: a metric that cannot be, because the target has no
        constraint, is named too."""
        rows = {name: name for name in self.after}
        return rows if self.has_constraints else rows | {CONSTRAINTS_MET: f"{CONSTRAINTS_MET} (the target has none)"}


def gains_together(comparisons: Sequence[Comparison], level: float = 0.95) -> dict[tuple[int, str], Interval]:
    """The gain over the base of every round's model and controls ("tuned", "control", "constraints"), in the headline metric
    of the newest round, as intervals that hold for all of them together, so that they hold for the best one, too."""
    if not comparisons:
        return {}
    metric = comparisons[-1].headline
    shown = {
        (one.round, which): (by_prompt, one.together_width)
        for one in comparisons
        if one.headline == metric
        for which, by_prompt in one.together.items()
    }
    prompts = sorted({prompt for by_prompt, _ in shown.values() for prompt in by_prompt})
    columns = [[by_prompt.get(prompt, math.nan) for prompt in prompts] for by_prompt, _ in shown.values()]
    if not prompts:
        return {}
    each = simultaneous_level(np.array(columns).T, level)
    return {
        name: difference_interval(np.array(list(by_prompt.values())), math.inf if width is None else width, each)
        for name, (by_prompt, width) in shown.items()
    }


def comparison(store: Store, project_state: ProjectState, round_number: int) -> Comparison | None:
    """The held-out comparison of a round, or None before its evaluation is done. Cached until one of its tables changes;
    people's decisions do not change it."""
    name = ("comparison", round_number, project_state.settings().model_dump_json())
    return store.unchanged(name, COMPARED_TABLES, lambda: _compare(store, project_state, round_number))


def chosen_by(store: Store, project_state: ProjectState) -> Curse | None:
    """`winners_curse` of all rounds that have a comparison."""
    compared = (comparison(store, project_state, round_record.round) for round_record in store.rounds())
    return winners_curse([each for each in compared if each is not None])


def all_gains(store: Store, project_state: ProjectState) -> dict[tuple[int, str], Interval]:
    """`gains_together` of all rounds that have a comparison."""
    compared = (comparison(store, project_state, round_record.round) for round_record in store.rounds())
    return gains_together([each for each in compared if each is not None])


def _compare(store: Store, project_state: ProjectState, round_number: int) -> Comparison | None:
    round_record = next((r for r in store.rounds() if r.round == round_number), None)
    tuned = project_state.tuned_model(round_number)
    thresholds = store.thresholds(round_number)
    if round_record is None or tuned is None or not thresholds:
        return None
    target = target_of(store, thresholds[0])
    evaluation = project_state.evaluation(round_number)
    compared = {BASE_ID, round_record.model_id, tuned.model_id}
    if not compared <= evaluation.models:
        return None
    controls = {control: project_state.control(round_number, control) for control in Control}
    against = {control: model.model_id for control, model in controls.items() if model is not None}
    compared |= evaluation.models.intersection(against.values())
    log_m = common_log_m(store, thresholds[0])
    measured = {
        model_id: project_state.measures.measured(evaluation.key, model_id, target, log_m)
        for model_id in sorted(compared)
    }
    random_id, filtered_id = against.get(Control.RANDOM), against.get(Control.CONSTRAINTS)
    ids = (round_record.model_id, tuned.model_id, random_id)
    result = _comparison(round_number, ids, measured, target, evaluation.current, filtered_id)
    lost = forgetting.of_models(store, sorted(compared))
    return replace(
        result,
        retired=evaluation.retired,
        forgotten=lost[tuned.model_id],
        forgotten_before=lost[round_record.model_id],
        forgotten_control=lost.get(random_id or "", {}),
        forgotten_constraints=lost.get(filtered_id or "", {}),
    )


def sealed_comparison(store: Store, project_state: ProjectState) -> Comparison | None:
    """The comparison on the sealed prompts of the model that they were opened for, with the base and its random control; None
    before they are opened and drawn for. It stays the same if target, M or settings change."""
    opening, job = store.sealed.opening(), project_state.sealed_job()
    if opening is None or job is None or job.state is not JobState.DONE:
        return None
    spec = job.spec_of(SealedSpec)
    ids = (BASE_ID, opening.model_id, opening.control_id)
    measured = {
        name: project_state.measures.measured(opening.evaluation_key, name, spec.target, spec.log_m)
        for name in ids
        if name is not None
    }
    return _comparison(opening.round, ids, measured, spec.target, current=True)


@dataclass(frozen=True, slots=True)
class Curse:
    """By how much the largest of `looks` gains in `metric` is expected to be overstated because it was chosen as the largest,
    if all of them were equally good (in the metric's unit)."""

    looks: int
    metric: str
    overstatement: float


def winners_curse(comparisons: Sequence[Comparison]) -> Curse | None:
    """The winner's curse of the gains of all rounds' tuned models; None with one look, or without a common prompt."""
    alike = [one for one in comparisons if one.headline == comparisons[-1].headline and one.together.get("tuned")]
    looks = [one.together["tuned"] for one in alike]
    common = sorted(set(looks[0]).intersection(*looks[1:])) if looks else []
    if len(looks) < 2 or not common:
        return None
    excess = overstatement([[look[prompt] for look in looks] for prompt in common])
    return Curse(len(looks), alike[-1].headline, excess)


def _comparison(
    round_number: int,
    ids: tuple[str, str, str | None],
    measured: Mapping[str, Measured],
    target: Target,
    current: bool,
    filtered_id: str | None = None,
) -> Comparison:
    """The comparison of the models `ids` (before, after, and the random control or None) and of the constraints-only control;
    a control that was not measured is left out."""
    before_id, after_id, control_id = ids
    base, before, after = measured[BASE_ID], measured[before_id], measured[after_id]
    result = Comparison(
        round=round_number,
        before_id=before_id,
        after_id=after_id,
        base=intervals(base, target),
        before=intervals(before, target),
        after=intervals(after, target),
        gain=gains(before, after, target),
        gain_over_base=gains(base, after, target),
        prompts=len(np.unique(after["length"][1])),
        completions=len(after["length"][1]),
        current=current,
        has_reward=bool(target.rewards),
        has_constraints=bool(target.constraints),
    )
    by_prompt, width = _by_prompt(base, after, target, result.headline)
    result = replace(result, together={"tuned": by_prompt}, together_width=width)
    random, filtered = (measured.get(name or "") for name in (control_id, filtered_id))
    together = dict(result.together)
    if random is not None:
        together["control"] = _by_prompt(base, random, target, result.headline)[0]
        result = replace(
            result,
            control=intervals(random, target),
            control_over_base=gains(base, random, target),
            selection=gains(random, after, target),
        )
    if filtered is not None:
        together["constraints"] = _by_prompt(base, filtered, target, result.headline)[0]
        result = replace(
            result,
            constraints=intervals(filtered, target),
            constraints_over_base=gains(base, filtered, target),
            beyond_constraints=gains(filtered, after, target),
            constraints_over_random=gains(random, filtered, target) if random is not None else {},
        )
    return replace(result, together=together)


def _by_prompt(before: Measured, after: Measured, target: Target, metric: str) -> tuple[dict[int, float], float | None]:
    """The gain in a metric by prompt, and the width of the range of its values, None if unknown."""
    first, second = before[metric], after[metric]
    if not np.intersect1d(first[1], second[1]).size:
        return {}, None
    prompts, gains = paired_differences(*first, *second)
    low, high = metric_bounds(metric, target, first[0], second[0])
    width = high - low
    return dict(zip(prompts.tolist(), gains.tolist(), strict=True)), width if math.isfinite(width) else None


def common_log_m(store: Store, threshold: ThresholdRecord) -> float:
    """One log M (nats) by which two models are measured alike: the round's own when its scope is global, else moved by
    the mean over the round's prompts of log Ẑ(c), from candidates drawn for all of them alike."""
    if threshold.scope is Scope.GLOBAL:
        return threshold.log_m
    name = ("mean scale", threshold.round, threshold.target_id)  # it does not depend on M
    return threshold.log_m + store.unchanged(name, SCALE_TABLES, lambda: _mean_scale(store, threshold.round))


def _mean_scale(store: Store, round_number: int) -> float:
    """The mean over a round's prompts of log Ẑ(c) (nats), from candidates drawn for all alike; 0 if none is finite."""
    ratios = store.ratios(round_number)
    ratios = ratios.filter(ratios["planned"])
    prompt_ids = ratios["prompt_id"].to_numpy()
    possible = np.where(ratios["truncated"].to_numpy(), -np.inf, ratios["log_ratio"].to_numpy())
    _, first = np.unique(prompt_ids, return_index=True)
    scale = prompt_log_z(possible, prompt_ids)[first]
    finite = scale[np.isfinite(scale)]
    return float(finite.mean()) if finite.size else 0.0


def held_out_examples(
    store: Store, project_state: ProjectState, comparison: Comparison, count: int
) -> list[dict[str, str]]:
    """The first completion before and after of the first `count` held-out prompts, for reading."""
    key = project_state.evaluation(comparison.round).key
    before, after = (
        project_state.measures.completions(key, model_id) for model_id in (comparison.before_id, comparison.after_id)
    )
    shown = list(itertools.islice((prompt_id for prompt_id, k in after if k == 0), count))
    texts = store.prompts_by_id(shown)
    return [
        {
            "prompt": texts[prompt_id]["text"],
            "before": before.get((prompt_id, 0), ""),
            "after": after[prompt_id, 0],
        }
        for prompt_id in shown
    ]
