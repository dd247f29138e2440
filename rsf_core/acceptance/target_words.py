"""A target in words, and the differences between two."""

from __future__ import annotations

from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.target import BASE, PROPOSAL
from rsf_core.domain import Scope
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.settings import Accept, Constraint, Target

REFERENCES = {PROPOSAL: "the model that drew", BASE: "the base model"}
SCOPES = {Scope.PROMPT: "per prompt", Scope.GLOBAL: "one for all prompts"}
CHOICES = {"rate": "between two candidates", "priority": "by priority sampling"}


def reference_name(reference: str) -> str:
    """The reference model in words, to complete a sentence."""
    return REFERENCES.get(reference, reference)


def describe(target: Target) -> str:
    """The target in one line."""
    rewards = f"reward {_sum_of(target)}, β {target.beta:g}" if target.rewards else "no reward"
    must = [constraint_words(constraint) for constraint in target.constraints]
    constraints = f"; must have {' and '.join(must)}" if must else ""
    at = ", at the temperature of the draws" if target.tempered and target.reference != PROPOSAL else ""
    return f"{rewards}{constraints}; close to {reference_name(target.reference)}{at}"


def _sum_of(target: Target) -> str:
    """The reward as a sum: 1 × iso − 0.02 × words."""
    text = ""
    for scorer, weight in target.rewards.items():
        sign = "−" if weight < 0 else "+"
        before = f" {sign} " if text else sign.replace("+", "")
        text += f"{before}{abs(weight):g} × {readable(scorer)}"
    return text


def changes(before: Draft, after: Draft) -> list[str]:
    """The changes in words, one item each; empty if both drafts are the same."""
    return [*target_changes(before.target, after.target), *accept_changes(before.accept, after.accept)]


def target_changes(before: Target, after: Target) -> list[str]:
    """The changes of the target alone."""
    differences = []
    for scorer, weight in after.rewards.items():
        if scorer not in before.rewards:
            differences.append(f"rewards {readable(scorer)} with weight {weight:g}")
        elif before.rewards[scorer] != weight:
            differences.append(f"weight of {readable(scorer)} {before.rewards[scorer]:g} → {weight:g}")
    differences += [f"no longer rewards {readable(scorer)}" for scorer in before.rewards if scorer not in after.rewards]
    if before.beta != after.beta:
        differences.append(f"β {before.beta:g} → {after.beta:g}")
    had, has = list(before.constraints), list(after.constraints)
    differences += [f"must have {constraint_words(constraint)}" for constraint in has if constraint not in had]
    differences += [
        f"no longer must have {constraint_words(constraint)}" for constraint in had if constraint not in has
    ]
    if before.reference != after.reference:
        differences.append(f"reference {reference_name(before.reference)} → {reference_name(after.reference)}")
    if before.tempered != after.tempered:
        differences.append(f"reference at {'the temperature of the draws' if after.tempered else 'temperature 1'}")
    if not differences and before != after:
        differences.append("rewards or constraints in another order")
    return differences


def constraint_words(constraint: Constraint) -> str:
    """A constraint in words."""
    return str(constraint).replace(constraint.scorer, readable(constraint.scorer))


def accept_changes(before: Accept, after: Accept) -> list[str]:
    """The changes of the rule of M alone."""
    differences = []
    if before.rate != after.rate:
        differences.append(f"share accepted {100 * before.rate:g} % → {100 * after.rate:g} %")
    if before.scope is not after.scope:
        differences.append(f"M {SCOPES[before.scope]} → {SCOPES[after.scope]}")
    if before.choose != after.choose:
        differences.append(f"M {CHOICES[before.choose]} → {CHOICES[after.choose]}")
    if before.weighted != after.weighted:
        differences.append(f"bound violations are {'weighed' if after.weighted else 'not weighed any more'}")
    return differences
