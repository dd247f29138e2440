"""A proposal in this process: any causal or encoder-decoder model of transformers, through its own forward pass.

Each prompt is computed once and its cache expanded to its candidates; finished rows are dropped at once, so that a long
straggler costs one row, not the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rsf_core import models
from rsf_core.domain import Candidate, Finish, Mask, Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.models import forward
from rsf_core.models.forward import Forward
from rsf_core.models.lengths import Lengths
from rsf_core.models.log_probs import token_kl, token_log_probs
from rsf_core.models.placement import CPU, Placement
from rsf_core.proposals.base import LeftOut, ModelFacts
from rsf_core.proposals.token_law import Noise, draw

Request = tuple[Prompt, int, str]
SCORING_BATCH = 32
BATCHES_AHEAD = 2  # batches within which requests are reordered by length
SCORED_LOGITS = 2**27  # logits computed together when scoring: 512 MB in float32
_SHORTEN = "shorten it on the Prompts page, retire it, or lower generate.max_new_tokens"


@dataclass(slots=True)
class _Row:
    """A candidate being drawn."""

    request: Request
    prompt_token_ids: tuple[int, ...]
    noise: Noise
    token_ids: list[int] = field(default_factory=list)
    log_q: float = 0.0
    log_model: float = 0.0


class LocalProposal:
    """Implements LoadedModel of rsf_core.proposals.base, and so Sampler and Likelihood, for the model in `folder`. Raises
    ModelError if it can't be loaded."""

    def __init__(self, folder: Path, placement: Placement = CPU) -> None:
        self.model, self.tokenizer = models.load(folder, placement)
        self.eos = frozenset(models.eos_ids(self.model, self.tokenizer))
        if not self.eos:
            raise ModelError(f"the model in {folder} names no end-of-sequence token, so no completion could ever end")
        self._pad = min(self.eos)
        self._forward = forward.of(self.model, self._pad)
        self._folder = folder
        self._masks = {False: models.masks_of(folder, self.model, self.tokenizer, tuple(self.eos))}
        self.lengths = Lengths(self.model, self.tokenizer, self._pad)

    def facts(self) -> ModelFacts:
        """See LoadedModel.facts."""
        return ModelFacts(
            family=str(self.model.config.model_type),
            encoder_decoder=bool(self.model.config.is_encoder_decoder),
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            chat_template=bool(self.tokenizer.chat_template),
        )

    def prompt_token_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens that completions of `prompt` follow. Raises ModelError; see Prompting."""
        return self.lengths.uncached_token_ids(prompt)

    def draw(
        self,
        requests: Sequence[Request],
        sampling: Sampling,
        batch_size: int,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Candidate]:
        """See Sampler.draw. Raises ModelError if a prompt and `max_new_tokens` don't fit into the model's context, or if the
        model's masks let no completion end."""
        models.require_end(self.masks(sampling.model_masks), self.eos, sampling.max_new_tokens)
        for prompt in dict.fromkeys(prompt for prompt, _, _ in requests):
            self._require(prompt, sampling.max_new_tokens)
        # similar lengths together, but near their turn: a job saves finished units, which are runs of requests
        window = BATCHES_AHEAD * batch_size
        for start in range(0, len(requests), window):
            near = [self._row(request, sampling) for request in requests[start : start + window]]
            for batch in forward.by_length([len(row.prompt_token_ids) for row in near], batch_size):
                yield from self._decode([near[i] for i in batch], sampling, should_stop)
                if should_stop():
                    return

    def masks(self, model_masks: bool) -> tuple[Mask, ...]:
        """The tokens that the law rules out, given the setting generate.model_masks. Raises ModelError; see
        generation.masks."""
        if model_masks not in self._masks:
            masks = models.masks_of(self._folder, self.model, self.tokenizer, tuple(self.eos), model_masks)
            self._masks[model_masks] = masks
        return self._masks[model_masks]

    def _law(self, model_masks: bool) -> Forward:
        return forward.masked(self._forward, self.masks(model_masks))

    def fitting(self, prompts: Sequence[Prompt], max_new_tokens: int) -> tuple[list[Prompt], LeftOut]:
        """See Sampler.fitting. Raises ModelError if the model takes none of the prompts."""
        left_out = self.unfit(prompts, max_new_tokens)
        if prompts and len(left_out.problems) == len(prompts):
            self.lengths.token_ids(prompts[0])  # raises its own error if the template is the cause
            raise ModelError(f"no prompt can be drawn from: {left_out.named()}. {_SHORTEN[0].upper()}{_SHORTEN[1:]}")
        return [prompt for prompt in prompts if prompt.prompt_id not in left_out.problems], left_out

    def unfit(self, prompts: Sequence[Prompt], max_new_tokens: int) -> LeftOut:
        """The prompts that are too long with `max_new_tokens`, or that the template or the tokenizer refuses. Raises
        ModelError if the template refuses every prompt."""
        problems = {prompt.prompt_id: self._problem(prompt, max_new_tokens) for prompt in prompts}
        return LeftOut({prompt: problem for prompt, problem in problems.items() if problem})

    def check(self, drawn: Iterable[tuple[tuple[int, ...], tuple[int, ...], str]], model_masks: bool = False) -> None:
        """See Likelihood.check. Raises ModelError for a completion that was drawn with another tokenizer, is longer than the
        model's context, or has a token that its masks rule out."""
        masks = self.masks(model_masks)
        vocabulary = self.model.get_input_embeddings().num_embeddings
        for prompt, completion, text in drawn:
            problem = models.misread(self.tokenizer, vocabulary, prompt, completion, text)
            if problem is None and not self._forward.fits(len(prompt), len(completion)):
                problem = f"({text[:60]!r}) is longer than its context of {self.lengths.window.limit}"
            ruled_out = models.ruled_out(masks, completion)
            if problem is None and ruled_out is not None:
                raise ModelError(
                    f"the reference cannot judge the candidates: one ({text[:60]!r}) has the token {ruled_out}, which its "
                    "generation_config.json rules out: its probability there is 0. Set target.reference to the model they "
                    "were drawn from, or retire the prompt"
                )
            if problem:
                raise ModelError(
                    f"the reference cannot judge the candidates: one {problem}. Set target.reference to a model with the "
                    "tokenizer of the one they were drawn from"
                )

    @torch.inference_mode()
    def log_prob(
        self,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        temperature: float = 1.0,
        model_masks: bool = False,
    ) -> NDArray[np.float64]:
        """See Likelihood.log_prob. Each prompt is computed once for all its completions."""
        log_probs = np.zeros(len(pairs))
        for batch in self._batches(pairs, SCORED_LOGITS):
            log_probs[batch] = self._log_prob([pairs[i] for i in batch], temperature, self._law(model_masks))
        return log_probs

    @torch.inference_mode()
    def divergence(
        self,
        other: LocalProposal,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        model_masks: bool = False,
    ) -> NDArray[np.float64]:
        """See LoadedModel.divergence; both laws are untouched (temperature 1, no truncation).

        Its mean over completions drawn from this model is KL(self‖other) of whole completions, truncated as they were. This
        follows from the chain rule, with each token's part summed over the vocabulary instead of evaluated at the drawn token,
        which varies less and is never below 0 (Rao-Blackwellised; Amini, Vieira & Cotterell 2025)."""
        divergences = np.zeros(len(pairs))
        # a quarter: the logits of two models, and a copy of both at the real positions
        for batch in self._batches(pairs, SCORED_LOGITS // 4):
            chosen = [pairs[i] for i in batch]
            (p, _, mine), (q, _, others) = (m._law(model_masks).completion_logits(chosen) for m in (self, other))
            each = token_kl(p[mine], q[others]).cpu().numpy()  # row by row, the tokens of a completion in their order
            ends = np.cumsum([len(completion) for _, completion in chosen])
            divergences[batch] = [part.sum() for part in np.split(each, ends[:-1])]
        return divergences

    def hidden_states(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> NDArray[np.float32]:
        """Features of completions (prompt_token_ids, token_ids), (len(pairs), 2·D): see `forward.hidden_states`."""
        return forward.hidden_states(self.model, self._forward, pairs, self._pad)

    def _batches(
        self, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], most_logits: int
    ) -> Iterator[list[int]]:
        """The indices of each batch: equal prompts side by side, and at most `most_logits` logits. Empty completions are in
        none: their log-probability and divergence are 0."""
        some = (i for i, (_, completion) in enumerate(pairs) if completion)
        order = sorted(some, key=lambda i: (len(pairs[i][0]), pairs[i][0], len(pairs[i][1])))
        vocabulary = self.model.get_input_embeddings().num_embeddings
        start = 0
        while start < len(order):
            longest = max(len(pairs[i][1]) for i in order[start : start + SCORING_BATCH])
            rows = max(1, min(SCORING_BATCH, most_logits // (vocabulary * longest)))
            yield order[start : start + rows]
            start += rows

    def _log_prob(
        self, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], temperature: float, law: Forward
    ) -> NDArray[np.float64]:
        logits, targets, mask = law.completion_logits(pairs)
        scaled = logits if temperature == 1.0 else logits.float() / temperature  # as drawing does
        log_p = token_log_probs(scaled, targets)
        return (log_p * mask.to(log_p.device)).sum(1).cpu().numpy()

    def _decode(self, rows: list[_Row], sampling: Sampling, should_stop: Callable[[], bool]) -> Iterator[Candidate]:
        with torch.inference_mode():
            logits, decoding = self._law(sampling.model_masks).begin([row.prompt_token_ids for row in rows])
        for step in range(sampling.max_new_tokens):
            if should_stop():
                return
            with torch.inference_mode():
                noise = np.stack([row.noise.at(step, logits.shape[-1]) for row in rows])
                drawn = draw(logits, torch.as_tensor(noise, device="cpu"), sampling)
                left, finished = self._append(rows, drawn.tokens, drawn.log_q, drawn.log_model, sampling)
            yield from finished
            if not left:
                return
            with torch.inference_mode():
                tokens = drawn.tokens
                if len(left) < len(rows):
                    keep = torch.tensor(left, device=tokens.device)
                    decoding.keep(keep)
                    tokens, rows = tokens[keep], [rows[i] for i in left]
                logits = decoding.step(tokens)

    def _append(
        self,
        rows: Sequence[_Row],
        tokens: torch.Tensor,
        log_q: torch.Tensor,
        log_model: torch.Tensor,
        sampling: Sampling,
    ) -> tuple[list[int], list[Candidate]]:
        """Append its token to every row; returns the rows that continue, and the candidates of those that end."""
        left, finished = [], []
        columns = zip(rows, tokens.tolist(), log_q.tolist(), log_model.tolist(), strict=True)
        for i, (row, token, q, p) in enumerate(columns):
            row.token_ids.append(token)
            row.log_q += q
            row.log_model += p
            if token in self.eos:
                finished.append(self._candidate(row, Finish.EOS))
            elif len(row.token_ids) == sampling.max_new_tokens:
                finished.append(self._candidate(row, Finish.LENGTH))
            else:
                left.append(i)
        return left, finished

    def _candidate(self, row: _Row, finish: Finish) -> Candidate:
        prompt, k, name = row.request
        return Candidate(
            candidate_id=name,
            prompt_id=prompt.prompt_id,
            k=k,
            completion=self.tokenizer.decode(row.token_ids, skip_special_tokens=True),
            prompt_token_ids=row.prompt_token_ids,
            token_ids=tuple(row.token_ids),
            finish=finish,
            log_q=row.log_q,
            log_model=row.log_model,
        )

    def _row(self, request: Request, sampling: Sampling) -> _Row:
        """The row of a request. Rows are made shortly before they are drawn: the noise of a whole job would take gigabytes."""
        return _Row(request, self.lengths.token_ids(request[0]), Noise(sampling.seed, request[2]))

    def _require(self, prompt: Prompt, max_new_tokens: int) -> None:
        self.lengths.token_ids(prompt)
        problem = self._problem(prompt, max_new_tokens)
        if problem:
            raise ModelError(f"{problem}: {_SHORTEN}")

    def _problem(self, prompt: Prompt, max_new_tokens: int) -> str | None:
        length = self.lengths.of(prompt)
        return length.problem(f"prompt {prompt.prompt_id}", self.lengths.window, max_new_tokens)
