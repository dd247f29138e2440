"""The metrics of a model on held-out prompts, each with a 95 % interval clustered by prompt, and the gain between two models
as paired differences by prompt. Pure functions over the samples of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.target import PROPOSAL, log_ratio, passes, reward
from rsf_core.domain import Finish
from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.settings import Target
from rsf_core.domain.text import words
from rsf_core.domain.words import SHARES
from rsf_core.sampling.acceptance import acceptance_prob
from rsf_core.sampling.diversity import distinct_2_of_words
from rsf_core.sampling.intervals import SHARE, UNBOUNDED, Bounds, Interval, cluster_mean, paired_difference
from rsf_core.sampling.pass_at_k import pass_at_k
from rsf_core.scorers import registry

Values = tuple[Floats, NDArray[np.int64]]
Measured = Mapping[str, Values]
"""Each metric as values whose mean is the metric, with the prompt of each value."""


@dataclass(frozen=True, slots=True)
class HeldOutSamples:
    """K completions for each of the held-out prompts, drawn from one model; every array has shape (n,). A score is NaN if its
    scorer has none."""

    prompt_ids: NDArray[np.int64]
    completions: Sequence[str]
    finish: Sequence[str]
    token_counts: Floats
    log_q: Floats
    log_base: Floats
    log_reference: Floats
    scores: Mapping[str, Floats]


NEVER_BELOW_0 = ("length", "entropy", "log perplexity")
"""The metrics without an upper bound whose limits are cut at 0."""
ACCURACY = "label_match"
CONSTRAINTS_MET = "constraints met"
"""The scorer whose mean is the accuracy: 1 if the label is the gold label, even if the format around it is wrong."""


@dataclass(frozen=True, slots=True)
class TextMeasures:
    """The metrics that read every completion and are the same under each target: by far the most expensive."""

    distinct_2: Values
    self_similarity: Values


def text_measures(samples: HeldOutSamples) -> TextMeasures:
    completions: dict[int, list[list[str]]] = {}  # of each prompt, as words
    for prompt_id, completion in zip(samples.prompt_ids.tolist(), samples.completions, strict=True):
        completions.setdefault(prompt_id, []).append(words(completion))
    return TextMeasures(_distinct_2(completions), _self_similarity(completions))


def per_sample(
    samples: HeldOutSamples, target: Target, log_m: float, texts: TextMeasures | None = None
) -> dict[str, Values]:
    """Each metric as values whose mean is the metric, with the prompt of each value.

    - reward: r of the target over all completions; reward, ended: over those that were not truncated
    - pass@1: 1 if every constraint holds and the completion is not truncated, which the rule treats as P = 0
    - constraints met: 1 if every constraint holds; used when there are also rewards, and only if there are constraints
    - accuracy: share of gold labels, if the target has the scorer `label_match`
    - acceptance rate: min(1, P/(M q)), 0 if truncated, at this target and M (`log_m`, nats, global: the same M for
      every prompt, so that two models are measured by one yardstick)
    - pass@k: the unbiased estimate for k completions, where k is how many each prompt has; one value a prompt
    - distinct-2: share of different word pairs among all word pairs of a prompt's completions, one value a prompt
    - self-similarity: mean overlap (Jaccard) of the words of two completions of a prompt, one value a prompt
    - KL to base: log q − log p_base of a sample, an unbiased estimate of KL(q‖base) of the completions as drawn
    - log perplexity: −log p_base a token (nats), the logarithm of the perplexity under the base
    - entropy: −log q of a sample (nats), an unbiased estimate of the entropy of the completions as drawn
    - score: NAME: each other scorer, if the target has several

    Metrics based on scores leave out completions that lack a score of the target; pass@k leaves out their prompts.

    `texts` are the measures of the samples' texts, if they were computed before.
    """
    texts = texts or text_measures(samples)
    known, prompts = _with_scores(samples, target), samples.prompt_ids
    scores = {name: column[known] for name, column in samples.scores.items()}
    n, of, log_q = int(known.sum()), prompts[known], samples.log_q[known]
    ok = passes(target, scores, n)
    reference = None if target.reference == PROPOSAL else samples.log_reference[known]
    truncated = np.array([finish == Finish.LENGTH for finish in samples.finish], dtype=np.bool_)
    cut = truncated[known]
    ratio = np.where(cut, -np.inf, log_ratio(target, scores, log_q, reference))
    right = ok & ~cut
    labelling = [name for name in target.scorers if registry.plain_name(name) == ACCURACY]
    measures = {
        **({} if target.rewards else {"pass@1": (right, of)}),
        **({CONSTRAINTS_MET: (ok, of)} if target.rewards and target.constraints else {}),
        **({"accuracy": (scores[labelling[0]], of)} if labelling else {}),
        "acceptance rate": (acceptance_prob(ratio, log_m), of),
        "truncated": (truncated, prompts),
        "distinct-2": texts.distinct_2,
        "length": (samples.token_counts, prompts),
        "self-similarity": texts.self_similarity,
        "entropy": (-samples.log_q, prompts),
        "KL to base": (samples.log_q - samples.log_base, prompts),
        "log perplexity": (-samples.log_base / np.maximum(samples.token_counts, 1.0), prompts),
    }
    _, drawn = np.unique(prompts, return_counts=True)
    if target.constraints and not target.rewards and drawn.min(initial=2) > 1 and np.unique(drawn).size == 1:
        k = int(drawn[0])
        names, index, scored = np.unique(of, return_inverse=True, return_counts=True)
        whole = scored == k
        measures["pass@k"] = (pass_at_k(np.bincount(index, right)[whole], scored[whole], k), names[whole])
    if len(target.scorers) > 1:
        others = [name for name in target.scorers if name not in labelling]
        measures |= {f"score: {name}": (scores[name], of) for name in others}
    if target.rewards:
        rewards = reward(target, scores, n)
        measures = {"reward": (rewards, of), "reward, ended": (rewards[~cut], of[~cut])} | measures
    return {name: (values.astype(np.float64), of) for name, (values, of) in measures.items()}


def _with_scores(samples: HeldOutSamples, target: Target) -> NDArray[np.bool_]:
    """Where every scorer of the target has a score, shape (n,)."""
    known = np.ones(len(samples.log_q), dtype=np.bool_)
    for name in target.scorers:
        if name in samples.scores:
            known &= ~np.isnan(samples.scores[name])
    return known


def summarise(samples: HeldOutSamples, target: Target, log_m: float, level: float = 0.95) -> dict[str, Interval]:
    """Every metric of one model as mean and interval, clustered by prompt."""
    return intervals(per_sample(samples, target, log_m), target, level)


def intervals(measured: Measured, target: Target, level: float = 0.95) -> dict[str, Interval]:
    """`summarise` from values that are already measured."""
    return {
        name: cluster_mean(values, prompts, level, metric_bounds(name, target, values)).clipped(
            0.0 if name in NEVER_BELOW_0 else -np.inf, np.inf
        )
        for name, (values, prompts) in measured.items()
        if len(values)
    }


def compare(
    before: HeldOutSamples, after: HeldOutSamples, target: Target, log_m: float, level: float = 0.95
) -> dict[str, Interval]:
    """after − before of every metric, paired by prompt, with an interval. Both models drew with the same seeds."""
    return gains(per_sample(before, target, log_m), per_sample(after, target, log_m), target, level)


def gains(first: Measured, second: Measured, target: Target, level: float = 0.95) -> dict[str, Interval]:
    """`compare`, second − first, from values that are already measured."""
    return {
        name: paired_difference(
            *first[name], *second[name], level, metric_bounds(name, target, first[name][0], second[name][0])
        )
        for name in first
        if name in second and np.intersect1d(first[name][1], second[name][1]).size
    }


def metric_bounds(name: str, target: Target, *values: Floats) -> Bounds:
    """The range of a metric's values: that of a share, or the range that the scorers' bounds give if `values` keep to it."""
    if name in SHARES:
        return SHARE
    scored = name.removeprefix("score: ")
    weights = target.rewards if name.startswith("reward") else {scored: 1.0} if scored != name else {}
    try:
        ends = [sorted(weight * end for end in _scorer_bounds(scorer)) for scorer, weight in weights.items() if weight]
    except ScorerError:  # a scorer that is not installed here: its bounds are unknown
        return UNBOUNDED
    low, high = sum(end[0] for end in ends), sum(end[1] for end in ends)
    kept = all(v.size == 0 or (low <= v.min() and v.max() <= high) for v in values)
    return (low, high) if low < high and np.isfinite(high - low) and kept else UNBOUNDED


@cache
def _scorer_bounds(scorer: str) -> Bounds:
    return registry.bounds(scorer)


def _self_similarity(completions: Mapping[int, Sequence[Sequence[str]]]) -> Values:
    """Per prompt: the mean over pairs of its completions of shared words / all words; prompts with one are left out."""
    values = {}
    for prompt_id, texts in completions.items():
        sets = [frozenset(text) for text in texts]
        overlaps = [len(a & b) / len(a | b) for a, b in combinations(sets, 2) if a | b]
        if overlaps:
            values[prompt_id] = sum(overlaps) / len(overlaps)
    return np.array(list(values.values())), np.array(list(values), dtype=np.int64)


def _distinct_2(completions: Mapping[int, Sequence[Sequence[str]]]) -> Values:
    """Per prompt: different word pairs / all word pairs over its completions (Li et al. 2016); prompts whose
    completions have no pair of words are left out."""
    distinct = {prompt: distinct_2_of_words(texts) for prompt, texts in completions.items()}
    values = {prompt: value for prompt, value in distinct.items() if not math.isnan(value)}
    return np.array(list(values.values())), np.array(list(values), dtype=np.int64)
