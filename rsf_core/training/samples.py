"""Training samples: sampled token ids, checked against the tokenizer of the model in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from rsf_core.domain import Mask, Prompt
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Train
from rsf_core.models import misread, ruled_out
from rsf_core.models.forward import Forward
from rsf_core.models.prompting import Prompting


@dataclass(frozen=True, slots=True)
class TrainingSample:
    """The sampled token ids, never re-tokenised text; `token_ids` end with EOS if the completion did.

    `text` is the decoded completion when it was drawn. Only if a person has `edited` it, the text is what is trained on, and
    `tokenised` makes its tokens. `log_q` (nats) is the completion's log-probability when it was drawn, None for an edited one.
    A completion made `elsewhere`, for the prompt given there, has only texts: `tokenised` makes the tokens of both, and there
    is no log q."""

    prompt_token_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    weight: float = 1.0
    text: str | None = None
    edited: bool = False
    log_q: float | None = None
    elsewhere: Prompt | None = None


def tokenised(
    sample: TrainingSample, tokenizer: Any, forward: Forward, ends: Sequence[int], prompting: Prompting
) -> TrainingSample:
    """The sample, with the tokens of its text if a person has edited it or it was made elsewhere. These tokens were not drawn,
    so there is no log q; they end with the first of `ends`, the model's EOS tokens. Raises StageError if they don't fit into
    the model's context, PromptRefusedError if the model refuses the prompt of a completion made elsewhere."""
    if sample.elsewhere is not None:
        sample = replace(sample, prompt_token_ids=prompting.token_ids(sample.elsewhere))
    elif not sample.edited:
        return sample
    ids = tokenizer(
        text_target=sample.text, add_special_tokens=False
    ).input_ids  # the target side of an encoder-decoder
    ids = [*ids, *ends[:1]]
    if not forward.fits(len(sample.prompt_token_ids), len(ids)):
        what = "edited completion" if sample.edited else "completion"
        raise StageError(
            f"the {what} that begins {(sample.text or '')[:60]!r} has {len(ids)} tokens, "
            "which with its prompt is more than the model's context: shorten it on Review, then freeze again"
        )
    return replace(sample, token_ids=tuple(ids), log_q=None)


def check_tokenizer(samples: Sequence[TrainingSample], tokenizer: Any, size: int) -> None:
    """Raises StageError if the set was drawn with another tokenizer: this model does not know a token, or decodes tokens to
    another text than when they were drawn. `size` is the number of tokens that the model knows."""
    remedy = (
        "the set was drawn with another tokenizer: draw candidates from this model, or train the one they came from"
    )
    for number, sample in enumerate(samples):
        text = None if sample.edited or sample.elsewhere is not None else sample.text
        problem = misread(tokenizer, size, sample.prompt_token_ids, sample.token_ids, text)
        if problem:
            raise StageError(f"sample {number} of the curated set {problem}: {remedy}")


def check_masks(samples: Sequence[TrainingSample], masks: Sequence[Mask]) -> None:
    """Raises StageError for a sample that the model's law never draws: its log p would be −∞."""
    for number, sample in enumerate(samples):
        token = ruled_out(masks, sample.token_ids)
        if token is not None:
            raise StageError(
                f"sample {number} of the curated set ({(sample.text or '')[:60]!r}) has the token {token}, which the model's "
                "generation_config.json rules out: reject or edit it on Review and freeze again, or set generate.model_masks "
                "to what it was drawn with"
            )


def split(samples: Sequence[TrainingSample], recipe: Train) -> tuple[list[TrainingSample], list[TrainingSample]]:
    """The samples for training, and those held out for early stopping: about `recipe.held_out_share` of the prompts, by a
    hash, so that no prompt is on both sides. Nothing is held out if one side would be empty."""

    def is_held_out(sample: TrainingSample) -> bool:
        digest = blake2b(repr((recipe.seed, sample.prompt_token_ids)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < recipe.held_out_share * 2**64

    held_out = [sample for sample in samples if is_held_out(sample)]
    train = [sample for sample in samples if not is_held_out(sample)]
    return (train, held_out) if train and held_out else (list(samples), [])
