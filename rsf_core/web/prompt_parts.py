"""The parts of the Prompts page above its list: the numbers, what cannot be used, and adding a prompt by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.scorers import registry
from rsf_core.store.records import Fit
from rsf_core.web import turns
from rsf_core.web.literal import literal

TO_DO = "Shorten or retire them, lower generate.max_new_tokens, or use another model."


def numbers(project: Project, counts: Mapping[Split, int]) -> None:
    """The number of prompts of each split, and of those with a reference."""
    with st.container(horizontal=True):
        st.metric("Train", f"{counts.get(Split.TRAIN, 0):,}", border=True, height="stretch")
        st.metric("Held out", f"{counts.get(Split.HELD_OUT, 0):,}", border=True, height="stretch")
        if counts.get(Split.SEALED):
            st.metric("Sealed", f"{counts[Split.SEALED]:,}", border=True, height="stretch")
        st.metric("With a reference", f"{project.prompt_book.with_reference():,}", border=True, height="stretch")


def unusable(project: Project) -> None:
    """Show which prompts have a reference that the target cannot use, before anything is drawn for them."""
    problems = project.prompt_book.unusable()
    if problems:
        with st.expander(
            f"{plural(len(problems), 'prompt')} cannot be scored",
            icon=":material/warning:",
            expanded=len(problems) < 20,
        ):
            st.text(registry.describe(problems))
            st.caption(
                "Edit their references or retire them in the list below, or change the target on the Generate page."
            )


def unfit(project: Project) -> None:
    """Show how many prompts in use the model does not take, as far as they have been checked."""
    counts = project.prompt_lengths.counts()
    long, refused = counts.get(Fit.TOO_LONG, 0), counts.get(Fit.REFUSED, 0)
    if long or refused:
        parts = [f"{long:,} too long beside generate.max_new_tokens"] if long else []
        parts += [f"{refused:,} refused by its template or tokenizer"] if refused else []
        st.warning(
            literal(
                f"The model does not take {long + refused:,} of the prompts: {', '.join(parts)}. They are left out. {TO_DO}"
            ),
            icon=":material/straighten:",
        )


def add_by_hand(
    project: Project,
    text: str,
    reference: str | None,
    system: str | None,
    split: Split | None,
    earlier: Sequence[str],
) -> None:
    """Add one prompt. `earlier`: the texts in its text areas for turns. Raises PromptError with what is wrong with it."""
    row = PromptRow(text, reference, system, split, earlier=turns.from_texts(earlier))
    problems = project.import_prompts([row], "by hand")
    if problems:
        raise PromptError(str(problems[0]))
