"""How often each reviewer is right on gold items. Pure.

An answer is a reviewer's current decision on a gold item, made for that candidate alone and after it was marked. Decisions
before the mark do not count, because the owner may have marked the candidate for them; nor do decisions in bulk, which are
made without reading, nor those of the person who marked it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rsf_core.domain import Action, ActKind
from rsf_core.sampling.intervals import Interval, share_of_items
from rsf_core.store.review_records import GoldMark, GoldWord


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """A reviewer's answer to a gold item, under version `guide` of the guide."""

    reviewer: str
    mark: GoldMark
    action: Action
    guide: int

    @property
    def right(self) -> bool:
        return self.action is self.mark.action


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of `answered` gold items, `right` got their right decision. `let_through` of `to_reject` were accepted and `turned_away`
    of `to_accept` rejected. `other_guide` were answered under another version of the guide than they were
    marked under. `share` is right / answered with limits by prompt; None without any answer."""

    answered: int
    right: int
    to_accept: int
    turned_away: int
    to_reject: int
    let_through: int
    other_guide: int
    share: Interval | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReviewerAccuracy:
    """A reviewer's answers: all of them, and those under each version of the guide (0: before there was one)."""

    reviewer: str
    whole: Accuracy
    by_guide: Mapping[int, Accuracy]


def answers(words: Iterable[GoldWord], marks: Iterable[GoldMark]) -> list[GoldAnswer]:
    """The current answers, by reviewer and candidate; `words` are all decisions on these candidates, the oldest first."""
    of = {mark.candidate_id: mark for mark in marks}
    answered = []
    for (reviewer, name), holds in sorted(_not_taken_back(words).items()):
        mark, word_in_force = of.get(name), holds[-1] if holds else None
        if mark is None or word_in_force is None or word_in_force.kind == ActKind.BULK:
            continue
        if word_in_force.action == Action.AUTO or word_in_force.seq < mark.since or reviewer == mark.author:
            continue
        answered.append(GoldAnswer(reviewer, mark, Action(word_in_force.action), word_in_force.guide))
    return answered


def one_by_one(words: Iterable[GoldWord]) -> set[tuple[str, Action]]:
    """Candidates with a decision that somebody made for that candidate alone and has not taken back; `words` as for
    `answers`."""
    return {
        (word.candidate_id, Action(word.action))
        for holds in _not_taken_back(words).values()
        for word in holds
        if word.kind in (ActKind.DECIDE, ActKind.ADJUDICATE)
    }


def _not_taken_back(words: Iterable[GoldWord]) -> dict[tuple[str, str], list[GoldWord]]:
    """The decisions that were not taken back, by reviewer and candidate, the oldest first."""
    by_reviewer: dict[tuple[str, str], list[GoldWord]] = {}
    taken_back: dict[tuple[str, str], list[GoldWord]] = {}
    for word in words:
        key = word.reviewer, word.candidate_id
        holds, back = by_reviewer.setdefault(key, []), taken_back.setdefault(key, [])
        if word.kind == ActKind.UNDO:  # an undo with nothing left to take back changes nothing
            back += [holds.pop()] if holds else []
        elif word.kind == ActKind.REDO:
            holds += [back.pop()] if back else []
        else:
            back.clear()
            holds.append(word)
    return by_reviewer


def accuracies(answered: Iterable[GoldAnswer]) -> list[ReviewerAccuracy]:
    """The accuracy of each reviewer who has answered any gold item, by name."""
    by_reviewer: dict[str, list[GoldAnswer]] = {}
    for answer in answered:
        by_reviewer.setdefault(answer.reviewer, []).append(answer)
    return [
        ReviewerAccuracy(
            reviewer,
            accuracy(theirs),
            {
                guide: accuracy([answer for answer in theirs if answer.guide == guide])
                for guide in sorted({answer.guide for answer in theirs})
            },
        )
        for reviewer, theirs in sorted(by_reviewer.items())
    ]


def accuracy(theirs: Iterable[GoldAnswer]) -> Accuracy:
    """The accuracy of some answers."""
    listed = list(theirs)
    right = sum(answer.right for answer in listed)
    accepts = [answer for answer in listed if answer.mark.action is Action.ACCEPT]
    rejects = [answer for answer in listed if answer.mark.action is Action.REJECT]
    return Accuracy(
        answered=len(listed),
        right=right,
        to_accept=len(accepts),
        turned_away=sum(not answer.right for answer in accepts),
        to_reject=len(rejects),
        let_through=sum(not answer.right for answer in rejects),
        other_guide=sum(answer.guide != answer.mark.guide for answer in listed),
        share=share_of_items([answer.right for answer in listed], [_prompt(answer) for answer in listed])
        if listed
        else None,
    )


def _prompt(answer: GoldAnswer) -> int:
    """The prompt of its candidate, which is named round.prompt.k; answers counted together are of one round."""
    return int(answer.mark.candidate_id.split(".")[1])
