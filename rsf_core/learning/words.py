"""The figures of a learned version in sentences, shared by the page and the command line; scorers by their names."""

from __future__ import annotations

from rsf_core.domain.words import plural
from rsf_core.learning.report import FURTHER, Against, Report
from rsf_core.learning.taste import LEARNER


def verdict(report: Report) -> tuple[str, str]:
    """The verdict and what follows from it."""
    if not report.learnt:
        rest = (
            "On prompts that it has not seen, it is not shown to separate what people accept from what they reject. "
            "More decisions may help, unless people go by something that it cannot see."
        )
        return "It has not learned anything yet.", rest
    if report.best is not None and not report.better:
        rest = (
            "It separates what people accept from what they reject, but that scorer may do so just as well. Use that "
            "scorer, or decide more candidates."
        )
        return f"It is not shown to be better than the scorer {report.best.name} alone.", rest
    than = "better than the best single scorer of the target, and " if report.best is not None else ""
    return "It separates what people accept from what they reject,", f"{than}on prompts that it has not seen."


def basis(report: Report) -> str:
    """Which decisions the figures are based on."""
    if report.basis == "audit":
        return f"On {plural(report.judged, 'candidate')} that were picked at random for people."
    return (
        "On all candidates that people chose to decide, or saw in the order of the queue: these may be easier or "
        "harder than the rest, which affects every row alike."
    )


def name(other: Against) -> str:
    """The name of another order of the same candidates."""
    return f"{other.name} (the lower the better)" if other.falling else other.name


def chosen(report: Report) -> str:
    """The optimism of choosing the best single scorer, as a sentence; "" if it is negligible."""
    if report.best is None or report.best.flattered < 0.005:
        return ""
    return (
        f"{report.best.name} was chosen on these decisions as the best single scorer. Its AUC is "
        f"{report.best.flattered:.2f} less than on them, to correct for that choice."
    )


def earlier(report: Report) -> str:
    """A note that an earlier version of this program learned it; "" otherwise."""
    if report.learner >= LEARNER:
        return ""
    return (
        "It was learned by an earlier version of this program, whose limits were too narrow. Learn again for better "
        "limits."
    )


def further(report: Report) -> str:
    """What more decisions would bring; "" if that cannot be estimated."""
    if report.further is None:
        return ""
    gain = f"about {report.further:.2f}" if report.further >= 0.005 else "less than 0.01"
    return f"If each doubling of the decisions brings as much as before, another {FURTHER} raise the AUC by {gain}."


def sentences(report: Report) -> list[str]:
    """Everything that a reader of the figures needs."""
    parts = [" ".join(verdict(report)), basis(report), chosen(report), further(report), earlier(report)]
    return [part for part in parts if part]
