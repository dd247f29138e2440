"""The steps of a new project through the shell: back and forth, each with its check, and a project only at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Multiselect

from rsf_core.domain import Split
from rsf_core.jobs import process
from rsf_core.project import Project
from rsf_core.project import draft as drafts
from rsf_core.project import workspace as workspaces
from rsf_core.web import drafting, session
from tests.support.pages import SHELL

LIMIT = 120.0  # seconds


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> Iterator[Path]:
    """A workspace of its own; models are tried in this process, which has already loaded torch."""
    from rsf_core.jobs.work import model_check

    def start(folder: Path, *arguments: object) -> None:
        model_check.work(folder)

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(process, "leave", lambda child: None)
    monkeypatch.delenv(session.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv(session.WORKSPACE_VARIABLE, str(tmp_path / "workspace"))
    monkeypatch.setenv("RSF_MODEL", str(tiny_model))
    yield tmp_path / "workspace"
    drafting.end()
    drafting.allow()
    for name in workspaces.names(tmp_path / "workspace"):
        session.close_one(name)


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=LIMIT)
    app.run()
    app.switch_page("../../pages/new_project.py")
    for name, value in query.items():
        app.query_params[name] = value
    return sound(app.run())


def sound(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def click(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    assert not button.disabled, label
    return sound(button.click().run())


def choosing(app: AppTest, part: str) -> Multiselect[str]:
    """The list of scorers of a part of the target."""
    (field,) = [choice for choice in app.multiselect if str(choice.key).endswith(part)]
    return field


def says(app: AppTest) -> str:
    parts = [*app.warning, *app.error, *app.info, *app.success, *app.text, *app.caption]
    return "\n".join(part.value for part in parts)


def until(app: AppTest, holds: Callable[[AppTest], bool]) -> AppTest:
    give_up = time.monotonic() + LIMIT
    while not holds(sound(app.run())):
        assert time.monotonic() < give_up, says(app)
        time.sleep(0.1)
    return app


def in_url(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value if isinstance(value, str) else value[-1]


def draft_of(app: AppTest, workspace: Path) -> drafts.Draft:
    return drafting.open_draft(workspace, in_url(app, "draft"))


def test_from_pasted_prompts_to_a_project_step_by_step(workspace: Path, jobs_in_threads: None) -> None:
    app = open_page()
    app.radio(key="new-task").set_value("blank").run()
    click(app, "Begin")
    draft = draft_of(app, workspace)
    assert in_url(app, "step") == "prompts" and "There is no prompt yet" in says(app)

    app.text_area[0].set_value("\n".join(f"Write a sentence about the number {n}.\t{n}" for n in range(12)) + "\n\tx")
    click(app, "Add them")
    assert "12 prompts added." in says(app) and "Not added: line 13" in says(app)
    assert app.metric[0].value == str(draft.facts().prompts[Split.TRAIN])

    click(app, "Next: Model")
    assert "has not been tried yet" in says(app)
    click(app, "Load it once")
    assert "The model loads" in says(app) and {m.label for m in app.metric} >= {"Parameters", "Context", "Speed"}
    assert "A llama causal model" in says(app)

    click(app, "Next: What is good")
    assert "The target has no scorer yet" in says(app) and "on the Scorers page" in says(app)
    assert {"numeric_match", "words"} <= set(choosing(app, "checks").options)
    assert not {"answer", "taste"} & set(choosing(app, "checks").options)  # these need people's answers and decisions
    choosing(app, "checks").set_value(["numeric_match"])
    sound(app.run())
    assert "The target has no scorer yet" not in says(app)
    assert str(draft.target.constraints[0]) == "1 ≤ numeric_match"

    click(app, "Next: Trial")
    click(app, "Draw a trial")
    until(app, lambda app: bool(app.metric))
    assert app.metric[0].label == "Drawn" and app.metric[0].value == "32"

    click(app, "Back")
    (goal,) = [radio for radio in app.radio if str(radio.key).endswith("goal")]
    assert goal.value == "verifiable"
    assert choosing(app, "checks").value == ["numeric_match"], "going back loses nothing"
    click(app, "Next: Trial")
    click(app, "Next: Create")
    assert not workspaces.names(workspace)
    app.text_input(key=f"name-{draft.draft_id}").set_value("My numbers").run()
    (create,) = [button for button in app.button if button.label == "Create the project"]
    create.click().run()
    assert workspaces.names(workspace) == ["My numbers"] and not drafts.drafts(workspace)
    project = session.open_project("My numbers")
    assert isinstance(project, Project) and len(project.prompts()) == 12 and project.current_round == 1
    assert project.counts().candidates == 0


def test_every_step_of_a_bundled_task_is_sound_and_looking_changes_nothing(workspace: Path) -> None:
    app = open_page()
    app.radio(key="new-task").set_value("translation_en_fr").run()
    click(app, "Begin")
    draft = draft_of(app, workspace)
    before = draft.project.settings
    for label in ("Model", "What is good", "Trial", "Create"):
        click(app, f"Next: {label}")
    assert "has not been tried yet" in says(app)
    (create,) = [button for button in app.button if button.label == "Create the project"]
    assert create.disabled
    click(app, "Go to Model")
    assert in_url(app, "step") == "model"
    assert draft.project.settings == before and not draft.is_changed()


def test_a_reload_and_the_list_lead_back_to_a_draft_and_another_task_asks_first(
    workspace: Path, small_task: Path
) -> None:
    app = open_page()
    app.radio(key="new-task").set_value("brought").run()
    app.text_input(key="new-task-path").set_value(str(small_task)).run()
    click(app, "Begin")
    draft = draft_of(app, workspace)
    assert draft.chosen.title == "Small reviews"
    again = open_page(draft=draft.draft_id, step="good")
    assert choosing(again, "rewards").value == ["sentiment"]
    (weight,) = [n for n in again.number_input if n.label == "Weight of sentiment"]
    weight.set_value(-2.0)
    sound(again.run())
    assert draft.project.settings.target.rewards == {"sentiment": -2.0}

    other = open_page()
    assert "Not finished: Small reviews" in says(other)
    click(other, "Go on with it")
    other.radio(key="new-task").set_value("arithmetic").run()
    assert "Another task replaces the prompts" in says(other)
    click(other, "Use this task instead")
    assert draft.chosen.task == "arithmetic" and in_url(other, "step") == "prompts"


def test_what_cannot_be_begun_says_why_and_leaves_nothing(workspace: Path, tmp_path: Path) -> None:
    app = open_page()
    app.radio(key="new-task").set_value("brought").run()
    (begin,) = [button for button in app.button if button.label == "Begin"]
    assert begin.disabled
    app.text_input(key="new-task-path").set_value(str(tmp_path / "nowhere")).run()
    click(app, "Begin")
    assert "no folder or archive" in says(app) and not drafts.drafts(workspace)
    gone = open_page(draft="0123456789ab")
    assert "not there any more" in says(gone) and "draft" not in gone.query_params


def test_a_model_that_cannot_be_loaded_says_why_and_another_is_tried(workspace: Path, tiny_model: Path) -> None:
    app = open_page()
    app.radio(key="new-task").set_value("arithmetic").run()
    click(app, "Begin")
    click(app, "Next: Model")
    draft = draft_of(app, workspace)
    (folder,) = app.text_input
    before = draft.project.settings.model
    folder.set_value("/nowhere").run()
    assert "model: there is no folder /nowhere" in says(app) and draft.project.settings.model == before
    (folder,) = app.text_input
    folder.set_value(str(tiny_model)).run()
    click(app, "Load it once")
    assert "The model loads" in says(app)


def test_a_scorer_with_options_is_given_them_where_it_is_chosen(workspace: Path) -> None:
    app = open_page()
    app.radio(key="new-task").set_value("blank").run()
    click(app, "Begin")
    draft = draft_of(app, workspace)
    app.query_params["step"] = "good"
    sound(app.run())
    choosing(app, "checks").set_value(["contains"])
    sound(app.run())
    assert "needs options" in says(app)
    (options,) = [t for t in app.text_input if t.label.startswith("Options of contains")]
    options.set_value('text="cat"')
    sound(app.run())
    assert [c.scorer for c in draft.project.settings.target.constraints] == ['contains(text="cat")']
    assert "needs options" not in says(app)
    (options,) = [t for t in app.text_input if t.label.startswith("Options of contains")]
    options.set_value("text=")
    sound(app.run())
    assert "cannot be read" in says(app)
    assert [c.scorer for c in draft.project.settings.target.constraints] == ['contains(text="cat")']
