"""A sequence classifier: one number per label for each row of tokens, whatever else is in the batch.

Model families read their answer from different places: the first token, the last token that is not padding, the last end
token. With their own padding id on the right, nearly all find the right place. If a model names no padding id, one is used
that no row holds, because a real token would be taken for padding. Rows of unequal lengths, computed together and alone, show
which batches a model gets right: see `choice` of the forward passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsf_core.domain.errors import ModelError
from rsf_core.model_scorers.texts import Row
from rsf_core.models.context_window import context_of
from rsf_core.models.forward.batches import right_pad
from rsf_core.models.forward.caches import names

MOST_TOKENS = 2**13  # computed together, padding included
MOST_ROWS = 64
_NEAR = {torch.float32: 1e-4}  # relative tolerance of a logit: how much the order of summation may change it
_NEAR_OTHERWISE = 0.05  # in 16 bits


class Together(IntEnum):
    """Which rows can be computed together."""

    PADDED = 2
    EQUALLY_LONG = 1
    NONE = 0


class Classifier:
    """`probes` are rows of unequal lengths of the kind of text that the model reads. They show which rows can be computed
    together."""

    def __init__(self, model: Any, probes: Sequence[Row]) -> None:
        self._model, self._config = model, model.config.get_text_config()
        pad, known = self._config.pad_token_id, model.get_input_embeddings().num_embeddings
        self._pad = pad if isinstance(pad, int) and 0 <= pad < known else None
        self._known = known
        self._takes_kinds = names(model, "token_type_ids")
        self.together = self._rows_together(probes)

    @property
    def limit(self) -> int | None:
        """The longest row in tokens; None if the model names no limit."""
        table = getattr(
            getattr(getattr(self._model, "base_model", None), "embeddings", None), "position_embeddings", None
        )
        if isinstance(table, torch.nn.Embedding) and table.padding_idx is not None:
            return table.num_embeddings - table.padding_idx - 1  # positions start after the padding's
        return context_of(self._config)

    def logits(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """(N, labels), in the order of `rows`."""
        logits = np.zeros((len(rows), self._config_labels))
        for batch in self._batches([len(row.tokens) for row in rows]):
            logits[batch] = self._computed([rows[i] for i in batch])
        return logits

    @property
    def labels(self) -> list[str]:
        """The names of the labels, in the order of the logits."""
        names = getattr(self._model.config, "id2label", None) or {}
        return [str(names.get(i, names.get(str(i), f"LABEL_{i}"))) for i in range(self._config_labels)]

    @property
    def independent(self) -> bool:
        """Whether each label is true or false on its own; otherwise exactly one is true."""
        return getattr(self._model.config, "problem_type", None) == "multi_label_classification"

    @property
    def _config_labels(self) -> int:
        return int(self._model.config.num_labels)

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """The indices of rows computed together: of similar lengths, at most MOST_ROWS rows and MOST_TOKENS tokens."""
        batch: list[int] = []
        for i in sorted(range(len(lengths)), key=lengths.__getitem__):
            full = batch and (
                self.together is Together.NONE
                or (self.together is Together.EQUALLY_LONG and lengths[i] != lengths[batch[0]])
                or len(batch) == MOST_ROWS
                or lengths[i] * (len(batch) + 1) > MOST_TOKENS
            )
            if full:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    @torch.inference_mode()
    def _computed(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        held = {token for row in rows for token in row.tokens}
        free = self._pad
        if free is None:
            free = next((token for token in range(self._known) if token not in held), None)
        device = self._model.device
        ids, mask = right_pad([row.tokens for row in rows], 0 if free is None else free, device)
        arguments = {"attention_mask": mask}
        kinds = [row.kinds for row in rows]
        if self._takes_kinds and all(kind is not None for kind in kinds):
            arguments["token_type_ids"] = right_pad([kind for kind in kinds if kind is not None], 0, device)[0]
        self._config.pad_token_id = free
        try:
            logits = self._model(input_ids=ids, **arguments).logits
        finally:
            self._config.pad_token_id = self._pad
        if logits.shape != (len(rows), self._config_labels):
            raise ModelError(
                f"the model gives {tuple(logits.shape)} numbers for {len(rows)} texts and {self._config_labels} labels: it is "
                "no classifier of whole texts. Use another model"
            )
        values: NDArray[np.float64] = logits.float().cpu().numpy().astype(np.float64)
        return values

    def _rows_together(self, probes: Sequence[Row]) -> Together:
        alone = np.concatenate([self._computed([row]) for row in probes])
        if self._agree(probes, alone):
            return Together.PADDED
        longest = max(range(len(probes)), key=lambda i: len(probes[i].tokens))
        row, other = probes[longest], _turned(probes[longest])
        if self._agree([row, other], np.concatenate([alone[[longest]], self._computed([other])])):
            return Together.EQUALLY_LONG
        return Together.NONE

    def _agree(self, rows: Sequence[Row], alone: NDArray[np.float64]) -> bool:
        try:
            together = self._computed(rows)
        except (ValueError, IndexError, RuntimeError):  # a model family that takes no rows of unequal lengths
            return False
        near = _NEAR.get(self._model.dtype, _NEAR_OTHERWISE)
        return bool(np.all(np.abs(together - alone) <= near * np.maximum(1.0, np.abs(alone))))


def _turned(row: Row) -> Row:
    """Another text of the same length: the tokens between the ends in reverse order."""
    tokens = row.tokens
    return Row((*tokens[:1], *tokens[1:-1][::-1], *tokens[-1:]), row.kinds)
