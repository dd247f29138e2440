"""Numbers as a person reads them."""

from __future__ import annotations

import pytest

from rsf_core.domain.words import plural


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 prompts"), (1, "1 prompt"), (2, "2 prompts"), (1200, "1,200 prompts")]
)
def test_one_is_one_and_all_else_are_many(count: int, text: str) -> None:
    assert plural(count, "prompt") == text
