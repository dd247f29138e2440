"""The script Streamlit runs for every page: navigation, theme, what is open. It must not stand beside pages/: a deep
link on a fresh server would then run the page alone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rsf_core.domain import bundled
from rsf_core.domain.errors import RsfError
from rsf_core.web import inviting, session, ui

PAGES = (
    ("overview", "Overview", ":material/route:"),
    ("prompts", "Prompts", ":material/format_list_bulleted:"),
    ("generate", "Generate", ":material/casino:"),
    ("acceptance", "Acceptance", ":material/tune:"),
    ("review", "Review", ":material/rate_review:"),
    ("train", "Train", ":material/model_training:"),
    ("models", "Models", ":material/account_tree:"),
)


def main() -> None:
    st.set_page_config(page_title="RSF Studio", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide")
    ui.style()
    pages = [
        st.Page(bundled.path("pages", f"{name}.py"), title=title, icon=icon, url_path=name, default=name == "overview")
        for name, title, icon in PAGES
    ]
    page = st.navigation(pages)
    try:
        project = session.project()
        ui.watch(project, ui.activity(project))
        ui.sidebar(project)
        if session.actor().link_id is not None and not ui.locked("invites.invite"):
            with st.sidebar:
                inviting.button(project)
        ui.settings_problems(project)
        page.run()
    except RsfError as error:
        ui.problem(str(error))


main()
