"""The form for what is good: one of three ways to judge it, the scorers that measure it, and how much each counts. Choices are
saved at once, so that going back and forth loses nothing."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from pydantic import ValidationError

from rsf_core.acceptance import goals
from rsf_core.acceptance.goals import SENTENCES, TITLES, Goal
from rsf_core.domain import settings_reading
from rsf_core.domain.errors import RsfError, ScorerError
from rsf_core.domain.scorer_ref import ScorerRef, canonical
from rsf_core.domain.settings import Constraint, can_be_met
from rsf_core.project.draft import Draft
from rsf_core.scorers import answered, registry, tastes
from rsf_core.web import ui
from rsf_core.web.literal import literal

_OF_A_PROJECT = (answered.NAME, tastes.NAME)  # from people's answers and decisions in it
_OPTIONS = " (options: "  # how a scorer's description continues if it takes options


def form(draft: Draft) -> None:
    """The whole step."""
    target, scope = draft.target, draft.project.settings.accept.scope
    known = {name: sentence for name, sentence in registry.available().items() if name not in _OF_A_PROJECT}
    goal = Goal(
        st.radio(
            "How it is judged",
            list(Goal),
            index=list(Goal).index(goals.goal_of(target, scope)),
            format_func=TITLES.__getitem__,
            captions=[SENTENCES[goal] for goal in Goal],
            key=_key(draft, "goal"),
        )
        or Goal.VERIFIABLE
    )
    rewards: dict[str, float] = {}
    if goal is not Goal.VERIFIABLE:
        st.subheader("Reward", anchor=False)
        for name in _chosen(draft, "rewards", "Rewards: the more, the better", list(target.rewards), known):
            label = f"Weight of {name}"
            usual = float(target.rewards.get(name, 1.0))
            rewards[name] = _number(draft, label, usual, "Below 0: the less, the better.") or 0.0
    st.subheader("Checks" if goal is not Goal.VERIFIABLE else "Checks that every completion has to pass", anchor=False)
    stored = {constraint.scorer: constraint for constraint in target.constraints}
    constraints = [
        constraint
        for name in _chosen(draft, "checks", "Constraints that must hold", list(stored), known)
        if (constraint := _check(draft, name, stored.get(name))) is not None
    ]
    beta = _beta(draft, goal, rewards) if rewards else None
    _keep(draft, goal, rewards, constraints, beta)
    with st.expander("All available scorers", icon=":material/straighten:"):
        for name, description in known.items():
            st.markdown(f"**{literal(name)}**: {literal(description)}")
    st.caption(
        "Your own Python function, a language model as a judge, and people's answers can be added on the Scorers page "
        "once the project exists. Until then choose what comes closest."
    )


def _chosen(draft: Draft, part: str, label: str, stored: Sequence[str], known: dict[str, str]) -> list[str]:
    """Scorers by name, with their options, each with its description below."""
    key = _key(draft, part)
    options = list(dict.fromkeys([*stored, *st.session_state.get(key, []), *known]))
    chosen: list[str] = st.multiselect(
        label, options, default=None if key in st.session_state else stored, key=key, select_all=False
    )
    for name in chosen:
        scorer = ScorerRef.parse(name).name
        description = known.get(scorer, "")
        st.caption(f"**{literal(scorer)}**: {literal(description.partition(_OPTIONS)[0])}")
        if _OPTIONS in description:
            _options(draft, part, name, description)
    return chosen


def _options(draft: Draft, part: str, name: str, description: str) -> None:
    """The options of a scorer, written as in TOML. Once given, they are part of its name."""
    reference = ScorerRef.parse(name)
    takes = description.partition(_OPTIONS)[2].removesuffix(")")
    options = str(reference).removeprefix(reference.name).removeprefix("(").removesuffix(")")
    key = _key(draft, f"{part}-options-{name}")

    def take() -> None:
        typed = st.session_state[key].strip()
        try:
            other = canonical(f"{reference.name}({typed})" if typed else reference.name)
        except ScorerError as error:
            st.session_state[_key(draft, "problem")] = str(error)
            return
        names = st.session_state[_key(draft, part)]
        st.session_state[_key(draft, part)] = list(dict.fromkeys(other if one == name else one for one in names))

    st.text_input(
        f"Options of {literal(reference.name)}: {literal(takes)}",
        options,
        key=key,
        on_change=take,
        placeholder=f"{takes.partition(',')[0].partition('=')[0]}=…",
        help="As in TOML: a text in quotes, true or false in lower case, a comma between two. In single quotes a \\ stands "
        "for itself, as patterns need it: `pattern='\\d+'`.",
    )


def _check(draft: Draft, name: str, stored: Constraint | None) -> Constraint | None:
    """The limits that a scorer has to keep; None, with a warning on the page, if there are none."""
    if stored is None:
        try:
            stored = goals.usual_constraint(name)
        except ScorerError:  # it lacks options, which is reported below
            stored = Constraint(scorer=name, at_least=0.0)
    left, right = st.columns(2)
    with left:
        least = _number(draft, f"{name} is at least", stored.at_least)
    with right:
        most = _number(draft, f"{name} is at most", stored.at_most)
    if least is None and most is None:
        st.warning(literal(f"{name} needs a number to be a check: give the least or the greatest value it may have."))
        return None
    return Constraint(scorer=name, at_least=least, at_most=most)


def _beta(draft: Draft, goal: Goal, rewards: dict[str, float]) -> float:
    """β, which sets how strongly the reward pulls."""
    current = draft.target
    suggested = goals.suggested_beta(goal, rewards)
    # the current β counts only for the same goal and rewards; else another goal would begin with a foreign β
    same = current.rewards == rewards and goals.goal_of(current, draft.project.settings.accept.scope) is goal
    beta = _number(
        draft,
        f"β, how close the model stays ({goal})",
        current.beta if same else suggested,
        f"A reward higher by β makes a completion e times as likely to be accepted. Suggested here: {suggested:g}.",
    )
    return suggested if beta is None or beta <= 0 else beta


def _number(draft: Draft, label: str, value: float | None, help_text: str | None = None) -> float | None:
    return st.number_input(literal(label), value=value, help=help_text, format="%g", key=_key(draft, f"number-{label}"))


def _keep(
    draft: Draft, goal: Goal, rewards: dict[str, float], constraints: list[Constraint], beta: float | None
) -> None:
    """Save the choices if they differ from the draft's."""
    problem = st.session_state.pop(_key(draft, "problem"), None)
    if problem is not None:
        ui.problem(problem)
    current = draft.project.settings
    try:
        goal_set = goals.good(goal, rewards, constraints, current.generate.candidates, beta)
        can_be_met(goal_set.target)
    except ValidationError as error:
        ui.problem(f"This was not saved: {settings_reading.describe(error)}")
        return
    target, count = draft.target, current.generate.candidates
    shown = goals.goal_of(target, current.accept.scope)
    # a task may have a target that none of the goals gives: looking at it must change nothing
    unchanged = goals.good(shown, target.rewards, target.constraints, count, target.beta)
    if (goal_set.target, goal_set.scope) != (unchanged.target, unchanged.scope):
        try:
            draft.set_good(goal_set)
        except RsfError as error:
            ui.problem(str(error))


def _key(draft: Draft, name: str) -> str:
    return f"good-{draft.draft_id}-{draft.chosen.begun}-{name}"
