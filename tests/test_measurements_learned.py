"""The measurement of a round with the learned scorer continues after an interruption, runs nothing twice, undoes the
reviewer's decisions, and judges both models by the same target and prompts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rsf_core.domain import Finish
from rsf_core.evaluation.metrics import HeldOutSamples
from rsf_core.project import Project
from tests import measurements_learned as measured
from tests.support.hidden_rules import RULES

SETTINGS = {"generate.candidates": "12", "evaluate.forgetting": "false", "accept.scope": "global", "accept.rate": "0.2"}


def test_two_rounds_are_compared_once_by_what_the_reviewer_wants(
    tmp_path: Path, small_task: Path, tiny_model: Path, jobs_in_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "short", lambda text, _: len(text) <= 6)
    plan = measured.Plan(str(small_task), "short", "constraint", 60, 3, SETTINGS, str(tiny_model))
    work, results, whole = tmp_path / "work", tmp_path / "results" / "learned_round.jsonl", Project.wait
    for steps in (4, 9):  # interrupted while the scorer learns, and while a model is tuned
        remaining = [steps]

        def broken_off(self: Project, remaining: list[int] = remaining) -> None:
            remaining[0] -= 1
            if remaining[0] == 0:
                raise KeyboardInterrupt
            whole(self)

        with monkeypatch.context() as patch:
            patch.setattr(Project, "wait", broken_off)
            with pytest.raises(KeyboardInterrupt):
                measured.measure(plan, work, results)
        assert not results.exists()
    measured.measure(plan, work, results)
    (line,) = map(json.loads, results.read_text().splitlines())
    assert plan.key.items() <= line.items() and line["candidates"] == 96
    trained, accepted = line["trained on"], line["accepted"]
    assert accepted["with"]["rule met"] == pytest.approx(trained["with"]["rule met"], abs=0.1)
    assert trained["with"]["samples"] == pytest.approx(trained["without"]["samples"], abs=3)
    assert trained["with"]["rule met"] > trained["without"]["rule met"]
    value, low, high = line["gain in rule met"]
    assert low <= value <= high and value == pytest.approx(
        line["with"]["rule met"][0] - line["without"]["rule met"][0], abs=2e-4
    )
    assert {"reward", "acceptance rate", "distinct-2"} <= line["base"].keys() == line["with"].keys()

    with Project.open(work / "short, 60, constraint") as project:
        (version,) = project.taste.versions()
        assert version.report.decisions == 60 and project.counts(1).overridden == 0
        reasons = [version.reason for version in project.target_book.versions()]
        assert reasons[:2] == ["measured", "measured"] and version.scorer not in project.settings.target.scorers
        assert project.curated_sets()[-1].summary["overridden"] == 0

    measured.measure(replace(plan, way="reward times 4", trained=False), work, results)
    previewed = json.loads(results.read_text().splitlines()[-1])
    assert previewed["accepted"]["without"] == accepted["without"] and "trained on" not in previewed
    assert previewed["accepted"]["with"]["rule met"] > accepted["without"]["rule met"]

    monkeypatch.setattr(measured, "draw", lambda *_: pytest.fail("measured twice"))
    measured.measure(plan, work, results)
    assert len(results.read_text().splitlines()) == 2


def test_what_was_cut_off_meets_no_rule() -> None:
    none = np.zeros(3)
    texts, finish = ["My wife likes it.", "My wife likes it", "It works."], [Finish.EOS, Finish.LENGTH, Finish.EOS]
    samples = HeldOutSamples(none.astype(np.int64), texts, finish, none, none, none, none, {"sentiment": none})
    assert measured._met(samples, "mentions a person").tolist() == [1.0, 0.0, 0.0]
