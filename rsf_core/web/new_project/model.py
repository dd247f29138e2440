"""The step of a new project in which its model is chosen and tried."""

from __future__ import annotations

import os

import streamlit as st

from rsf_core.domain import Split
from rsf_core.domain.words import plural, seconds, size, speed
from rsf_core.jobs.model_check import CheckState, ModelReport
from rsf_core.models import DEFAULT_MODEL
from rsf_core.project.draft import Draft
from rsf_core.project.guarded import guarded
from rsf_core.web import session, ui
from rsf_core.web.literal import literal

_EMBEDDED, _FOLDER, _HUB = "The one included in RSF Studio", "A folder on this machine", "From the Hugging Face hub"


def draw(draft: Draft) -> None:
    """The choice of a model, loading it once, and what that showed."""
    current = draft.project.settings.model
    kinds = [_EMBEDDED, _FOLDER, _HUB]
    usual = (
        _EMBEDDED if current == DEFAULT_MODEL else _FOLDER if os.sep in current and current.startswith(os.sep) else _HUB
    )
    kind = st.radio(
        "Model",
        kinds,
        index=kinds.index(usual),
        captions=[
            "SmolLM2-135M-Instruct: small enough for any machine, good enough to see how everything works.",
            "With config.json, a tokenizer and weights as safetensors.",
            "By its name on the hub, such as HuggingFaceTB/SmolLM2-360M-Instruct. It is downloaded once.",
        ],
        key=f"model-kind-{draft.draft_id}",
    )
    st.caption(
        "The model runs on this machine, because accepting a candidate needs the exact probability with which it was "
        "drawn, and a model behind an API does not give that. Such a model can judge completions instead: see the "
        "scorer llm_judge."
    )
    name = DEFAULT_MODEL
    if kind != _EMBEDDED:
        label = "Its folder" if kind == _FOLDER else "Its name on the hub"
        name = st.text_input(label, current if kind == usual else "", key=f"model-{kind}-{draft.draft_id}").strip()
        if not name:
            st.caption("Name the model, then load it.")
            return
    if name != current and not ui.attempt(lambda: guarded(draft.project, session.actor).set("model", name)):
        return
    state = draft.model()
    if state.running:
        _loading(draft)
    elif state.report is not None:
        _report(draft, state.report)
    else:
        label = "Load it once" if state.problem is None else "Try again"
        if st.button(label, type="primary", icon=":material/play_arrow:"):
            if ui.attempt(draft.try_model):
                st.rerun()
        if state.problem is None:
            st.caption(
                "It takes some seconds. The embedded model takes about 20 s more the first time, and a new one from "
                "the hub takes longer."
            )


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _loading(draft: Draft) -> None:
    state: CheckState = draft.model()
    if not state.running:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"Trying the model: {state.message} …", width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", key="model-cancel"):
            draft.cancel_model()
            st.rerun()


def _report(draft: Draft, report: ModelReport) -> None:
    settings = draft.project.settings
    facts = {
        "Parameters": _count(report.parameters),
        "On disk": size(report.weight_bytes),
        "Context": "no limit" if report.context is None else f"{report.context:,} tokens",
        "Chat template": "yes" if report.chat_template else "no",
        "Memory in use": size(report.memory_bytes),
        "Speed": speed(report.tokens_per_second),
    }
    st.success("The model loads and draws with exact probabilities.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        for name, value in facts.items():
            st.metric(literal(name), literal(value), border=True, height="stretch")
    kind = "encoder-decoder" if report.encoder_decoder else "causal model"
    train = draft.facts().prompts.get(Split.TRAIN, 0)
    drawn = min(settings.generate.prompts or train, train) * settings.generate.candidates
    longest = drawn * settings.generate.max_new_tokens / report.tokens_per_second
    words = f"A {report.family} {kind}, computed on {report.placement}, loaded in {seconds(report.load_seconds)}."
    if drawn:
        words += (
            f" A round of {plural(drawn, 'candidate')} with at most {plural(settings.generate.max_new_tokens, 'token')} each "
            f"takes up to about {seconds(longest)} to draw."
        )
    st.caption(literal(words))
    if not report.chat_template and not report.encoder_decoder:
        st.caption(
            "The model has no chat template: it continues prompts as plain text instead of answering them as in a chat."
        )
    with st.expander("One of the completions it just drew", icon=":material/chat:"):
        ui.text(report.prompt)
        st.caption("completion")
        ui.text(report.completion)
    if st.button("Load it again", type="tertiary", icon=":material/replay:"):
        if ui.attempt(draft.try_model_again):
            st.rerun()


def _count(number: int) -> str:
    for unit, name in ((10**9, "B"), (10**6, "M")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:,}"
