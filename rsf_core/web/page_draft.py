"""Unsaved text of a form, kept while another page or another entry is shown. The draft of the entry that is shown is in the
address too, so that a reload does not lose it. Nothing is saved in the project.

A form may hold a program that one click runs, or the address to which candidates are sent. So a draft in an address has a
seal: only what was typed in this browser is restored, nothing that somebody has written into a link."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from rsf_core.web import in_address, session
from rsf_core.web.literal import literal

NOTE = "The form shows an unsaved draft, restored from the page's address."
LEFT_OUT = (
    "The page's address contains a draft that was not written in this browser since the app started. It was ignored: "
    "the form shows what is saved."
)
TOO_LONG = "This draft is too long for the page's address: a reload would lose it. Save it first."
_MARK = "."  # between a draft and its seal; in neither of them


def read(parameter: str, shown: tuple[str, str]) -> Any:
    """The draft in the form of `shown`, an entry and its version; None if there is none. A draft in an address, made by an
    earlier version of the app, may be anything: the caller checks it."""
    st.session_state.pop(_notice_key(parameter), None)
    kept = _drafts(parameter)
    if shown in kept:
        return kept[shown]
    text, _, seal = st.query_params.get(parameter, "").partition(_MARK)
    if not text:
        return None
    if not hmac.compare_digest(seal.encode(), session.seal(parameter, text).encode()):
        st.session_state[_notice_key(parameter)] = LEFT_OUT
        return None
    try:
        entry, version, draft = json.loads(in_address.unpacked(text) or "null")
    except (ValueError, TypeError, RecursionError):
        return None
    if (entry, version) != shown:
        return None
    st.session_state[_notice_key(parameter)] = NOTE
    return draft


def keep(parameter: str, shown: tuple[str, str], entered: Any, in_url: Any, changed: bool) -> None:
    """Keep the values in the form if they are `changed` from what is saved, and `in_url` in the address too. While this entry
    is shown, show what became of the draft that was in the address."""
    others = {item: draft for item, draft in _drafts(parameter).items() if item[0] != shown[0]}
    st.session_state[_key(parameter)] = {**others, shown: entered} if changed else others
    kept = st.session_state.get(_notice_key(parameter))
    if kept is not None:
        st.caption(literal(kept))
    text = in_address.packed(json.dumps([*shown, in_url], ensure_ascii=False, separators=(",", ":")))
    if not changed or text is None:
        st.query_params.pop(parameter, None)
        if changed:
            st.caption(TOO_LONG)
        return
    sealed = f"{text}{_MARK}{session.seal(parameter, text)}"
    if st.query_params.get(parameter) != sealed:
        st.query_params[parameter] = sealed


def forget(parameter: str, shown: tuple[str, str]) -> None:
    """Forget a draft that has been saved."""
    st.session_state[_key(parameter)] = {item: draft for item, draft in _drafts(parameter).items() if item != shown}
    st.session_state.pop(_notice_key(parameter), None)
    st.query_params.pop(parameter, None)


def _drafts(parameter: str) -> Mapping[tuple[str, str], Any]:
    """The drafts of this tab, by entry and version."""
    drafts: Mapping[tuple[str, str], Any] = st.session_state.get(_key(parameter), {})
    return drafts


def _key(parameter: str) -> str:
    return f"page-draft-{parameter}"


def _notice_key(parameter: str) -> str:
    return f"page-draft-notice-{parameter}"
