"""The settings and the record of a round, to derive its decisions without a project."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import parse
from rsf_core.store.records import RoundRecord

TILTED = {"reference": "base", "beta": 0.5, "rewards": {"s": 1.0}}


def settings(target: dict[str, Any] = TILTED, **accept: Any) -> Settings:
    return parse({"task": "t", "target": target, "accept": {"scope": "global", "rate": 0.5} | accept}, "test")


def round_record(model_id: str = "base") -> RoundRecord:
    return RoundRecord(1, model_id, {}, datetime(2026, 1, 1))
