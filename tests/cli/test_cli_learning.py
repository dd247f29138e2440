"""The report of `rsf learn`: verdict, figures, versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rsf_core.cli.learning import taste_text
from rsf_core.learning import words
from rsf_core.learning.report import Bin, Report
from rsf_core.learning.taste import LEARNER
from rsf_core.project.commands.table import plain
from rsf_core.sampling.intervals import Interval
from tests.support.taste_reports import against, report

AUC = Interval(0.8, 0.7, 0.9, 30)
BEST = against(
    "length",
    auc=Interval(0.6, 0.5, 0.7, 30),
    auc_gain=Interval(0.2, 0.1, 0.3, 30),
    precision=AUC,
    precision_gain=Interval(0.1, -0.1, 0.3, 30),
    flattered=0.02,
    falling=True,
)
REPORT = report(
    decisions=90,
    judged=60,
    basis="audit",
    rate=0.25,
    auc=AUC,
    precision=Interval(0.7, 0.5, 0.85, 30),
    best=BEST,
    calibration=(Bin(0.3, Interval(0.25, 0.1, 0.45, 30), 30),),
    further=0.012,
    learner=LEARNER,
)


def summary(*reports: Report) -> dict[str, Any]:
    versions = [
        {"scorer": f'taste(version="{number:08x}")', "report": plain(one), "says": words.sentences(one)}
        for number, one in enumerate(reports)
    ]
    decisions = {"accepted": 40, "rejected": 50, "pairs": 0, "rankings": 0, "lacking": ""}
    return {"decisions": decisions, "versions": versions, "current": True}


def test_the_newest_version_is_shown_with_its_verdict_and_earlier_ones_by_name() -> None:
    lines = taste_text(summary(REPORT, replace(REPORT, decisions=60, pairs=3))).splitlines()
    assert lines[0].endswith('taste(version="00000000"): learned from 90 decisions')
    assert lines[1:4] == [
        "AUC 0.80 (0.70 to 0.90), precision 0.70 (0.50 to 0.85) at a rate of 25%",
        (
            "length (the lower the better): AUC 0.60 (0.50 to 0.70), precision 0.80 (0.70 to 0.90); "
            "it gains +0.20 (+0.10 to +0.30) and +0.10 (-0.10 to +0.30)"
        ),
        "where it says 30%, people accept 25% (10% to 45%) of 30",
    ]
    assert lines[4].startswith(
        "It separates what people accept from what they reject, better than the best single scorer"
    )
    assert lines[5:] == [
        "On 60 candidates that were picked at random for people.",
        (
            "length was chosen on these decisions as the best single scorer. Its AUC is 0.02 less than on them, to "
            "correct for that choice."
        ),
        "If each doubling of the decisions brings as much as before, another 50 raise the AUC by about 0.01.",
        'earlier: taste(version="00000001"), from 60 decisions and 3 pairs, AUC 0.80 (0.70 to 0.90)',
    ]


@pytest.mark.parametrize(
    ("learned", "expected"),
    [
        (replace(REPORT, auc=Interval(0.55, 0.4, 0.7, 30)), "It has not learned anything yet."),
        (
            replace(REPORT, best=replace(BEST, auc_gain=Interval(0.1, -0.01, 0.2, 30))),
            "It is not shown to be better than the scorer length alone.",
        ),
        (replace(REPORT, basis="chosen"), "which affects every row alike."),
        (replace(REPORT, learner=3), "learned by an earlier version of this program"),
        (replace(REPORT, further=0.0), "another 50 raise the AUC by less than 0.01."),
    ],
)
def test_the_figures_are_explained_in_words(learned: Report, expected: str) -> None:
    assert expected in taste_text(summary(learned))
