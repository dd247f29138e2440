"""Measures whether a scorer learned from decisions pays in training: a round with that scorer in its target against the same
round without it, on held-out prompts, by the hidden rule of a simulated reviewer. docs/results/learned_round.jsonl has a JSON
line for each hidden rule and each way to use the scorer. Results in that file are not measured again; interrupted runs
continue.

python -m tests.measurements_learned [--rule NAME] [--way NAME] [--preview] [--decisions 400] [--seed 1] [--work FOLDER]

Both rounds have the same candidates, recipe and rule of M. The reviewer's decisions are undone before the round is decided, so
that neither round trains on them: the rounds differ only by the scores of candidates, most of which nobody has decided. Both
models are judged under the target without the scorer, on the same prompts and seeds. A truncated completion meets no rule.
"""

from __future__ import annotations

import argparse
import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import Act, Action, ActKind, Finish, JobKind, JobState, Shown
from rsf_core.domain.access import Actor, person
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import EvaluateSpec
from rsf_core.evaluation.measures import held_out_samples
from rsf_core.evaluation.metrics import HeldOutSamples, gains, intervals, per_sample
from rsf_core.project import Project
from rsf_core.project.taste_book import Use
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.rounds.comparisons import common_log_m
from rsf_core.rounds.state import BASE_ID
from rsf_core.sampling.intervals import SHARE, Interval, cluster_mean, paired_difference
from tests.support.hidden_rules import FLIPPED, RULES

TASK = "positive_reviews"
SETTINGS = {  # more candidates than the task's, at half its rate: about as many to train on, from a larger choice
    "generate.prompts": "0",
    "accept.rate": "0.1",
    "evaluate.prompts": "0",
    "evaluate.forgetting": "false",
}
MORE_WEIGHT = "reward times 4"
WAYS = (Use.CONSTRAINT, Use.BEST_THIRD, Use.REWARD, MORE_WEIGHT)
SHOWN = ("reward", "acceptance rate", "truncated", "distinct-2", "length", "KL to base")
WITHOUT = "without"  # the folder of the round that the others are compared with
AT_ONCE = 50  # decisions


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one line of results; `settings` are those that differ from the task's."""

    task: str
    rule: str
    way: str
    decisions: int
    seed: int
    settings: Mapping[str, str]
    model: str | None = None
    trained: bool = True

    @property
    def key(self) -> dict[str, Any]:
        """Identifies a result, so that it is not measured again."""
        return {
            "task": Path(self.task).name,
            "hidden rule": self.rule,
            "way": self.way,
            "decisions": self.decisions,
            "seed": self.seed,
            "settings": dict(self.settings),
            "trained": self.trained,
        }


def measure(plan: Plan, work: Path, results: Path) -> None:
    """Measure one plan, and keep its projects: other plans share them."""
    results.parent.mkdir(parents=True, exist_ok=True)
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    if any(plan.key.items() <= json.loads(line).items() for line in lines):
        return
    drawn, reviewer = draw(plan, work), person("simulated reviewer")
    taught = work / f"{plan.rule}, {plan.decisions}"
    teach(_copy(drawn, taught), plan, reviewer)
    figures = previewed(taught, plan)
    if plan.trained and figures["accepted"]["with"]["candidates"]:
        alone, learned = _copy(drawn, work / WITHOUT), _copy(taught, work / f"{taught.name}, {plan.way}")
        train(alone, None, reviewer)
        train(learned, plan.way, reviewer)
        figures |= compared(alone, learned, plan.rule)
    line = json.dumps(plan.key | figures, ensure_ascii=False)
    print(line, flush=True)
    with results.open("a", encoding="utf-8") as out:
        out.write(line + "\n")


def draw(plan: Plan, work: Path) -> Path:
    """The project with its round drawn, scored and decided by the rule, with its features, and with the base's held-out
    completions if a model will be trained."""
    folder = work / "drawn"
    if not (folder / "project.toml").exists():
        with Project.create(folder, plan.task, plan.model, what="measurements", seed=plan.seed) as project:
            for key, value in plan.settings.items():
                project.set(key, value)
    with Project.open(folder) as project:
        _settle(project)
        while project.counts().undecided or not project.counts().decided:
            project.advance()
            project.wait()
        if project.features.start() is not None:
            project.wait()
        if plan.trained and not (work / WITHOUT).exists() and project.evaluate() is not None:  # the copies have it then
            project.wait()
    return folder


def _settle(project: Project) -> None:
    """Wait for jobs of an earlier start that still run; failed jobs are started again or continue."""
    with suppress(JobError):
        project.wait()


