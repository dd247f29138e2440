"""Forward passes without a cache: slower, and exact for every model whose logits at a position do not depend on later tokens.
Rows are padded on the right, where no real token attends to the padding, and no mask is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rsf_core.models.forward.base import Decoding, Forward, Pairs, Tokens
from rsf_core.models.forward.batches import right_pad
from rsf_core.models.forward.caches import names
from rsf_core.models.forward.causal import Causal
from rsf_core.models.forward.encoder_decoder import EncoderDecoder


class RecomputedDecoding:
    """Implements Decoding: whole rows are computed at each step. `next_logits(rows, completions)` returns the logits (B, V)
    that follow the completions of these rows of the batch."""

    def __init__(self, count: int, next_logits: Callable[[list[int], list[list[int]]], Tensor]) -> None:
        self._rows = list(range(count))
        self._completions: list[list[int]] = [[] for _ in range(count)]
        self._next_logits = next_logits

    def keep(self, rows: Tensor) -> None:
        self._rows = [self._rows[i] for i in rows.tolist()]
        self._completions = [list(self._completions[i]) for i in rows.tolist()]

    def step(self, tokens: Tensor) -> Tensor:
        for completion, token in zip(self._completions, tokens.tolist(), strict=True):
            completion.append(token)
        return self.logits()

    def logits(self) -> Tensor:
        return self._next_logits(self._rows, self._completions)


class RecomputedCausal(Causal):
    """Implements Forward."""

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        def next_logits(rows: list[int], completions: list[list[int]]) -> Tensor:
            sequences = [[*prompts[row], *completion] for row, completion in zip(rows, completions, strict=True)]
            return self._logits(sequences, [(len(sequence) - 1, len(sequence)) for sequence in sequences])[:, 0]

        decoding = RecomputedDecoding(len(prompts), next_logits)
        return decoding.logits(), decoding

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        targets, real = right_pad([completion for _, completion in pairs], self.pad, self.model.device)
        ends = [(len(prompt) - 1, len(prompt) + len(completion) - 1) for prompt, completion in pairs]
        logits = self._logits([[*prompt, *completion] for prompt, completion in pairs], ends)
        return logits, targets, real.bool()

    def _logits(self, sequences: Sequence[Tokens], spans: Sequence[tuple[int, int]]) -> Tensor:
        """The logits of the positions `spans` (first, after the last) of each row, (B, C, V); those after a shorter span are
        arbitrary."""
        device = self.model.device
        ids, _ = right_pad(sequences, self.pad, device)
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        # the head is computed on few positions if the model allows it
        kept = torch.arange(first, last, device=device)
        some = {"logits_to_keep": kept} if names(self.model, "logits_to_keep") else {}
        logits: Tensor = self.model(input_ids=ids, use_cache=False, **some).logits
        if not some:
            logits = logits[:, first:last]
        width = max(end - start for start, end in spans)
        starts = torch.tensor([start - first for start, _ in spans], device=device)
        columns = (starts[:, None] + torch.arange(width, device=device)).clamp(max=logits.shape[1] - 1)
        return logits[torch.arange(len(spans), device=device)[:, None], columns]


class RecomputedEncoderDecoder(EncoderDecoder):
    """Implements Forward."""

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        encoded = self.encode(prompts)

        def next_logits(rows: list[int], completions: list[list[int]]) -> Tensor:
            device = self.model.device
            ids = torch.tensor([[*self.prefix, *completion] for completion in completions], device=device)
            return self.decode(encoded.select(torch.tensor(rows, device=device)), ids)[:, -1]

        decoding = RecomputedDecoding(len(prompts), next_logits)
        return decoding.logits(), decoding


class Apart:
    """Implements Forward: draws by one forward pass and judges by another."""

    def __init__(self, drawing: Forward, judging: Forward) -> None:
        self._drawing, self._judging = drawing, judging

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        return self._drawing.begin(prompts)

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        return self._judging.completion_logits(pairs)

    def fits(self, prompt: int, completion: int) -> bool:
        return self._drawing.fits(prompt, completion)


class Grouped:
    """Implements Forward: `inner` gets only rows whose prompts have the same length, so that none is padded; with
    `each_alone`, one row at a time."""

    def __init__(self, inner: Forward, each_alone: bool = False) -> None:
        self._inner, self._alone = inner, each_alone

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        groups = self._groups(prompts)
        begun = [self._inner.begin([prompts[i] for i in group]) for group in groups]
        logits = torch.cat([logits for logits, _ in begun])
        logits = logits[_order(groups, logits.device)]
        return logits, GroupedDecoding([(group, decoding) for group, (_, decoding) in zip(groups, begun, strict=True)])

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        groups = self._groups([prompt for prompt, _ in pairs])
        width = max(len(completion) for _, completion in pairs)
        parts = [self._inner.completion_logits([pairs[i] for i in group]) for group in groups]
        order = _order(groups, parts[0][0].device)
        logits, targets, mask = (
            torch.cat([_widened(part, width) for part in some])[order] for some in zip(*parts, strict=True)
        )
        return logits, targets, mask

    def fits(self, prompt: int, completion: int) -> bool:
        return self._inner.fits(prompt, completion)

    def _groups(self, prompts: Sequence[Tokens]) -> list[list[int]]:
        groups: dict[int, list[int]] = {}
        for i, prompt in enumerate(prompts):
            groups.setdefault(i if self._alone else len(prompt), []).append(i)
        return list(groups.values())


class GroupedDecoding:
    """Implements Decoding: `(places in the batch, decoding)` of each group."""

    def __init__(self, groups: list[tuple[list[int], Decoding]]) -> None:
        self._groups = groups

    def keep(self, rows: Tensor) -> None:
        new_place = {old: new for new, old in enumerate(rows.tolist())}
        kept = []
        for places, decoding in self._groups:
            left = sorted((new_place[place], i) for i, place in enumerate(places) if place in new_place)
            if left:
                decoding.keep(torch.tensor([i for _, i in left], device=rows.device))
                kept.append(([place for place, _ in left], decoding))
        self._groups = kept

    def step(self, tokens: Tensor) -> Tensor:
        logits = torch.cat([decoding.step(tokens[places]) for places, decoding in self._groups])
        return logits[_order([places for places, _ in self._groups], logits.device)]


def _order(groups: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """For each place in the batch, the index of its row in the concatenated groups: (B,)."""
    return torch.tensor([place for group in groups for place in group], device=device).argsort()


def _widened(part: Tensor, width: int) -> Tensor:
    """(B, C, …) padded with zeros at the end, up to C = width."""
    missing = part.new_zeros((part.shape[0], width - part.shape[1], *part.shape[2:]))
    return torch.cat([part, missing], dim=1)
