"""The tokens that end a completion."""

from __future__ import annotations

from typing import Any

from rsf_core.domain.errors import ModelError
from rsf_core.models.chat import Chat
from rsf_core.models.tokens import vocabulary


def eos_ids(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end a completion: first the token that ends a turn of the chat template, which also ends a person's
    edit; then the tokenizer's EOS token; then those of the model's generation config. Raises ModelError for a token that the
    model does not know."""
    known = vocabulary(model)
    ids: list[int] = []
    turn_end = Chat(tokenizer).turn_end() if tokenizer.chat_template else None
    for value, where in (
        (turn_end, "the chat template"),
        (tokenizer.eos_token_id, "the tokenizer"),
        (getattr(model.generation_config, "eos_token_id", None), "generation_config.json"),
    ):
        for token in value if isinstance(value, list | tuple) else [value]:
            if token is None:
                continue
            if not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < known:
                raise ModelError(
                    f"{where} ends a completion with the token {token!r}, and the model knows the tokens 0 to {known - 1}: "
                    "correct its eos_token or eos_token_id"
                )
            ids.append(token)
    return tuple(dict.fromkeys(ids))
