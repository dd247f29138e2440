"""Settings: what is allowed, and that a mistake is reported with its field."""

from __future__ import annotations

from typing import Any

import pytest

from rsf_core.domain import Scope
from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings import Constraint, Sampling, Target
from rsf_core.domain.settings_reading import parse, tolerate


def section(name: str, **values: Any) -> dict[str, Any]:
    return {"task": "t", name: values}


def test_defaults_need_only_a_task() -> None:
    settings = parse({"task": "t"}, "here")
    assert (settings.generate.top_k, settings.generate.top_p) == (0, 1.0)  # full support of q
    assert settings.target.reference == "base" and settings.accept.scope is Scope.PROMPT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, r"^here: task: is missing$"),
        ({"task": 3}, r"^here: task: must be a text \(got 3\)$"),
        ({"task": "t", "sede": 1}, r"^here: sede: there is no such name here \(got 1\); did you mean seed\?$"),
        (section("generate", temperature=0), r"generate\.temperature: must be at least 0\.01 \(got 0\)$"),
        (section("generate", temperature=float("nan")), r"generate\.temperature: .*finite.*got nan"),
        (section("generate", temperature="warm"), r"generate\.temperature: .*number.*got 'warm'"),
        (section("generate", top_p=1.1), r"generate\.top_p: must be at most 1 \(got 1\.1\)$"),
        (section("generate", top_k=-1), r"generate\.top_k: .*got -1"),
        (section("generate", candidates=0), r"generate\.candidates: .*got 0"),
        (section("generate", candidates=2.5), r"generate\.candidates: .*got 2\.5"),
        (section("generate", max_new_tokens=10**6), r"generate\.max_new_tokens: must be at most 8,192 "),
        (section("generate", candidats=1), r"generate\.candidats: .*did you mean generate\.candidates\?$"),
        ({"task": "t", "candidates": 1}, r"^here: candidates: .*did you mean generate\.candidates\?$"),
        (section("evaluate", forgetting="maybe"), r"evaluate\.forgetting: must be true or false \(got 'maybe'\)$"),
        ({"task": "t", "generate": 3}, r"^here: generate: must be a table \(got 3\)$"),
        (
            section("generate", candidates=True),
            r"generate\.candidates: must be a number, not true or false \(got True\)$",
        ),
        (section("generate", temperature=False), r"generate\.temperature: must be a number.*got False"),
        ({"task": "t", "seed": True}, r"seed: must be a number.*got True"),
        (section("train", growth_bound=True), r"train\.growth_bound: must be a number.*got True"),
        (section("target", rewards={"length": True}), r"target\.rewards\.length: must be a number.*got True"),
        (
            section("target", constraints=[{"scorer": "ended", "at_least": True}]),
            r"target\.constraints\.0\.at_least: must be a number.*got True",
        ),
        (section("generate", typo=1), r"generate\.typo: there is no such name here \(got 1\)$"),
        (section("target", beta=0), r"target\.beta: must be above 0 \(got 0\)$"),
        (section("target", beta=float("inf")), r"target\.beta: .*finite"),
        (section("target", rewards={"sentiment": "much"}), r"target\.rewards\.sentiment: .*got 'much'"),
        (section("target", rewards={"sentiment": float("nan")}), r"target\.rewards\.sentiment: .*finite"),
        (section("target", constraints=[{"scorer": "ended"}]), r"target\.constraints\.0: .*needs at_least or at_most"),
        (section("target", constraints=[{"at_least": 1}]), r"target\.constraints\.0\.scorer: is missing$"),
        (section("accept", rate=0), r"accept\.rate: must be above 0 \(got 0\)$"),
        (section("accept", rate=1.01), r"accept\.rate: must be at most 1 \(got 1\.01\)$"),
        (section("accept", scope="all"), r"accept\.scope: .*'global' or 'prompt'.*got 'all'"),
        (section("train", learning_rate=-1), r"train\.learning_rate: must be at least 1e-07 \(got -1\)$"),
        (section("train", warmup=1), r"train\.warmup: must be below 1 \(got 1\)$"),
        (section("compute", device="gpu"), r"compute\.device: .*auto, cpu, mps, cuda, or cuda:N.*got 'gpu'"),
        (section("compute", device="cuda:"), r"compute\.device: .*got 'cuda:'"),
        (section("compute", device="cuda:01"), r"compute\.device: .*got 'cuda:01'"),
        (section("compute", device="cpu:0"), r"compute\.device: .*got 'cpu:0'"),
        (section("compute", device="CUDA"), r"compute\.device: .*got 'CUDA'"),
        (section("compute", device=0), r"compute\.device: must be a text \(got 0\)$"),
        (section("compute", dtype="float16"), r"compute\.dtype: .*'auto', 'float32' or 'bfloat16'.*got 'float16'"),
        (section("evaluate", prompts=-1), r"evaluate\.prompts: must be at least 0 \(got -1\)$"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(data: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse(data, "here")


def test_booleans_are_taken_as_they_are_and_numbers_may_be_written_as_numbers() -> None:
    settings = parse(section("accept", weighted=True, rate=1) | {"seed": 7, "generate": {"temperature": 1}}, "here")
    assert (settings.accept.weighted, settings.accept.rate, settings.generate.temperature) == (True, 1.0, 1.0)


NEVER = r"no score of words is at least 5\.0 and at most 4\.0, so nothing could ever be accepted"


@pytest.mark.parametrize(
    ("constraints", "place"),
    [
        ([{"scorer": "words", "at_least": 5, "at_most": 4}], 0),
        ([{"scorer": "words", "at_least": 5}, {"scorer": "words", "at_most": 4}], 1),
        (
            [{"scorer": "words", "at_most": 4}, {"scorer": "length", "at_most": 1}, {"scorer": "words", "at_least": 5}],
            2,
        ),
        ([{"scorer": "words", "at_least": 5}, {"scorer": "words", "at_least": 1, "at_most": 4}], 1),
    ],
)
def test_constraints_that_no_score_can_meet_are_refused_by_field_and_the_project_still_opens(
    constraints: list[dict[str, Any]], place: int
) -> None:
    data = section("target", constraints=constraints, rewards={"sentiment": 2.0})
    with pytest.raises(SettingsError, match=rf"target\.constraints\.{place}: {NEVER}"):
        parse(data, "here")
    settings, (problem,) = tolerate(data, "here")
    assert settings.target == Target(rewards={"sentiment": 2.0}) and problem.setting == "target.constraints"
    assert len(Target.model_validate(data["target"]).constraints) == len(constraints), "what was decided by is read"


@pytest.mark.parametrize(
    "constraints",
    [
        [{"scorer": "words", "at_least": 4, "at_most": 4}],
        [{"scorer": "words", "at_least": 4}, {"scorer": "words", "at_most": 4}],
        [{"scorer": "words", "at_least": 0.1, "at_most": 0.1 + 1e-16}],
        [{"scorer": "words", "at_least": 5}, {"scorer": "length", "at_most": 4}],
        [{"scorer": 'contains(text="a")', "at_least": 1}, {"scorer": 'contains(text="b")', "at_most": 0}],
    ],
)
def test_constraints_that_one_score_meets_are_allowed(constraints: list[dict[str, Any]]) -> None:
    assert len(parse(section("target", constraints=constraints), "here").target.constraints) == len(constraints)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("limit", ["at_least", "at_most"])
def test_a_limit_of_a_constraint_is_finite(limit: str, value: float) -> None:
    data = section("target", constraints=[{"scorer": "words", limit: value}])
    with pytest.raises(SettingsError, match=rf"target\.constraints\.0\.{limit}: .*finite"):
        parse(data, "here")


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"generate\.top_p: .*; train\.epochs: "):
        parse({"task": "t", "generate": {"top_p": 0}, "train": {"epochs": 0}}, "here")


def test_the_sampling_law_is_generates_own_without_the_counts() -> None:
    settings = parse(section("generate", temperature=0.7, top_k=5, seed=3, candidates=99), "here")
    assert settings.generate.sampling == Sampling(temperature=0.7, top_k=5, seed=3)


def test_a_target_names_each_scorer_once_rewards_first() -> None:
    constraints = (Constraint(scorer="ended", at_least=1), Constraint(scorer="b", at_most=0.5))
    target = Target(rewards={"b": 1.0, "a": 2.0}, constraints=constraints)
    assert target.scorers == ("b", "a", "ended")


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:15"])
def test_a_device_is_named_as_torch_names_it(device: str) -> None:
    assert parse(section("compute", device=device), "here").compute.device == device


def test_what_computes_is_written_down_only_where_it_was_chosen() -> None:
    """A round from before the section existed has the same settings as a later round that did not choose them."""
    assert "compute" not in parse({"task": "t"}, "here").model_dump()
    assert "compute" not in parse(section("compute", device="auto"), "here").model_dump()
    chosen = parse(section("compute", dtype="bfloat16"), "here").model_dump()
    assert chosen["compute"] == {"device": "auto", "dtype": "bfloat16"}


@pytest.mark.parametrize(
    ("low", "high", "text"), [(1, None, "1 ≤ ended"), (None, 0.2, "ended ≤ 0.2"), (0.5, 2, "0.5 ≤ ended ≤ 2")]
)
def test_a_constraint_reads_as_mathematics(low: float | None, high: float | None, text: str) -> None:
    assert str(Constraint(scorer="ended", at_least=low, at_most=high)) == text


def test_settings_survive_a_round_trip() -> None:
    settings = parse(
        section("target", rewards={"sentiment": 1.0}, constraints=[{"scorer": "ended", "at_least": 1}]), "here"
    )
    assert parse(settings.model_dump(mode="json"), "again") == settings
