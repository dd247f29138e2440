"""Consent to run a project's code: given on this machine for this folder, and stored outside the folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rsf_core.domain import trust
from rsf_core.domain.errors import ScorerError


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_nothing_is_trusted_before_a_person_allows_it(project: Path) -> None:
    assert not trust.is_trusted(project)
    with pytest.raises(ScorerError, match=r"may not run here: nobody has allowed it on this machine.*rsf trust"):
        trust.check(project)
    trust.trust(project)
    assert trust.is_trusted(project)
    trust.check(project)
    trust.distrust(project)
    assert not trust.is_trusted(project)


def test_a_copy_and_what_comes_in_its_place_are_not_trusted(project: Path, tmp_path: Path) -> None:
    trust.trust(project)
    copy = shutil.copytree(project, tmp_path / "copy")
    assert trust.is_trusted(project) and not trust.is_trusted(copy)
    shutil.rmtree(project)
    project.mkdir()  # another project at the same path
    assert not trust.is_trusted(project)
    (project / trust.TOKEN).write_text("0" * 32)
    assert not trust.is_trusted(project)


def test_the_trust_of_another_user_does_not_count(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust.trust(project)
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "another user"))
    assert not trust.is_trusted(project)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff", b'{"a": 1}', b"[" * 100_000])
def test_a_damaged_file_trusts_nothing_and_trust_can_be_given_again(
    project: Path, config: Path, content: bytes
) -> None:
    trust.trust(project)
    (config / "trusted_projects.json").write_bytes(content)
    assert not trust.is_trusted(project)
    trust.trust(project)
    assert trust.is_trusted(project)


def test_it_is_found_through_a_link_and_lies_where_nobody_else_reads(
    project: Path, tmp_path: Path, config: Path
) -> None:
    trust.trust(project)
    link = tmp_path / "link"
    link.symlink_to(project)
    assert trust.is_trusted(link)
    assert config.stat().st_mode & 0o077 == 0
    (project / trust.TOKEN).write_text("")
    assert not trust.is_trusted(project)
