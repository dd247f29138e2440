"""Held-out results by hand: each metric, its clustering by prompt, and the paired gain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rsf_core.domain.settings import Constraint, Target
from rsf_core.domain.words import SHARES
from rsf_core.evaluation.metrics import CONSTRAINTS_MET, HeldOutSamples, compare, metric_bounds, per_sample, summarise
from rsf_core.sampling.intervals import UNBOUNDED

TARGET = Target(reference="base", beta=0.5, rewards={"s": 1.0}, constraints=(Constraint(scorer="ended", at_least=1),))


@pytest.fixture
def samples() -> HeldOutSamples:
    """Two prompts with two completions each."""
    return HeldOutSamples(
        prompt_ids=np.array([3, 3, 8, 8]),
        completions=["good good good", "so good", "", "one"],
        finish=["eos", "eos", "length", "eos"],
        token_counts=np.array([4.0, 3.0, 8.0, 1.0]),
        log_q=np.array([-1.0, -2.0, -3.0, -4.0]),
        log_base=np.array([-1.5, -2.0, -5.0, -4.5]),
        log_reference=np.array([-1.5, -2.0, -5.0, -4.5]),
        scores={"s": np.array([0.5, 0.25, 1.0, 0.0]), "ended": np.array([1.0, 1.0, 0.0, 1.0])},
    )


def test_each_metric_by_hand(samples: HeldOutSamples) -> None:
    metrics = summarise(samples, TARGET, log_m=0.25)
    # ℓ = r/β + log p_base − log q = 0.5, 0.5, −∞, −0.5, so p_accept = 1, 1, 0, e^−0.75
    expected = {
        "reward": (0.5 + 0.25 + 1.0 + 0.0) / 4,
        "reward, ended": (0.375 + 0.0) / 2,  # of the second prompt's completions only "one" ended
        "constraints met": 3 / 4,
        "acceptance rate": (1 + 1 + 0 + np.exp(-0.75)) / 4,
        "truncated": 1 / 4,
        "distinct-2": 2 / 3,  # (good good), (good good), (so good); the other prompt has no pair
        "length": 4.0,
        "self-similarity": (1 / 2 + 0) / 2,  # {good} and {so, good}; {} and {one}
        "entropy": (1.0 + 2.0 + 3.0 + 4.0) / 4,
        "KL to base": (0.5 + 0.0 + 2.0 + 0.5) / 4,
        "log perplexity": (1.5 / 4 + 2.0 / 3 + 5.0 / 8 + 4.5) / 4,
        "score: s": (0.5 + 0.25 + 1.0 + 0.0) / 4,
        "score: ended": 3 / 4,
    }
    assert {name: interval.value for name, interval in metrics.items()} == pytest.approx(expected)


def test_limits_keep_to_what_a_metric_can_be(samples: HeldOutSamples) -> None:
    """With two very different prompts, t limits reach below 0. An estimated KL may be negative, so its limits are not cut."""
    wide = replace(samples, token_counts=np.array([1.0, 1.0, 90.0, 90.0]), log_q=np.array([-0.1, -0.1, -90.0, -90.0]))
    metrics = summarise(wide, TARGET, log_m=0.25)
    for name in ("length", "entropy", "log perplexity"):
        assert metrics[name].low == 0.0 < metrics[name].value < metrics[name].high, name
    assert metrics["KL to base"].low < 0.0
    assert compare(samples, wide, TARGET, log_m=0.25)["length"].low < 0.0  # a difference has no limits


@pytest.mark.parametrize("label_match", ["label_match", "label_match@v2"])
def test_accuracy_counts_right_labels_also_in_the_wrong_format(samples: HeldOutSamples, label_match: str) -> None:
    constraints = tuple(Constraint(scorer=name, at_least=1) for name in ("label_format", label_match))
    scores = {"label_format": np.array([1.0, 0, 0, 1]), label_match: np.array([1.0, 1, 0, 1])}
    labelled = replace(samples, scores=scores)
    metrics = summarise(labelled, Target(reference="proposal", constraints=constraints), log_m=0.0)
    assert metrics["accuracy"].value == 3 / 4 and metrics["pass@1"].value == 2 / 4 and "accuracy" in SHARES
    without = summarise(labelled, Target(reference="proposal", constraints=constraints[:1]), log_m=0.0)
    assert "accuracy" not in without


def test_no_share_meets_the_constraints_of_a_target_that_has_none(samples: HeldOutSamples) -> None:
    assert CONSTRAINTS_MET in per_sample(samples, TARGET, 0.25)
    assert CONSTRAINTS_MET not in per_sample(samples, TARGET.model_copy(update={"constraints": ()}), 0.25)
    assert CONSTRAINTS_MET not in per_sample(
        samples, TARGET.model_copy(update={"rewards": {}}), 0.25
    )  # pass@1 is theirs


def test_a_completion_without_a_score_is_left_out_of_what_is_measured_by_scores(samples: HeldOutSamples) -> None:
    lacking = replace(samples, scores={**samples.scores, "s": np.array([0.5, np.nan, 1.0, 0.0])})
    lacking_metrics, whole = (summarise(one, TARGET, log_m=0.25) for one in (lacking, samples))
    assert lacking_metrics["reward"].value == pytest.approx((0.5 + (1.0 + 0.0) / 2) / 2)  # means by prompt
    assert lacking_metrics["acceptance rate"].value == pytest.approx((1 + (0 + np.exp(-0.75)) / 2) / 2)
    assert lacking_metrics["score: ended"].value == pytest.approx((1 + 1 / 2) / 2)
    for name in ("truncated", "distinct-2", "length", "entropy", "KL to base", "self-similarity"):
        assert lacking_metrics[name] == whole[name], name
    constraints = Target(reference="proposal", constraints=(Constraint(scorer="s", at_least=0.25),))
    measured = per_sample(lacking, constraints, 0.0)
    assert measured["pass@1"][1].tolist() == [3, 8, 8] and measured["pass@k"][1].tolist() == [8]
    unused = replace(samples, scores={**samples.scores, "other": np.full(4, np.nan)})
    assert summarise(unused, TARGET, log_m=0.25)["reward"] == whole["reward"]


def test_a_gain_is_of_the_prompts_that_both_models_have_scores_for(samples: HeldOutSamples) -> None:
    better = replace(samples, scores={**samples.scores, "s": np.array([np.nan, np.nan, 1.0, 0.5])})
    comparison = compare(samples, better, TARGET, log_m=0.25)
    assert comparison["reward"].value == pytest.approx(0.25) and comparison["length"].value == 0.0
    none = replace(samples, scores={**samples.scores, "s": np.full(4, np.nan)})
    assert "reward" not in compare(samples, none, TARGET, log_m=0.25)


@pytest.mark.parametrize("finish", [["eos", "length", "eos", "eos"], ["length"] * 4])
def test_a_truncated_completion_is_what_the_rule_takes_it_for(samples: HeldOutSamples, finish: list[str]) -> None:
    ended = np.array([f == "eos" for f in finish], dtype=float)
    cut = replace(samples, finish=finish, scores={"s": samples.scores["s"], "ended": np.ones(4)})
    per_metric = {name: values for name, (values, _) in per_sample(cut, TARGET, -9.0).items()}
    np.testing.assert_array_equal(per_metric["acceptance rate"], ended)  # M is so small that all others are accepted
    assert len(per_metric["reward"]) == 4 and len(per_metric["reward, ended"]) == ended.sum()
    plain = per_sample(cut, TARGET.model_copy(update={"rewards": {}}), -9.0)
    np.testing.assert_array_equal(plain["pass@1"][0], ended)
    by_prompt = ended.reshape(2, 2).max(axis=1)
    np.testing.assert_allclose(plain["pass@k"][0], by_prompt)


def test_no_share_and_no_gain_has_width_0_and_limits_keep_to_the_range(samples: HeldOutSamples) -> None:
    """Both models pass everywhere, which does not prove that they always do."""
    prompts = np.repeat(np.arange(20), 2)
    same = replace(_plain(prompts, np.zeros(40)), finish=["eos"] * 40)
    target = TARGET.model_copy(update={"rewards": {}})
    for interval in (summarise(same, target, 0.0)["pass@1"], summarise(same, target, 0.0)["truncated"]):
        assert 0.0 <= interval.low < interval.high <= 1.0 and interval.high - interval.low > 0.1
    gain = compare(same, same, target, 0.0)["pass@1"]
    assert -0.25 < gain.low < -0.1 and 0.1 < gain.high < 0.25


def test_what_is_known_of_a_scorer_bounds_its_mean() -> None:
    values = np.array([0.5, -0.5])
    twice = Target(rewards={"sentiment": 2.0, "repetition": -1.0}, beta=1.0)
    assert metric_bounds("reward", twice, values) == (-3.0, 2.0) == metric_bounds("reward, ended", twice, values)
    assert metric_bounds("score: sentiment", twice, values) == (-1.0, 1.0)
    assert metric_bounds("score: sentiment", twice, values * 3) == UNBOUNDED  # a scorer that leaves its stated bounds
    assert metric_bounds("reward", Target(rewards={"length": 1.0}, beta=1.0), values) == UNBOUNDED
    assert metric_bounds("score: of nowhere", twice, values) == metric_bounds("length", twice, values) == UNBOUNDED
    assert metric_bounds("truncated", twice, values) == (0.0, 1.0)


def test_the_interval_is_over_prompts_not_completions(samples: HeldOutSamples) -> None:
    metrics = summarise(samples, TARGET, log_m=0.0)
    assert metrics["reward"].groups == 2 and metrics["distinct-2"].groups == 1
    # prompt means 0.375 and 0.5: a t interval with one degree of freedom
    half = 12.706204736 * np.std([0.375, 0.5], ddof=1) / np.sqrt(2)
    assert metrics["reward"].high - metrics["reward"].low == pytest.approx(2 * half)


def test_what_is_shown_in_percent_is_a_share(samples: HeldOutSamples) -> None:
    for target in (TARGET, TARGET.model_copy(update={"rewards": {}})):
        for name, (values, _) in per_sample(samples, target, 0.0).items():
            if name in SHARES:
                assert ((values >= 0) & (values <= 1)).all(), name


def test_without_rewards_there_is_no_reward_to_show(samples: HeldOutSamples) -> None:
    metrics = summarise(samples, TARGET.model_copy(update={"rewards": {}}), 0.0)
    assert "reward" not in metrics and metrics["pass@1"].value == 0.75


def test_with_the_proposal_as_reference_the_acceptance_rate_is_of_the_tilt_alone(samples: HeldOutSamples) -> None:
    target = TARGET.model_copy(update={"reference": "proposal"})
    values, _ = per_sample(samples, target, log_m=1.0)["acceptance rate"]
    np.testing.assert_allclose(values, [1.0, np.exp(-0.5), 0.0, np.exp(-1.0)])


def test_another_reference_than_the_base_counts_in_the_ratio_and_not_in_the_distance(samples: HeldOutSamples) -> None:
    other = replace(samples, log_reference=samples.log_q - 1.0)
    values, _ = per_sample(other, TARGET.model_copy(update={"reference": "m1-1"}), log_m=0.0)["acceptance rate"]
    np.testing.assert_allclose(values, [1.0, np.exp(-0.5), 0.0, np.exp(-1.0)])
    assert summarise(other, TARGET, 0.0)["KL to base"] == summarise(samples, TARGET, 0.0)["KL to base"]


def test_the_gain_is_paired_by_prompt(samples: HeldOutSamples) -> None:
    """A gain of the same size on widely different prompts is certain, although each mean is not."""
    rng = np.random.default_rng(3)
    prompts = np.repeat(np.arange(12), 2)
    easy = np.repeat(rng.normal(0, 3, 12), 2)
    before = _plain(prompts, easy)
    after = _plain(prompts, easy + 0.3 + np.repeat(np.tile([-0.01, 0.01], 6), 2))
    gain = compare(before, after, TARGET, 0.0)["reward"]
    assert gain.value == pytest.approx(0.3) and gain.low == pytest.approx(0.3, abs=0.01) and gain.groups == 12
    assert summarise(after, TARGET, 0.0)["reward"].low < summarise(before, TARGET, 0.0)["reward"].value


def test_a_model_compared_with_itself_gains_nothing(samples: HeldOutSamples) -> None:
    for interval in compare(samples, samples, TARGET, 0.0).values():
        assert interval.value == 0.0 and interval.low <= 0.0 <= interval.high


def test_the_order_of_the_samples_does_not_matter(samples: HeldOutSamples) -> None:
    order = np.array([2, 0, 3, 1])
    shuffled = HeldOutSamples(
        samples.prompt_ids[order],
        [samples.completions[i] for i in order],
        [samples.finish[i] for i in order],
        samples.token_counts[order],
        samples.log_q[order],
        samples.log_base[order],
        samples.log_reference[order],
        {name: values[order] for name, values in samples.scores.items()},
    )
    first, second = summarise(samples, TARGET, 0.1), summarise(shuffled, TARGET, 0.1)
    for name, interval in first.items():
        assert second[name].value == pytest.approx(interval.value) and second[name].groups == interval.groups


def test_completions_without_a_pair_of_words_have_no_diversity(samples: HeldOutSamples) -> None:
    wordless = replace(samples, completions=["", "one", "!", "two"])
    assert "distinct-2" not in summarise(wordless, TARGET, 0.0)
    assert "distinct-2" not in compare(samples, wordless, TARGET, 0.0)
    assert "distinct-2" not in compare(wordless, samples, TARGET, 0.0)


def _plain(prompts: np.ndarray, rewards: np.ndarray) -> HeldOutSamples:
    n = len(prompts)
    zeros = np.zeros(n)
    scores = {"s": rewards, "ended": np.ones(n)}
    return HeldOutSamples(prompts, ["a b"] * n, ["eos"] * n, np.ones(n), zeros, zeros, zeros, scores)


def test_pass_at_k_is_measured_where_the_target_is_right_or_wrong(samples: HeldOutSamples) -> None:
    verifiable = TARGET.model_copy(update={"rewards": {}})
    metrics = summarise(samples, verifiable, 0.0)
    assert metrics["pass@1"].value == 3 / 4 and metrics["pass@k"].value == 1.0 and metrics["pass@k"].groups == 2
    assert "pass@k" not in summarise(samples, TARGET, 0.0)
