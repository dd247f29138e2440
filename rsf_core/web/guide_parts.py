"""The parts of the Guide page, and what Review and Agreement show about the guide."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import streamlit as st

from rsf_core.domain.access import Actor
from rsf_core.domain.words import in_percent, plural
from rsf_core.project import Project
from rsf_core.project.guide_book import LONGEST, LONGEST_REASON
from rsf_core.review.under_guide import UnderGuide
from rsf_core.store.review_records import GuideVersion
from rsf_core.web import ui
from rsf_core.web.literal import literal

EXAMPLE = """Accept what is ...

- ...

Reject what is ...

- ...

Where you are not sure: skip it, or leave a note."""


def news(project: Project, reviewer: Actor) -> None:
    """A notice of a guide, or a newer version, that this reviewer has not read yet."""
    unread = project.guide_book.unread(reviewer)
    if unread is None:
        return
    guide, read = unread.guide, unread.read
    why = f": {guide.reason}" if guide.reason else ""
    words = (
        f"The guide has changed since you last read it: you have read version {read}, version {guide.version} is by "
        f"{guide.author}{why}."
        if read
        else f"There is a guide on how to decide here. It is version {guide.version}, by {guide.author}."
    )
    with st.container(border=True):
        st.markdown(f":material/menu_book: {literal(words)}")
        with st.container(horizontal=True):
            if st.button("Read the guide", type="primary"):
                ui.go("guide", **({"compared": str(read)} if read else {}))
            if st.button("I know it"):
                if ui.attempt(lambda: project.guide_book.read(guide.version, reviewer)):
                    st.rerun()


def show(guide: GuideVersion) -> None:
    """The guide with its version."""
    with st.container(border=True):
        ui.text(guide.text)
    when = f"{guide.created_at:%Y-%m-%d %H:%M}"
    st.caption(f"Version {guide.version:d}, {literal(when)} UTC, by {literal(guide.author)}")


def reading(project: Project, guide: GuideVersion, reviewer: Actor) -> None:
    """The button with which a reviewer confirms that they have read it."""
    if project.guide_book.unread(reviewer) is None:
        st.caption("You have read this version.")
    elif st.button("I have read it", type="primary", icon=":material/check:"):
        if ui.attempt(lambda: project.guide_book.read(guide.version, reviewer)):
            st.rerun()


def editor(project: Project, guide: GuideVersion | None, author: Actor) -> None:
    """Where the owner writes the guide."""
    with st.expander(
        "Write the guide" if guide is None else "Change the guide", icon=":material/edit:", expanded=not guide
    ):
        with st.form(f"guide-{guide.version if guide else 0}", border=False):
            text = st.text_area(
                "Guide, in Markdown", guide.text if guide else "", height=360, max_chars=LONGEST, placeholder=EXAMPLE
            )
            reason = st.text_input(
                "What changed, and why",
                max_chars=LONGEST_REASON,
                help="Reviewers see this with the notice of the change.",
            )
            if st.form_submit_button("Save as a new version", type="primary", disabled=ui.locked("guide_book.save")):
                if ui.attempt(lambda: project.guide_book.save(text, reason, author)):
                    st.rerun()
        st.caption(
            "Every version is kept. Each decision records the version that its reviewer was shown, and Review tells "
            "everybody about a change. Saving an empty text removes the guide."
        )


def history(versions: Sequence[GuideVersion]) -> None:
    """Every version, and what changed between two of them."""
    if len(versions) < 2:
        return
    st.header("Versions", anchor=False)
    ui.grid(
        [
            {
                "version": version.version,
                "by": version.author,
                "when": version.created_at,
                "what changed": version.reason,
            }
            for version in versions
        ],
    )
    by_number = {str(version.version): version for version in versions}
    newest, before = versions[0], versions[1]
    older = list(by_number)[1:]
    chosen = ui.in_url(
        "compared",
        older.__contains__,
        str(before.version),
        lambda key: st.selectbox("What changed since version", older, key=key, width=260),
    )
    lines = difflib.unified_diff(
        by_number[chosen].text.splitlines(), newest.text.splitlines(), chosen, str(newest.version), lineterm="", n=2
    )
    st.code("\n".join(list(lines)[2:]) or "Nothing.", language="diff", wrap_lines=True)


def agreement(agreements: Sequence[UnderGuide]) -> None:
    """The opinions given under each version of the guide, if there is more than one."""
    if len(agreements) < 2:
        return
    st.header("By version of the guide", anchor=False)
    ui.grid(
        [
            {
                "guide": f"version {row.version}" if row.version else "before there was one",
                "opinions": row.words,
                "like the rule": _of(row.like_the_rule, row.ruled),
                "pairs of reviewers": row.pairs,
                "who agree": _of(row.alike, row.pairs),
            }
            for row in agreements
        ],
    )
    total = plural(sum(row.words for row in agreements), "opinion")
    st.caption(
        f"{total}: each reviewer's last decision on a candidate, counted under the version of the guide that they were "
        "shown. “Like the rule”: the share that agrees with the rule, among candidates that the rule has decided. "
        "“Pairs of reviewers”: two people who decided the same candidate under the same version; decisions that settle "
        "a disagreement are left out. Different candidates were read under each version, so a difference may come from "
        "the candidates."
    )


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({in_percent(part / whole)})" if whole else "–"
