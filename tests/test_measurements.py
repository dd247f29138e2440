"""The measurement of a task continues after an interruption, runs nothing twice, and its table agrees with the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.cli.terminal import of_gain, of_interval
from rsf_core.rounds import replicates
from rsf_core.rounds.replicates import Estimate
from tests import measurements


def test_a_task_is_measured_once_and_its_projects_go(
    tmp_path: Path, small_task: Path, tiny_model: Path, jobs_in_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, results = tmp_path / "work", tmp_path / "results" / "tasks.jsonl"
    wait, remaining = measurements._wait, [3]

    def broken_off(connection: object) -> None:
        remaining[0] -= 1
        if remaining[0] == 0:
            raise KeyboardInterrupt
        wait(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(measurements, "_wait", broken_off)
    with pytest.raises(KeyboardInterrupt):
        measurements.measure(str(small_task), 1, 2, work, results, str(tiny_model))
    assert replicates.read(results) == [] and (work / "small_reviews").is_dir()
    measurements.measure(str(small_task), 1, 2, work, results, str(tiny_model))
    first, longer = replicates.read(results)
    assert (first.rounds, longer.rounds) == (1, 2) and longer.earlier[0].gain == first.gain
    assert first.seed == longer.seed and not (work / "small_reviews").exists()

    monkeypatch.setattr(measurements, "_wait", lambda connection: pytest.fail("measured twice"))
    measurements.measure(str(small_task), 1, 2, work, results, str(tiny_model))
    rows = measurements.table([first, longer])
    assert [row.split(" | ")[1] for row in rows[2:]] == ["seed 1, round 1", "seed 1, round 2"]
    assert of_gain(first.gain, "reward") in rows[2] and of_gain(longer.gain, "reward") in rows[3]
    second = first.model_copy(update={"replicate": 2})
    rows = measurements.table([first, second, longer])
    assert [row.split(" | ")[1] for row in rows[2:5]] == ["seed 1, round 1", "seed 2, round 1", "another run (2 seeds)"]
    assert of_interval(replicates.procedure([first, second]).gain, "reward") in rows[4]
    words_alone = first.model_copy(update={"tuned": {k: v for k, v in first.tuned.items() if k != "distinct-2"}})
    assert measurements.table([words_alone])[2].split(" | ")[8] == "–"
    lost = {"unrelated": Estimate(value=0.0281, low=0.02, high=0.04)}
    assert measurements.table([first.model_copy(update={"forgotten": lost, "forgotten_control": {}})])[2].endswith(
        "| 0.028 (–) |"
    )
