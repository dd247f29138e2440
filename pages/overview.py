"""Overview: the round as a path, the one next step, and what the rounds have gained so far."""

import math

import streamlit as st

from rsf_core.domain import JobKind
from rsf_core.domain.words import SHARES, in_percent, plural
from rsf_core.web import (
    about,
    autopilot_panel,
    charts,
    elsewhere,
    estimates,
    job_parts,
    lost,
    next_step,
    round_parts,
    runs,
    session,
    ui,
)
from rsf_core.web.literal import literal

NOT_MEASURED = (
    "No held-out completion of the tuned model has a score of every scorer in the target, so its gain is unknown. Answers and "
    "failing scorers leave completions without a score. Train shows the other metrics."
)
project = session.project()
number = ui.chosen_round(project)
newest = number == project.current_round
stages = project.stages(number)
counts = project.counts(number)

ui.heading(
    f"Round {number:,}",
    "Draw candidates, keep the good ones, train on them, and see on held-out prompts whether it helped.",
)
about.line(project.settings, project.prompt_counts())
round_parts.path(stages)

running = newest and job_parts.running_job(project, list(JobKind))
run = project.autopilot.latest_run()
if newest and not running and not (run and run.active):
    next_step.panel(project, stages)

if newest and (any(project.prompt_counts().values()) or (run and run.active)):
    autopilot_panel.panel(project)

if counts.candidates:
    rate = project.rates(number).effective
    with st.container(horizontal=True):
        st.metric("Candidates", f"{counts.candidates:,}", border=True, height="stretch")
        st.metric(
            "Accepted",
            f"{counts.accepted:,}",
            None if math.isnan(rate) else f"rate {in_percent(rate)}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="The rate is the mean over prompts, counting only the candidates drawn equally for all of them.",
        )
        st.metric("By a person", f"{counts.overridden:,}", border=True, height="stretch")
        st.metric(
            "Truncated",
            f"{counts.truncated:,}",
            f"{in_percent(counts.truncated / counts.candidates)} of all",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )

elsewhere.panel(project, number, counts.candidates)

st.header("Held-out gain", anchor=False)
comparisons = [
    c for c in (project.comparison(round_record.round) for round_record in project.rounds()) if c is not None
]
if not comparisons:
    ui.empty("After the first round, its gain on prompts the model was never trained on appears here.")
else:
    latest, together = comparisons[-1], project.gains()
    metric = latest.headline
    left, right = st.columns([3, 2], gap="large")
    with left:
        if metric in latest.after:
            st.plotly_chart(charts.gains(comparisons, metric, metric in SHARES), config=charts.CONFIG)
        else:
            st.info(NOT_MEASURED, icon=":material/help:")
    with right:
        gain = together.get((latest.round, "tuned"), latest.gain_over_base.get(metric))
        beyond_chance = gain is not None and estimates.beyond_chance(gain)
        st.metric(
            f"{literal(metric)}, round {latest.round:,} against the base",
            literal(estimates.interval(latest.after.get(metric), metric).split("  ")[0]),
            estimates.interval(gain, metric, signed=True),
            delta_color="normal" if beyond_chance else "off",
            delta_arrow="auto" if beyond_chance else "off",
        )
        st.caption(
            f"Mean over {plural(latest.prompts, 'held-out prompt')} ({plural(latest.completions, 'completion')}); "
            "brackets show 95 % intervals, paired and clustered by prompt"
            + (f", which hold for all {len(together)} gains shown together. " if len(together) > 1 else ". ")
            + runs.ONE_MODEL
        )
        if len(together) > 1:
            shown = [str(number) for (number, which), gain in together.items() if which == "tuned" and gain.low > 0]
            st.caption(
                f"Beyond chance, taken together: round {literal(', '.join(shown))}."
                if shown
                else "None is beyond chance, taken together."
            )
        runs.curse(project)
        st.caption(literal(lost.line(latest)))
        if st.button("See the comparison", icon=":material/compare:"):
            ui.go("train")
