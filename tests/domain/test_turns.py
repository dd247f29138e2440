"""The turns of a conversation: who speaks, and which turns cannot come before a prompt."""

from __future__ import annotations

import pytest

from rsf_core.domain.errors import PromptError
from rsf_core.domain.turns import MOST_TURNS, checked, messages, whole, with_roles


def test_user_and_assistant_alternate_and_the_user_speaks_last() -> None:
    assert with_roles(("a", "b", "c", "d")) == [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    assert [m["role"] for m in messages("e", "Be brief.", ("a", "b"))] == ["system", "user", "assistant", "user"]
    assert messages("e") == messages("e", "") == [{"role": "user", "content": "e"}]


def test_a_plain_prompt_is_its_text_alone() -> None:
    assert whole("e") == "e" and whole("e", ["a", "b"]) == "a\n\nb\n\ne"


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        (["a"], "has 1 earlier turns: .* even"),
        (["a", "b", "c"], "has 3 earlier turns"),
        (["a", " \n"], "turn 2 of a conversation is empty"),
        (["", "b"], "turn 1 of a conversation is empty"),
        (["a"] * (MOST_TURNS + 2), f"at most {MOST_TURNS} are kept"),
    ],
)
def test_what_cannot_come_before_a_prompt_is_refused(turns: list[str], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        checked(turns)
    assert checked(["a", "b"] * (MOST_TURNS // 2)) == ("a", "b") * (MOST_TURNS // 2)
