"""Which candidates a person wants to see, and in which order. Filters travel in URLs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rsf_core.domain import Outcome
from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings_reading import describe


def _ascending(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] <= limits[1]:
        raise ValueError("the first number of a range must be the smaller one")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_ascending)]


class View(StrEnum):
    """What a reviewer looks at. `PENDING` are candidates that this reviewer has not decided and that still need an opinion."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OVERRIDDEN = "overridden"
    FLAGGED = "flagged"
    TRUNCATED = "truncated"
    DISAGREEMENT = "disagreement"
    ALL = "all"


class Order(StrEnum):
    """`BOUNDARY`: nearest to the boundary |m − a − log M| first. `AUDIT`: at random, fixed for the project, so that the
    first n are an unbiased sample. `DISAGREEMENT`: where the scorers rank a candidate most differently. The last four are
    the `active_orders`: unsure and unlike the rest, one of each kind, least sure, against the rule."""

    BOUNDARY = "boundary"
    AUDIT = "audit"
    REWARD = "reward"
    DISAGREEMENT = "disagreement"
    PROMPT = "prompt"
    TEACHES = "teaches"
    KINDS = "kinds"
    UNSURE = "unsure"
    AGAINST = "against"


class CandidateFilter(BaseModel):
    """What a candidate must be; all that is set must hold. Ranges are closed. `like` keeps the `nearest` candidates to the
    candidate that it names. The URL form is `to_query`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)

    prompt: int | None = None
    decision: Outcome | None = None
    overridden: bool | None = None
    by: str | None = None
    flagged: bool | None = None
    tag: str | None = None
    p_accept: Range | None = None
    log_ratio: Range | None = None
    tokens: Range | None = None
    scores: dict[str, Range] = Field(default_factory=dict)
    text: str | None = None
    regex: str | None = None
    like: str | None = None
    nearest: int | None = Field(None, ge=1, le=500)  # None: 20

    def to_query(self) -> dict[str, str]:
        """As URL parameters, only what is set: `tokens=10..20`, `score.sentiment=0.5..1`, `flagged=yes`."""
        query: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name == "scores":
                query |= {f"score.{scorer}": _range_text(limits) for scorer, limits in value.items()}
            elif isinstance(value, bool):
                query[name] = "yes" if value else "no"
            elif isinstance(value, tuple):
                query[name] = _range_text(value)
            elif value is not None:
                query[name] = str(value)
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read what `to_query` wrote; parameters of other names are ignored. Raises SettingsError naming the field."""
        values: dict[str, Any] = {"scores": {}}
        for name, text in query.items():
            if name.startswith("score."):
                values["scores"][name.removeprefix("score.")] = _range(name, text)
            elif name in ("p_accept", "log_ratio", "tokens"):
                values[name] = _range(name, text)
            elif name in ("overridden", "flagged"):
                if text not in ("yes", "no"):
                    raise SettingsError(f"filter {name}: give yes or no (got {text!r})")
                values[name] = text == "yes"
            elif name in cls.model_fields and name != "scores":
                values[name] = text
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(f"filter {describe(error)}") from error

    def describe(self) -> str:
        """In plain words, empty if nothing is set."""
        parts = []
        if self.prompt is not None:
            parts.append(f"prompt {self.prompt}")
        if self.decision is not None:
            parts.append(f"{self.decision} by the rule")
        if self.overridden is not None:
            parts.append("overridden" if self.overridden else "not overridden")
        if self.by:
            parts.append(f"reviewed by {self.by}")
        if self.flagged is not None:
            parts.append("flagged" if self.flagged else "not flagged")
        if self.tag:
            parts.append(f"tagged {self.tag}")
        ranges = {"p_accept": self.p_accept, "ℓ": self.log_ratio, "tokens": self.tokens} | dict(self.scores)
        parts += [f"{name} {_range_words(limits)}" for name, limits in ranges.items() if limits]
        if self.text:
            parts.append(f"containing “{self.text}”")
        if self.regex:
            parts.append(f"matching /{self.regex}/")
        if self.like:
            parts.append(f"most like candidate {self.like}" + (f", {self.nearest} of them" if self.nearest else ""))
        return ", ".join(parts)


def _range(name: str, text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    try:
        if not dots:
            raise ValueError
        return float(low or "-inf"), float(high or "inf")
    except ValueError as error:
        raise SettingsError(f"filter {name}: give a range such as 0.2..0.8, or 10.. (got {text!r})") from error


def _range_words(limits: tuple[float, float]) -> str:
    low, high = limits
    if math.isinf(high):
        return "any" if math.isinf(low) else f"from {low:g}"
    return f"up to {high:g}" if math.isinf(low) else f"{low:g} to {high:g}"


def _range_text(limits: tuple[float, float]) -> str:
    return "..".join("" if math.isinf(limit) else repr(limit).removesuffix(".0") for limit in limits)
