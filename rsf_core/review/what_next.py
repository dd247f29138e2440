"""What helps most once a reviewer has come to the end of a queue. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rsf_core.domain.words import plural
from rsf_core.review.filters import Order, View

AUDIT_ENOUGH = 50  # decisions of the random audit: they give a share to about ±14 points (Clopper & Pearson 1934)


@dataclass(frozen=True, slots=True)
class EndOfQueue:
    """What is left to do. `open_here` candidates are pending under the filter of this queue and `open` in the whole round,
    `disputed` ones need settling, `audited` candidates of the random audit are decided, out of at most the `ruled` candidates
    of the round that the rule decides. For owners alone: `learnable` decisions that no scorer has learned from yet, `starving`
    prompts with none accepted, and `step`, what comes next in the round."""

    view: View
    filtered: bool
    order: Order
    open_here: int
    open: int
    disputed: int
    audited: int
    ruled: int
    learnable: int = 0
    starving: int = 0
    step: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to do next: `words` of its button, `why`, and where it is done: `page` and the `query` of its URL. If `stays`,
    this queue is read again with the same filter and order."""

    words: str
    why: str
    page: str = "review"
    query: Mapping[str, str] = field(default_factory=dict)
    stays: bool = False


def suggestions(end: EndOfQueue) -> list[Suggestion]:
    """What to do next, the most useful first."""
    made = [_open_here(end), _disputed(end), _audit(end), _rest(end), _learn(end), _starving(end), _step(end)]
    return [one for one in made if one is not None]


def _open_here(end: EndOfQueue) -> Suggestion | None:
    if not end.open_here or end.view is not View.PENDING:
        return None
    skipped = (
        f"You skipped {'it' if end.open_here == 1 else 'them'}, or {'it is' if end.open_here == 1 else 'they are'} new."
    )
    return Suggestion(f"Read the {plural(end.open_here, 'open candidate')} again", skipped, stays=True)


def _disputed(end: EndOfQueue) -> Suggestion | None:
    if not end.disputed or end.view is View.DISAGREEMENT:
        return None
    why = "Reviewers disagree on these: until somebody settles them, the newest decision is in effect."
    return Suggestion(f"Settle {plural(end.disputed, 'candidate')}", why, query={"view": View.DISAGREEMENT})


def _audit(end: EndOfQueue) -> Suggestion | None:
    open_elsewhere = end.open > 0 and (end.order is not Order.AUDIT or end.filtered or end.view is not View.PENDING)
    enough = min(AUDIT_ENOUGH, end.ruled)
    if end.audited >= enough or not open_elsewhere:
        return None
    why = (
        f"{end.audited} of {enough} of the random audit are decided: only these show how well the rule does on the "
        "whole round."
    )
    return Suggestion("Decide some at random", why, query={"view": View.PENDING, "order": Order.AUDIT})


def _rest(end: EndOfQueue) -> Suggestion | None:
    """What is pending outside of this queue."""
    inside = end.open_here if end.view is View.PENDING else 0
    left = end.open - inside
    if left <= 0:
        return None
    why = "They are pending in the round, outside the view you have looked at."
    return Suggestion(f"Go on with {plural(left, 'other candidate')}", why, query={"view": View.PENDING})


def _learn(end: EndOfQueue) -> Suggestion | None:
    if not end.learnable:
        return None
    why = f"A scorer can learn from {plural(end.learnable, 'decision')}, and judge all candidates as you would."
    return Suggestion("Learn from the decisions", why, page="scorers", query={"show": "Learned"})


def _starving(end: EndOfQueue) -> Suggestion | None:
    if not end.starving:
        return None
    none = "it has" if end.starving == 1 else "they have"
    why = f"Nothing of {'it' if end.starving == 1 else 'them'} is accepted, so {none} no part in the training."
    return Suggestion(f"Draw again for {plural(end.starving, 'prompt')}", why, page="generate")


def _step(end: EndOfQueue) -> Suggestion | None:
    if not end.step:
        return None
    return Suggestion(end.step, "This is the round's next step; its button is on the Overview.", page="overview")
