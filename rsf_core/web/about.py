"""What a project is, in one line. Each part links to the page where it is changed."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from rsf_core.domain import Split, bundled
from rsf_core.domain.settings import Settings, Target
from rsf_core.web import session
from rsf_core.web.literal import literal

MOST_NAMES = 3  # of scorers named in the line


def line(settings: Settings, prompts: Mapping[Split, int]) -> None:
    """Task, model, target and prompts."""
    parts = [
        ("Model", settings.model.rstrip("/").rpartition("/")[2], "models", f"{settings.model}: see Models"),
        ("Target", target_in_words(settings.target), "target", "What makes a candidate good"),
        ("Prompts", prompts_in_words(prompts), "prompts", "Add, edit and retire prompts"),
    ]
    with st.container(horizontal=True, gap="small", key="about"):
        if session.alone():
            parts.insert(0, ("Task", settings.task, "prompts", "What the model learns here"))
        else:
            parts.insert(
                0, ("Task", settings.task, "new_project", "It cannot change: for another task make another project")
            )
        for name, value, page, more in parts:
            st.page_link(
                bundled.path("pages", f"{page}.py"),
                label=f"{name} **{literal(value)}**",
                help=literal(more),
                query_params={} if page == "new_project" else session.query(),
            )


def target_in_words(target: Target) -> str:
    """Scorers of the target with their weights, and how many constraints: `sentiment ×1, 2 constraints`."""
    named = [f"{name} ×{f'{weight:g}'.replace('-', '−')}" for name, weight in target.rewards.items()]
    words = named[:MOST_NAMES] + ([f"{len(named) - MOST_NAMES} more"] if len(named) > MOST_NAMES else [])
    constraints = [f"{each.scorer}" for each in target.constraints]
    if constraints:
        shown = ", ".join(constraints[:MOST_NAMES]) + (", …" if len(constraints) > MOST_NAMES else "")
        words.append(f"where {shown} pass" if len(constraints) > 1 else f"where {shown} passes")
    return ", ".join(words) if words else "none: the reference alone decides"


def prompts_in_words(counts: Mapping[Split, int]) -> str:
    """`192 train, 48 held out`, and the sealed prompts if there are any."""
    shown = [
        f"{counts.get(split, 0):,} {str(split).replace('_', ' ')}"
        for split in (Split.TRAIN, Split.HELD_OUT, Split.SEALED)
        if split is not Split.SEALED or counts.get(split, 0)
    ]
    return ", ".join(shown)