def teach(folder: Path, plan: Plan, reviewer: Actor) -> None:
    """Decide candidates in the order of the random audit, learn from these decisions, and undo them."""
    with Project.open(folder) as project:
        _settle(project)
        if not project.taste.versions():
            _decide(project, plan, reviewer)
            project.taste.learn(reviewer)
            project.wait()
        if project.taste.score(project.taste.versions()[0].version) is not None:
            project.wait()
        if project.counts().overridden:
            project.review.bulk(1, reviewer, CandidateFilter(), View.OVERRIDDEN, Action.AUTO)


def _decide(project: Project, plan: Plan, reviewer: Actor) -> None:
    rng, done = np.random.default_rng(plan.seed), project.taste.decisions().count
    flips = (rng.random(plan.decisions) < FLIPPED)[done:]
    while len(flips):
        queue = project.review.queue(1, reviewer, order=Order.AUDIT, limit=min(AT_ONCE, len(flips)))
        shown = {c.candidate_id: c for prompt in queue.prompts for c in prompt.candidates}
        acts = []
        for name, flipped in zip(queue.candidate_ids, flips, strict=False):
            meets = RULES[plan.rule](shown[name].completion, shown[name].scores["sentiment"])
            action = Action.ACCEPT if meets != flipped else Action.REJECT
            view = Shown(name, Order.AUDIT, name in queue.audit)
            acts.append(Act(uuid.uuid4().hex, ActKind.DECIDE, (name,), action, shown=view))
        if not acts:
            raise SystemExit(f"the round has fewer than {plan.decisions} candidates to decide")
        project.review.say(1, reviewer, acts)
        flips = flips[len(acts) :]


