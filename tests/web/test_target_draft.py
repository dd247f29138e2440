"""The draft of a target in an address: read back unchanged, and never more than a draft."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import Scope
from rsf_core.domain.settings import Accept, Constraint, Target
from rsf_core.web import target_draft

NOW = Draft(Target(rewards={"sentiment": 1.0}), Accept())
names = st.sampled_from(["length", 'contains(text="日本 “&?=#%+")', "kind@12345678"])
weights = st.floats(-1e6, 1e6, allow_nan=False).filter(bool)


@given(st.dictionaries(names, weights, max_size=3), st.floats(1e-6, 1e6), st.sampled_from(Scope), names)
def test_a_draft_is_read_back_as_it_was(rewards: dict[str, float], beta: float, scope: Scope, checked: str) -> None:
    target = Target(rewards=rewards, beta=beta, constraints=(Constraint(scorer=checked, at_least=0.5),))
    draft = Draft(target, Accept(scope=scope))
    packed = target_draft.pack(draft, NOW)
    assert packed is not None and set(packed) <= set(base64.b64encode(bytes(range(256))).decode() + "-_") - set("+/=")
    assert target_draft.unpack(packed, NOW) == target_draft.AddressDraft(draft, True)
    assert target_draft.unpack(packed, draft) == target_draft.AddressDraft(draft, draft == NOW)


def _packed(plain: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(plain)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "====", "é", "a" * 7_000, _packed(b""), _packed(b"null"), _packed(b"[1]"), _packed(b"{}")),
        _packed(b'{"target": {}, "accept": {}}'),
        _packed(json.dumps({"target": {"beta": -1}, "accept": {}, "of": ""}).encode()),
        _packed(json.dumps({"target": {"rewards": {"a": "b"}}, "accept": {}, "of": ""}).encode()),
        _packed(b" " * 5_000_000),
        _packed(b"[" * 90_000),
        _packed(b'{"target": {}, "accept": {}, "of": ""}')[:-6],
    ],
)
def test_an_invalid_draft_is_ignored(text: str) -> None:
    assert target_draft.unpack(text, NOW) is None


def test_one_that_is_too_long_for_an_address_is_not_put_there() -> None:
    texts = [hashlib.shake_256(str(i).encode()).hexdigest(400) for i in range(20)]
    rewards = {f'contains(text="{text}")': 1.0 for text in texts}
    assert target_draft.pack(Draft(Target(rewards=rewards), Accept()), NOW) is None
