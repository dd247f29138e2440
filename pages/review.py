"""Review: all candidates of one prompt, side by side; accept, reject, undo."""

import streamlit as st

from rsf_core.domain import Action, JobKind
from rsf_core.web import session, ui

project = session.project()
number = ui.chosen_round(project)
newest = number == project.current_round

ui.heading(
    "Review", "Read what the rule decided, and overrule it where you know better. Your word goes before the rule."
)

running = ui.running_job(project, [JobKind.GENERATE, JobKind.SCORE])
rows = project.prompts_in_round(number)
if not rows:
    if not running:
        ui.empty("The candidates of each prompt will be shown here.", page="generate", label="Generate candidates")
    st.stop()

position = {row["prompt_id"]: i for i, row in enumerate(rows)}
asked = st.query_params.get("prompt", "")
index = position.get(int(asked), 0) if asked.isdigit() else 0
prompt_id = rows[index]["prompt_id"]
candidates = project.candidates(prompt_id, number)
focus_key = f"focus-{number}-{prompt_id}"
focus = min(st.session_state.get(focus_key, 0), len(candidates) - 1)


def show(new_index: int) -> None:
    st.query_params["prompt"] = str(rows[new_index]["prompt_id"])


def say(candidate_id: str, action: Action) -> None:
    """Record the decision and move on to the next candidate, or to the next prompt after the last."""
    if not ui.attempt(lambda: project.override(candidate_id, action)):
        return
    if focus + 1 < len(candidates):
        st.session_state[focus_key] = focus + 1
    elif index + 1 < len(rows):
        show(index + 1)


def undo() -> None:
    undone = project.undo(number)
    if undone is None:
        st.toast("There is nothing to undo in this round.")
        return
    _, prompt, k = undone.split(".")
    show(position[int(prompt)])
    st.session_state[f"focus-{number}-{prompt}"] = next(
        (i for i, c in enumerate(project.candidates(int(prompt), number)) if c.k == int(k)), 0
    )


def move(step: int) -> None:
    st.session_state[focus_key] = (focus + step) % len(candidates)


with st.container(horizontal=True, vertical_alignment="center"):
    st.button(
        "",
        icon=":material/chevron_left:",
        shortcut="Up",
        on_click=show,
        args=(max(index - 1, 0),),
        help="Prompt before",
        disabled=index == 0,
    )
    st.button(
        "",
        icon=":material/chevron_right:",
        shortcut="Down",
        on_click=show,
        args=(min(index + 1, len(rows) - 1),),
        help="Next prompt",
        disabled=index == len(rows) - 1,
    )
    st.caption(
        f"Prompt {index + 1} of {len(rows)} · {rows[index]['accepted']} of {rows[index]['candidates']} accepted · "
        f"{sum(row['overridden'] for row in rows)} overridden in this round"
    )

prompt = next(p for p in project.prompts() if p.prompt_id == prompt_id)
with st.container(border=True):
    st.caption("Prompt")
    ui.text(prompt.text)
    if prompt.reference is not None:
        st.caption("Reference")
        ui.text(prompt.reference)

if newest:
    current = candidates[focus]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Accept",
            shortcut="A",
            type="primary",
            icon=":material/check:",
            on_click=say,
            args=(current.candidate_id, Action.ACCEPT),
        )
        st.button(
            "Reject", shortcut="X", icon=":material/close:", on_click=say, args=(current.candidate_id, Action.REJECT)
        )
        st.button(
            "Back to the rule",
            shortcut="D",
            icon=":material/restart_alt:",
            on_click=say,
            args=(current.candidate_id, Action.AUTO),
        )
        st.button("Undo", shortcut="U", icon=":material/undo:", on_click=undo)
        st.button(
            "", shortcut="Left", icon=":material/arrow_upward:", help="Candidate before", on_click=move, args=(-1,)
        )
        st.button(
            "", shortcut="Right", icon=":material/arrow_downward:", help="Next candidate", on_click=move, args=(1,)
        )

for i, candidate in enumerate(candidates):
    with st.container(
        border=True,
        key=f"focused-{candidate.candidate_id}" if newest and i == focus else f"card-{candidate.candidate_id}",
    ):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{candidate.k + 1}**", width="content")
            ui.decision_badges(candidate)
            if candidate.acceptance_prob is not None:
                ratio = "−∞" if candidate.log_ratio == float("-inf") else f"{candidate.log_ratio:.2f} nats"
                st.caption(f"p_accept {candidate.acceptance_prob:.2f} · ℓ {ratio} · {candidate.token_count} tokens")
            shown = " · ".join(
                f"{name} {value:.3g}" for name, value in sorted(candidate.scores.items()) if ":" not in name
            )
            st.caption(shown or "not scored yet")
        ui.text(candidate.completion)
