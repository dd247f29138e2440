"""Chooses how to compute a model: the fastest way that is exact, measured on a few tokens.

Model families differ in the effects of padding, masks and caches, and do not declare them: a recurrent state may run over the
padding, a causal mask may be left out without a cache. So it is measured when a model is loaded. A few completions are drawn
step by step, in a batch of unequal prompts with rows that drop out, and judged together; their log p must equal that of one
row without padding and cache.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from rsf_core.domain.errors import ModelError
from rsf_core.models.forward.base import Forward, Pair, Pairs
from rsf_core.models.forward.causal import Causal
from rsf_core.models.forward.encoder_decoder import EncoderDecoder
from rsf_core.models.forward.recomputed import Apart, Grouped, RecomputedCausal, RecomputedEncoderDecoder
from rsf_core.models.log_probs import summable

# as a share of the spread of the logits, because a small random model hardly depends on earlier tokens: rounding is about
# 1e-5 of the spread in float32 and 0.01 in bfloat16
TOLERANCES = {torch.float64: 1e-7, torch.float32: 1e-4}
_TOLERANCE = 0.05
_LENGTHS = (7, 3, 5)  # of the prompts, in tokens: longer and shorter than the convolutions of hybrids
_COMPLETION = 3
_WINDOWS = ("sliding_window", "attention_chunk_size")  # caches keep only the last tokens of such a window

log = logging.getLogger(__name__)


def of(model: Any, pad: int) -> Forward:
    """The forward pass of a transformers (or peft) model. Raises ModelError if the model does not define how its completions
    begin, or if no way of computing it is exact."""
    ways = list(_encoder_decoder_ways(model, pad) if model.config.is_encoder_decoder else _causal_ways(model, pad))
    pairs = _probes(model, pad, ways[0][1].fits)
    problems = []
    with _undisturbed(model):
        if not model.config.is_encoder_decoder:
            _without_ignored_windows(model, ways[-1][1], pairs[0])
        expected, spread = _alone(ways[-1][1], pairs, type(model).__name__)
        tolerance = TOLERANCES.get(model.dtype, _TOLERANCE) * spread
        for name, way in ways:
            try:
                difference = _difference(way, pairs, expected)
            except (MemoryError, KeyboardInterrupt):
                raise
            except Exception as error:  # this way does not work: the model has other arguments or another cache
                problems.append(f"{name}: {type(error).__name__}: {str(error)[:120]}")
                continue
            if difference <= tolerance:
                if problems:
                    log.info("%s is computed %s: %s", type(model).__name__, name, "; ".join(problems))
                return way
            problems.append(f"{name}: {difference:.1e} nats a token off")
    raise ModelError(
        f"{type(model).__name__} cannot be used: the probability a completion is drawn with is not the one it is judged with "
        f"({'; '.join(problems)}), so that log q would not be exact. Use a model of another architecture"
    )


def _causal_ways(model: Any, pad: int) -> Iterator[tuple[str, Forward]]:
    whole = RecomputedCausal(model, pad)
    if not _is_recurrent(model):
        yield "with padding", Causal(model, pad)
    # without a mask, or with a mask that masks nothing: each suits some families that the other does not
    for padded in (False, True):
        yield "by groups of equal length", Apart(Grouped(Causal(model, pad, padded)), whole)
    yield "recomputed at each step, without a cache (slower)", whole
    yield "row by row, without a cache (much slower)", Grouped(whole, each_alone=True)


def _encoder_decoder_ways(model: Any, pad: int) -> Iterator[tuple[str, Forward]]:
    cached, whole = EncoderDecoder(model, pad), RecomputedEncoderDecoder(model, pad)
    if not _drops_tokens(model):
        yield "with padding", cached
        yield "by groups of equal length", Grouped(cached)
    yield "recomputed at each step, without a cache (slower)", whole
    yield "recomputed at each step, by groups of equal length (slower)", Grouped(whole)
    yield "row by row, without a cache (much slower)", Grouped(whole, each_alone=True)


def _is_recurrent(model: Any) -> bool:
    """Whether the model has a recurrent state: it would run over padding too, which a measurement on few tokens may not
    show."""
    kinds = [
        kind for name in ("layer_types", "layers_block_type", "block_types") for kind in _listed(model.config, name)
    ]
    return bool(getattr(model, "_is_stateful", False)) or any(
        "attention" not in kind or "linear" in kind for kind in kinds
    )


def _drops_tokens(model: Any) -> bool:
    """Whether the experts have a limited capacity and drop the other tokens of a sequence: a long sequence loses some, a
    single step none. Outside training, the capacity of NLLB-MoE is a share of all tokens, by default the whole."""
    capacity = getattr(model.config, "expert_capacity", None)
    return capacity is not None and getattr(model.config, "moe_eval_capacity_token_fraction", 0.0) < 1.0


def _without_ignored_windows(model: Any, whole: Forward, pair: Pair) -> None:
    """Remove from the config (in memory) attention windows that the model ignores. Its cache does not ignore them: once a
    completion is longer than the window, the cache would drop tokens that the model still attends to. Whether the model
    ignores a window is tested with one of two tokens."""
    config = model.config.get_text_config(decoder=True)
    for name in _WINDOWS:
        window = getattr(config, name, None)
        if not isinstance(window, int) or isinstance(window, bool):
            continue
        try:
            before = whole.completion_logits([pair])[0]
            setattr(config, name, 2)
            ignored = torch.equal(before, whole.completion_logits([pair])[0])
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception:  # the model fails with this window, so it does not ignore it
            ignored = False
        finally:
            setattr(config, name, window)
        if ignored:
            log.info(
                "%s does not look at the %s of its config.json, so that its cache keeps all", type(model).__name__, name
            )
            setattr(config, name, None)


def _listed(config: Any, name: str) -> list[str]:
    value = getattr(config, name, None)
    return [str(kind) for kind in value] if isinstance(value, list | tuple) else []


def _probes(model: Any, pad: int, fits: Callable[[int, int], bool]) -> Pairs:
    """Prompts of unequal lengths, the first one twice, with completions that end at different steps; the tokens are
    arbitrary."""
    size = model.get_input_embeddings().num_embeddings
    outputs = model.get_output_embeddings()
    if outputs is not None and hasattr(outputs, "weight"):
        size = min(size, outputs.weight.shape[0])
    config = model.config
    special = {pad, *(getattr(config, f"{name}_token_id", None) for name in ("pad", "bos", "eos", "decoder_start"))}
    usual = [token for token in ((7 + 11 * i) % size for i in range(40)) if token not in special] or [0]
    shrink = 0
    while shrink < 2 and not fits(_LENGTHS[0] - shrink * 3, _COMPLETION):
        shrink += 1

    def some(start: int, count: int) -> tuple[int, ...]:
        return tuple(usual[(start + i) % len(usual)] for i in range(count))

    prompts = [some(5 * i, max(1, length - 3 * shrink)) for i, length in enumerate(_LENGTHS)]
    completions = [some(17 + 3 * i, _COMPLETION - i) for i in range(3)]
    return [
        (prompts[0], completions[0]),
        (prompts[1], completions[1]),
        (prompts[0], completions[0][:1]),
        (prompts[2], completions[2]),
    ]


def _alone(way: Forward, pairs: Pairs, name: str) -> tuple[list[Tensor], float]:
    """log p (nats) of each token of each completion, (C,), computed for one row at a time without padding or cache; and the
    mean standard deviation of the logits at a position."""
    try:
        parts = [way.completion_logits([pair]) for pair in pairs if pair is not pairs[2]]
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # whatever the model's code raises over the tokens of a prompt
        raise ModelError(
            f"{name} cannot be used: it does not compute plain text ({type(error).__name__}: {str(error)[:200]}). Use a model "
            "of another architecture"
        ) from error
    first, second, last = (_log_probs(*part)[0] for part in parts)
    return [first, second, first[:1], last], float(summable(parts[0][0]).double().std(-1).mean())


def _difference(way: Forward, pairs: Pairs, expected: list[Tensor]) -> float:
    """The largest difference (nats) of a token's log p from `expected`, whether judged or drawn. The completions of one prompt
    are also judged by themselves, because a shared prompt may be computed in another way."""
    shared = [pairs[0], pairs[2]]
    differences = [
        *_log_probs(*way.completion_logits(pairs)),
        *_log_probs(*way.completion_logits(shared)),
        *_drawn(way, pairs),
    ]
    right = [*expected, expected[0], expected[2], *expected]
    worst = max(float((a - b).abs().max()) for a, b in zip(differences, right, strict=True))
    return worst if worst == worst else float("inf")  # NaN


def _log_probs(logits: Tensor, targets: Tensor, mask: Tensor) -> list[Tensor]:
    """log p (nats) of the tokens of each row, (C,)."""
    return [
        torch.log_softmax(summable(row[real]).double(), -1).gather(1, summable(target[real])[:, None])[:, 0]
        for row, target, real in zip(logits, targets, mask, strict=True)
    ]


def _drawn(way: Forward, pairs: Pairs) -> list[Tensor]:
    """log p (nats) of the tokens of each row, (C,), computed step by step as in drawing; a row drops out when its completion
    ends."""
    rows = list(range(len(pairs)))
    drawn: list[list[Tensor]] = [[] for _ in rows]
    logits, decoding = way.begin([prompt for prompt, _ in pairs])
    while True:
        step = len(drawn[rows[0]])
        tokens = torch.tensor([pairs[row][1][step] for row in rows], device=logits.device)
        for row, one, token in zip(rows, logits, tokens, strict=True):
            drawn[row].append(torch.log_softmax(summable(one).double(), -1)[summable(token)])
        left = [i for i, row in enumerate(rows) if len(pairs[row][1]) > step + 1]
        if not left:
            return [torch.stack(values) for values in drawn]
        if len(left) < len(rows):
            decoding.keep(torch.tensor(left, device=logits.device))
            tokens, rows = tokens[left], [rows[i] for i in left]
        logits = decoding.step(tokens)


@contextlib.contextmanager
def _undisturbed(model: Any) -> Iterator[None]:
    """Runs the block without dropout or gradients, and then restores the model's mode."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)
