"""The request for an export, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

from rsf_core.domain.errors import ExportError

E = TypeVar("E", bound=StrEnum)


class What(StrEnum):
    """SFT: a curated set. PREFERENCE: accepted against rejected completions of one prompt. LABELS: each completion with yes or
    no. ALL: every candidate of a round with its numbers, its decision and who decided it."""

    SFT = "sft"
    PREFERENCE = "preference"
    LABELS = "labels"
    ALL = "all"


class Format(StrEnum):
    """DATASETS is a folder of Parquet files with their features in the card, as on the hub."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    CSV = "csv"
    DATASETS = "datasets"


class Shape(StrEnum):
    """CHAT: prompt and completion are lists of messages. MESSAGES: one list, the whole conversation. PLAIN: texts."""

    CHAT = "chat"
    MESSAGES = "messages"
    PLAIN = "plain"


class Pairing(StrEnum):
    """REWARD: the best accepted with the worst rejected, the next with the next. RANDOM: at random, each one once, by a seed.
    ALL: each accepted with each rejected. COMPARED: by people's comparisons and rankings, whatever the decisions."""

    REWARD = "reward"
    RANDOM = "random"
    ALL = "all"
    COMPARED = "compared"


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and how. `round_number` None is the newest round that can be exported; `curated_id` names a curated set,
    for SFT; `shape` None is chat, or plain in CSV, which has no lists of messages. `pairing` and `seed` are for PREFERENCE.
    `all_rounds`: one set over all rounds that can be exported, or over their newest curated sets, with the round in each row.
    Raises ExportError for a combination that makes no sense."""

    what: What
    format: Format = Format.JSONL
    shape: Shape | None = None
    round_number: int | None = None
    curated_id: str | None = None
    pairing: Pairing = Pairing.REWARD
    seed: int = 0
    all_rounds: bool = False

    def __post_init__(self) -> None:
        if self.shape is Shape.MESSAGES and self.what is not What.SFT:
            raise ExportError(
                f"the shape messages is available only for sft: {self.what} needs the prompt apart from what was "
                "answered. Choose chat or plain"
            )
        if self.shape not in (None, Shape.PLAIN) and self.format is Format.CSV:
            raise ExportError(
                f"a cell of CSV holds no list of messages ({self.shape}): choose plain, or another format"
            )
        if self.curated_id is not None and self.what is not What.SFT:
            raise ExportError(
                f"a curated set contains only accepted completions: {self.what} needs a round, so name a round"
            )
        if self.curated_id is not None and self.round_number is not None:
            raise ExportError("a curated set is of a round already: name one of the two")
        if self.all_rounds and (self.curated_id is not None or self.round_number is not None):
            raise ExportError("all rounds are asked for: name no round and no curated set beside them")
        if self.seed < 0:
            raise ExportError(f"the seed is {self.seed}: it must be 0 or more")

    @property
    def shaped(self) -> Shape:
        return self.shape or (Shape.PLAIN if self.format is Format.CSV else Shape.CHAT)

    @classmethod
    def parse(cls, values: dict[str, Any]) -> Self:
        """The request from text values, as a command or a URL has them; missing ones have their defaults. Raises
        ExportError."""
        return cls(
            _member(What, values.get("what"), "what"),
            _member(Format, values.get("format") or Format.JSONL, "the format"),
            None if values.get("shape") is None else _member(Shape, values["shape"], "the shape"),
            values.get("round_number"),
            values.get("curated_id"),
            _member(Pairing, values.get("pairing") or Pairing.REWARD, "the pairing"),
            values.get("seed") or 0,
            bool(values.get("all_rounds")),
        )


def _member(kind: type[E], text: Any, name: str) -> E:
    try:
        return kind(text)
    except ValueError as error:
        raise ExportError(f"{text!r} is not {name} of an export: say {', '.join(kind)}") from error
