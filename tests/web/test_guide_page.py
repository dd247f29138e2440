"""The Guide page, and the guide on the Review page, through the shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.web import session
from tests.support.pages import SHELL, page_of, words_of
from tests.support.seeding import candidates, decided_project


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    rows = candidates(2, 3)
    with decided_project(tmp_path / "p", small_task, rows) as made:
        monkeypatch.setattr(session, "_project", made)
        monkeypatch.setenv("RSF_REVIEWER", "ben")
        yield made


def click(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception and not app.error
    return app


def test_the_owner_writes_the_guide_and_it_is_shown_with_its_history(project: Project) -> None:
    app = page_of("guide")
    assert "once it is written" in words_of(app)
    for text, reason in (("Accept what is kind.", ""), ("Accept what is kind and short.", "long ones tire")):
        app.text_area[0].set_value(text)
        next(field for field in app.text_input if field.label.startswith("What changed")).set_value(reason)
        click(app, "Save as a new version")
    assert [(one.text, one.reason) for one in reversed(project.guide_book.versions())] == [
        ("Accept what is kind.", ""),
        ("Accept what is kind and short.", "long ones tire"),
    ]
    assert app.code[0].value.splitlines()[1:] == ["-Accept what is kind.", "+Accept what is kind and short."]
    assert "Version 2" in words_of(app)


def test_review_tells_of_a_change_until_it_is_read(project: Project) -> None:
    assert "guide" not in words_of(page_of("review"))
    project.guide_book.save("a", author=person("ann"))
    app = page_of("review")
    assert "There is a guide on how to decide here. It is version 1, by ann." in words_of(app)
    assert "guide" not in words_of(click(app, "I know it"))
    project.guide_book.save("b", "shorter is better", person("ann"))
    assert "you have read version 1, version 2 is by ann: shorter is better" in words_of(page_of("review")).replace(
        "\\", ""
    )
    click(page_of("guide"), "I have read it")
    assert "guide" not in words_of(page_of("review"))


def test_agreement_is_shown_for_each_version(project: Project) -> None:
    def say(who: str, candidate: str, action: Action) -> None:
        project.review.say(1, person(who), [Act(f"{who} {candidate} {action}", ActKind.DECIDE, (candidate,), action)])

    say("ann", "1.1.0", Action.ACCEPT)
    say("ben", "1.1.0", Action.REJECT)
    project.guide_book.save("a", author=person("ann"))
    say("ann", "1.1.1", Action.ACCEPT)
    say("ben", "1.1.1", Action.ACCEPT)
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.query_params["show"] = "Agreement"
    app.switch_page("../../pages/review.py").run()
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "who agree" in frame.value.columns)
    assert table["guide"].tolist() == ["before there was one", "version 1"]
    assert table["opinions"].tolist() == [2, 2] and table["who agree"].tolist() == ["0 of 1 (0%)", "1 of 1 (100%)"]
    assert table["like the rule"].tolist() == ["1 of 2 (50%)", "2 of 2 (100%)"]  # the rule accepts all
