"""`rsf scorers` and `rsf trust`, as a person types them: files are read, and none of their code runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain import sent_keys, trust
from rsf_core.domain.errors import NotAProjectError, ScorerError
from rsf_core.domain.sent_keys import SentKey
from tests.support.commands import rsf, rsf_json


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    project = tmp_path / "project"
    (project / "scorers").mkdir(parents=True)
    (project / "project.toml").write_text("")
    (project / "scorers" / "short.py").write_text(
        "def score(completion):\n    'Short [ones]'\n    return 1 / 0\n1 / 0\n"
    )
    (project / "scorers" / "broken.py").write_text("def")
    return project


def test_scorers_are_listed_with_those_of_a_project(folder: Path) -> None:
    assert "sentiment" in rsf_json("scorers")["scorers"] and "short" not in rsf_json("scorers")["scorers"]
    scorers = rsf_json("scorers", folder)["scorers"]
    assert scorers["short"] == "Short [ones]" and "not Python" in scorers["broken"]
    assert "Short [ones]" in rsf("scorers", folder)


def test_a_key_is_allowed_for_one_address_and_refused_by_a_person(folder: Path) -> None:
    permission = {"variable": "JUDGE_KEY", "address": "https://h/v1/chat/completions"}
    assert rsf_json("allow-key", "JUDGE_KEY", "https://h/v1/") == {"allowed": True} | permission
    key = SentKey("JUDGE_KEY", "https://h/v1/chat/completions")
    assert sent_keys.allowed() == {key}
    assert "may not be sent any more" in " ".join(rsf("allow-key", key.variable, key.url, "--revoke").split())
    assert not sent_keys.allowed()
    for variable, address, why in (
        ("", "https://h/v1", "name the"),
        ("sk-abc", "https://h/v1", "NAME"),
        ("K", "h", "http"),
    ):
        with pytest.raises(ScorerError, match=why):
            rsf("allow-key", variable, address)


def test_code_of_a_project_is_allowed_and_refused_by_a_person(folder: Path, tmp_path: Path) -> None:
    assert rsf_json("trust", folder) == {"trusted": True, "scorers": ["broken", "short"]}
    assert trust.is_trusted(folder)
    assert "may not run here any more" in " ".join(rsf("trust", folder, "--revoke").split())
    assert not trust.is_trusted(folder)
    with pytest.raises(NotAProjectError):
        rsf("trust", tmp_path / "nothing")
    assert "may run here: broken, short" in " ".join(rsf("trust", folder).split())
