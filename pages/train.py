"""Train: freeze what is accepted, fine-tune on it, and compare with the model before."""

from functools import partial

import streamlit as st

from rsf_core.acceptance import thinning
from rsf_core.domain import Control, JobKind, JobState
from rsf_core.domain.specs import FinetuneSpec
from rsf_core.domain.words import in_percent, plural
from rsf_core.models.hardware import SLOW_BF16, multiplies_bf16
from rsf_core.project.exporting import curated as exports
from rsf_core.rounds.stages import Progress, Stage
from rsf_core.web import charts, controls, estimates, job_parts, lost, round_parts, session, ui
from rsf_core.web.literal import file_name, literal

project = session.project()
number = ui.chosen_round(project)
newest = number == project.current_round
counts = project.counts(number)
states = {state.stage: state for state in project.stages(number)}
finetune, evaluate = states[Stage.FINETUNE], states[Stage.EVALUATE]

ui.heading("Train", "Freeze the accepted candidates, fine-tune the proposal on them, and compare on held-out prompts.")

THINNED = {"off": "duplicates kept", "exact": "duplicates once", "near": "duplicates and near-duplicates once"}
LEFT_OUT = {"off": "Nothing", "exact": "Equal completions of a prompt", "near": "Also nearly equal ones"}
MOST_SAMPLES = 2_000  # of a set that is written to a file while the page is drawn; the Export page writes larger ones
TRAINING = [JobKind.FINETUNE, JobKind.EVALUATE]
CURVES = {
    "Loss": ("loss", "loss (nats per token)"),
    "Learning rate": ("learning_rate", "learning rate"),
    "Gradient norm": ("grad_norm", "gradient norm"),
    "Tokens a second": ("tokens_per_second", "completion tokens a second"),
}
running = job_parts.running_job(project, TRAINING)
if newest and not running:
    for state in (finetune, evaluate):
        job_parts.ended_badly(project, state)
    round_parts.left_out(evaluate)
    if counts.decided == 0:
        ui.empty(
            "There are no decisions yet: draw and score candidates first.", page="generate", label="Generate candidates"
        )
    elif counts.accepted == 0:
        ui.empty("No candidate is accepted at this M.", page="acceptance", label="Choose M")
    elif finetune.progress is not Progress.FAILED:
        with st.container(horizontal=True, vertical_alignment="center"):
            again = finetune.progress is Progress.DONE
            if st.button(
                "Fine-tune again" if again else "Freeze and fine-tune",
                type="secondary" if again else "primary",
                icon=":material/model_training:",
                disabled=ui.locked("train"),
            ):
                if ui.attempt(lambda: project.train(ui.actor())):
                    st.rerun()
            st.caption(
                f"{plural(counts.accepted, 'accepted candidate')} of {plural(counts.prompts_accepted, 'prompt')}, "
                f"{counts.overridden:,} decided by a person."
            )

