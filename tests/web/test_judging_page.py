"""A judge compared with people, on the Scorers and the Target page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsf_core.acceptance.preview import Draft
from rsf_core.domain.settings import Target
from rsf_core.project import Project
from rsf_core.project.scorer_book import ScorerBook
from rsf_core.sampling import judging
from rsf_core.scorers import kept_answers
from rsf_core.scorers.kept_answers import Answer
from rsf_core.web import judging_parts, session
from tests.support import by_score
from tests.support.pages import page_of, words_of

JUDGE = 'llm_judge(endpoint="http://127.0.0.1:9/v1", model="*m*", rubric="Is it _kind_? <b>Really</b>?", show_reference=true)'


@pytest.fixture
def opinion(complete: Project, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project's scorer, with a card that marks it as a model's opinion."""
    known = ScorerBook.card
    monkeypatch.setattr(session, "_project", complete)
    monkeypatch.setattr(
        ScorerBook,
        "card",
        lambda self, name: None if (card := known(self, name)) is None else replace(card, opinion=True),
    )
    return by_score.SCORER


def test_an_opinion_that_nobody_has_confirmed_is_warned_of_and_one_that_people_share_is_not(
    complete: Project, opinion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = complete.target_book.draft()
    target = draft.target.model_copy(update={"rewards": {opinion: 1.0}})
    complete.target_book.use(Draft(target, draft.accept))
    by_score.scored(complete)
    for app in (page_of("scorers", scorer=opinion), page_of("target")):
        assert "0 of 50 decisions needed" in words_of(app.warning).replace("\\", "")
    by_score.decide(complete)
    app = page_of("scorers", scorer=opinion)
    assert {one.label: one.value for one in app.metric}["AUC"].replace("\\", "") == "1.00"
    assert "Beside people’s decisions" in [one.value for one in app.subheader]
    assert "32 of 50" in words_of(app.warning).replace("\\", "")
    monkeypatch.setattr(judging, "ENOUGH", 30)
    assert "agrees with people beyond chance" in words_of(page_of("target").success)


def test_a_scorer_that_is_no_opinion_is_never_warned_of(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    for page in ("scorers", "target"):
        assert "opinion" not in words_of(page_of(page).warning)


def test_what_is_sent_where_is_shown_before_a_judge_is_used_and_its_cost_after(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    draft = complete.target_book.draft()
    target = Target.model_validate(draft.target.model_dump() | {"rewards": {JUDGE: 1.0}})
    complete.target_book.use(Draft(target, draft.accept))
    text = words_of(page_of("target").info).replace("\\", "").replace("\u2060", "")
    assert "sends completions, prompts and references to http://127.0.0.1:9/v1" in text
    with kept_answers.open_answers(complete.folder) as kept:
        kept.add(JUDGE, b"1", Answer("7", "stop", 1234, 5))
    spent = complete.scorer_book.spent()
    assert spent[JUDGE].prompt_tokens == 1234


def test_only_what_a_judge_sees_is_listed_as_sent() -> None:
    alone = JUDGE.replace("show_reference=true", "show_prompt=false")
    assert "sends completions to http" in judging_parts.sends(alone)
