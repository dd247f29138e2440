"""The Overview shows the round as a path and the next step as one button, in the words of the table of stages."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Split
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.rounds.stages import STAGES
from rsf_core.web import session
from tests.support.pages import SHELL, page_of
from tests.support.seeding import add_candidates, candidates, decide


@pytest.fixture
def shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose jobs are queued and never begin."""
    project.supervisor.stop()
    monkeypatch.setattr(project.supervisor, "_begin", lambda job: None)
    monkeypatch.setattr(session, "_project", project)
    return project


def overview() -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    assert not app.exception
    return app


def primary(app: AppTest) -> list[str]:
    """The buttons of the next step, without those of the autopilot's form."""
    return [button.label for button in app.button if button.label != "Start"]


def test_the_path_has_every_stage_in_order_and_the_button_starts_the_first(shown: Project) -> None:
    app = overview()
    path = next(str(element.proto.body) for element in app.get("html") if "rsf-path" in str(element.proto.body))
    places = [path.index(f'<div class="rsf-name">{row.label.replace("&", "&amp;")}</div>') for row in STAGES]
    assert places == sorted(places) and path.count('role="listitem"') == len(STAGES)
    assert primary(app) == ["Generate candidates"]
    next(button for button in app.button if button.label == "Generate candidates").click().run()
    assert not app.exception and [job.job_id for job in shown.jobs(active=True)] == ["r1-generate-1"]
    assert primary(app) == ["Cancel"]
    shown.cancel("r1-generate-1")
    assert primary(overview()) == ["Resume", "Start again"]
    page = page_of("generate")
    assert [button.label for button in page.button if button.proto.type == "primary"] == ["Resume"]
    assert "Generate candidates" not in [button.label for button in page.button]


@pytest.mark.parametrize(
    ("accepted", "buttons"), [(16, ["Fine-tune on 16 accepted", "Review first"]), (0, ["Choose M"])]
)
def test_after_scoring_it_is_training_or_what_keeps_from_it(shown: Project, accepted: int, buttons: list[str]) -> None:
    rows = candidates(prompts=8, per_prompt=2)
    add_candidates(shown.store, rows)
    decide(shown.store, rows, 0.0 if accepted else -50.0, 0.0)
    assert shown.counts().accepted == accepted
    app = overview()
    assert primary(app) == buttons
    hints = [caption.value for caption in app.caption]
    assert any("No candidate is accepted at this M: lower it" in hint for hint in hints) is (not accepted)


def test_a_round_whose_prompts_are_all_retired_says_what_to_do(shown: Project) -> None:
    add_candidates(shown.store, candidates(prompts=8, per_prompt=2))
    assert primary(overview()) == ["Score candidates"]
    shown.retire_prompts([prompt.prompt_id for prompt in shown.prompts(Split.TRAIN)], person("ann"))
    app = overview()
    assert primary(app) == ["Restore prompts"]
    assert any("All prompts of the candidates were retired" in caption.value for caption in app.caption)
