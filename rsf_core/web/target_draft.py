"""The draft of a target in the address of its page, so that a reload or a visit to another page does not lose it, and a link
shows it to a colleague. It saves nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from rsf_core.acceptance.preview import Draft
from rsf_core.domain.settings import Accept, Target
from rsf_core.web import in_address

PARAMETER = "draft"


@dataclass(frozen=True, slots=True)
class AddressDraft:
    """A draft that an address holds. `fresh`: it was made from the target in force."""

    draft: Draft
    fresh: bool


def pack(draft: Draft, now: Draft) -> str | None:
    """`draft`, which was made from `now`, packed for an address; None if that would be too long."""
    fields = {"target": draft.target.model_dump(mode="json"), "accept": draft.accept.model_dump(mode="json")}
    return in_address.packed(json.dumps(fields | {"of": _name(now)}, ensure_ascii=False, separators=(",", ":")))


def unpack(text: str, now: Draft) -> AddressDraft | None:
    """The draft that `pack` packed; None if the address holds anything else."""
    try:
        fields = json.loads(in_address.unpacked(text) or "null")
        draft = Draft(Target.model_validate(fields["target"]), Accept.model_validate(fields["accept"]))
        return AddressDraft(draft, fields["of"] == _name(now))
    except (ValueError, KeyError, TypeError, RecursionError):  # pydantic's are ValueErrors
        return None


def _name(draft: Draft) -> str:
    text = json.dumps([draft.target.model_dump(mode="json"), draft.accept.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
