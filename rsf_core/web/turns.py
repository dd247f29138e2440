"""The turns of a conversation on a page: shown, and edited."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsf_core.domain.errors import PromptError
from rsf_core.domain.turns import Turns, with_roles
from rsf_core.web import ui
from rsf_core.web.literal import literal


def show(text: str, system: str | None, earlier: Sequence[str]) -> None:
    """What the model is asked, each turn under its role; a plain prompt without roles."""
    if system:
        st.caption("system")
        ui.text(system)
    for role, content in with_roles(earlier):
        st.caption(literal(role))
        ui.text(content)
    if system or earlier:
        st.caption("user")
    ui.text(text)


def text_areas(earlier: Sequence[str], key: str) -> list[str]:
    """Text areas for the turns before a prompt, and for one more exchange; see `from_texts`."""
    texts: list[str] = []
    with st.expander("Earlier turns of the conversation", expanded=bool(earlier)):
        st.caption(
            "What user and assistant said earlier. Leave it empty for a plain prompt; an exchange with both turns "
            "empty is removed. To add more than one, save and edit again."
        )
        for number in range(len(earlier) // 2 + 1):
            first, second = st.columns(2)
            for column, role, at in ((first, "User", 2 * number), (second, "Assistant", 2 * number + 1)):
                old = earlier[at] if at < len(earlier) else ""
                texts.append(
                    column.text_area(literal(f"{role}, turn {at + 1}"), old, height=90, key=f"{key}-turn-{at}")
                )
    return texts


def from_texts(texts: Sequence[str]) -> Turns:
    """The turns in the text areas, without empty exchanges. Raises PromptError if half of an exchange is missing."""
    turns: list[str] = []
    for at in range(0, len(texts), 2):
        exchange = [text.strip() for text in texts[at : at + 2]]
        if any(exchange) and not all(exchange):
            missing = at + 1 + exchange.index("")
            raise PromptError(f"turn {missing} is empty: write what was said, or empty both turns of the exchange")
        turns += exchange if all(exchange) else []
    return tuple(turns)
