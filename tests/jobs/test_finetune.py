"""The fine-tune job: checkpoints stay until the result is known, and the model is made in the job's own project."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from rsf_core import models
from rsf_core.domain.specs import FinetuneSpec
from rsf_core.jobs.spool import Spool
from rsf_core.jobs.work import finetune
from rsf_core.jobs.worker import JobContext
from rsf_core.training import trainers
from tests.support import specs


@pytest.fixture
def context(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> JobContext[FinetuneSpec]:
    """A job whose training ends at once, with checkpoints left behind."""
    spec = specs.finetune(model=specs.model(name=str(tiny_model)))
    (tmp_path / "project" / "spool").mkdir(parents=True)
    spool = Spool.create(tmp_path / "project" / "spool" / "r1-finetune-1", spec, {"samples": pa.table({})})
    at_once = SimpleNamespace(train=lambda samples, source, *rest: models.load(source))
    monkeypatch.setattr(trainers, "of", lambda recipe: at_once)
    (spool.folder / "checkpoint.safetensors").touch()
    (spool.folder / "best-checkpoint.safetensors").touch()
    return JobContext(spool, spec)


def left(context: JobContext[FinetuneSpec]) -> list[str]:
    return sorted(path.name for path in context.spool.folder.glob("*checkpoint.safetensors"))


def test_the_checkpoints_stay_until_the_result_is_written(
    context: JobContext[FinetuneSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(spool: Spool, result: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "write_result", killed)
        with pytest.raises(KeyboardInterrupt):
            finetune.run(context)
    assert left(context) == ["best-checkpoint.safetensors", "checkpoint.safetensors"]
    finetune.run(context)
    assert left(context) == []


def test_the_model_is_saved_in_the_project_of_the_spool(context: JobContext[FinetuneSpec], tmp_path: Path) -> None:
    (tmp_path / "project").rename(tmp_path / "moved")
    finetune.run(JobContext(Spool(tmp_path / "moved" / "spool" / "r1-finetune-1"), context.spec))
    folder = tmp_path / "moved" / "models" / "m1-1"
    lineage = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
    assert lineage == context.spec.lineage.model_dump(mode="json") and not (tmp_path / "project").exists()
    result = Spool(tmp_path / "moved" / "spool" / "r1-finetune-1").result()
    assert result.identity == models.identity(folder)
