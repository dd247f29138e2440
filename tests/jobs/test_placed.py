"""Every kind of job computes on the device of the settings: it is refused if there is no such device, and makes no tensor on
the default device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, SettingsError
from rsf_core.jobs import worker
from rsf_core.jobs.executors import inline
from rsf_core.models import placement
from rsf_core.models.placement import CPU
from rsf_core.project import Project
from rsf_core.rounds.stages import STAGES
from tests.support.placed import Placed

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def test_a_round_is_computed_with_the_device_of_every_tensor_named(
    jobs_in_threads: None, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawing, scoring, training and the comparison, in their real jobs."""
    done: list[JobState] = []
    work = worker.work

    def placed_work(folder: Path) -> JobState:
        with Placed():
            done.append(work(folder))
        return done[-1]

    monkeypatch.setattr(inline, "work", placed_work)
    project.run(1)
    assert done == [JobState.DONE] * sum(row.kind is not None for row in STAGES)


def test_each_kind_of_job_asks_for_the_device_of_the_settings(
    jobs_in_threads: None, project: Project, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(compute: object) -> placement.Placement:
        asked.append(str(getattr(compute, "device", None)))
        if asked[-1] == "cuda:1":
            raise SettingsError("compute.device is cuda:1, and this machine has none")
        return CPU

    monkeypatch.setattr(placement, "resolve", resolve)

    def refused(start: Callable[[], object]) -> None:
        """Expect the job to fail with a reason, and to go on once the setting is right."""
        project.set("compute.device", "cuda:1")
        start()
        with pytest.raises(JobError, match=r"compute\.device is cuda:1"):
            project.wait()
        project.set("compute.device", "cpu")
        project.resume(project.jobs()[-1].job_id)
        project.wait()
        assert asked == ["cuda:1", "cpu"] and project.jobs()[-1].state is JobState.DONE
        asked.clear()

    project.set("target.reference", str(tiny_model))  # a reference whose log p is computed during scoring
    refused(lambda: project.generate(then_score=False))
    refused(project.score)
    project.freeze()
    refused(lambda: project.finetune(then_evaluate=False))
    refused(project.evaluate)
    refused(lambda: project.try_out(["base"], "Say a.", None, 1))


def test_figures_of_another_precision_are_of_another_comparison(project: Project) -> None:
    target = project.settings.target

    def key() -> str:
        return project._project_state.evaluation_key(target)

    before = key()
    for dtype, same in (("float32", True), ("bfloat16", False), ("auto", True)):
        project.set("compute.dtype", dtype)
        assert (key() == before) is same
    project.set("compute.device", "cpu")
    assert key() == before


class OutOfMemoryError(RuntimeError):
    """An error with the name of torch's."""


def test_a_device_without_memory_left_is_reported_with_the_remedy(
    jobs_in_threads: None, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(kind: object) -> object:
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(worker, "job_function", full)
    project.generate(then_score=False)
    with pytest.raises(JobError, match="out of memory: lower the batch size and resume"):
        project.wait()
