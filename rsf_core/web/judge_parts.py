"""The part of the Scorers page where a person sets up a judge, tries it on a few candidates, saves it and lets it score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from rsf_core.project import Project
from rsf_core.project.judge_tries import JUDGED, Judged
from rsf_core.scorers import key_names
from rsf_core.scorers.judge_check import MOST_AT_ONCE, MOST_SECONDS, MOST_TOKENS
from rsf_core.scorers.own import OwnFile
from rsf_core.scorers.own_judge import LONGEST_RUBRIC
from rsf_core.scorers.rubrics import HIGHEST, LOWEST, RUBRICS, Rubric
from rsf_core.web import beside_parts, judge_keys, judging_parts, own_scorer_parts, page_draft, tried_parts, ui
from rsf_core.web.literal import literal

NEW = "A new one"
_START: Mapping[str, Any] = {
    "endpoint": "http://127.0.0.1:8080/v1",
    "model": "",
    "rubric": RUBRICS[0].text,
    "lowest": float(LOWEST),
    "highest": float(HIGHEST),
    "whole": True,
    "show_prompt": True,
    "show_reference": False,
    "key": "",
    "max_tokens": 256,
    "seconds": 30.0,
    "at_once": 4,
    "structured": True,
    "seed": 0,
}
_USUAL = {"lowest": 1.0, "highest": 10.0}  # the values of a file that does not set them
_DRAFT, _SHOWN, _TRIED = "judge-draft", "judge-shown", "judge-tried"
LONGEST_NAME = 40  # characters
LONGEST = {"endpoint": 2000, "model": 500, "key": 200, "rubric": LONGEST_RUBRIC}  # characters
LIMITS = {
    "max_tokens": (1, MOST_TOKENS),
    "seconds": (0.0, MOST_SECONDS),
    "at_once": (1, MOST_AT_ONCE),
    "seed": (0, 2**31 - 1),
}


def judges(project: Project, number: int) -> None:
    """Choose or begin a judge, set it up, try it, save it, let it score, and use it."""
    files = [file for file in project.own_scorers.files() if file.judge is not None]
    for broken in files:
        if broken.problem:
            ui.problem(broken.problem)
    usable = [file for file in files if not file.problem]
    options = [NEW, *(file.name for file in usable)]
    chosen = ui.in_url("judge", options.__contains__, NEW, lambda key: st.selectbox("Judge", options, key=key))
    file = next((file for file in usable if file.name == chosen), None)
    _begin(chosen, file)
    name, options_now = _form(file)
    usual = _usual(file)
    changed = (name, options_now) != (_name(file), {option: _plain(usual[option]) for option in options_now})
    page_draft.keep(_DRAFT, _shown(chosen, file), [name, options_now], [name, _without_secrets(options_now)], changed)
    if options_now["endpoint"]:
        st.caption(literal(judging_parts.sends_words(name or "It", options_now)))
    judge_keys.consent(project, options_now)
    left, right, _ = st.columns([1, 1, 2])
    locked: dict[str, Any] = {"disabled": ui.locked("own_scorers.try_judge"), "width": "stretch"}
    if left.button(f"Try on {JUDGED} candidates", icon=":material/science:", key="try-judge", **locked):
        doing = f"The judge reads {JUDGED} candidates: a minute at most"
        tried_parts.keep(_TRIED, options_now, doing, lambda: project.own_scorers.try_judge(options_now, number))
    locked = {"disabled": ui.locked("own_scorers.save_judge"), "width": "stretch"}
    if right.button("Save", type="primary", icon=":material/save:", key="save-judge", **locked):
        if ui.attempt(lambda: project.own_scorers.save_judge(name, options_now, new=file is None)):
            st.query_params["judge"] = name
            page_draft.forget(_DRAFT, _shown(chosen, file))
            st.rerun()
    tried: tuple[Mapping[str, Any], list[Judged]] | None = st.session_state.get(_TRIED)
    if tried is not None and tried[0] == options_now:
        _results(tried[1])
    if file is not None:
        scorer = project.scorer_book.current(file.name)
        beside_parts.score_beside(project, number, scorer)
        judging_parts.spent(project, [scorer])
        judging_parts.beside_people(project, scorer)
        own_scorer_parts.use(project, file, [file.name])


def _key(option: str) -> str:
    return f"judge-{option}"


def _shown(chosen: str, file: OwnFile | None) -> tuple[str, str]:
    return chosen, "" if file is None else file.version


def _begin(chosen: str, file: OwnFile | None) -> None:
    """Fill the fields when another judge is chosen, and only then, so that unsaved text stays."""
    shown = _shown(chosen, file)
    if st.session_state.get(_SHOWN) == shown and _key("rubric") in st.session_state:
        return
    st.session_state[_SHOWN] = shown
    name, values = _drafted(page_draft.read(_DRAFT, shown)) or (_name(file), _usual(file))
    st.session_state[_key("name")] = name
    for option, usual in _START.items():
        st.session_state[_key(option)] = type(usual)(values[option])


def _name(file: OwnFile | None) -> str:
    return "judge" if file is None else file.name


def _usual(file: OwnFile | None) -> Mapping[str, Any]:
    """The values in the form before anybody changes them."""
    return _START if file is None else {**_START, **_USUAL, **(file.judge or {})}


def _drafted(draft: Any) -> tuple[str, Mapping[str, Any]] | None:
    """A draft as an address may hold it; None if the form cannot show it."""
    try:
        name, values = draft
        options = {option: type(usual)(values[option]) for option, usual in _START.items()}
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    fits = all(math.isfinite(options[end]) for end in ("lowest", "highest"))
    fits = fits and all(low <= options[option] <= high for option, (low, high) in LIMITS.items())
    fits = fits and all(len(options[option]) <= most for option, most in LONGEST.items())
    return (str(name)[:LONGEST_NAME], options) if fits else None


def _without_secrets(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that may be kept in the page's address: no key, and no endpoint whose address may hold one."""
    key, endpoint = str(options["key"]), str(options["endpoint"])
    return {
        **options,
        "key": key if key_names.is_name(key) else "",
        "endpoint": "" if set("@?#") & set(endpoint) else endpoint,
    }


