"""How a job finds its models: those of the project wherever the project is, the base in its original folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.domain.errors import ModelError
from rsf_core.domain.specs import GenerateSpec, ModelRef
from rsf_core.jobs.spool import Spool
from rsf_core.jobs.work.loading import locate, report_base
from rsf_core.jobs.worker import JobContext
from tests.support import specs


@pytest.fixture
def context(tmp_path: Path) -> JobContext[GenerateSpec]:
    (tmp_path / "project" / "spool").mkdir(parents=True)
    spec = specs.generate()
    return JobContext(Spool.create(tmp_path / "project" / "spool" / "r1-generate-1", spec, {}), spec)


def named(model_id: str, folder: Path | str | None, name: str = "nobody/such-model") -> ModelRef:
    return specs.model(model_id, name, folder=None if folder is None else str(folder))


def test_a_tuned_model_is_that_of_the_project_also_once_it_has_moved(
    context: JobContext[GenerateSpec], tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model, tmp_path / "project" / "models" / "m1-1")
    assert locate(context, named("m1-1", "models/m1-1")) == tmp_path / "project" / "models" / "m1-1"
    (tmp_path / "project").rename(tmp_path / "moved")
    moved = JobContext(Spool(tmp_path / "moved" / "spool" / "r1-generate-1"), context.spec)
    assert locate(moved, named("m1-1", "models/m1-1")) == tmp_path / "moved" / "models" / "m1-1"
    with pytest.raises(ModelError, match="the folder of model m1-2 is gone"):
        locate(moved, named("m1-2", "models/m1-2", str(tiny_model)))  # the model with its name is another one


def test_an_absolute_folder_stays_what_it_is(context: JobContext[GenerateSpec], tiny_model: Path) -> None:
    assert locate(context, named("m1-1", tiny_model)) == tiny_model  # as in jobs of earlier versions


def test_the_base_is_where_it_was_and_found_by_name_once_it_is_gone_from_there(
    context: JobContext[GenerateSpec], tiny_model: Path, tmp_path: Path
) -> None:
    assert (
        locate(context, named("base", tiny_model)) == tiny_model
    )  # by now its name may stand for no model or another one
    assert locate(context, named("base", tmp_path / "gone", str(tiny_model))) == tiny_model
    assert locate(context, named("base", None, str(tiny_model))) == tiny_model
    other = named("base", tiny_model).model_copy(update={"identity": "0123456789abcdef"})
    with pytest.raises(ModelError, match="is not the one this project was started with"):
        locate(context, other)


def test_the_base_is_reported_with_a_folder_that_holds_from_everywhere(
    context: JobContext[GenerateSpec], tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_model.parent)
    report_base(context, named("base", None), Path(tiny_model.name))
    base = context.spool.result().base
    assert base is not None and base.folder == str(tiny_model) and base.identity == models.identity(tiny_model)
