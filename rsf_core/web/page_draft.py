"""What is written in a form and not saved yet: kept while another page or another entry is looked at, and in the address, so
that a reload does not lose it. It saves nothing in the project."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from rsf_core.web import in_address

NOTE = "A draft that was not saved is in the form, as the address of the page holds it."
TOO_LONG = "This draft is too long for the address of the page: a reload loses it. Save it before."


def begun(parameter: str, shown: tuple[str, str]) -> Any:
    """What was written in the form of `shown`, an entry and its version; None where nothing was. An address may hold anything:
    whoever asks checks what it is."""
    kept = st.session_state.get(_key(parameter))
    if kept is not None:
        return kept[1] if kept[0] == shown else None
    try:
        entry, version, said = json.loads(in_address.unpacked(st.query_params.get(parameter, "")) or "null")
    except (ValueError, TypeError, RecursionError):
        return None
    if (entry, version) != shown:
        return None
    st.caption(NOTE)
    return said


def keep(parameter: str, shown: tuple[str, str], said: Any, in_url: Any, changed: bool) -> None:
    """Keep what the form says; `changed` from what is saved, `in_url` also in the address."""
    st.session_state[_key(parameter)] = shown, said
    text = in_address.packed(json.dumps([*shown, in_url], ensure_ascii=False, separators=(",", ":")))
    if not changed or text is None:
        st.query_params.pop(parameter, None)
        if changed:
            st.caption(TOO_LONG)
    elif st.query_params.get(parameter) != text:
        st.query_params[parameter] = text


def forget(parameter: str) -> None:
    """It is saved."""
    st.session_state.pop(_key(parameter), None)
    st.query_params.pop(parameter, None)


def _key(parameter: str) -> str:
    return f"page-draft-{parameter}"
