"""Comparing two candidates on the Review page, through the shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import Action, Verdict
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.web import compare_parts, session
from tests.support.pages import page_of
from tests.support.seeding import candidates, decided_project


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    rows = candidates(2, 2, completions=["red fox", "blue whale", "old oak", "new moon"])
    with decided_project(tmp_path / "p", small_task, rows, [0.1, 0.2, 0.3, 0.4]) as made:
        monkeypatch.setattr(session, "_project", made)
        monkeypatch.setenv("RSF_REVIEWER", "ann")
        yield made


def test_the_card_of_compare_is_there_with_what_it_needs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Any, ...]] = []
    monkeypatch.setattr(compare_parts, "compare_card", lambda *args, **more: drawn.append((*args, more)))
    project.guide_book.save("be kind", author=person("ann"))
    app = page_of("review", show="Compare")
    next(one for one in app.toggle if one.label.startswith("Pairs that I have compared")).set_value(True).run()
    assert not app.exception
    for again, (name, number, reviewer, more) in zip((False, True), drawn, strict=True):
        assert name.startswith(str(project.folder)) and (number, reviewer) == (1, person("ann"))
        assert more["again"] is again and more["guide"].text == "be kind"


def test_rank_is_a_way_of_compare_with_a_card_of_its_own(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Any, ...]] = []
    monkeypatch.setattr(compare_parts, "rank_card", lambda *args, **more: drawn.append((*args, more)))
    app = page_of("review", show="Compare", compare="rank")
    next(one for one in app.toggle if one.label.startswith("Prompts that I have ranked")).set_value(True).run()
    assert not app.exception
    (name, number, reviewer, more), again = drawn
    assert name.startswith(str(project.folder)) and (number, reviewer) == (1, person("ann"))
    assert (more, again[-1]["again"]) == ({"again": False, "guide": None}, True)
    assert any("Enter sends" in one.value and "up to 8" in one.value for one in app.caption)


def test_agreement_says_what_was_only_ranked(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = candidates(2, 3, completions=["red fox", "blue whale", "old oak", "new moon", "warm sun", "cold rain"])
    with decided_project(tmp_path / "q", small_task, rows, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) as made:
        monkeypatch.setattr(session, "_project", made)
        made.override("1.1.0", Action.ACCEPT, person("ann"))
        made.ranking.say(1, [["1.1.2"], ["1.1.1", "1.1.0"]], person("ann"))
        made.comparing.say(1, "1.2.0", "1.2.1", Verdict.RIGHT, person("ann"))
        app = page_of("review", show="Agreement")
    words = " ".join(str(one.value) for one in app.markdown)
    assert "4 pairs" in words and "1 are ties" in words and "3 were only ranked, among others." in words
    assert any("counts 3/(K + 1)" in one.value for one in app.caption)
    table = next(frame.value for frame in app.dataframe if "higher by" in frame.value.columns)
    assert table["pairs"].tolist() == [3] and table["preferred by people"].tolist() == [3]


def test_agreement_says_what_the_comparisons_come_to(project: Project) -> None:
    project.override("1.1.0", Action.ACCEPT, person("ann"))
    for prompt, left, right in ((1, 0, 1), (2, 0, 1)):
        project.comparing.say(1, f"1.{prompt}.{left}", f"1.{prompt}.{right}", Verdict.RIGHT, person("ann"))
    app = page_of("review", show="Agreement")
    table = next(frame.value for frame in app.dataframe if "higher by" in frame.value.columns)
    assert table["higher by"].tolist() == ["sentiment"]  # the rule accepts all, so it prefers none
    assert table["pairs"].tolist() == [2] and table["preferred by people"].tolist() == [2]
    assert "2 pairs" in " ".join(str(one.value) for one in app.markdown)
