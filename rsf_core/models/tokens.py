"""Whether tokens belong to a model: to its embeddings, and to its tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def vocabulary(model: Any) -> int:
    """How many tokens the model has an embedding for."""
    return int(model.get_input_embeddings().num_embeddings)


def misread(
    tokenizer: Any, vocabulary: int, prompt_token_ids: Sequence[int], token_ids: Sequence[int], text: str | None
) -> str | None:
    """What shows that tokens were drawn with another tokenizer: one that a model of `vocabulary` tokens does not know, or a
    completion that reads otherwise than its `text`, where that is given. None where nothing does."""
    largest = max((*prompt_token_ids, *token_ids), default=0)
    if largest >= vocabulary:
        return f"has the token {largest}, and this model knows {vocabulary}"
    if text is not None and (read := tokenizer.decode(token_ids, skip_special_tokens=True)) != text:
        return f"was drawn as {text[:60]!r} and reads {read[:60]!r} with the tokenizer of this model"
    return None