if newest:
    if project.settings.train.precision == "bf16" and multiplies_bf16() is False:
        st.warning(SLOW_BF16, icon=":material/speed:")
    with st.expander("Recipe", icon=":material/settings:"):
        with st.form("recipe", border=False):
            recipe = project.settings.train
            first, second, third = st.columns(3)
            values = {
                "method": first.selectbox("Method", ["lora", "full"], ["lora", "full"].index(recipe.method)),
                "loss": first.selectbox(
                    "Loss",
                    ["nll", "rsf"],
                    ["nll", "rsf"].index(recipe.loss),
                    help="rsf is −log p_accept: the nll plus constants that depend on the proposal and M. The gradient "
                    "is the same.",
                ),
                "learning_rate": second.number_input("Learning rate", 1e-7, 1.0, recipe.learning_rate, format="%.2e"),
                "epochs": third.number_input("Epochs", 1, 100, recipe.epochs),
                "rank": first.number_input("LoRA rank", 1, 1024, recipe.rank),
                "batch_size": second.number_input("Samples a step", 1, 1024, recipe.batch_size),
                "accumulate": third.number_input(
                    "Parts of a step",
                    1,
                    1024,
                    recipe.accumulate,
                    help="More parts need less memory; the step is the same.",
                ),
                "precision": first.selectbox("Precision", ["fp32", "bf16"], ["fp32", "bf16"].index(recipe.precision)),
                "held_out_share": second.number_input(
                    "Share held out for early stopping",
                    0.0,
                    0.5,
                    recipe.held_out_share,
                    0.05,
                    help="This share of the curated prompts is not trained on; it measures each epoch. 0 turns it off.",
                ),
                "patience": third.number_input("Epochs without improvement", 1, 100, recipe.patience),
            }
            bound = first.number_input(
                "Growth bound (0 is off)",
                0.0,
                value=recipe.growth_bound or 0.0,
                help="No sample's likelihood is pushed beyond this many times its likelihood under the proposal.",
            )
            weighted = second.toggle(
                "Weight bound violations",
                project.settings.accept.weighted,
                help="Each accepted sample gets the weight max(1, P/(M·q)), which corrects a violated bound exactly.",
            )
            values["deduplicate"] = first.selectbox(
                "Left out when the set is frozen",
                list(LEFT_OUT),
                list(LEFT_OUT).index(recipe.deduplicate),
                format_func=LEFT_OUT.__getitem__,
                help="A prompt's accepted completions are draws from its target, so likely texts repeat. Leaving "
                "duplicates out moves them towards a uniform distribution over the different texts, and weights no "
                "longer add up to totals. Each set states what share was left out, and how far that moves its "
                "distribution.",
            )
            values["per_prompt"] = third.number_input(
                "Samples of one prompt together",
                1,
                1024,
                recipe.per_prompt,
                help="The prompt is computed once for them: faster where many were accepted, but a step sees fewer prompts.",
            )
            if st.form_submit_button("Save recipe", disabled=ui.locked("set")):
                changed = {f"train.{k}": str(v) for k, v in values.items() if v != getattr(recipe, k)}
                if bound > 1 and bound != recipe.growth_bound:
                    changed["train.growth_bound"] = str(bound)
                unbounded = bound <= 1 and recipe.growth_bound is not None
                if weighted != project.settings.accept.weighted:
                    changed["accept.weighted"] = str(weighted).lower()
                saved = not unbounded or ui.attempt(lambda: project.unset("train.growth_bound"))
                if saved and ui.save(project, changed):
                    st.rerun()


comparison = project.comparison(number)


@st.fragment(run_every=ui.REFRESH_SECONDS if running else None)
def loss_curve() -> None:
    jobs = {job.spec_of(FinetuneSpec).model_id: job for job in project.jobs(number) if job.kind is JobKind.FINETUNE}
    if not jobs:
        return
    names = list(reversed(jobs))  # the newest first
    tuned = comparison.after_id if comparison is not None and not running else names[0]
    st.header("Training", anchor=False)
    chosen = ui.choice_in_url("model", names, tuned, format_func=literal) if len(names) > 1 else names[0]
    job = jobs[chosen]
    values: dict[str, dict[int, float]] = {}
    for step, name, value in project.metrics(job):
        values.setdefault(name, {})[step] = value
    if "loss" not in values:
        st.caption(f"The curve of {literal(chosen)} appears after its first step.")
        return
    total = None if job.state.ended else project.status(job).total
    label = ui.choice_in_url("curve", list(CURVES), "Loss")
    metric, axis = CURVES[label]
    held_out = values.get("held_out_loss", {}) if metric == "loss" else {}
    st.plotly_chart(charts.training(axis, values[metric], held_out, total), config=charts.CONFIG)
    newest = {name: by_step[max(by_step)] for name, by_step in values.items()}
    with st.container(horizontal=True):
        st.metric("Tokens a second", f"{newest['tokens_per_second']:,.0f}", border=True)
        st.metric("Gradient norm", f"{newest['grad_norm']:.2f}", border=True)
        st.metric("Learning rate", f"{newest['learning_rate']:.1e}", border=True)
        if "memory" in newest:
            st.metric("Most memory held", f"{newest['memory'] / 1e9:.1f} GB", border=True)


if running:
    with st.container(key="training"):  # its height is kept (style.css): the curve comes after the first step
        loss_curve()
