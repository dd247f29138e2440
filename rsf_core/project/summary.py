"""The summary of a project for a list of projects. Its owner writes it to a file beside project.toml, so that listing many
projects opens none of their databases."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import read_json, write_json
from rsf_core.domain.words import seconds
from rsf_core.jobs.spool import Status
from rsf_core.rounds import drive
from rsf_core.rounds.comparisons import Comparison
from rsf_core.rounds.stages import Stage, stage_type
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import RoundCounts

log = logging.getLogger(__name__)

NAME = "summary.json"
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Gain:
    """The gain over the base of the newest model that was compared on held-out prompts, in `metric`; its limits are None if
    they are not known."""

    metric: str
    round: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a project. `next` is what comes next, in the words of its button; `fresh` is whether nothing was
    drawn yet and drawing can start."""

    round: int
    next: str
    fresh: bool
    prompts: int
    gain: Gain | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A running job of a project: how far it is, as a fraction (0 to 1) and in words, and about how long it will still take
    (seconds; None if that is not known)."""

    job_id: str
    fraction: float
    words: str
    remaining_seconds: float | None = None

    @property
    def line(self) -> str:
        left = "" if self.remaining_seconds is None else f" · about {seconds(self.remaining_seconds)} left"
        return f"{self.job_id}: {self.words}{left}"


def summarise(
    round_number: int, step: drive.Step, counts: RoundCounts, prompts: int, compared: Comparison | None
) -> Summary:
    """A summary from what the owner knows. `compared` is the newest comparison, None if there is none."""
    fresh = step == drive.Start(Stage.GENERATE) and round_number == 1
    gain = None
    if compared is not None and compared.headline in compared.gain_over_base:
        gain = _gain(compared, compared.gain_over_base[compared.headline])
    return Summary(round_number, _words(step, counts, round_number), fresh, prompts, gain)


def running(job_id: str, status: Status) -> Running:
    counted = f"{status.done:,} of {status.total:,} {status.unit_name}" if status.total else status.message or "waits"
    return Running(job_id, status.fraction, counted.strip(), status.remaining_seconds())


def _gain(compared: Comparison, interval: Interval) -> Gain:
    low, high = (interval.low, interval.high) if interval.known else (None, None)
    return Gain(compared.headline, compared.round, interval.value, low, high)


def _words(step: drive.Step, counts: RoundCounts, round_number: int) -> str:
    match step:
        case drive.Start(stage):
            return stage_type(stage).action(counts)
        case drive.Resume(stage, _):
            return f"Resume: {stage_type(stage).label}"
        case drive.Stopped(stage, because):
            remedy = stage_type(stage).remedy
            return remedy.label if remedy is not None else because
        case drive.WaitForReview():
            return "Review"
        case drive.OpenRound():
            return f"Start round {round_number + 1}"
        case _:
            return ""


def write(folder: Path, summary: Summary) -> None:
    """Write the summary to the project's folder, if it has changed. Without it a list shows less but nothing wrong, so a full
    disk is only logged."""
    if read(folder) == summary:
        return
    try:
        write_json(folder / NAME, asdict(summary))
    except (OSError, RsfError) as error:
        log.warning("%s says less of itself in the list of projects: %s", folder, error)


def read(folder: Path) -> Summary | None:
    """The summary that was written last; None if there is none or it cannot be read, as in a project of an earlier version."""
    try:
        data = read_json(folder / NAME)
        gain = data["gain"]
        return Summary(
            _whole(data["round"]),
            _text(data["next"]),
            data["fresh"] is True,
            _whole(data["prompts"]),
            None if gain is None else _read_gain(gain),
        )
    except (OSError, ValueError, TypeError, LookupError, RecursionError, OverflowError):
        return None


def _read_gain(data: Any) -> Gain:
    limits = (None if data[name] is None else _number(data[name]) for name in ("low", "high"))
    return Gain(_text(data["metric"]), _whole(data["round"]), _number(data["value"]), *limits)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value[:LONGEST_TEXT]


def _whole(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise ValueError("no count")
    return value


def _number(value: Any) -> float:
    number = float(value)
    if not abs(number) < 1e300:  # this refuses NaN too
        raise ValueError("no number")
    return number
