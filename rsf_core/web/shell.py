"""The script that Streamlit runs for every page: navigation, theme, the open project. It must not be beside pages/: a deep
link on a fresh server would then run the page alone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from rsf_core.domain import bundled
from rsf_core.domain.errors import ProjectClosedError, RsfError
from rsf_core.web import inviting, session, ui, watching
from rsf_core.web.literal import literal
from rsf_core.web.navigation import LIST, PAGES, WORKSPACE_PAGES

FIRST = "_first"  # appended to the path of the page that "/" shows


def main() -> None:
    st.set_page_config(page_title="RSF Studio", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide")
    ui.style()
    try:
        name = session.enter()
    except RsfError as error:  # the workspace cannot be read
        ui.problem(str(error))
        return
    page = st.navigation(_pages(name))
    try:
        if page.url_path in (url for url, *_ in PAGES) or session.alone():
            _of_a_project(name, page)
        else:
            _of_the_workspace(name, page)
    except RsfError as error:
        ui.problem(str(error))


def _pages(name: str | None) -> list[st.Page]:
    """All pages, whatever is chosen, so that each address leads somewhere. Only those that apply are visible."""
    alone = session.alone()

    def page(url: str, title: str, icon: str, default: str, shown: bool) -> st.Page:
        file = bundled.path("pages", f"{url}.py")
        visibility: Literal["visible", "hidden"] = "visible" if shown else "hidden"
        first = url == default
        path = f"{url}{FIRST}" if first else url  # Streamlit's address of the first page is "/" whatever its path is
        return st.Page(file, title=title, icon=icon, url_path=path, default=first, visibility=visibility)

    first, title = PAGES[0][:2] if alone else WORKSPACE_PAGES[0][:2]
    # So that its name is an address too.
    by_name = st.Page(lambda: ui.go(first, **dict(st.query_params)), title=title, url_path=first, visibility="hidden")

    workspace = [page(*row, LIST, name is None or row[0] == LIST) for row in WORKSPACE_PAGES]
    pages = [page(*row, "overview" if alone else LIST, alone or name is not None) for row in PAGES]
    return [*([] if alone else workspace), *pages, by_name]


def _of_the_workspace(name: str | None, page: st.Page) -> None:
    """The list of projects, or the making of one: neither shows a project. An address of the list that names one leads to its
    Overview."""
    if name is not None:
        if page.url_path in ("", LIST) and session.PROJECT in st.query_params:
            ui.go("overview")
        session.leave()
        st.rerun()  # with the navigation of the list
    page.run()


def _of_a_project(name: str | None, page: st.Page) -> None:
    if not session.alone():
        if name is None:  # the address names no project, or one that does not exist
            name_in_url = st.query_params.get(session.PROJECT)
            ui.go(LIST, **({} if name_in_url is None else {session.PROJECT: name_in_url}))
        elif st.query_params.get(session.PROJECT) != name:
            st.query_params[session.PROJECT] = name
    try:
        project = session.project()
    except ProjectClosedError as error:
        st.info(literal(str(error)), icon=":material/lock:")
        st.button("Open it again", type="primary", icon=":material/folder_open:", on_click=session.go_on)
        return
    watching.watch(watching.activity(project))
    ui.sidebar(project)
    if session.actor().link_id is not None and not ui.locked("invites.invite"):
        with st.sidebar:
            inviting.button(project)
    ui.settings_problems(project)
    page.run()


main()
