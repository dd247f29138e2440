"""What a job tells its owner besides its rows. The same value goes from the job through the spool's result.json to the
follow-ups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rsf_core.domain.errors import JobError
from rsf_core.domain.settings_reading import describe


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")  # later versions may say more


class FoundModel(_Part):
    """The base model where a job found it: `identity` is the hash of its weights."""

    name: str
    folder: str
    identity: str


class LeftOutLengths(_Part):
    """Of prompts that a model does not take: `(prompt_id, tokens, why it is refused)`, one of the last two None. `most` is the
    context window in tokens, `prefix` the tokens that go before each prompt; None where there is no limit or no prefix."""

    most: int | None
    prefix: int | None
    prompts: tuple[tuple[int, int | None, str | None], ...]


class JobResult(_Part):
    """`note` is the job's message once it is done. `base` is the base model, if the job looked for it; `identity` that of the
    model it made. `left_out` are the held-out prompts that a comparison left out, `lengths` those of prompts that drawing
    left out. `taste` is a scorer learned from decisions, as scorers/tastes.py reads it."""

    note: str = "done"
    base: FoundModel | None = None
    identity: str | None = None
    left_out: tuple[int, ...] = ()
    lengths: LeftOutLengths | None = None
    taste: Mapping[str, Any] | None = None


def parse(data: object, where: str) -> JobResult:
    """The result in parsed JSON. Raises JobError naming `where` and each field that is wrong."""
    try:
        return JobResult.model_validate(data)
    except ValidationError as error:
        raise JobError(f"{where} is damaged: {describe(error)}") from error
