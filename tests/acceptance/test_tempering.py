"""A temperature other than 1 over several rounds that select nothing: the untempered target changes the law, the tempered
target does not. By exact enumeration: every sequence of two tokens, accepted by the product's own formulas."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rsf_core.acceptance.target import (
    LOG_MODEL,
    LOG_Q,
    compounding,
    is_tempered,
    log_ratio,
    reference_source,
    trained_law,
)
from rsf_core.domain import JobKind, Prompt
from rsf_core.domain.settings import Constraint, Sampling, Target, Train
from rsf_core.domain.settings_reading import parse
from rsf_core.domain.specs import FinetuneSpec, TrainedLaw
from rsf_core.project import Project, commands, doctor
from rsf_core.proposals.local import LocalProposal
from rsf_core.sampling.acceptance import acceptance_prob
from rsf_core.training.base import StepMetrics
from rsf_core.training.samples import TrainingSample
from rsf_core.training.sft import finetune

Law = NDArray[np.float64]  # log p(first), then log p(second | first): (V,) and (V, V) stacked, (V + 1, V)
V = 6


def base_law(seed: int = 0) -> Law:
    return tempered(np.random.default_rng(seed).normal(0, 1.5, (V + 1, V)), 1.0)


def tempered(law: Law, temperature: float) -> Law:
    """The law of each token at the temperature, as in drawing."""
    scaled = law / temperature
    return scaled - np.logaddexp.reduce(scaled, axis=-1, keepdims=True)


def joint(law: Law) -> Law:
    """log p of all V² sequences."""
    return (law[0][:, None] + law[1:]).ravel()


def of_joint(log_p: Law) -> Law:
    """The law whose sequences have these probabilities: what a model learns if it is trained until it fits."""
    table = log_p.reshape(V, V)
    first = np.logaddexp.reduce(table, axis=-1)
    return np.vstack([first, table - first[:, None]])


def entropy(log_p: Law) -> float:
    return float(-(np.exp(log_p) * log_p).sum())


def rounds(
    target: Target, temperature: float, count: int, scores: dict[str, Law] | None = None
) -> list[tuple[Law, float]]:
    """`(log p of the sequences accepted, share accepted)` of each round, at the smallest M that bounds the ratio."""
    base, sampling = base_law(), Sampling(temperature=temperature)
    model, accepted_laws = base, []
    for number in range(count):
        drawn = joint(tempered(model, temperature))
        source = reference_source(
            target,
            None if target.reference == "proposal" else "base",
            "base" if number == 0 else f"m{number}-1",
            [sampling],
        )
        scored = {
            "log_prob:base": joint(base),
            "tempered_log_prob:base": joint(tempered(base, temperature)),
            LOG_Q: drawn,
            LOG_MODEL: joint(model),
        }
        ratio = log_ratio(target, scores or {}, drawn, None if source is None else scored[source])
        weights = drawn + np.log(np.maximum(acceptance_prob(ratio, float(ratio.max())), 1e-300))
        total = np.logaddexp.reduce(weights)
        accepted_laws.append((weights - total, float(np.exp(total))))
        # trained until its draws at the temperature, or its law at temperature 1, match what was accepted
        model = tempered(of_joint(weights - total), 1 / temperature if target.tempered else 1.0)
    return accepted_laws


@pytest.mark.parametrize("temperature", [0.5, 0.7, 1.6])
def test_rounds_that_select_nothing_keep_the_law_where_the_reference_is_at_the_temperature_of_the_draws(
    temperature: float,
) -> None:
    expected = joint(tempered(base_law(), temperature))
    for reference in ("base", "proposal"):
        for law, share in rounds(Target(reference=reference, tempered=True), temperature, 5):
            assert share == pytest.approx(1.0)  # every ratio is 1: all are accepted
            np.testing.assert_allclose(law, expected, atol=1e-9)


@pytest.mark.parametrize("temperature", [0.5, 0.7, 1.6])
def test_with_the_proposal_as_reference_the_law_compounds(temperature: float) -> None:
    """base^(1/Tᵗ) in round t, as long as the target is not tempered."""
    for number, (law, share) in enumerate(rounds(Target(reference="proposal"), temperature, 5), start=1):
        assert share == pytest.approx(1.0)
        np.testing.assert_allclose(law, joint(tempered(base_law(), temperature**number)), atol=1e-9)
    entropies = [entropy(law) for law, _ in rounds(Target(reference="proposal"), 0.5, 6)]
    assert entropies == sorted(entropies, reverse=True) and entropies[-1] < 0.1 * entropies[0]


def test_a_reference_at_1_does_not_compound_and_throws_draws_away_for_it() -> None:
    laws = rounds(Target(), 0.5, 4)
    for law, _ in laws:
        np.testing.assert_allclose(law, joint(base_law()), atol=1e-9)
    assert all(share < 0.5 for _, share in laws)


def test_a_reward_tilts_the_tempered_base_by_the_same_factor_in_every_round() -> None:
    reward = {"s": np.linspace(-1, 1, V * V)}
    expected = joint(tempered(base_law(), 0.5)) + reward["s"] / 0.7
    expected -= np.logaddexp.reduce(expected)
    for law, _ in rounds(Target(tempered=True, rewards={"s": 1.0}, beta=0.7), 0.5, 4, reward):
        np.testing.assert_allclose(law, expected, atol=1e-9)


T1, COLD, COLD_TOP_K = Sampling(), Sampling(temperature=0.5), Sampling(temperature=0.5, top_k=3)


@pytest.mark.parametrize(
    ("target", "reference", "proposal", "laws", "source"),
    [
        (Target(tempered=True), "base", "base", [T1], LOG_MODEL),
        (Target(tempered=True), "base", "base", [COLD], LOG_Q),
        (Target(tempered=True), "base", "base", [T1, COLD], LOG_Q),
        (Target(tempered=True), "base", "base", [COLD, COLD_TOP_K], "tempered_log_prob:base"),
        (Target(tempered=True), "base", "m1-1", [COLD], "tempered_log_prob:base"),
        (Target(tempered=True), "base", "m1-1", [T1], "log_prob:base"),
        (Target(), "base", "base", [COLD], LOG_MODEL),
        (Target(), "base", "m1-1", [COLD], "log_prob:base"),
        (Target(reference="proposal", tempered=True), None, "m1-1", [COLD], None),
    ],
)
def test_where_log_p_of_the_reference_comes_from(target, reference, proposal, laws, source) -> None:
    assert reference_source(target, reference, proposal, laws) == source


@pytest.mark.parametrize(
    ("target", "sampling", "says"),
    [
        (Target(tempered=True), COLD, None),
        (Target(), T1, None),
        (Target(reference="proposal"), T1, None),
        (
            Target(reference="proposal"),
            COLD,
            r"temperature 0\.5 .* sharper even if nothing is selected, base\^\(1/T\^t\) .* set target\.tempered",
        ),
        (Target(reference="proposal", tempered=True), COLD, None),
        (Target(reference="proposal"), Sampling(temperature=1.3), r"1\.3 .* flatter even if"),
        (Target(), COLD, r"the reference is taken at 1, .* set target\.tempered to true"),
        (Target(reference="teacher"), COLD, r"set target\.tempered to true"),
    ],
)
def test_one_sentence_says_what_a_temperature_does(target: Target, sampling: Sampling, says: str | None) -> None:
    law = compounding(target, sampling)
    assert law is None if says is None else (law is not None and re.search(says, law) and law.count(". ") == 0)


def test_earlier_settings_keep_their_meaning() -> None:
    old = {"task": "t", "generate": {"temperature": 0.5}, "target": {"reference": "base"}}
    target = parse(old, "project.toml").target
    assert not target.tempered and not is_tempered(target, [COLD])
    assert "tempered" not in target.model_dump() and Target.model_validate(target.model_dump()) == target
    assert parse(old | {"target": {"tempered": True}}, "project.toml").target.model_dump()["tempered"] is True


@pytest.mark.usefixtures("jobs_in_threads")
def test_two_rounds_of_a_project_at_another_temperature(tmp_path: Path, small_task: Path, tiny_model: Path) -> None:
    """New projects take the reference at the temperature of the draws. Round 1 then needs no reference score; the one of
    round 2 is the base's log-probability at that temperature. The comparison is judged in the same way."""
    with Project.create(tmp_path / "p", str(small_task), str(tiny_model), seed=7) as project:
        assert project.settings.target.tempered
        project.set("generate.temperature", "0.6")
        project.set("target.rewards", "{}")
        project.set("target.constraints", '[{scorer = "words", at_least = 0}]')
        project.run(1)
        ratios = project.store.ratios(1)["log_ratio"].to_numpy()
        threshold = project.threshold(1)
        assert (ratios == 0).all() and threshold is not None and threshold.reason.startswith("constraints alone")
        comparison = project.comparison(1)
        assert comparison is not None and comparison.base["acceptance rate"].value > 0.5
        project.set_proposal("m1-1")
        project.draw_next_round()
        project.wait()
        base = LocalProposal(tiny_model)
        rows = project.store.candidates_to_score(2, ["nothing has scored this"]).to_pylist()
        pairs = [(tuple(row["prompt_token_ids"]), tuple(row["token_ids"])) for row in rows]
        expected = dict(zip((row["candidate_id"] for row in rows), base.log_prob(pairs, 0.6), strict=True))
        scored = {c.candidate_id: c.scores for p in project.prompts() for c in project.candidates(p.prompt_id, 2)}
        for name, scores in scored.items():
            assert scores["tempered_log_prob:base"] == pytest.approx(expected[name], abs=1e-4)
        assert len(scored) == 32
        tempered_key = project._project_state.evaluation_key(project.settings.target)
        project.set("target.tempered", "false")
        assert project._project_state.evaluation_key(project.settings.target) != tempered_key
        laws = [job.spec_of(FinetuneSpec).law for job in project.jobs() if job.kind is JobKind.FINETUNE]
        assert laws == [TrainedLaw(temperature=0.6)]
        assert project.comparison(1) is not None  # round 1 was decided and compared under its own target