def previewed(folder: Path, plan: Plan) -> dict[str, Any]:
    """How good the scorer is by its own report, and what the round would accept without it and with it."""
    with Project.open(folder) as project:
        report = project.taste.versions()[0].report
        preview = project.target_book.preview(drafted(project, plan.way), 1)
        assert preview is not None, "the round is drawn"
        met = rule_met(project, plan.rule)
        names = preview.stored.candidate_ids
        ended = [
            c.finish != Finish.LENGTH for p in project.prompts_in_round(1) for c in project.candidates(p.prompt_id)
        ]

    def share(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        meets = [met[str(name)] for name in names[chosen]]
        return {"candidates": len(meets), "rule met": round(float(np.mean(meets)), 4) if meets else None}

    return {
        "auc it says": _shown(report.auc),
        "learnt": report.learnt,
        "better than the best single scorer": report.better,
        "candidates": len(met),
        "ended, and rule met": round(float(np.mean(np.array(list(met.values())) & np.array(ended))), 4),
        "accepted": {"without": share(preview.stored.accepted), "with": share(preview.after)},
    }


def rule_met(project: Project, rule: str) -> dict[str, bool]:
    """Whether each candidate of the round meets a hidden rule, by name, in the order of prompts and k."""
    rows = [c for p in project.prompts_in_round(1) for c in project.candidates(p.prompt_id)]
    return {c.candidate_id: RULES[rule](c.completion, c.scores["sentiment"]) for c in rows}


def train(folder: Path, way: str | None, author: Actor) -> None:
    """Decide the round with the learned scorer in the target, tune on what is accepted, and restore the target for judging;
    with `way` None, decide by the target as it is."""
    with Project.open(folder) as project:
        _settle(project)
        if project.tuned_model(1) is None:
            if way is not None and (draft := drafted(project, way)) != project.target_book.draft():
                _use(project, draft, author)
            begun = project.jobs(1)[-1]
            if begun.kind is JobKind.FINETUNE and begun.state is not JobState.DONE:
                project.resume(begun.job_id)
            else:
                project.freeze(author)
                project.finetune(then_evaluate=False)
            project.wait()
        first = project.target_book.versions()[-1]
        if project.target(1) != first.target:
            _use(project, Draft(first.target, project.settings.accept), author)
        if project.evaluate(1) is not None:
            project.wait()


def drafted(project: Project, way: str) -> Draft:
    """The target with the learned scorer, as the Scorers page offers it, or with four times the weight."""
    one = project.taste.versions()[0]
    if way != MORE_WEIGHT:
        return project.taste.draft(one.version, Use(way))
    draft = project.taste.draft(one.version)
    rewards = draft.target.rewards | {one.scorer: 4 * draft.target.beta}
    return replace(draft, target=draft.target.model_copy(update={"rewards": rewards}))


def _use(project: Project, draft: Draft, author: Actor) -> None:
    """Use a draft as a person does: preview it, save it as a version, and decide the round again."""
    preview = project.target_book.preview(draft, 1)
    if preview is None or preview.missing:
        raise SystemExit(f"the round lacks scores of {draft.target.scorers}")
    project.target_book.use(draft, "measured", project.target_book.draft(), decide=True, author=author)
    project.wait()


@dataclass(frozen=True, slots=True)
class Arm:
    """The outcome of one round: what it was trained on, and held-out completions of its model and of the base."""

    trained_on: dict[str, Any]
    base: HeldOutSamples
    tuned: HeldOutSamples


def compared(alone: Path, learned: Path, rule: str) -> dict[str, Any]:
    """The two rounds side by side, every figure with its 95 % interval by prompt."""
    with Project.open(alone) as project:
        target, log_m = project.target(1), common_log_m(project.store, project.thresholds(1)[0])
        assert target is not None, "it was judged under one"
        without = _arm(project, rule)
    with Project.open(learned) as project:
        with_it = _arm(project, rule)
    models = {"base": without.base, "without": without.tuned, "with": with_it.tuned}
    measured = {name: per_sample(samples, target, log_m) for name, samples in models.items()}
    hidden = {name: (_met(samples, rule), samples.prompt_ids) for name, samples in models.items()}
    more = gains(measured["without"], measured["with"], target)

    def gain(before: str, after: str) -> list[float | None]:
        return _shown(paired_difference(*hidden[before], *hidden[after], bounds=SHARE))

    return {
        "trained on": {"without": without.trained_on, "with": with_it.trained_on},
        **{
            name: {"rule met": _shown(cluster_mean(*hidden[name], bounds=SHARE))}
            | {metric: _shown(one) for metric, one in intervals(measured[name], target).items() if metric in SHOWN}
            for name in models
        },
        "prompts": len(np.unique(without.tuned.prompt_ids)),
        "completions": len(without.tuned.completions),
        "gain in rule met": gain("without", "with"),
        "gain over the base": {"without": gain("base", "without"), "with": gain("base", "with")},
        "gain in reward": _shown(more["reward"]),
        "gain in distinct-2": _shown(more["distinct-2"]),
    }


def _arm(project: Project, rule: str) -> Arm:
    tuned, curated, met = project.tuned_model(1), project.curated_sets()[-1], rule_met(project, rule)
    assert tuned is not None, "it was trained"
    done = [job for job in project.jobs(1) if job.kind is JobKind.EVALUATE and job.state is JobState.DONE]
    key = done[-1].spec_of(EvaluateSpec).evaluation_key
    base, mine = (held_out_samples(project.store, key, name) for name in (BASE_ID, tuned.model_id))
    names = project.curated_samples(curated.curated_id)["candidate_id"].to_pylist()
    summary = {name: curated.summary[name] for name in ("samples", "tokens", "prompts")}
    return Arm(summary | {"rule met": round(float(np.mean([met[name] for name in names])), 4)}, base, mine)


def _met(samples: HeldOutSamples, rule: str) -> NDArray[np.float64]:
    """1 if a completion has ended and meets the hidden rule, else 0; (n,)."""
    rows = zip(samples.completions, samples.scores["sentiment"], samples.finish, strict=True)
    return np.array([finish != Finish.LENGTH and RULES[rule](text, s) for text, s, finish in rows], np.float64)


def _shown(interval: Interval) -> list[float | None]:
    """The value, then its limits; None where they are not known."""
    return [round(float(v), 4) if np.isfinite(v) else None for v in (interval.value, interval.low, interval.high)]


def _copy(folder: Path, to: Path) -> Path:
    """A copy of a closed project, whole or absent; an existing copy is returned as it is."""
    if not to.exists():
        half = to.with_name(f"{to.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(folder, half, ignore=shutil.ignore_patterns("owner.*"))
        half.rename(to)
    return to


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", choices=RULES, action="append", help="one of the hidden rules; all without it")
    parser.add_argument("--way", choices=WAYS, action="append", help="how the scorer is used; all without it")
    parser.add_argument("--preview", action="store_true", help="only what would be accepted: nothing is trained")
    parser.add_argument("--decisions", type=int, default=400, help="of the simulated reviewer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("build/learned"), help="where the projects are")
    parser.add_argument("--results", type=Path, default=Path("docs/results/learned_round.jsonl"))
    options = parser.parse_args(arguments)
    for rule in options.rule or RULES:
        for way in options.way or WAYS:
            plan = Plan(TASK, rule, way, options.decisions, options.seed, SETTINGS, trained=not options.preview)
            measure(plan, options.work, options.results)


if __name__ == "__main__":
    main()
