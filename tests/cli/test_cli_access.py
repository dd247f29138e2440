"""`rsf invite` and the access options of `rsf app`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsf_core.cli import output
from rsf_core.domain.errors import AccessError
from rsf_core.project import Project
from tests.support.commands import rsf, rsf_json


@pytest.fixture
def folder(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSF_REVIEWER", "ann")
    Project.create(tmp_path / "p", str(small_task), seed=1).close()
    return tmp_path / "p"


def test_a_link_is_made_listed_and_revoked(folder: Path) -> None:
    made = rsf_json("invite", folder, "ben")
    assert made["role"] == "reviewer" and made["created_by"] == "ann" and "/enter?key=" in made["url"]
    boss = rsf_json("invite", folder, "The boss", "--owner", "--days", 2)
    assert boss["role"] == "owner"
    listed = rsf_json("invite", folder, "--list")
    assert [(link["name"], link["state"]) for link in listed] == [("ben", "open"), ("The boss", "open")]
    assert made["url"].partition("key=")[2] not in json.dumps(listed)
    assert "reviewer" in rsf("invite", folder, "--list")
    assert [link["state"] for link in rsf_json("invite", folder, "--revoke", "ben")] == ["revoked"]
    assert rsf_json("invite", folder, "--revoke", boss["link_id"])[0]["name"] == "The boss"


def test_a_link_is_printed_on_one_line_whatever_the_width(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.out, "width", 40)
    printed = rsf("invite", folder, "ben")
    (line,) = [line for line in printed.splitlines() if "/enter?key=" in line]
    assert len(line.strip()) > 70 and "--access links" in printed


@pytest.mark.parametrize("more", [(), ("ben", "--list"), ("ben", "--revoke", "ben"), ("--list", "--revoke", "ben")])
def test_invite_takes_one_action_at_a_time(folder: Path, more: tuple[str, ...]) -> None:
    with pytest.raises(AccessError, match="give one of"):
        rsf("invite", folder, *more)


@pytest.mark.parametrize("name", ["rule", "undo", "Rule ", "a\u200bb"])
def test_a_name_that_is_nobodys_is_refused(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AccessError):
        rsf("invite", folder, name)
    monkeypatch.setenv("RSF_REVIEWER", name)
    with pytest.raises(AccessError, match="RSF_REVIEWER"):
        rsf("override", folder, "1.1.0", "accept")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_the_app_is_not_open_to_others_without_links(folder: Path, host: str) -> None:
    with pytest.raises(AccessError, match=r"--access links.*rsf invite"):
        rsf("app", folder, "--host", host)


def test_another_way_of_being_open_is_refused(folder: Path) -> None:
    with pytest.raises(AccessError, match="local or links"):
        rsf("app", folder, "--access", "everybody")