def test_the_law_that_is_drawn_is_the_one_that_is_trained(tiny_model: Path) -> None:
    """With nothing selected, the loss of the first step is the mean −log q of the draws at the temperature, so training does
    not move the model towards another law."""
    drawn = list(
        LocalProposal(tiny_model).draw(
            [(Prompt(0, "Say a."), k, f"1.0.{k}") for k in range(8)], Sampling(temperature=0.6, max_new_tokens=6), 8
        )
    )
    samples = [TrainingSample(c.prompt_token_ids, c.token_ids, text=c.completion, log_q=c.log_q) for c in drawn]
    tokens = sum(len(c.token_ids) for c in drawn)
    for temperature, log_p in ((0.6, [c.log_q for c in drawn]), (1.0, [c.log_model for c in drawn])):
        steps: list[StepMetrics] = []
        recipe = Train(epochs=1, batch_size=8, rank=2, loss="nll")
        assert finetune(samples, tiny_model, recipe, steps.append, temperature=temperature) is not None
        assert steps[0].loss == pytest.approx(-sum(log_p) / tokens, abs=1e-4)


def test_what_is_trained_follows_the_settings() -> None:
    cold = {"task": "t", "generate": {"temperature": 0.5, "model_masks": True}}
    assert trained_law(parse(cold, "here")) == TrainedLaw(model_masks=True, temperature=1.0)
    assert trained_law(parse(cold | {"target": {"tempered": True}}, "here")).temperature == 0.5


def test_the_doctor_and_the_status_say_what_compounds(project: Project) -> None:
    project.set("target.reference", "proposal")
    project.set("target.tempered", "false")
    project.set("generate.temperature", "0.7")
    assert "sharper even if nothing is selected" in commands.execute(project, "status", {})["compounding"]
    (check,) = [one for one in doctor.examine(project.folder) if one.name == "temperature"]
    assert check.ok and "sharper even if nothing is selected" in check.detail
    project.set("generate.temperature", "1")
    assert commands.execute(project, "status", {})["compounding"] is None
    assert all(one.name != "temperature" for one in doctor.examine(project.folder))


def test_constraints_alone_have_the_exact_bound_only_where_every_ratio_is_0() -> None:
    target = Target(tempered=True, constraints=(Constraint(scorer="ended", at_least=1),))
    assert reference_source(target, "base", "base", [COLD]) == LOG_Q
    assert reference_source(target, "base", "m1-1", [COLD]) != LOG_Q
