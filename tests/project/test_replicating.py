"""Runs of a procedure in projects of their own: independent seeds, nothing run twice, an interrupted run goes on, and the
project itself stays as it is."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.cli.terminal import of_interval, replicates_table
from rsf_core.domain import JobKind, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError, NotAProjectError, ProjectLockedError, ReplicateError
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.project import Project, replicating
from rsf_core.project.client import OwnConnection
from rsf_core.project.owner import OwnerLock
from rsf_core.rounds import replicates
from rsf_core.rounds.replicates import Gain, Replicate
from rsf_core.sampling.procedure import procedure_interval
from rsf_core.sampling.streams import child_seed

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


def wait(connection: OwnConnection) -> None:
    connection.project.wait()


def run(folder: Path, seeds: int, rounds: int = 1, **options: Any) -> list[Replicate]:
    return list(replicating.replicate(folder, seeds, rounds, person("ann"), options.pop("follow", wait), **options))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_task: Path, tiny_model: Path) -> Path:
    """A closed project without candidates."""
    folder = tmp_path_factory.mktemp("replicating") / "project"
    with Project.create(folder, str(small_task), str(tiny_model), seed=7) as project:
        project.set("target.rewards", "{ words = 0.1 }")  # texts of a model with random weights have no sentiment
        project.set("train.learning_rate", "0.1")  # its texts change after training
    return folder


@pytest.fixture(scope="module")
def two(made: Path, jobs_in_threads: None) -> list[Replicate]:
    """The first two replicates of the project."""
    return run(made, 2)


def test_each_has_a_seed_of_its_own_that_is_a_child_of_the_projects(made: Path, two: list[Replicate]) -> None:
    assert [one.seed for one in two] == [child_seed(7, "replicate 1"), child_seed(7, "replicate 2")]
    drawn = []
    for one in two:
        with Project.open(_folder(made, one)) as project:
            settings = project.settings
            assert settings.seed == one.seed
            assert settings.generate.seed == child_seed(one.seed, "generate")
            assert settings.train.seed == child_seed(one.seed, "train")
            drawn.append(
                [c.completion for p in project.prompts(Split.TRAIN) for c in project.candidates(p.prompt_id, 1)]
            )
    assert drawn[0] != drawn[1]


def test_the_project_itself_is_not_touched(made: Path, two: list[Replicate]) -> None:
    with Project.open(made) as project:
        assert project.counts(1).candidates == 0 and project.jobs() == [] and project.models() == []
        assert project.settings.seed == 7


def test_a_line_holds_what_the_replicates_own_comparison_says(made: Path, two: list[Replicate]) -> None:
    lines = (made / "replicates" / "results.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 2 and [json.loads(line)["replicate"] for line in lines] == [1, 2]
    one = two[1]
    with Project.open(_folder(made, one)) as project:
        comparison, counts = project.comparison(1), project.counts(1)
        trained = project.curated_sets()[0].summary["tokens"]
        texts = {p.text for p in project.prompts()}
        ran = sum((job.changed_at - job.started_at).total_seconds() for job in project.jobs() if job.started_at)
    assert comparison is not None
    gain, control, selection = (
        comparison.gain_over_base["reward"],
        comparison.control_over_base["reward"],
        comparison.selection["reward"],
    )
    assert one.control is not None and one.selection is not None
    for shown, expected in ((one.gain, gain), (one.control, control), (one.selection, selection)):
        assert (shown.value, shown.low, shown.high) == (expected.value, expected.low, expected.high)
        assert np.mean(list(shown.by_prompt.values())) == pytest.approx(expected.value)
    assert (one.task, one.metric, one.rounds, one.round, one.width) == ("small_reviews", "reward", 1, 1, None)
    assert one.acceptance_rate == counts.accepted / counts.candidates and one.tokens_trained == trained
    assert one.kl == comparison.after["KL to base"].value
    assert {name: lost.value for name, lost in one.forgotten.items()} == {
        prompts: comparison.forgotten[name].value for prompts, name in PER_TOKEN.items()
    }
    assert one.seconds == pytest.approx(ran, abs=0.1) and one.tokens_drawn > counts.candidates
    assert one.sealed is None and one.earlier == ()
    with Project.open(made) as project:
        assert texts == {p.text for p in project.prompts()}


def test_what_is_complete_is_not_run_again_and_more_go_on_from_there(made: Path, two: list[Replicate]) -> None:
    begun: list[tuple[int, float | None]] = []

    def never(connection: OwnConnection) -> None:
        raise AssertionError("a replicate was run again")

    again = run(made, 2, follow=never, begins=lambda number, seed, left: begun.append((number, left)))
    assert again == two and begun == []
    three = run(made, 3, begins=lambda number, seed, left: begun.append((number, left)))
    assert three[:2] == two
    ((number, left),) = begun
    assert number == 3 and left == pytest.approx(np.mean([one.seconds for one in two]))


def test_the_interval_is_that_of_the_procedure_over_its_runs_and_prompts(two: list[Replicate]) -> None:
    procedure = replicates.procedure(two)
    gains = [list(dict(sorted(one.gain.by_prompt.items())).values()) for one in two]
    assert procedure.gain.known and two[0].gain.value != two[1].gain.value
    assert procedure.gain == procedure_interval(gains)
    assert (procedure.runs, procedure.prompts, procedure.metric, procedure.rounds) == (2, 4, "reward", 1)
    assert not replicates.procedure(two[:1]).gain.known
    for wrong in ([], [two[0], two[1].model_copy(update={"procedure": "other"})]):
        with pytest.raises(ReplicateError, match="one procedure"):
            replicates.procedure(wrong)


def test_a_replicate_that_was_broken_off_anywhere_goes_on_to_the_same_result(
    tmp_path: Path, made: Path, two: list[Replicate]
) -> None:
    stood: set[int] = set()

    def break_off_once(connection: OwnConnection) -> None:
        """Break off whenever more of its jobs are done than ever before."""
        connection.project.wait()
        done = len(connection.project.jobs())
        if done not in stood:
            stood.add(done)
            raise JobError("broken off")

    replicates: list[Replicate] = []
    for _ in range(6):
        with contextlib.suppress(JobError):
            replicates = run(made, 1, out=tmp_path, follow=break_off_once)
    assert stood == {0, 2, 4, 6}
    with Project.open(tmp_path / f"{two[0].procedure}-1") as project:
        jobs = [job.kind for job in project.jobs()]
    evaluated = [
        JobKind.GENERATE,
        JobKind.SCORE,
        JobKind.FINETUNE,
        JobKind.EVALUATE,
        JobKind.FINETUNE,
        JobKind.EVALUATE,
    ]
    assert jobs == evaluated  # with those of the control, and no job twice
    assert replicates[0].gain == two[0].gain and replicates[0].selection == two[0].selection


def test_a_job_that_fails_ends_it_and_the_next_call_resumes_that_job(
    tmp_path: Path, made: Path, two: list[Replicate]
) -> None:
    def cancel(connection: OwnConnection) -> None:
        project = connection.project
        for job in project.jobs(active=True):
            project.cancel(job.job_id)
        project.wait()

    with pytest.raises(JobError, match="cancelled"):
        run(made, 1, out=tmp_path, follow=cancel)
    replicates = run(made, 1, out=tmp_path)
    assert replicates[0].gain == two[0].gain


def test_more_rounds_of_a_replicate_go_on_from_those_that_are_there(made: Path, two: list[Replicate]) -> None:
    (longer,) = run(made, 1, 2, delete_models=True)
    assert (longer.rounds, longer.round, len(longer.earlier)) == (2, 2, 1)
    assert longer.earlier[0].gain == two[0].gain and longer.seed == two[0].seed
    assert run(made, 2) == two  # a run of two rounds is separate from those of one round
    assert [(one.rounds, one.runs) for one in replicates.procedures([*two, longer])] == [(1, 2), (2, 1)]
    with Project.open(_folder(made, longer)) as project:
        assert project.store.deleted_models() == {"m1-1", "m1-1-random", "m2-1", "m2-1-random"}
        assert not any((project.folder / "models").iterdir())


def test_other_settings_are_another_procedure_and_seeds_are_not(made: Path, two: list[Replicate]) -> None:
    with Project.open(made) as project:
        digest = project.replicate_template().digest
        for key, value in (("seed", "8"), ("generate.seed", "1"), ("train.seed", "1"), ("review.overlap", "2")):
            project.set(key, value)
        assert project.replicate_template().digest == digest == two[0].procedure
        project.set("target.beta", "0.4")
        assert project.replicate_template().digest != digest
        project.set("target.beta", "0.5")
        project.set("seed", "7")
        project.retire_prompts([1])
        assert project.replicate_template().digest != digest
        project.restore_prompts([1])
        assert project.replicate_template().digest == digest


def test_what_cannot_be_replicated_is_reported_before_anything_is_run(
    tmp_path: Path, made: Path, two: list[Replicate]
) -> None:
    with pytest.raises(ReplicateError, match="at least 1"):
        run(made, 0)
    with pytest.raises(NotAProjectError, match="a folder of its own"):
        run(made, 1, out=made)
    lock = OwnerLock(made / "replicates", "another")
    with pytest.raises(ProjectLockedError, match="another"):
        run(made, 1)
    lock.release()
    with Project.open(_folder(made, two[1])) as project:
        project.set("target.beta", "0.9")
    (made / "replicates" / "results.jsonl").rename(tmp_path / "aside")
    with pytest.raises(ReplicateError, match="was changed since"):
        run(made, 2)
    (tmp_path / "aside").rename(made / "replicates" / "results.jsonl")
    with Project.open(_folder(made, two[1])) as project:
        project.set("target.beta", "0.5")
    with Project.open(made) as project:
        project.retire_prompts([p.prompt_id for p in project.prompts(Split.HELD_OUT)])
    with pytest.raises(ReplicateError, match="no held-out prompts"):
        run(made, 1)
    with Project.open(made) as project:
        project.restore_prompts([p.prompt_id for p in project.prompts(Split.HELD_OUT, retired=True)])


def test_a_line_cut_off_while_it_was_written_is_written_again_and_a_damaged_one_is_named(
    tmp_path: Path, two: list[Replicate]
) -> None:
    file = tmp_path / "results.jsonl"
    assert replicates.read(file) == []
    replicates.append(file, two[0])
    with file.open("ab") as torn:
        torn.write(two[1].model_dump_json().encode()[:100])
    assert replicates.read(file) == two[:1]
    replicates.append(file, two[1])
    assert replicates.read(file) == two
    with file.open("ab") as damaged:
        damaged.write(b'{"replicate": 3}\n')
    with pytest.raises(ReplicateError, match="line 3 is not a replicate"):
        replicates.read(file)


def test_an_interval_that_is_not_known_stays_so_in_the_file(tmp_path: Path, two: list[Replicate]) -> None:
    unknown = two[0].model_copy(update={"gain": Gain(value=0.5, low=None, high=None, by_prompt={1: 0.5})})
    replicates.append(tmp_path / "results.jsonl", unknown)
    interval = replicates.read(tmp_path / "results.jsonl")[0].gain.interval
    assert (interval.value, interval.low, interval.high) == (0.5, -math.inf, math.inf)


def test_a_target_that_refers_to_a_model_of_the_project_finds_it_from_outside(two: list[Replicate], made: Path) -> None:
    with Project.open(_folder(made, two[1])) as project:
        project.set("target.reference", "m1-1")
        assert project.replicate_template().settings["target"]["reference"] == str(project.folder / "models" / "m1-1")


def test_the_command_prints_a_row_each_and_the_interval_of_the_procedure(made: Path, two: list[Replicate]) -> None:
    command = ["replicate", str(made), "--seeds", "2"]
    summary = json.loads(CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False).output)
    procedure = replicates.procedure(two)
    assert [one["gain"]["value"] for one in summary["replicates"]] == [one.gain.value for one in two]
    assert summary["procedure"]["gain"]["low"] == procedure.gain.low and summary["procedure"]["runs"] == 2
    console = Console(width=200, record=True)
    console.print(replicates_table(two, procedure))
    text = console.export_text()
    assert all(str(one.seed) in text for one in two) and of_interval(procedure.gain, "reward") in text
    assert "The last row's is for the procedure" in text
    console.print(replicates_table(two[:1], replicates.procedure(two[:1])))
    text = console.export_text()
    assert "[?, ?]" in text and "One run says nothing about another" in text


def _folder(made: Path, one: Replicate) -> Path:
    return made / "replicates" / f"{one.procedure}-{one.replicate}"
