"""A report of a scorer learned from decisions, for tests: better than the best single scorer, on unseen prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rsf_core.learning.report import Against, Bin, Point, Report
from rsf_core.sampling.intervals import Interval


def against(name: str = "sentiment", **changed: Any) -> Against:
    """A single scorer beside the learned one."""
    auc, auc_gain = Interval(0.7, 0.6, 0.8, 40), Interval(0.11, 0.04, 0.18, 40)
    precision, precision_gain = Interval(0.81, 0.74, 0.87, 40), Interval(0.1, 0.02, 0.19, 40)
    return replace(Against(name, auc, auc_gain, precision, precision_gain), **changed)


def report(**changed: Any) -> Report:
    """The report of a scorer learned from 120 decisions on 40 prompts, all of them judged."""
    made = Report(
        decisions=120,
        accepted=50,
        prompts=40,
        judged=120,
        basis="chosen",
        rate=0.2,
        auc=Interval(0.81, 0.74, 0.87, 40),
        precision=Interval(0.9, 0.7, 0.97, 40),
        best=against(),
        rule=None,
        calibration=(Bin(0.2, Interval(0.25, 0.1, 0.4, 40), 60), Bin(0.8, Interval(0.7, 0.5, 0.9, 40), 60)),
        curve=(Point(30, 0.7, 0.02), Point(60, 0.77, 0.02), Point(108, 0.81, 0.0)),
        further=0.02,
        penalty=10.0,
    )
    return replace(made, **changed)
