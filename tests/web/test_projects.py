"""Several projects in one process: each tab shows the project that its URL names, and acts only on that one."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from rsf_core.domain.errors import AccessError, RsfError, WorkspaceError
from rsf_core.project import Project
from rsf_core.project import workspace as workspaces
from rsf_core.project.owner import holder
from rsf_core.project.summary import Running
from rsf_core.web import api, own, session
from rsf_core.web.open_projects import OpenProjects
from tests.support.card_headers import HEADERS
from tests.support.pages import SHELL
from tests.support.seeding import add_candidates, add_prompts, candidates, decide

PATIENCE = 60.0


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "made_once"
    with Project.create(folder, str(small_task), seed=1) as project:
        rows = candidates(2, 3)
        add_prompts(project.store)
        add_candidates(project.store, rows)
        decide(project.store, rows, 0.0, -9.0)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, made_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder, served by the app, with the projects `ann` and `bob`."""
    folder = tmp_path / "projects"
    for name in ("ann", "bob"):
        shutil.copytree(made_once, folder / name)
    monkeypatch.setenv(session.WORKSPACE_VARIABLE, str(folder))
    monkeypatch.setenv(own.ACCESS_VARIABLE, "local")
    monkeypatch.delenv(session.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(session, "_project", None)
    monkeypatch.setattr(session, "_projects", OpenProjects())
    monkeypatch.setattr(session, "_ending", False)
    projects = session._projects
    yield folder
    projects.end()


def tab(page: str = "", **query: str) -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    if page:
        app.switch_page(f"../../pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    return see(app)


def see(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return see(app)


def title(app: AppTest) -> str:
    return str(app.title[0].value)


def project_of(app: AppTest) -> str:
    """The project that the sidebar names."""
    return str(app.sidebar.caption[0].value).split("**")[1]


def named(app: AppTest) -> list[str]:
    names: str | list[str] = app.query_params.get(session.PROJECT, [])
    return [names] if isinstance(names, str) else list(names)


# -- which project a tab shows -----------------------------------------------------------------------------------------


def test_without_a_project_there_is_the_list_and_a_click_opens_one(workspace: Path) -> None:
    app = tab()
    assert title(app) == "Projects" and not app.error and holder(workspace / "ann") is None
    click(app, "open-bob")
    assert (title(app), project_of(app), named(app)) == ("Round 1", "bob", ["bob"])
    assert holder(workspace / "bob") is not None and holder(workspace / "ann") is None


@pytest.mark.parametrize("page", ["overview", "prompts", "review"])
def test_the_url_names_the_project(workspace: Path, page: str) -> None:
    assert project_of(tab(page, project="ann")) == "ann"
    assert project_of(tab(page, project="bob")) == "bob"


def test_the_address_of_the_list_with_a_project_leads_to_its_overview(workspace: Path) -> None:
    app = tab(project="ann")
    assert (title(app), project_of(app)) == ("Round 1", "ann")


@pytest.mark.parametrize("page", ["", "overview", "train"])
@pytest.mark.parametrize("name", ["nobody", "../projects/ann", ".archive", "**b** [l](x)"])
def test_a_missing_project_is_reported_on_the_list(workspace: Path, page: str, name: str) -> None:
    app = tab(page, project=name)
    assert title(app) == "Projects"
    (error,) = app.error
    assert "There is no project" in str(error.value) and "renamed, archived or deleted" in str(error.value)
    assert "**b** [l](x)" not in str(error.value)


def test_a_page_without_a_project_leads_to_the_list(workspace: Path) -> None:
    app = tab("review")
    assert title(app) == "Projects" and not app.error


def test_a_tab_keeps_its_project_from_page_to_page_and_forgets_what_it_kept_of_another(workspace: Path) -> None:
    app = tab("overview", project="ann", reviewer="someone")
    app.session_state["of-ann"] = 1
    app.query_params.clear()  # as a click in the navigation does
    app.switch_page("../../pages/prompts.py")
    see(app)
    assert project_of(app) == "ann" and named(app) == ["ann"] and app.session_state["of-ann"] == 1
    app.session_state["reviewer-name"] = "eve"
    app.query_params[session.PROJECT] = "bob"
    see(app)
    assert project_of(app) == "bob" and "of-ann" not in app.session_state
    assert app.session_state["reviewer-name"] == "eve"


def test_going_back_to_the_list_leaves_the_project(workspace: Path) -> None:
    app = tab("overview", project="ann")
    app.query_params.clear()
    app.switch_page("../../pages/projects.py")
    see(app)
    assert title(app) == "Projects" and named(app) == []
    app.switch_page("../../pages/new_project.py")
    assert title(see(app)) == "New project"


def test_a_project_that_is_served_alone_has_no_list(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Project.open(workspace / "ann") as project:
        monkeypatch.setattr(session, "_project", project)
        app = tab(project="bob")
        assert (title(app), project_of(app)) == ("Round 1", "ann")
        assert session.query() == {} and session.name() is None


def test_the_overview_says_what_the_project_is_and_each_part_is_a_link(workspace: Path) -> None:
    app = tab("overview", project="ann")
    links = {str(page_link.proto.label).split(" ")[0]: page_link.proto for page_link in app.get("page_link")}
    assert list(links) == ["Task", "Model", "Target", "Prompts"]
    assert "small" in links["Task"].label and "sentiment" in links["Target"].label
    assert "**8 train, 4 held out**" not in links["Prompts"].label  # two more were added
    assert all(link.query_string == "project=ann" for name, link in links.items() if name != "Task")
    assert links["Prompts"].page == "prompts" and links["Task"].page == "new_project"


# -- what a tab sends --------------------------------------------------------------------------------------------------


def say(token: str, act: str) -> Any:
    client = TestClient(Starlette(routes=list(api.routes())))
    acts = [{"act": act, "kind": "decide", "candidates": ["1.1.0"], "action": "reject"}]
    return client.post(
        "/api/review/say", content=json.dumps({"token": token, "round": 1, "acts": acts}), headers=HEADERS
    )


def overrides(name: str) -> list[str]:
    return [override.reviewer for override in session.open_project(name).store.overrides()]


def test_a_token_is_valid_for_its_own_project_alone(workspace: Path) -> None:
    tokens = {name: api.token("eve", None, (name, 0)) for name in ("ann", "bob")}
    assert say(tokens["ann"], "first-act").status_code == 200
    assert overrides("ann") == ["eve"] and overrides("bob") == []
    assert say(tokens["bob"], "other-act").status_code == 200
    assert overrides("ann") == ["eve"] and overrides("bob") == ["eve"]


def test_a_token_of_a_project_that_was_closed_since_is_refused_and_opens_nothing(workspace: Path) -> None:
    token = api.token("eve", None, ("ann", 0))
    assert say(token, "first-act").status_code == 200
    session.close_one("ann")
    refused = say(token, "other-act")
    assert refused.status_code == 401 and "reload it" in refused.json()["error"]
    assert holder(workspace / "ann") is None


def test_a_token_that_names_no_project_or_one_that_is_not_there_says_nothing(workspace: Path) -> None:
    for which in (None, ("nobody", 0), ("../projects/ann", 0)):
        assert say(api.token("eve", None, which), "first-act").status_code == 409
    assert overrides("ann") == []


def test_the_card_of_each_tab_has_a_token_of_its_project(workspace: Path) -> None:
    for name in ("ann", "bob"):
        app = tab("review", project=name)
        card = "".join(str(component.proto) for component in app.get("bidi_component"))
        tokens = set(re.findall(r'token\\": ?\\"([\w.-]+)', card))
        assert {api._signed(token)[2] for token in tokens} == {(name, 0)}


# -- the list ----------------------------------------------------------------------------------------------------------


def test_a_project_that_is_closed_in_another_tab_is_opened_again_by_a_click_alone(workspace: Path) -> None:
    app = tab("overview", project="ann")
    session.close_one("ann")
    see(app)
    assert not app.title and "was closed in another tab" in str(app.info[0].value)
    assert holder(workspace / "ann") is None
    app.button[0].click()
    see(app)
    assert title(app) == "Round 1" and holder(workspace / "ann") is not None


def test_a_new_project_begins_with_one_click_in_the_list(
    workspace: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.make("fresh", str(small_task))
    fresh = session.open_project("fresh")
    fresh.supervisor.stop()
    app = tab()
    assert [button.key for button in app.button if str(button.key).startswith("begin")] == ["begin-fresh"]
    click(app, "begin-fresh")
    assert (title(app), project_of(app)) == ("Round 1", "fresh")
    assert [job.job_id for job in fresh.jobs(active=True)] == ["r1-generate-1"]


def test_of_two_people_who_make_a_project_of_one_name_one_is_refused(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.open_project("ann")
    monkeypatch.setattr(workspaces, "new_folder", lambda folder, name: folder / name)  # both ask at the same moment
    with pytest.raises(WorkspaceError, match=r"'ann' in .* already: choose another name"):
        session.make("ann", "arithmetic")


def test_a_project_of_which_a_job_runs_stays_open_and_as_it_is(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.open_project("ann")
    monkeypatch.setattr(Project, "running", lambda self: Running("r1-score-1", 0.5, "4 of 8"))
    with pytest.raises(WorkspaceError, match="r1-score-1 of ann runs: wait for it or cancel it first"):
        session.change("ann", lambda: workspaces.archive(workspace, "ann"))
    assert session.is_open("ann") and workspaces.names(workspace) == ["ann", "bob"]


def test_an_open_project_is_renamed_archived_and_deleted_from_the_list(workspace: Path) -> None:
    session.open_project("ann")
    session.change("ann", lambda: workspaces.rename(workspace, "ann", "eve"))
    assert not session.is_open("ann") and workspaces.names(workspace) == ["bob", "eve"]
    app = tab("overview", project="eve")
    session.change("eve", lambda: workspaces.delete(workspace, "eve", "eve"))
    assert title(see(app)) == "Projects" and "There is no project eve" in str(app.error[0].value)


def test_what_was_archived_is_put_back(workspace: Path) -> None:
    workspaces.archive(workspace, "bob")
    app = tab()
    assert not [button for button in app.button if button.key == "open-bob"]
    click(app, "back-bob")
    assert workspaces.names(workspace) == ["ann", "bob"]
    assert [button for button in app.button if button.key == "open-bob"]


def test_a_project_that_another_process_has_open_is_named_with_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "holder", lambda folder: {"pid": 7, "host": "here", "what": "rsf run"})
    app = tab()
    assert any("Open in rsf run" in str(caption.value) for caption in app.caption)


# -- serving files -----------------------------------------------------------------------------------------------------


def test_an_empty_workspace_gets_the_ready_made_project_and_one_with_projects_gets_none(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.prepare()
    assert workspaces.names(workspace) == ["ann", "bob"]
    monkeypatch.setenv(session.WORKSPACE_VARIABLE, str(tmp_path / "new" / "projects"))
    session.prepare()
    session.prepare()
    (entry,) = session.entries()
    assert entry.name == session.DEFAULT_TASK and entry.summary is not None
    assert entry.summary.fresh and entry.summary.next == "Generate candidates"


def test_a_list_is_not_open_by_links(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.ACCESS_VARIABLE, "links")
    with pytest.raises(AccessError, match=r"rsf app DIR --access links"):
        session.prepare()
    with pytest.raises(WorkspaceError, match="rsf app DIR"):
        session.folder()


def test_at_the_end_all_are_closed_and_none_is_opened_again(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ann", "bob"):
        session.open_project(name)
    session.end()
    assert holder(workspace / "ann") is None and holder(workspace / "bob") is None
    with pytest.raises(RsfError, match="the app is stopping"):
        session.open_project("ann")
    session.begin()
    session.open_project("ann")


class Fake:
    """A stand-in for a project that is only opened and closed."""

    def __init__(self, closing: threading.Event | None = None) -> None:
        self.closed, self._closing = threading.Event(), closing

    def close(self) -> None:
        if self._closing is not None:
            assert self._closing.wait(PATIENCE)
        self.closed.set()


def test_to_open_one_keeps_nobody_waiting_for_another_and_is_done_once() -> None:
    projects, go_on, made = OpenProjects(), threading.Event(), []

    def slow() -> Any:
        assert go_on.wait(PATIENCE)
        made.append(Fake())
        return made[-1]

    got: list[Any] = []
    waiting = [threading.Thread(target=lambda: got.append(projects.open("slow", slow))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    quick: Any = Fake()
    assert projects.open("quick", lambda: quick) is quick and projects.get("slow") is None
    go_on.set()
    for thread in waiting:
        thread.join(PATIENCE)
    assert len(made) == 1 and got == made * 3


def test_one_that_hangs_while_it_is_closed_keeps_no_other_from_being_closed() -> None:
    projects, go_on = OpenProjects(), threading.Event()
    hanging: Any = Fake(go_on)
    others: list[Any] = [Fake() for _ in range(3)]
    projects.open("a", lambda: hanging)
    for place, other in enumerate(others):
        projects.open(f"b{place}", lambda other=other: other)  # type: ignore[misc]
    ending = threading.Thread(target=projects.end)
    ending.start()
    assert all(other.closed.wait(PATIENCE) for other in others) and not hanging.closed.is_set()
    with pytest.raises(RsfError, match="the app is stopping"):
        projects.open("c", Fake)  # type: ignore[arg-type]
    go_on.set()
    ending.join(PATIENCE)
    assert hanging.closed.is_set()


def test_what_is_done_to_a_closed_project_is_done_before_anybody_opens_it_again() -> None:
    projects = OpenProjects()
    first: Any = Fake()
    projects.open("a", lambda: first)
    inside, go_on = threading.Event(), threading.Event()

    def change() -> None:
        assert first.closed.is_set()
        inside.set()
        assert go_on.wait(PATIENCE)

    changing = threading.Thread(target=projects.close, args=("a", change))
    changing.start()
    assert inside.wait(PATIENCE)
    again: list[Any] = []
    opening = threading.Thread(target=lambda: again.append(projects.open("a", Fake)))  # type: ignore[arg-type]
    opening.start()
    assert projects.get("a") is None and projects.closings("a") == 1 and not again
    go_on.set()
    changing.join(PATIENCE)
    opening.join(PATIENCE)
    assert len(again) == 1 and again[0] is not first
