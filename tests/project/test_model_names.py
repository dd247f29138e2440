"""A model that a setting names is looked for when it is set, as far as this machine can tell; what is saved still opens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import settings_file
from rsf_core.domain.access import person
from rsf_core.domain.errors import SettingsError
from rsf_core.models.library import DEFAULT_MODEL
from rsf_core.project import Project, model_names


@pytest.fixture
def project(tmp_path: Path, small_task: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project", str(small_task), seed=1) as project:
        yield project


WRONG = [
    ("/nowhere/tiny", "there is no folder /nowhere/tiny: a model is a folder with config.json"),
    ("./tiny", "there is no folder"),
    ("a/b/c", "there is no folder a/b/c"),
    ("no/such model", "'no/such model' names no model: give the embedded smollm2"),
    ("[/x][bold]", "names no model"),
]


@pytest.mark.parametrize(("name", "message"), WRONG)
def test_a_name_that_no_model_has_is_refused_and_nothing_changes(project: Project, name: str, message: str) -> None:
    before = (project.folder / settings_file.NAME).read_text()
    for key in ("model", "target.reference"):
        with pytest.raises(SettingsError) as refused:
            project.set(key, name)
        assert str(refused.value).startswith(f"{key}: ") and message in str(refused.value)
    draft = project.target_book.draft()
    with pytest.raises(SettingsError, match=r"target\.reference: "):
        project.target_book.use(Draft(draft.target.model_copy(update={"reference": name}), draft.accept))
    with pytest.raises(SettingsError, match=r"the scorer teacher_loglik\(.*: "):
        project.set("target.rewards", f"{{ 'teacher_loglik(model=\"{name}\")' = 1.0 }}")
    assert (project.folder / settings_file.NAME).read_text() == before


def test_a_folder_without_a_model_is_refused(project: Project, tmp_path: Path) -> None:
    for key in ("model", "target.reference"):
        with pytest.raises(SettingsError, match=f"{key}: .* is not a model folder"):
            project.set(key, str(tmp_path))


def test_what_a_model_may_be_called_is_kept(
    project: Project, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "teacher").symlink_to(tiny_model)
    (tmp_path / "base").symlink_to(tiny_model)
    monkeypatch.chdir(tmp_path)
    for name, kept in (
        *((name, name) for name in ("proposal", "base", "gpt2", "acme/judge-7b", DEFAULT_MODEL, str(tiny_model))),
        ("teacher", str(tmp_path / "teacher")),  # a job may start in another folder
    ):
        assert project.set("target.reference", name).target.reference == kept
        draft = project.target_book.draft()
        project.unset("target.reference")
        if name != "base":
            project.target_book.use(Draft(draft.target.model_copy(update={"reference": name}), draft.accept))
            assert project.settings.target.reference == kept
    for name, kept in (("acme/judge-7b", "acme/judge-7b"), ("teacher", str(tmp_path / "teacher"))):
        assert project.set("model", name).model == kept


def test_a_model_of_the_project_is_one_that_it_has(tmp_path: Path) -> None:
    tuned = ["base", "m1-1", "m2-1", "m2-1-random"]
    for name in (*tuned, "proposal"):
        model_names.check_reference(name, tuned, ())
    for name, tried, words in (
        (
            "m1-1",
            ["m1-1"],
            "the files of m1-1 were deleted, so nothing can be scored by it: give base, proposal, m2-1 or",
        ),
        (
            "m3-1",
            (),
            "this project has no model m3-1: give base, proposal, m1-1, m2-1 or m2-1-random, or another model",
        ),
        ("m1-1-constraints", (), "this project has no model m1-1-constraints"),
        ("Proposal", (), "'Proposal' is written 'proposal'"),
    ):
        with pytest.raises(SettingsError, match=words):
            model_names.check_reference(name, tuned, tried)


def test_a_project_that_names_a_model_which_is_gone_opens_and_can_be_changed(
    project: Project, tmp_path: Path, tiny_model: Path
) -> None:
    (tmp_path / "teacher").symlink_to(tiny_model)
    project.set("target.reference", str(tmp_path / "teacher"))
    project.set("model", str(tmp_path / "teacher"))
    os.unlink(tmp_path / "teacher")
    folder = project.folder
    project.close()
    with Project.open(folder) as again:
        assert again.settings.target.reference == again.settings.model == str(tmp_path / "teacher")
        again.set("target.beta", "0.25", person("ann"))
        assert again.settings.target.beta == 0.25
        again.unset("target.reference")
        again.set("model", str(tiny_model))
