"""The form of the target: what is good, how strongly it counts, and the rule of M. It saves nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from pydantic import ValidationError

from rsf_core.acceptance import presets
from rsf_core.acceptance.presets import PRESETS, Facts
from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.target import BASE, PROPOSAL
from rsf_core.acceptance.target_words import CHOICES, SCOPES
from rsf_core.domain import scorer_ref
from rsf_core.domain.errors import RsfError, ScorerError, TargetError
from rsf_core.domain.field_words import in_words
from rsf_core.domain.settings import Accept, Constraint, Target, can_be_met
from rsf_core.domain.settings_reading import describe
from rsf_core.project import Project
from rsf_core.scorers import own, registry
from rsf_core.web import target_draft
from rsf_core.web.literal import literal

OTHER = "another model"
STATE = "target-form"


@dataclass
class Form:
    """What the form was filled with: `filled`, when `based_on` was the target. Another `nonce` is another form. `reason` is
    why it was filled, `note` where the values came from; with `naming`, a model still has to be named."""

    based_on: Draft
    filled: Draft
    nonce: int = 0
    reason: str = ""
    note: str = ""
    naming: bool = False


def state(project: Project) -> Form:
    """The form of this session: filled again with the target in force if nobody has changed anything in it."""
    kept = st.session_state.get(STATE)
    if kept is None or kept["folder"] != str(project.folder):
        kept = {"folder": str(project.folder), "form": _begun(project.target_book.draft())}
        st.session_state[STATE] = kept
    form: Form = kept["form"]
    draft: Draft | None = kept.get("draft")
    if draft is not None and _key(form, "rewards") not in st.session_state:  # another page was shown meanwhile
        form = replace(form, filled=draft, nonce=form.nonce + 1)
        st.session_state[STATE] = {"folder": str(project.folder), "form": form}
    return form


def _begun(now: Draft) -> Form:
    """The form at the beginning of a session, with the draft in the address, else the target in force."""
    text = st.query_params.get(target_draft.PARAMETER)
    draft = None if text is None else target_draft.unpack(text, now)
    if draft is None:
        return Form(
            now,
            now,
            note="" if text is None else "The page's address contained a draft that cannot be read: it was ignored.",
        )
    if draft.draft == now:
        return Form(now, now)
    note = "The form shows an unsaved draft, restored from the page's address."
    return Form(now if draft.fresh else draft.draft, draft.draft, note=note)


def keep(project: Project, draft: Draft | None, changed: bool) -> None:
    """Keep the draft in the form and, if it is `changed` from the target in force, put it into the address. None: the form is
    not a valid target yet, and the last draft stays in the address."""
    if draft is None:
        return
    form = state(project)
    st.session_state[STATE] = {"folder": str(project.folder), "form": form, "draft": draft}
    packed = target_draft.pack(draft, form.based_on) if changed else None
    if packed is not None:
        if st.query_params.get(target_draft.PARAMETER) != packed:
            st.query_params[target_draft.PARAMETER] = packed
        return
    st.query_params.pop(target_draft.PARAMETER, None)
    if changed:
        st.caption("This draft is too long for the page's address: a reload would lose it.")


def fill(project: Project, draft: Draft, reason: str = "", note: str = "", naming: bool = False) -> None:
    """Fill the form; what is in it is lost. `naming`: a model still has to be named."""
    form = state(project)
    now = project.target_book.draft()
    kept = {"folder": str(project.folder), "form": Form(now, draft, form.nonce + 1, reason, note, naming)}
    st.session_state[STATE] = kept


def facts(project: Project, number: int) -> Facts:
    """What the presets are computed from."""
    now = project.target_book.draft()
    reward = project.target_book.reward_now(number)
    known = [] if reward is None else [value for value in reward.tolist() if math.isfinite(value)]
    mean = sum(known) / len(known) if known else math.nan
    spread = math.sqrt(sum((value - mean) ** 2 for value in known) / len(known)) if known else math.nan
    teacher = "" if now.target.reference in (BASE, PROPOSAL) else now.target.reference
    return Facts(
        now, {name: _bounds(name) for name in scorers(project)}, spread, project.settings.generate.candidates, teacher
    )


def scorers(project: Project) -> list[str]:
    """The scorers to choose from: those of the target first, then the project's own, then the installed ones that need no
    options."""
    target = project.target_book.draft().target
    used = {ref.name for name in target.scorers if (ref := own.reference(name)) is not None}
    mine = [file.name for file in project.own_scorers.files() if not file.problem and file.name not in used]
    ready = [card.name for card in registry.cards() if not card.problem and not card.required]
    return list(dict.fromkeys([*target.scorers, *mine, *ready]))


def _bounds(name: str) -> tuple[float, float]:
    try:
        return registry.bounds(name)
    except ScorerError:  # reported when the form is read
        return -math.inf, math.inf


def _description(name: str) -> str:
    try:
        return registry.checked(name)[1].description
    except ScorerError as error:
        return str(error)


def preset_buttons(project: Project, number: int) -> None:
    """The targets to start from, each with a hint when to use it."""
    columns = st.columns(len(PRESETS))
    for column, preset in zip(columns, PRESETS, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{literal(preset.title)}**")
            st.caption(literal(preset.when))
            if st.button("Fill the form", key=f"preset-{preset.name}", width="stretch"):
                made = preset.fill(facts(project, number))
                note = f"“{preset.title}” is loaded into the form. Check what would change, then use or edit it."
                naming = preset.name == "teacher" and made.target.reference == BASE
                fill(project, made, f"preset “{preset.title}”", note, naming)
                st.rerun()


def edit(project: Project, number: int) -> Draft:
    """Draw the form and return the draft in it. Raises TargetError, with what is missing, if it is not a target yet."""
    form = state(project)
    target, accept = presets.merged(form.filled.target), form.filled.accept
    wrong: list[TargetError] = []  # raised once all is drawn: a field that is not drawn forgets its text
    left, right = st.columns(2, gap="large")
    with left:
        rewards = _rewards(project, form, target, wrong)
        constraints = _constraints(project, form, target, number, wrong)
    with right:
        beta = _beta(form, target, bool(rewards))
        reference = _reference(project, form, target, wrong)
        rate = _rate(form, accept, not rewards and reference == PROPOSAL)
        with st.expander("More", icon=":material/tune:"):
            tempered = _tempered(form, target, reference)
            accept = _scope(form, accept).model_copy(update={"rate": rate})
    if wrong:
        raise wrong[0]
    try:
        made = can_be_met(
            Target(reference=reference, tempered=tempered, beta=beta, rewards=rewards, constraints=constraints)
        )
    except ValidationError as error:
        raise TargetError(describe(error)) from error
    made = project.target_book.pinned(made)
    project.target_book.check(made)
    return Draft(made, accept)


def _key(form: Form, name: str) -> str:
    return f"target-{form.nonce}-{name}"


def _choose(
    project: Project, form: Form, name: str, label: str, chosen: list[str], help_text: str, wrong: list[TargetError]
) -> list[str]:
    options = list(dict.fromkeys([*chosen, *scorers(project)]))
    selection = st.multiselect(
        literal(label),
        options,
        chosen,
        format_func=scorer_ref.readable,
        key=_key(form, name),
        accept_new_options=True,
        placeholder="Choose a scorer, or type one with options",
        help=literal(help_text),
    )
    named: dict[str, None] = {}
    for scorer in selection:
        try:
            Constraint(scorer=scorer, at_least=0.0)  # a name that a target can hold
            named[scorer_ref.canonical(scorer)] = None
        except ScorerError as error:
            wrong.append(TargetError(str(error)))
        except ValidationError as error:
            wrong.append(TargetError(in_words(error, {"scorer": "the scorer"})))
    return list(named)


def _rewards(project: Project, form: Form, target: Target, wrong: list[TargetError]) -> dict[str, float]:
    chosen = _choose(
        project,
        form,
        "rewards",
        "Rewards: the more, the better",
        list(target.rewards),
        'Scores are multiplied by their weights and added up. Type a scorer with its options like this: contains(text="cat").',
        wrong,
    )
    weights = {}
    for scorer in chosen:
        weights[scorer] = st.number_input(
            f"Weight of {literal(scorer_ref.readable(scorer))}",
            value=float(target.rewards.get(scorer, 1.0)),
            step=0.1,
            format="%g",
            key=_key(form, f"weight {scorer}"),
            help=f"{literal(_description(scorer))} Below 0: the less, the better.",
        )
    return weights


def _constraints(
    project: Project, form: Form, target: Target, number: int, wrong: list[TargetError]
) -> tuple[Constraint, ...]:
    held = {constraint.scorer: constraint for constraint in target.constraints}
    chosen = _choose(
        project,
        form,
        "constraints",
        "Constraints: must be met, or the candidate is rejected",
        list(held),
        "Each scorer must meet its threshold. No reward makes up for a constraint that is not met.",
        wrong,
    )
    constraints = []
    for scorer in chosen:
        before = held.get(scorer)
        least = (
            before.at_least
            if before
            else presets.threshold(_bounds(scorer), project.target_book.scores(scorer, number))
        )
        first, second = st.columns(2)
        at_least = _limit(first, form, f"{scorer_ref.readable(scorer)} at least", least, f"least {scorer}", scorer)
        at_most = _limit(
            second,
            form,
            f"{scorer_ref.readable(scorer)} at most",
            before.at_most if before else None,
            f"most {scorer}",
            scorer,
        )
        if at_least is None and at_most is None:
            why = f"the constraint {scorer} has no limit: give at least or at most, or remove it"
            wrong.append(TargetError(why))
            continue
        constraints.append(Constraint(scorer=scorer, at_least=at_least, at_most=at_most))
    return tuple(constraints)


def _limit(place: Any, form: Form, label: str, value: float | None, name: str, scorer: str) -> float | None:
    limit: float | None = place.number_input(
        literal(label),
        value=value,
        step=0.1,
        format="%g",
        key=_key(form, name),
        placeholder="no limit",
        help=literal(_description(scorer)),
    )
    return limit


def _beta(form: Form, target: Target, used: bool) -> float:
    beta: float = st.number_input(
        "β: how strongly the reference counts against the reward",
        value=float(target.beta),
        min_value=1e-9,
        max_value=1e6,
        step=0.05,
        format="%g",
        key=_key(form, "beta"),
        disabled=not used,
        help="Small: the reward decides almost alone. Large: the accepted stay close to the reference.",
    )
    if used:
        factor = math.exp(min(1 / beta, 700.0))
        shown = "more than 10,000" if factor > 1e4 else f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"
        st.caption(
            f"Of two equally likely candidates, the one whose reward is higher by 1 is kept {shown} times as often."
        )
    else:
        st.caption("Without a reward β has no effect.")
    return beta


def _reference(project: Project, form: Form, target: Target, wrong: list[TargetError]) -> str:
    names = {BASE: "The base model (recommended)", PROPOSAL: "The model that drew"}
    tuned = {m.model_id: f"Model {m.model_id}" for m in project.models() if m.model_id not in (BASE,) and m.round > 0}
    names |= tuned | {OTHER: "Another model: a teacher"}
    start = OTHER if form.naming or target.reference not in names else target.reference
    options = list(names)
    chosen: str = st.selectbox(
        "Reference: stay close to",
        options,
        options.index(start),
        format_func=names.__getitem__,
        key=_key(form, "reference"),
        help="The distribution that the accepted follow where rewards make no difference. The base model, the same in "
        "all rounds, keeps the tuned models from drifting; with the model that drew, each round starts from the last "
        "one.",
    )
    if chosen != OTHER:
        return chosen
    named = st.text_input(
        "Which model",
        target.reference if target.reference not in names else "",
        key=_key(form, "teacher"),
        max_chars=4096,
        placeholder="a folder, or a Hugging Face id",
        help="It must share its vocabulary with the model that draws, because it computes the log-probability of each "
        "candidate.",
    ).strip()
    if not named:
        wrong.append(TargetError("name the teacher: the folder of a model, or its Hugging Face id"))
    return named


def _tempered(form: Form, target: Target, reference: str) -> bool:
    tempered: bool = st.checkbox(
        "Apply the sampling temperature to the reference",
        target.tempered,
        key=_key(form, "tempered"),
        disabled=reference == PROPOSAL and not target.tempered,
        help="At a temperature other than 1 the log ratios would otherwise undo the temperature before selecting "
        "anything. At temperature 1 this changes nothing.",
    )
    return tempered


def _rate(form: Form, accept: Accept, exact: bool) -> float:
    """The share accepted; `exact`: there is nothing to choose."""
    percent: float = st.number_input(
        "Share accepted (%)",
        0.01,
        100.0,
        100 * accept.rate,
        1.0,
        format="%g",
        key=_key(form, "rate"),
        disabled=exact,
        help="M, the bound on P/q, is chosen so that this share of a round is accepted. You can choose another M on "
        "the Acceptance page.",
    )
    if exact:
        st.caption("With constraints alone every candidate that meets them is accepted: M = 1 is exact.")
    return accept.rate if abs(percent / 100 - accept.rate) < 1e-12 else percent / 100


def _scope(form: Form, accept: Accept) -> Accept:
    scopes, names = list(SCOPES), list(CHOICES)
    scope = st.selectbox(
        "M is",
        scopes,
        scopes.index(accept.scope),
        format_func=SCOPES.__getitem__,
        key=_key(form, "scope"),
        help="Per prompt: each prompt contributes a similar share. One for all: prompts with higher rewards contribute "
        "more.",
    )
    choose = st.selectbox(
        "M lies",
        names,
        names.index(accept.choose),
        format_func=CHOICES.__getitem__,
        key=_key(form, "choose"),
        help="Priority sampling takes the critical value of the first candidate that is not accepted, and weights the "
        "accepted.",
    )
    return accept.model_copy(update={"scope": scope, "choose": choose})


def problem(error: RsfError) -> str:
    """What is missing or wrong, as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:]
