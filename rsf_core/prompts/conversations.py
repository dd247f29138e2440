"""A conversation as a prompt: its system turn and its first question.

A prompt has one question. Of a conversation of several the later ones depend on answers that a prompt cannot hold, so the
first is read and the rest is said to be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from rsf_core.prompts.records import Number

_SYSTEM = {"system", "developer"}
_USER = {"user", "human", "prompter"}
_ASSISTANT = {"assistant", "gpt", "bot", "model", "chatgpt", "ai"}
_ROLE_NAMES, _CONTENT_NAMES = ("role", "from", "speaker"), ("content", "value", "text")


@dataclass(frozen=True, slots=True)
class Conversation:
    """`reply` is the answer to `question` where there is one; `left_out` counts the later questions."""

    question: str
    system: str | None
    reply: str | None
    left_out: int


def is_one(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list of turns, each with who speaks and what is said."""
    return isinstance(value, list) and bool(value) and all(_named(turn) is not None for turn in value)


def are_turns(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list of texts, as the questions of a conversation."""
    return isinstance(value, list) and bool(value) and all(_is_text(turn) for turn in value)


def read(value: list[Any]) -> Conversation | str:
    """The conversation in a list of turns, or what is wrong with it."""
    if are_turns(value):
        return Conversation(value[0], None, None, len(value) - 1)
    turns: list[tuple[str, str]] = []
    for number, turn in enumerate(value, start=1):
        named = _named(turn)
        if named is None:
            return f"turn {number} does not say who speaks and what"
        said, content = named
        role = said.strip().lower()
        kind = next(
            (
                kind
                for kind, names in (("system", _SYSTEM), ("user", _USER), ("assistant", _ASSISTANT))
                if role in names
            ),
            None,
        )
        if kind is None:
            return f"turn {number} is spoken by {said[:40]!r}; system, user and assistant are read"
        text = _text_of(content)
        if text is None:
            return f"turn {number} holds something else than text"
        turns.append((kind, text))
    system = None
    if turns and turns[0][0] == "system":
        system = turns.pop(0)[1]
    if not turns or turns[0][0] != "user":
        return "does not begin with a question of the user, so that what it asks depends on what is said before"
    if any(kind == "system" for kind, _ in turns):
        return "has a system turn that does not come first"
    reply = turns[1][1] if len(turns) > 1 and turns[1][0] == "assistant" else None
    return Conversation(turns[0][1], system, reply, sum(kind == "user" for kind, _ in turns[1:]))


def reply_in(value: list[Any]) -> str | None:
    """The first answer in a list of turns, for a reference: what follows the first question, or an answer alone."""
    if are_turns(value):
        return str(value[0])
    for turn in value:
        role, content = _named(turn) or ("", None)
        if role.strip().lower() in _ASSISTANT:
            return _text_of(content)
    return None


def _named(turn: Any) -> tuple[str, Any] | None:
    if not isinstance(turn, dict):
        return None
    role = next((turn[name] for name in _ROLE_NAMES if _is_text(turn.get(name))), None)
    content = next((turn[name] for name in _CONTENT_NAMES if turn.get(name) is not None), None)
    return None if role is None else (role, content)


def _text_of(content: Any) -> str | None:
    """The text of a turn, which may be given in parts; None where it holds anything but text."""
    if _is_text(content):
        return str(content)
    if not isinstance(content, list):
        return None
    parts = [
        part["text"]
        if isinstance(part, dict) and part.get("type") in ("text", None) and _is_text(part.get("text"))
        else None
        for part in content
    ]
    return None if not parts or None in parts else "".join(part for part in parts if part is not None)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)
