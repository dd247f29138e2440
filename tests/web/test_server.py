"""The web process stays light, and reports at once why it cannot start."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
from streamlit.web.server.app_discovery import discover_asgi_app

from rsf_core.domain import bundled
from rsf_core.domain.errors import AccessError, NotAProjectError, ProjectLockedError, RsfError, WorkspaceError
from rsf_core.web import own
from rsf_core.web.application import parts
from rsf_core.web.gate import Gate
from rsf_core.web.server import serve


def test_what_pages_draw_with_is_loaded_before_any_of_them_runs_and_without_torch():
    """Packages of pages' pieces too: two pages that are opened at once must not see modules half initialised."""
    code = (
        "import json, sys, rsf_core.cli.main; from rsf_core.web import application; application._load();"
        "print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"torch", "transformers", "peft"}
    web = bundled.path("rsf_core", "web")  # tests run in a checkout
    pieces = [path.relative_to(web).with_suffix("") for path in web.rglob("*.py") if path.name != "__init__.py"]
    names = {f"rsf_core.web.{'.'.join(piece.parts)}" for piece in pieces if piece.parts[0] not in ("shell", "markup")}
    assert len(names) > 60 and not names - loaded


def test_a_folder_that_is_no_project_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("RSF_PROJECT", raising=False)
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(NotAProjectError, match=r"is not an RSF Studio project.*rsf init"):
        serve(tmp_path, "127.0.0.1", 1)


def test_a_project_that_another_process_holds_is_named_with_its_holder(project, monkeypatch):
    monkeypatch.setenv("RSF_PROJECT", "")
    with pytest.raises(ProjectLockedError, match="pid"):
        serve(project.folder, "127.0.0.1", 1)


def test_a_port_in_use_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("RSF_PROJECT", "")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(RsfError, match="choose another with --port"):
            serve(tmp_path / "new", "127.0.0.1", other.getsockname()[1])


def test_a_list_of_projects_is_not_served_by_links(tmp_path, monkeypatch):
    """A link gives access to one project, so the project must be named."""
    monkeypatch.setenv("RSF_PROJECT", "")
    monkeypatch.setenv("RSF_ACCESS", "")
    monkeypatch.setenv("RSF_WORKSPACE", "")
    for workspace in (None, tmp_path):
        with pytest.raises(AccessError, match=r"one project: name the project \(rsf app DIR --access links\)"):
            serve(None, "127.0.0.1", 1, own.Access.LINKS, workspace=workspace)
    assert list(tmp_path.iterdir()) == []


def test_a_project_and_a_workspace_are_not_served_together(tmp_path, monkeypatch):
    monkeypatch.setenv("RSF_ACCESS", "")
    with pytest.raises(WorkspaceError, match="give either DIR"):
        serve(tmp_path / "new", "127.0.0.1", 1, workspace=tmp_path)


def test_streamlit_run_finds_the_application_with_its_gate():
    """Without the application, app.py would run as a page: nothing would be drawn, and there would be no gate."""
    discovered = discover_asgi_app(bundled.path("app.py"))
    assert discovered.is_asgi_app and discovered.app_name == "app"
    assert [part.cls for part in parts()["middleware"]] == [Gate]
