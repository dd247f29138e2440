"""The elements that every page is made of: heading, empty state, choices in the URL, errors, tables and texts."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from rsf_core.acceptance.target import compounding
from rsf_core.domain import access, bundled
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import in_words
from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter, View
from rsf_core.web import document, session
from rsf_core.web.literal import literal

REFRESH_SECONDS = 1.0


def style() -> None:
    """The style sheet again, for a document that does not have it (document.py)."""
    st.html(f"<style>{document.styles()}</style>")


def heading(title: str, sentence: str) -> None:
    """The page's name and one sentence on what is decided here."""
    st.title(title, anchor=False)
    st.html(f'<p class="rsf-lead">{html.escape(sentence)}</p>')
    if session.actor().role is access.Role.REVIEWER:
        st.caption(
            "You are here as a reviewer: you can see everything and review. Greyed-out controls are for the owner."
        )


def locked(action: str) -> bool:
    """Whether the button of an action is greyed out: the action is for owners and a reviewer is at the page, or it is for the
    person at the machine. The action itself would be refused too."""
    return not access.may(session.actor(), action)


def sidebar(project: Project) -> None:
    """The project that is shown, and the person who came in by a link."""
    with st.sidebar:
        st.caption(f"**{literal(project.folder.name)}** · task {literal(project.settings.task)}")
        if project.supervisor.problem:
            st.error(literal(project.supervisor.problem), icon=":material/error:")
        actor = session.actor()
        if actor.link_id is not None:
            st.text(f"{actor.name} ({actor.role}, by a link)")


def value_in_url(name: str, allowed: Callable[[str], bool], default: str) -> str:
    """The value of the widget that `in_url` draws under this name, also before it is drawn."""
    key, default = f"url-{name}", str(default)  # Streamlit mistakes a member of an enum
    value = st.query_params.get(name, default)
    if not allowed(value):
        value = default
    if (
        key not in st.session_state or st.session_state.get(f"url-seen-{name}") != value
    ):  # the URL was changed elsewhere
        st.session_state[key] = value
    return str(st.session_state[key])


def in_url(name: str, allowed: Callable[[str], bool], default: str, draw: Callable[[str], object]) -> str:
    """A widget whose value is the URL parameter `name` (left out if it is `default`). `draw` gets the widget's key and
    returns its value. The widget keeps one identity: with a changing default instead of a key it would be another widget
    after every choice, and the next click would be lost."""
    value_in_url(name, allowed, default)
    chosen = str(draw(f"url-{name}"))
    st.session_state[f"url-seen-{name}"] = chosen
    if chosen == str(default):
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
    return chosen


def is_whole_number(text: str, low: int, high: int) -> bool:
    """Whether a text from the URL is a whole number from `low` to `high`, in plain digits. int() refuses other digits, such as
    "²", and thousands of plain ones."""
    return text.isascii() and text.isdigit() and len(text) <= 18 and low <= int(text) <= high


def choice_in_url(name: str, options: Sequence[str], default: str, **more: Any) -> str:
    """Buttons side by side for a few options, the chosen one in the URL."""
    return in_url(
        name,
        options.__contains__,
        default,
        lambda key: st.segmented_control(
            name.capitalize(), options, required=True, label_visibility="collapsed", key=key, **more
        ),
    )


def chosen_round(project: Project) -> int:
    """The round that is shown, kept in the URL as ?round=; the newest by default."""
    newest = project.current_round
    if newest == 1:
        return 1
    names = [str(number) for number in range(newest, 0, -1)]
    with st.sidebar:
        return int(in_url("round", names.__contains__, str(newest), lambda key: st.selectbox("Round", names, key=key)))


def problem(message: str) -> None:
    st.error(literal(message), icon=":material/error:")


def settings_problems(project: Project) -> None:
    """Show which settings are not allowed, with the button that mends each."""
    for place, one in enumerate(project.settings_problems()):
        problem(f"project.toml: {one}. The default applies instead, and no stage starts until this is fixed.")
        help_text = f"Or give it another value: rsf set DIR {literal(one.setting)} VALUE"
        if st.button(
            "Use the default",
            key=f"mend-setting-{place}",
            icon=":material/build:",
            help=help_text,
            disabled=locked("unset"),
        ):
            if attempt(partial(project.unset, one.setting)):
                st.rerun()


def compounding_law(project: Project) -> None:
    """What a temperature other than 1 does to the target over the rounds, if it does something."""
    note = compounding(project.settings.target, project.settings.generate)
    if note:
        st.warning(literal(note), icon=":material/device_thermostat:")


def attempt(action: Callable[[], object]) -> bool:
    """Do what was clicked. Returns whether it succeeded; if not, the page shows the error."""
    try:
        with in_words():
            action()
    except RsfError as error:
        problem(str(error))
        return False
    return True


def save(project: Project, changed: Mapping[str, str]) -> bool:
    """Save settings by their keys, up to the first that is refused, which the page shows. Returns whether all were saved."""
    return all(attempt(partial(project.set, key, value)) for key, value in changed.items())


def empty(message: str, *, page: str | None = None, label: str = "", icon: str = ":material/hourglass_empty:") -> None:
    """What will be here, and a button that leads to it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"{icon} {literal(message)}")
        if page is not None:
            if st.button(label, type="primary", key=f"go-{page}"):
                go(page)


def go(page: str, /, **query: str) -> None:
    """Open another page of the app, with `query` in its URL, which names what to show."""
    st.switch_page(bundled.path("pages", f"{page}.py"), query_params={**session.query(), **query})


def review_link(number: int, candidates: CandidateFilter) -> None:
    """A button that opens Review on what was selected."""
    if st.button(f"Review the candidates with {literal(candidates.describe())}", icon=":material/rate_review:"):
        go("review", round=str(number), view=View.ALL, **candidates.to_query())


def actor() -> Actor:
    """Who acts in this tab, without a field that asks for it."""
    return session.actor()


def reviewer() -> Actor:
    """Who acts. With a link it is its holder; else a label, asked for in the sidebar and kept in the session and the URL."""
    actor = session.actor()
    with st.sidebar:
        if actor.link_id is not None:
            return actor
        offered = session.offered()
        typed = st.text_input("Reviewer", actor.name, max_chars=60, help="Every decision records who made it.").strip()
        st.caption("A label, not a login: anybody at this machine can use any name.")
        if typed != actor.name and attempt(lambda: session.speak_as(typed or access.usual_name())):
            return session.actor()
        if offered is not None:
            st.text(f"The address contains the name {offered}. It is not used until you confirm it.")
            st.button("Use this name", on_click=session.speak_as, args=(offered,), icon=":material/badge:")
    return actor


def grid(rows: Any, **options: Any) -> Any:
    """A table as all pages draw them: no column of row numbers, a dash where there is no value. Options are Streamlit's."""
    return st.dataframe(rows, hide_index=True, placeholder="–", **options)


def text(content: str) -> None:
    """Text of a prompt or a completion: untrusted, so shown as text only."""
    if content:
        st.html(f'<div class="rsf-text" dir="auto">{html.escape(content)}</div>')
    else:
        st.html('<div class="rsf-empty">(empty)</div>')
