"""A prompt as a conversation: the turns before its text, which is the user's last message.

The earlier turns are plain texts; their roles follow from their position: user, assistant, and so on in alternation. Their
number is even, so that the text after them is the user's. A plain prompt has no earlier turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from rsf_core.domain.errors import PromptError

Turns = tuple[str, ...]
ROLES = ("user", "assistant")
MOST_TURNS = 200


def with_roles(turns: Sequence[str]) -> list[tuple[str, str]]:
    """Each of the earlier turns with its role."""
    return list(zip(cycle(ROLES), turns))


def messages(text: str, system: str | None = None, earlier: Sequence[str] = ()) -> list[dict[str, str]]:
    """The prompt as chat messages: the system text if there is one, the earlier turns, the text."""
    first = [("system", system)] if system else []
    return [{"role": role, "content": content} for role, content in [*first, *with_roles(earlier), ("user", text)]]


def whole(text: str, earlier: Sequence[str] = ()) -> str:
    """All messages of user and assistant as one text, in which near-duplicates are searched; a plain prompt's is its text."""
    return "\n\n".join((*earlier, text))


def checked(turns: Sequence[str]) -> Turns:
    """The turns as a tuple. Raises PromptError if they cannot come before a prompt's text."""
    if len(turns) % 2:
        raise PromptError(
            f"a conversation has {len(turns)} earlier turns: user and assistant speak by turns before the prompt, so their "
            "number must be even"
        )
    if len(turns) > MOST_TURNS:
        raise PromptError(f"a conversation has {len(turns):,} earlier turns; at most {MOST_TURNS} are kept")
    empty = next((number for number, turn in enumerate(turns, start=1) if not turn.strip()), None)
    if empty is not None:
        raise PromptError(f"turn {empty} of a conversation is empty: write what was said, or leave its exchange out")
    return tuple(turns)
