"""The dialog in which the owner makes links for people, sees who can come in, and revokes links."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.errors import RsfError
from rsf_core.project import Project
from rsf_core.project.invites import DAYS, MOST_DAYS
from rsf_core.web import session, ui

_ROLES = {"Reviewer: can see everything and review": False, "Owner: can do everything": True}


def button(project: Project) -> None:
    """The button that opens the dialog, for an owner who came in by a link."""
    if st.button("Invite a reviewer", icon=":material/person_add:"):
        _dialog(project)


@st.dialog("Invite a reviewer", width="medium")
def _dialog(project: Project) -> None:
    with st.form("invite", border=False):
        name = st.text_input("Name", max_chars=60, help="Their decisions carry this name.")
        role = st.radio("May do", list(_ROLES))
        days = st.number_input("Valid for (days)", 1, MOST_DAYS, DAYS)
        if st.form_submit_button("Create a link", type="primary", icon=":material/link:"):
            try:
                made = project.invites.invite(name, session.actor(), _ROLES[role], int(days))
            except RsfError as error:
                ui.problem(str(error))
            else:
                st.code(project.invites.url(made), language=None, wrap_lines=True)
                st.caption(
                    "Send it to this person alone. It is shown only once, and whoever has it enters under this name."
                )
    _open_links(project)


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _open_links(project: Project) -> None:
    """Who can come in. It is drawn again by itself, because a link may expire, or be revoked in another tab."""
    for link in project.invites.links():
        if link.state != "open":
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"{link.name} · {link.role} · until {link.expires_at:%d %b %Y}", width="stretch")
            st.button(
                "Revoke",
                key=f"revoke-{link.link_id}",
                icon=":material/block:",
                on_click=_revoke,
                args=(project, link.link_id),
            )


def _revoke(project: Project, link_id: str) -> None:
    """A callback, so that the list is drawn afterwards."""
    ui.attempt(lambda: project.invites.revoke(link_id, session.actor()))