def _put(ready: Mapping[str, Rubric]) -> None:
    """Begin with the chosen rubric and its scale."""
    rubric = ready[st.session_state["judge-begin"]]
    st.session_state[_key("rubric")] = rubric.text
    st.session_state[_key("lowest")], st.session_state[_key("highest")] = float(LOWEST), float(HIGHEST)
    st.session_state[_key("whole")] = True
    st.session_state[_key("show_reference")] = rubric.shows_reference


def _form(file: OwnFile | None) -> tuple[str, dict[str, Any]]:
    """Draw the fields, and return the name and the options in them."""
    left, middle, right = st.columns([1, 2, 1])
    left.text_input(
        "Name",
        key=_key("name"),
        max_chars=LONGEST_NAME,
        disabled=file is not None,
        help="Small letters, digits and _: kind_and_true",
    )
    middle.text_input(
        "Endpoint",
        key=_key("endpoint"),
        max_chars=LONGEST["endpoint"],
        help="The address of a server with an OpenAI-compatible chat completions API: llama.cpp, vLLM, Ollama, a "
        "provider.",
    )
    right.text_input(
        "Model",
        key=_key("model"),
        max_chars=LONGEST["model"],
        placeholder="qwen3-8b",
        help="The model's name at the endpoint.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ready = {rubric.title: rubric for rubric in RUBRICS}
        st.selectbox("Begin with", list(ready), key="judge-begin")
        st.button("Insert it", icon=":material/edit_note:", key="judge-put", on_click=_put, args=(ready,))
    st.text_area(
        "Rubric",
        key=_key("rubric"),
        height=320,
        max_chars=LONGEST["rubric"],
        help="What makes a completion good, and what the numbers on the scale mean. The judge reads it with every "
        "candidate.",
    )
    low, high, whole = st.columns([1, 1, 2], vertical_alignment="bottom")
    low.number_input("Lowest score", key=_key("lowest"), step=1.0, format="%g")
    high.number_input("Highest score", key=_key("highest"), step=1.0, format="%g")
    whole.checkbox("Whole numbers only", key=_key("whole"))
    st.checkbox("Show the judge the prompt and the turns before it", key=_key("show_prompt"))
    st.checkbox("Show the judge the prompt’s reference as the right answer", key=_key("show_reference"))
    with st.expander("Key, limits and more", icon=":material/tune:"):
        _more()
    options = {option: st.session_state[_key(option)] for option in _START}
    options = {option: _plain(value) if option in ("lowest", "highest") else value for option, value in options.items()}
    for text in ("endpoint", "model", "key"):
        options[text] = options[text].strip()
    return str(st.session_state[_key("name")]).strip(), options


def _plain(value: Any) -> Any:
    """A whole number without a decimal point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _more() -> None:
    st.text_input(
        "Environment variable with the endpoint’s key",
        key=_key("key"),
        max_chars=LONGEST["key"],
        placeholder="OPENAI_API_KEY",
        help="The NAME of a variable that was set where the app was started, never the key itself: the key is not "
        "stored anywhere. Leave it empty if the endpoint needs no key.",
    )
    left, middle, right = st.columns(3)
    left.number_input(
        "Longest answer (tokens)",
        *LIMITS["max_tokens"],
        key=_key("max_tokens"),
        help="A model that thinks before it answers needs more.",
    )
    middle.number_input(
        "Longest wait (s)",
        *LIMITS["seconds"],
        step=1.0,
        key=_key("seconds"),
        format="%g",
        help="For one answer, above 0.",
    )
    right.number_input("Concurrent questions", *LIMITS["at_once"], key=_key("at_once"))
    left.number_input("Seed", *LIMITS["seed"], key=_key("seed"))
    st.checkbox(
        "Ask the server to allow only answers in the right form",
        key=_key("structured"),
        help="Turn it off for a server without response_format, and for a model that thinks before it answers.",
    )


def _results(tried: Sequence[Judged]) -> None:
    scores = [attempt.score for attempt in tried if attempt.score is not None]
    reasons = Counter(attempt.why for attempt in tried if attempt.score is None)
    same = ", all equal: a constant score decides nothing" if len(scores) > 1 == len(set(scores)) else ""
    range_of_scores = f"from {min(scores):g} to {max(scores):g}{same}" if scores else ""
    if not tried_parts.summary(len(tried), reasons, range_of_scores):
        return
    ui.grid(
        [
            {
                "score": attempt.score,
                **({"why none": attempt.why} if reasons else {}),
                **tried_parts.texts(attempt.candidate),
            }
            for attempt in tried
        ],
    )
    st.caption("None of this is saved.")
    question = next((attempt.asked for attempt in tried if attempt.asked), "")
    if question:
        with st.expander("What the judge was asked about the first one", icon=":material/forum:"):
            ui.text(question)
