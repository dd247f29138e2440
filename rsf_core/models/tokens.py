"""Whether tokens belong to a model: to its embeddings, and to its tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def vocabulary(model: Any) -> int:
    """The number of tokens that the model has an embedding for."""
    return int(model.get_input_embeddings().num_embeddings)


def misread(
    tokenizer: Any, vocabulary: int, prompt_token_ids: Sequence[int], token_ids: Sequence[int], text: str | None
) -> str | None:
    """The sign that tokens were drawn with another tokenizer: a token that a model of `vocabulary` tokens does not know, or a
    completion that does not read as its `text`, if that is given. None if there is no such sign."""
    largest = max((*prompt_token_ids, *token_ids), default=0)
    if largest >= vocabulary:
        return f"has the token {largest}, and this model knows {vocabulary}"
    if text is not None and (read := tokenizer.decode(token_ids, skip_special_tokens=True)) != text:
        return f"was drawn as {text[:60]!r} and reads {read[:60]!r} with the tokenizer of this model"
    return None
