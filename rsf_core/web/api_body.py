"""The fields that every request to /api/review has: who asks, and about which round."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: str
    round: int = Field(ge=1, lt=10**9)
