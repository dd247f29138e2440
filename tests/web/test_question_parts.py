"""The questions on the Guide page and in the card's data, through the shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Act, ActKind, Asked
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import AccessError
from rsf_core.project import Project
from rsf_core.project.guarded import guarded
from rsf_core.web import api, session
from tests.support.pages import SHELL
from tests.support.seeding import add_candidates, candidates

CLEAR = {"name": "clear", "kind": "rating", "text": "How *clear*?"}


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        add_candidates(made.store, candidates(1, 2))
        monkeypatch.setattr(session, "_project", made)
        monkeypatch.setenv("RSF_REVIEWER", "ann")
        yield made


def first_page() -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    app.switch_page("../../pages/guide.py").run()
    assert not app.exception
    return app


def field(elements: Any, label: str) -> Any:
    return next(one for one in elements if one.label.startswith(label))


def test_the_owner_asks_changes_and_drops_a_question(project: Project) -> None:
    app = first_page()
    field(app.text_input, "What is asked").set_value("Which tone?")
    field(app.text_input, "Short name").set_value("tone")
    field(app.selectbox, "Answered with").set_value("choice").run()
    field(app.text_area, "Options").set_value("kind\n\n rude ")
    field(app.text_input, "Value of each option").set_value("1, nothing")
    field(app.button, "Ask it").click().run()
    assert "are numbers, separated by commas" in app.error[0].value and not project.settings.review.questions
    field(app.text_input, "Value of each option").set_value("1, -0.5")
    field(app.button, "Ask it").click().run()
    assert not app.exception and not app.error
    (question,) = project.settings.review.questions
    assert (question.options, question.values) == (("kind", "rude"), (1.0, -0.5))
    assert any("kind (counts 1) | rude (counts -0.5)".replace("(", "\\(").replace(")", "\\)").replace("|", "\\|") in c.value
               for c in app.caption)  # fmt: skip
    field(app.checkbox, "Required").check()
    field(app.button, "Save the question").click().run()
    assert not app.exception and not app.error
    (asked,) = project.question_book.current()
    assert asked.question.required and (asked.version, asked.alike) == (2, (1, 2))
    field(app.button, "Stop asking it").click().run()
    assert not app.exception and project.question_book.current() == []
    assert project.question_book.versions()[0].author == "ann"


def test_a_reviewer_reads_and_answers_questions_and_cannot_set_them(project: Project) -> None:
    project.question_book.put(CLEAR)
    theirs = guarded(project, lambda: Actor("ben", Role.REVIEWER))
    assert [one.question.name for one in theirs.question_book.current()] == ["clear"]
    act = Act("an act of ben", ActKind.ANSWER, ("1.1.0",), value="4", asked=Asked("clear", 1))
    theirs.review.say(1, person("somebody else"), [act])
    assert [(one.reviewer, one.value) for one in project.store.questions.answers(1)] == [("ben", "4")]
    for forbidden in (
        lambda: theirs.question_book.put(CLEAR | {"name": "other"}),
        lambda: theirs.question_book.drop("clear"),
        lambda: theirs.question_book.save([]),
    ):
        with pytest.raises(AccessError):
            forbidden()
    assert len(project.question_book.current()) == 1


def test_the_card_gets_the_questions_and_the_answers(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.question_book.put(CLEAR | {"required": True})
    body = api.SayBody(
        token="t",
        round=1,
        acts=[api.ActBody(act="act one of ann", kind=ActKind.ANSWER, candidates=("1.1.0",), value=" 4 ",
                          asked=api.AskedBody(question="clear", version=1))],
    )  # fmt: skip
    assert api.say(body, project, person("ann"))["results"] == [
        {"act": "act one of ann", "refused": None, "candidates": ("1.1.0",)}
    ]
    (prompt,) = project.review.candidates(1, ["1.1.0"])
    answers = [json.loads(api._candidate(one))["answers"] for one in prompt.candidates]
    assert answers == [[{"reviewer": "ann", "question": "clear", "version": 1, "value": 4}], []]
    given: list[dict[str, Any]] = []
    from rsf_core.web.components import review_card

    monkeypatch.setattr(review_card, "_component", lambda key, data: given.append(data))
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    app.switch_page("../../pages/review.py").run()
    assert not app.exception
    assert given[-1]["questions"] == [
        {
            "name": "clear",
            "kind": "rating",
            "text": "How *clear*?",
            "required": True,
            "options": [],
            "points": 5,
            "version": 1,
            "alike": [1],
        }
    ]
