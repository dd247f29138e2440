"""The part of the Scorers page where a person writes a scorer of the project's own, tries it and puts it into the target."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import streamlit as st

from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.project.own_scorers import TriedScore
from rsf_core.scorers.own import OwnFile
from rsf_core.web import page_draft, tried_parts, ui
from rsf_core.web.literal import literal

NEW = "A new one"
EXAMPLE = '''from rsf_core import scorer


@scorer(bounds=(0, 1))
def short(completion, prompt, reference):
    """1 where the completion has at most 20 words, less the longer it is"""
    words = len(completion.split())
    return min(1, 20 / max(words, 1))
'''
_NAME, _SOURCE, _TRIED, _SHOWN = "own-scorer-name", "own-scorer-source", "own-scorer-tried", "own-scorer-shown"
_DRAFT = "scorer-draft"


def own(project: Project, number: int) -> None:
    """Choose or begin a scorer, allow the project's code, write, try, save, use."""
    files = [file for file in project.own_scorers.files() if file.judge is None]
    for broken in files:
        if broken.problem:
            ui.problem(broken.problem)
    trusted = project.own_scorers.is_trusted()
    if not trusted:
        _consent(project, files)
    options = [NEW, *(file.name for file in files)]
    chosen = ui.in_url("file", options.__contains__, NEW, lambda key: st.selectbox("Scorer", options, key=key))
    file = next((file for file in files if file.name == chosen), None)
    _begin(chosen, file)
    st.text_input(
        "Name", key=_NAME, max_chars=40, disabled=file is not None, help="Small letters, digits and _: short_and_polite"
    )
    st.text_area(
        "Code",
        key=_SOURCE,
        height=300,
        help="A function (completion, prompt, reference) that returns a number, or a dict of numbers, where each key "
        "becomes a score of its own, NAME.KEY. The same completion must always get the same number.",
    )
    st.caption(
        "`completion` and `prompt` are texts; `reference` is the prompt’s reference or None. A candidate gets no score "
        "if the code fails on it or takes longer than 10 s, and the reason is shown."
    )
    left, right, _ = st.columns([1, 1, 2])
    name, source = str(st.session_state[_NAME]).strip(), str(st.session_state[_SOURCE])
    page_draft.keep(_DRAFT, _version(chosen, file), [name, source], [name, source], (name, source) != _saved(file))
    locked: dict[str, Any] = {"disabled": not trusted or ui.locked("own_scorers.try_out"), "width": "stretch"}
    if left.button("Try on 20 candidates", icon=":material/science:", key="try-own-scorer", **locked):
        tried_parts.keep(
            _TRIED, source, "Scoring 20 candidates", lambda: project.own_scorers.try_out(name, source, number)
        )
    locked = {"disabled": ui.locked("own_scorers.save"), "width": "stretch"}
    if right.button("Save", type="primary", icon=":material/save:", key="save-own-scorer", **locked):
        if ui.attempt(lambda: project.own_scorers.save(name, source)):
            st.query_params["file"] = name
            page_draft.forget(_DRAFT, _version(chosen, file))
            st.session_state.pop(_SHOWN, None)
            st.rerun()
    tried: tuple[str, list[TriedScore]] | None = st.session_state.get(_TRIED)
    results = tried[1] if tried is not None and tried[0] == source else []
    if tried is not None and tried[0] == source:
        _results(results)
    if file is not None and not file.problem:
        keys = list(dict.fromkeys(key for result in results for key in result.scores if key))
        use(project, file, [f"{file.name}.{key}" for key in keys] or [file.name])


def _consent(project: Project, files: Sequence[OwnFile]) -> None:
    there = f"It has {plural(len(files), 'scorer')} of its own already: read them below first. " if files else ""
    with st.container(border=True):
        st.markdown(":material/shield: **This machine does not run code of this project yet.**")
        st.markdown(
            f"{literal(there)} A scorer of your own is a Python program. It runs as you, in its own process with "
            "limits of time and memory. These protect against mistakes, not against malice: the program can read your "
            "files and use the network. Every owner of this project, including owners by link, can then write code "
            "that runs here. The permission is remembered for this folder, on this machine alone."
        )
        locked = ui.locked("own_scorers.trust")
        if st.button(
            "Allow this project's code to run here",
            icon=":material/verified_user:",
            key="trust-project",
            disabled=locked,
        ):
            if ui.attempt(project.own_scorers.trust):
                st.rerun()
        if locked:
            st.caption("Whoever runs the app can allow it, on its machine:")
            st.code(shlex.join(["rsf", "trust", str(project.folder)]), language=None)


def _begin(chosen: str, file: OwnFile | None) -> None:
    """Fill the fields when another scorer is chosen, and only then, so that unsaved text stays."""
    shown = _version(chosen, file)
    if st.session_state.get(_SHOWN) != shown or _SOURCE not in st.session_state:
        draft = page_draft.read(_DRAFT, shown)
        is_draft = isinstance(draft, list) and len(draft) == 2 and all(isinstance(one, str) for one in draft)
        st.session_state[_NAME], st.session_state[_SOURCE] = draft if is_draft else _saved(file)
        st.session_state[_SHOWN] = shown


def _version(chosen: str, file: OwnFile | None) -> tuple[str, str]:
    return chosen, "" if file is None else file.version


def _saved(file: OwnFile | None) -> tuple[str, str]:
    """The values in the form before anybody changes them."""
    return ("short", EXAMPLE) if file is None else (file.name, file.source)


def _results(tried: Sequence[TriedScore]) -> None:
    failed = [attempt for attempt in tried if attempt.error]
    milliseconds = [attempt.milliseconds for attempt in tried if not attempt.error]
    mean = sum(milliseconds) / max(len(milliseconds), 1)
    unscored = {failed[0].error: len(failed)} if failed else {}
    if not tried_parts.summary(len(tried), unscored, f"{mean:.3g} ms each, including the first, which loads the code"):
        return
    keys = list(dict.fromkeys(key for attempt in tried for key in attempt.scores))
    ui.grid(
        [
            {
                **{key or "score": attempt.scores.get(key) for key in keys},
                **({"error": attempt.error} if failed else {}),
                **tried_parts.texts(attempt.candidate),
                "ms": attempt.milliseconds,
            }
            for attempt in tried
        ],
        column_config={"ms": st.column_config.NumberColumn(format="%.3g")},
    )
    st.caption("None of this is saved.")


def use(project: Project, file: OwnFile, names: Sequence[str]) -> None:
    """Whether a scorer is in the target, and the button that makes one of its scores, `names`, a reward."""
    rewards = project.settings.target.rewards
    used = [name for name in rewards if name.partition("@")[0].partition(".")[0] == file.name]
    st.subheader("In the target", anchor=False)
    if used:
        st.caption(f"A reward now: {literal(', '.join(f'{name} × {rewards[name]:g}' for name in used))}.")
    else:
        st.caption("It is not a reward yet, so it does not influence what is accepted.")
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    name = left.selectbox("Score", names, key="own-scorer-score")
    weight = middle.number_input(
        "Weight", value=1.0, step=0.5, key="own-scorer-weight", help="Negative: less is better."
    )
    locked = ui.locked("own_scorers.use")
    if right.button(
        "Use as a reward", icon=":material/add_task:", key="use-own-scorer", disabled=locked, width="stretch"
    ):
        if ui.attempt(lambda: project.own_scorers.use(str(name), float(weight))):
            st.rerun()
    st.caption(
        f"Version {literal(file.version)}. Changing a scorer makes a new version: it scores candidates again, and "
        "other scorers' scores stay. Score the round on the Generate page to let it decide."
    )
