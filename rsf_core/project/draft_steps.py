"""The steps of a new project and what each of them checks: pure functions of the facts about a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rsf_core.domain import Split
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.settings import Target
from rsf_core.domain.words import plural
from rsf_core.project.target_check import beyond
from rsf_core.scorers import registry
from rsf_core.scorers.registry import ReferenceProblem


class Step(StrEnum):
    """The steps, in their order."""

    TASK = "task"
    PROMPTS = "prompts"
    MODEL = "model"
    GOOD = "good"
    TRIAL = "trial"
    NAME = "name"


TITLES = {
    Step.TASK: "Task",
    Step.PROMPTS: "Prompts",
    Step.MODEL: "Model",
    Step.GOOD: "What is good",
    Step.TRIAL: "Trial",
    Step.NAME: "Create",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A message about a step. If it `blocks`, the project cannot be created like this; else it is only worth knowing."""

    message: str
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about the model: it was `loaded`, or could not be because of the `problem`, or is `loading`; if none of
    these, nobody has tried."""

    name: str
    loaded: bool = False
    loading: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checks need to know about a draft; `unreadable` are the prompts whose reference a scorer of the target cannot
    read."""

    prompts: Mapping[Split, int]
    unreadable: Sequence[ReferenceProblem]
    model: ModelFacts
    target: Target
    settings_problems: Sequence[str] = ()

    @property
    def count(self) -> int:
        return sum(self.prompts.values())


def check(step: Step, facts: Facts) -> list[Finding]:
    """What is wrong, or worth knowing, at a step; blocking findings first."""
    checks = {Step.TASK: _task, Step.PROMPTS: _prompts, Step.MODEL: _model, Step.GOOD: _good}
    problems = checks[step](facts) if step in checks else []
    return sorted(problems, key=lambda finding: not finding.blocks)


def blocking(facts: Facts) -> dict[Step, str]:
    """The first blocking message of each step that has one; if empty, the project can be created."""
    first = {step: next((f.message for f in check(step, facts) if f.blocks), None) for step in Step}
    return {step: message for step, message in first.items() if message is not None}


def _task(facts: Facts) -> list[Finding]:
    return [Finding(f"{problem}. Choose the task again, or another") for problem in facts.settings_problems]


def _prompts(facts: Facts) -> list[Finding]:
    problems = []
    train, held_out = facts.prompts.get(Split.TRAIN, 0), facts.prompts.get(Split.HELD_OUT, 0)
    if not facts.count:
        problems.append(Finding("There is no prompt yet: type or paste some, or choose a file."))
    elif not train:
        problems.append(
            Finding(
                f"None of the {plural(facts.count, 'prompt')} is a train prompt, and only those are drawn for: add some more, "
                "or read the file with a smaller held-out share."
            )
        )
    elif not held_out:
        problems.append(
            Finding(
                "No prompt is held out, so nothing will show what a round has gained: add some prompts with a held-out share.",
                blocks=False,
            )
        )
    return problems + _references(facts)


def _references(facts: Facts) -> list[Finding]:
    """How many prompts a scorer of the target cannot score because they have no reference that it can read."""
    by_scorer: dict[str, list[ReferenceProblem]] = {}
    for problem in facts.unreadable:
        by_scorer.setdefault(problem.scorer, []).append(problem)
    seen = facts.count - facts.prompts.get(Split.SEALED, 0)
    none_left = len(facts.unreadable) >= seen
    return [
        Finding(
            f"The scorer {scorer} cannot score {len(problems):,} of {plural(seen, 'prompt')}: it {problems[0].problem} "
            f"(prompt {problems[0].prompt_id}). "
            + (
                "Give the prompts references, or choose another scorer."
                if none_left
                else "They are left out; give them references, or choose another scorer, to have them drawn for."
            ),
            blocks=none_left,
        )
        for scorer, problems in by_scorer.items()
    ]


def _model(facts: Facts) -> list[Finding]:
    model = facts.model
    if model.problem is not None:
        return [Finding(model.problem)]
    if model.loading:
        return [Finding(f"{model.name} is being loaded.")]
    return [] if model.loaded else [Finding(f"{model.name} has not been tried yet: load it once.")]


def _good(facts: Facts) -> list[Finding]:
    target = facts.target
    if not target.scorers:
        return [
            Finding("The target has no scorer yet: choose at least one, as a reward or as a check that has to pass.")
        ]
    problems = []
    for name in target.scorers:
        try:
            bounds = registry.bounds(name)
        except ScorerError as error:
            problems.append(Finding(f"{str(error)[0].upper()}{str(error)[1:]}"))
            continue
        for constraint in target.constraints:
            if constraint.scorer == name and (problem := beyond(constraint, *bounds)):
                problems.append(Finding(problem))
    if target.rewards and not any(target.rewards.values()):
        problems.append(Finding("Every reward has the weight 0, so none is better than another: give one a weight."))
    return problems or _references(facts)
