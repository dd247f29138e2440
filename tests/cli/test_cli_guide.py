"""`rsf guide` shows the guide, and makes a file its next version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsf_core.cli.guides import guide
from rsf_core.domain.errors import GuideError
from rsf_core.project import Project
from rsf_core.project.guide_book import LONGEST


@pytest.fixture
def folder(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSF_REVIEWER", "ann")
    Project.create(tmp_path / "p", str(small_task), seed=1).close()
    return tmp_path / "p"


def test_a_file_becomes_the_guide_and_none_takes_it_away(folder: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "guide.md"
    guide(folder)
    assert "no guide yet" in capsys.readouterr().out
    file.write_bytes("\ufeff# Be kind [bold]é[/]\r\n\x1b[31m".encode())
    guide(folder, file, why="first")
    output = capsys.readouterr().out
    assert "# Be kind [bold]é[/]" in output and "\x1b" not in output and "ann" in output and "first" in output
    guide(folder, none=True, as_json=True)
    guides = json.loads(capsys.readouterr().out)
    assert guides["guide"] is None and [one["version"] for one in guides["versions"]] == [2, 1]
    guide(folder)
    assert "currently no guide" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe", r"not text in UTF-8 \(byte 1\)"),
        (b" \n", "is empty: use --none to remove the guide"),
        (b"x" * (4 * LONGEST + 4), "is too long"),
        (b"x" * (LONGEST + 1), "shorten it to 100,000"),
    ],
)
def test_what_is_no_guide_is_refused(folder: Path, tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "guide.md"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(GuideError, match=words):
        guide(folder, file)


def test_a_reason_goes_with_a_change(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GuideError, match="--why goes with"):
        guide(folder, why="so")
    with pytest.raises(GuideError, match="not both"):
        guide(folder, tmp_path / "guide.md", none=True)
