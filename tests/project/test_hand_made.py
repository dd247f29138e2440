"""Two reviewers, gold items, a guide that changes in between: each figure that a person is shown, counted by hand.

The rule accepts the candidates of prompts 1 and 2 and rejects those of 3 and 4. Ann has marked two gold items. The decisions:

    guide        ben                                                eve
    version 1    1.1.0 ✓ 1.1.1 ✗ 1.1.2 ✓ 1.2.0 ✓ gold 1.3.0 ✓ gold  1.1.0 ✓ 1.1.1 ✓ 1.1.2 ✓ 1.2.0 ✗ gold
    version 2    1.4.0 ✗                                            1.4.0 ✗ 1.4.1 ✓ 1.3.0 ✗ gold
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.project.exporting.request import Request, What
from rsf_core.review.agreement import WithOthers
from rsf_core.store.review_records import ReviewGoal
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide
from tests.support.wall_clock import set_wall_clock

ANN = person("ann")
WORDS = {
    1: {"ben": "1.1.0+ 1.1.1- 1.1.2+ 1.2.0+ 1.3.0+", "eve": "1.1.0+ 1.1.1+ 1.1.2+ 1.2.0-"},
    2: {"ben": "1.4.0-", "eve": "1.4.0- 1.4.1+ 1.3.0-"},
}
SECONDS = 20  # between two decisions


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        rows = candidates(4, 3)
        add_prompts(made.store)
        add_candidates(made.store, rows)
        add_scores(made.store, rows, {"sentiment": [0.5] * 6 + [-0.5] * 6})
        decide(made.store, rows, [5.0] * 6 + [-50.0] * 6, 0.0)
        now = datetime(2026, 5, 4, 12)
        set_wall_clock(monkeypatch, lambda: now)
        for version, by_reviewer in WORDS.items():
            made.store.guides.add(f"The guide, version {version}.", "ann", "")
            if version == 1:
                made.gold.mark("1.2.0", Action.ACCEPT, ANN)
                made.gold.mark("1.3.0", Action.REJECT, ANN)
            for reviewer, words in by_reviewer.items():
                for word in words.split():
                    now += timedelta(seconds=SECONDS)
                    action = Action.ACCEPT if word[-1] == "+" else Action.REJECT
                    act = Act(f"{reviewer} {word}", ActKind.DECIDE, (word[:-1],), action)
                    assert made.store.acts.say([act], 1, reviewer)[0].refused is None
        made.progress._now = lambda: now
        yield made


def test_gold_items(project: Project) -> None:
    ben, eve = project.gold.report(1).reviewers
    assert (ben.whole.answered, ben.whole.right, ben.whole.turned_away, ben.whole.let_through) == (2, 1, 0, 1)
    assert (eve.whole.answered, eve.whole.right, eve.whole.turned_away, eve.whole.let_through) == (2, 1, 1, 0)
    assert (ben.whole.other_guide, eve.whole.other_guide, project.gold.report(1).outdated) == (0, 1, 2)
    shown = execute(project, "gold", {"round_number": 1}, ANN)
    assert {one["reviewer"]: one["whole"]["right"] for one in shown["reviewers"]} == {"ben": 1, "eve": 1}
    assert {one["reviewer"]: set(one["by_guide"]) for one in shown["reviewers"]} == {"ben": {"1"}, "eve": {"1", "2"}}


def test_agreement_is_of_what_is_no_gold_item(project: Project) -> None:
    """Both decided four: ben ✓ ✗ ✓ ✗ and eve ✓ ✓ ✓ ✗, so p_o = 3/4 and p_e = 1/2·3/4 + 1/2·1/4 = 1/2. Of the eight decisions
    five accept: D_o = 2/8, D_e = 2·5·3/(8·7) (Krippendorff)."""
    agreement = project.review.agreement(1)
    (pair,) = agreement.pairs
    assert (pair.first, pair.second, pair.both, pair.same) == ("ben", "eve", 4, 3)
    assert pair.kappa == pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))
    assert agreement.alpha == pytest.approx(1 - (2 / 8) / (30 / 56))
    reviewed = agreement.reviewed
    counts = reviewed.accept_accept, reviewed.accept_reject, reviewed.reject_accept, reviewed.reject_reject
    assert counts == (4, 0, 1, 2)
    first, second = agreement.by_guide  # ann's two marks are decisions under version 1
    assert (first.words, first.ruled, first.like_the_rule, first.pairs, first.alike) == (8, 8, 7, 3, 2)
    assert (second.words, second.ruled, second.like_the_rule, second.pairs, second.alike) == (3, 3, 2, 1, 1)
    assert project.progress.with_others(1, person("ben")) == WithOthers(reviewers=1, both=4, same=3)


def test_a_disagreement_that_one_of_the_two_settles_stays_one(project: Project) -> None:
    """On 1.1.1 ben decides ✗ and eve ✓; ben settles it as ✓. He also settles 1.4.1, which only eve has decided: no pair."""
    before = project.review.agreement(1)
    for candidate in ("1.1.1", "1.4.1"):
        act = Act(f"settle {candidate}", ActKind.ADJUDICATE, (candidate,), Action.ACCEPT)
        assert project.store.acts.say([act], 1, "ben")[0].refused is None
    now = project.review.agreement(1)
    assert now.pairs == before.pairs and now.alpha == before.alpha
    assert [(one.pairs, one.alike) for one in now.by_guide] == [(3, 2), (1, 1)]
    for reviewer in ("ben", "eve"):
        assert project.progress.with_others(1, person(reviewer)) == WithOthers(reviewers=1, both=4, same=3)
    withdraw = Act("back to the rule", ActKind.DECIDE, ("1.1.1",), Action.AUTO)
    assert project.store.acts.say([withdraw], 1, "ben")[0].refused is None
    assert project.review.agreement(1).pairs[0].both == 3


def test_pace_and_goals(project: Project) -> None:
    """Between ben's decisions are 20 s four times and 100 s; between eve's 20 s three times, 40 s, and 20 s twice."""
    project.progress.set_goal(10, 12, person("ben"))
    ben, eve = project.progress.everybody(1)
    assert (ben.decided, ben.today, ben.goal) == (6, 6, ReviewGoal(10, 12)) and eve.goal == ReviewGoal(None, None)
    assert (eve.decided, eve.today) == (7, 7)
    assert [one.per_hour for one in (ben, eve)] == pytest.approx([3600 * 5 / 180, 3600 * 6 / 140])
    assert ben.sitting is not None and eve.sitting is not None
    for sitting, figures in ((ben.sitting, (4, 6, 4, 1, 1)), (eve.sitting, (4, 7, 5, 1, 1))):
        counts = sitting.accepted, sitting.ruled, sitting.like_the_rule, sitting.turned_away, sitting.brought_in
        assert counts == figures


def test_the_card_of_an_export(project: Project) -> None:
    made = project.exports.write(Request(What.LABELS))
    card = (made.folder / "README.md").read_text()
    for line in (
        "7 completions accepted, 5 rejected.",
        "- **Acceptance rate**: 50.0% by the rule alone, 58.3% with overrides",
        "- **Overridden by people**: 7 candidates;",
        "- `ann`: 2 candidates\n- `ben`: 6 candidates\n- `eve`: 7 candidates\n",
        "- Decided by version 1: 11 opinions\n- Decided by version 2: 4 opinions\n",
        "- `ben` and `eve`: the same of 3 of 4; Cohen's κ 0.500",
        "- Krippendorff's α of all reviewers: 0.533",
    ):
        assert line in card, line
    rows = [json.loads(line) for line in (made.folder / "train.jsonl").read_text().splitlines()]
    labels = {row["candidate_id"]: (row["label"], row["decided_by"]) for row in rows}
    assert labels["1.2.0"] == (True, "ann") and labels["1.3.0"] == (False, "ann"), (
        "what is right decides, not the answers"
    )
    assert labels["1.1.0"] == (True, "ben, eve") and labels["1.4.0"] == (False, "ben, eve")
    assert labels["1.4.1"] == (True, "eve") and labels["1.2.1"] == (True, "rule") and labels["1.4.2"] == (False, "rule")
