"""The box in which a person allows a judge's key to be sent to its address: once, on this machine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import streamlit as st

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.sent_keys import SentKey
from rsf_core.project import Project
from rsf_core.scorers import registry
from rsf_core.web import ui
from rsf_core.web.literal import literal


def consent(project: Project, judge: Mapping[str, Any]) -> None:
    """Ask about each key that the judge in the form, or one in the target, would send and nobody has allowed yet."""
    option_sets = [judge, *(registry.options(scorer) for scorer in project.settings.target.scorers if _judges(scorer))]
    for sent in dict.fromkeys(
        lacking for options in option_sets if (lacking := _lacking(project, options)) is not None
    ):
        _box(project, sent)


def _judges(scorer: str) -> bool:
    try:
        return registry.sent_key(scorer) is not None
    except ScorerError:  # it cannot be called either, and the Target page shows why
        return False


def _lacking(project: Project, options: Mapping[str, Any]) -> SentKey | None:
    try:
        return project.own_scorers.key_to_allow(options)
    except ScorerError:  # it is being written; the problem is shown when it is tried or saved
        return None


def _box(project: Project, sent: SentKey) -> None:
    with st.container(border=True):
        st.markdown(":material/key: **This machine does not send a key to this address yet.**")
        st.markdown(
            f"The judge asks for the value of the environment variable {literal(sent.variable)} to be sent to "
            f"{literal(sent.url)} as its key. Whoever runs that address can then use the key. Allow it if you know the "
            "address and intend this key for it. The permission is remembered on this machine alone, for this variable "
            "and this address."
        )
        locked = ui.locked("own_scorers.allow_key")
        if st.button(
            "Allow sending this key there",
            icon=":material/verified_user:",
            key=f"allow-key-{sent.variable}-{sent.url}",
            disabled=locked,
        ):
            if ui.attempt(lambda: project.own_scorers.allow_key(sent)):
                st.rerun()
        if locked:
            st.caption("Whoever runs the app can allow it, on its machine:")
            st.code(shlex.join(["rsf", "allow-key", sent.variable, sent.url]), language=None)
