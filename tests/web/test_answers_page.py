"""People's answers as a score, on the Scorers page: its text, and where its buttons lead."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Act, ActKind, Asked
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import AccessError
from rsf_core.project import Project
from rsf_core.project.guarded import guarded
from rsf_core.web import session
from tests.support.pages import labelled, page_of, words_of


def answers_page(project: Project, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(session, "_project", project)
    return page_of("scorers", show="Answers")


def test_it_says_how_many_have_an_answer_and_leads_to_the_preview(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "once you ask a question whose answers are numbers" in words_of(answers_page(complete, monkeypatch))
    complete.question_book.put({"name": "clear", "kind": "rating", "text": "How *clear*?"}, author=person("ann"))
    total = complete.counts(1).candidates
    assert f"0 of {total} candidates of round 1 have an answer." in words_of(answers_page(complete, monkeypatch))
    for name, value in (("1.1.0", 4), ("1.1.1", 3)):
        act = Act(name, ActKind.ANSWER, (name,), value=json.dumps(value), asked=Asked("clear", 1))
        complete.review.say(1, person("ann"), [act])
    app = answers_page(complete, monkeypatch)
    assert f"2 of {total} candidates of round 1 have an answer, with a mean of 3.50." in words_of(app)
    assert f"does not decide {total - 2} candidates" in words_of(app)
    app.radio[-1].set_value("As a constraint: it must reach").run()
    assert app.number_input[0].value == 3.0
    app.number_input[0].set_value(3.5).run()
    went: list[str] = []
    monkeypatch.setattr("rsf_core.web.ui.go", lambda page, **query: went.append(page))
    labelled(app.button, "Look at the target with it").click().run()
    assert not app.exception and went == ["target"]
    (constraint,) = [
        one
        for one in app.session_state["target-form"]["form"].filled.target.constraints
        if one.scorer.startswith("answer")
    ]
    assert constraint.at_least == 3.5 and "answer" not in str(complete.settings.target.scorers)


def test_a_reviewer_looks_and_puts_nothing_to_use(complete: Project) -> None:
    complete.question_book.put({"name": "clear", "kind": "rating", "text": "How clear?"}, author=person("ann"))
    theirs = guarded(complete, lambda: Actor("ben", Role.REVIEWER, "link"))
    assert theirs.answers.of_round(1)[0].scores.count == 0
    for name in ("use", "score"):
        with pytest.raises(AccessError):
            getattr(theirs.answers, name)("clear")