if comparison is not None:
    st.header(f"Held-out comparison: {literal(comparison.before_id)} → {literal(comparison.after_id)}", anchor=False)
    ui.grid(
        [
            {
                "metric": label,
                "before": estimates.interval(comparison.before.get(name), name),
                "after": estimates.interval(comparison.after.get(name), name),
                "gain": estimates.interval(comparison.gain.get(name), name, signed=True),
                "gain over the base": estimates.interval(comparison.gain_over_base.get(name), name, signed=True),
            }
            for name, label in comparison.rows.items()
        ],
    )
    st.caption(
        f"{plural(comparison.completions, 'completion')} of {plural(comparison.prompts, 'held-out prompt')}, with the "
        "same seeds before and after. Brackets: 95 % intervals clustered by prompt; gains are paired by prompt."
    )
    if (not comparison.current or comparison.retired) and not running:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Compare again", icon=":material/refresh:", disabled=ui.locked("evaluate")):
                if ui.attempt(lambda: project.evaluate(number)):
                    st.rerun()
            st.caption(
                f"Made with {plural(comparison.prompts, 'prompt')}, of which {comparison.retired:,} "
                f"{'was' if comparison.retired == 1 else 'were'} retired since then: the comparison stays as it was "
                "measured."
                if comparison.current
                else "Measured under earlier settings: the way completions are drawn, or the held-out prompts, have "
                "changed since."
            )
    compared = {Control.RANDOM.label: comparison.forgotten_control} if comparison.control else {}
    compared |= {Control.CONSTRAINTS.label: comparison.forgotten_constraints} if comparison.constraints else {}
    lost.table(comparison, compared)
    broken_off = not running and (job := evaluate.job) is not None and job.state is not JobState.DONE
    if broken_off and job is not None and not (newest and evaluate.progress is Progress.FAILED):  # shown above
        job_parts.job_ended_badly(project, job, partial(project.evaluate, number))
    for control in Control:
        controls.section(project, number, comparison, control, startable=not running and not broken_off)
    with st.expander("Read some of them", icon=":material/menu_book:", expanded=True):
        for example in project.held_out_examples(comparison, 5):
            ui.text(example["prompt"])
            before, after = st.columns(2)
            with before.container(border=True):
                st.caption("Before")
                ui.text(example["before"])
            with after.container(border=True):
                st.caption("After")
                ui.text(example["after"])

if not running:
    loss_curve()


@st.cache_data(max_entries=8, show_spinner=False)
def exported(content_hash: str, curated_id: str) -> dict[str, bytes]:
    """The files of a curated set, by kind: it never changes, so they are made once."""
    samples = project.curated_samples(curated_id)
    return {"JSONL": exports.jsonl(samples), "Parquet": exports.parquet(samples)}


sets = [curated for curated in project.curated_sets() if curated.round == number]
if sets:
    st.header("Curated sets", anchor=False)
    for curated in reversed(sets):
        summary = curated.summary
        moved = thinning.in_words(summary)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            distinct = summary.get("distinct", summary["samples"])
            what = (
                "chosen at random among all candidates, with as many samples and tokens as the set it matches"
                if summary.get("rule") == "random"
                else "chosen at random among the candidates that pass the constraints, with as many samples and tokens "
                "as the set it matches"
                if summary.get("rule") == "constraints"
                else f"{summary['accepted']:,} accepted, {THINNED[summary.get('deduplicate', 'exact')]}, "
                f"{distinct:,} without near-duplicates; "
                f"acceptance {in_percent(summary['rate_effective'])}, "
                f"by the rule alone {in_percent(summary['rate_automatic'])}"
            )
            # Older sets do not record it.
            size = f", {plural(summary['tokens'], 'token')}" if "tokens" in summary else ""
            st.markdown(
                f"**{literal(curated.curated_id)}** · {plural(summary['samples'], 'sample')}{literal(size)} from "
                f"{plural(summary['prompts'], 'prompt')} ({literal(what)}) · "
                f"`{literal(curated.content_hash[:12])}`" + (f"  \n{literal(moved)}" if moved else ""),
                width="stretch",
            )
            if summary["samples"] > MOST_SAMPLES:
                if st.button("Export it", icon=":material/ios_share:", key=f"export-{curated.curated_id}"):
                    ui.go("export")
                continue
            for kind, mime in (("JSONL", "application/jsonl"), ("Parquet", "application/vnd.apache.parquet")):
                st.download_button(
                    literal(kind),
                    exported(curated.content_hash, curated.curated_id)[kind],
                    file_name=file_name(f"{project.folder.name}-{curated.curated_id}.{kind.lower()}"),
                    mime=mime,
                    icon=":material/download:",
                    key=f"{kind}-{curated.curated_id}",
                    on_click="ignore",
                )
