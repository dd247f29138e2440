"""Generate: how many candidates the proposal draws, and how they come in."""

import json

import streamlit as st

from rsf_core.domain import JobKind, Split
from rsf_core.domain.words import in_percent, plural
from rsf_core.rounds.stages import Progress, Stage
from rsf_core.web import drawing_until, job_parts, prompt_bands, round_parts, session, ui
from rsf_core.web.literal import literal

project = session.project()
number = ui.chosen_round(project)
newest = number == project.current_round
settings = project.settings
counts = project.counts(number)
states = {state.stage: state for state in project.stages(number)}
generate, score = states[Stage.GENERATE], states[Stage.SCORE]

ui.heading(
    "Generate",
    "The proposal draws several completions for each prompt; the distribution they are drawn from is recorded exactly.",
)

round_parts.stale_proposal(project, number)
running = job_parts.running_job(project, [JobKind.GENERATE, JobKind.SCORE])
if newest and not running:
    for state in (generate, score):
        job_parts.ended_badly(project, state)
round_parts.left_out(generate)

if newest and not running and not any(project.prompt_counts().values()):
    ui.empty("There are no prompts to draw candidates for.", page="prompts", label="Add prompts")
elif newest and not running:
    g = settings.generate
    train = project.prompt_counts().get(Split.TRAIN, 0)
    drawn = min(g.prompts, train) if g.prompts else train
    label = "Generate candidates" if not counts.candidates else f"Draw {g.candidates} more for each prompt"
    with st.container(horizontal=True, vertical_alignment="center"):
        ended = generate.progress is Progress.FAILED and generate.job is not None  # Resume and Start again are above
        if (counts.candidates or not ended) and st.button(
            label,
            type="secondary" if counts.candidates else "primary",
            icon=":material/casino:",
            disabled=ui.locked("generate"),
        ):
            if ui.attempt(project.generate):
                st.rerun()
        if generate.progress is Progress.FAILED and counts.undecided:
            if st.button(
                f"Score the {counts.candidates:,} that are there", icon=":material/speed:", disabled=ui.locked("score")
            ):
                if ui.attempt(project.score):
                    st.rerun()
        st.caption(
            f"{plural(g.candidates, 'candidate')} for each of {literal(drawn)} prompts from "
            f"**{literal(project.rounds()[number - 1].model_id)}** ({literal(settings.model)}), temperature "
            f"{g.temperature:g}, at most {plural(g.max_new_tokens, 'token')}. Scoring starts automatically afterwards."
        )

if newest:
    ui.compounding_law(project)
    with st.expander("Settings", icon=":material/settings:"):
        with st.form("generate-settings", border=False):
            g = settings.generate
            first, second, third = st.columns(3)
            values = {
                "candidates": first.number_input("Candidates per prompt", 1, 1024, g.candidates),
                "prompts": second.number_input(
                    "Prompts per round", 0, 1_000_000, g.prompts, help="0 means all train prompts."
                ),
                "max_new_tokens": third.number_input("Most new tokens", 1, 8192, g.max_new_tokens),
                "temperature": first.number_input("Temperature", 0.01, 5.0, g.temperature, 0.05),
                "top_k": second.number_input(
                    "top-k", 0, 100_000, g.top_k, help="0 is off. top-k removes support that samples of q cannot show."
                ),
                "top_p": third.number_input(
                    "top-p",
                    0.01,
                    1.0,
                    g.top_p,
                    0.01,
                    help="1 is off. top-p removes support that samples of q cannot show.",
                ),
                "seed": first.number_input("Seed", 0, 2**31 - 1, g.seed),
                "batch_size": second.number_input("Rows decoded at once", 1, 4096, g.batch_size),
                "model_masks": st.checkbox(
                    "Exclude the tokens that the model's own settings exclude",
                    g.model_masks,
                    help="suppress_tokens, begin_suppress_tokens, bad_words_ids and min_new_tokens of its "
                    "generation_config.json become part of the model, for drawing, scoring and training alike. The "
                    "Models page lists them.",
                ),
            }
            if st.form_submit_button("Save settings", disabled=ui.locked("set")):
                changed = {k: json.dumps(v) for k, v in values.items() if v != getattr(g, k)}
                if ui.save(project, {f"generate.{k}": v for k, v in changed.items()}):
                    st.rerun()


@st.fragment(run_every=ui.REFRESH_SECONDS if running else None)
def numbers() -> None:
    """What has been drawn so far."""
    counts = project.counts(number)
    if not counts.candidates:
        ui.empty("Candidates will be listed here as they are drawn.")
        return
    with st.container(horizontal=True):
        st.metric("Candidates", f"{counts.candidates:,}", border=True, height="stretch")
        st.metric("Prompts", f"{counts.prompts:,}", border=True, height="stretch")
        st.metric("Scored", f"{counts.scored:,}", border=True, height="stretch")
        st.metric("Truncated", in_percent(counts.truncated / counts.candidates), border=True, height="stretch")


@st.fragment(run_every=ui.REFRESH_SECONDS if running else None)
def latest() -> None:
    """The newest completions."""
    rows = project.latest_completions(6, number)
    if rows:
        st.header("Latest", anchor=False)
    for row in rows:
        with st.container(border=True):
            st.caption(literal(row.candidate_id))
            ui.text(row.completion)


numbers()
drawing_until.panel(project, number, startable=newest and not running)
if counts.decided:
    prompt_bands.panel(project, number, editable=newest and not running)
if not running and newest and counts.decided:
    with st.container(horizontal=True):
        if st.button("Choose M", type="primary", icon=":material/tune:"):
            ui.go("acceptance")
        if st.button("Review them", icon=":material/rate_review:"):
            ui.go("review")
latest()
