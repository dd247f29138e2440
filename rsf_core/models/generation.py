"""What a model's folder asks for when tokens are drawn (generation_config.json, or config.json in older folders), and which of
it is part of the law.

Some requests define the model and are always part of the law: the padding, which Marian and NLLB rule out as a bad word, the
start token of the decoder, and the language token that the model is forced to begin with. Requests that rule out tokens by
their position alone become part of the law with the setting generate.model_masks. All others are not applied, and reported.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rsf_core.domain import Mask
from rsf_core.domain.errors import ModelError
from rsf_core.models.checkpoint import read_object

FILE = "generation_config.json"
_SHOWN = 60  # characters of a value
_TOKENS_SHOWN = 8  # tokens of a list
_SET_INSTEAD = {
    "temperature": "generate.temperature",
    "top_k": "generate.top_k",
    "top_p": "generate.top_p",
    "max_length": "generate.max_new_tokens",
    "max_new_tokens": "generate.max_new_tokens",
}
# the settings that change how tokens are drawn, with the values that change nothing
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "decoder_start_token_id": (),
    "forced_bos_token_id": (),
    "bad_words_ids": ([],),
    "suppress_tokens": ([],),
    "begin_suppress_tokens": ([],),
    "min_new_tokens": (0,),
    "min_length": (0,),
    "forced_eos_token_id": (),
    "forced_decoder_ids": ([],),
    "temperature": (1,),
    "top_k": (0,),
    "top_p": (1,),
    "min_p": (0,),
    "top_h": (1,),
    "typical_p": (1,),
    "epsilon_cutoff": (0,),
    "eta_cutoff": (0,),
    "repetition_penalty": (1,),
    "encoder_repetition_penalty": (1,),
    "no_repeat_ngram_size": (0,),
    "encoder_no_repeat_ngram_size": (0,),
    "exponential_decay_length_penalty": (),
    "sequence_bias": ([], {}),
    "force_words_ids": ([],),
    "constraints": ([],),
    "guidance_scale": (1,),
    "penalty_alpha": (0,),
    "dola_layers": (),
    "watermarking_config": (),
    "token_healing": (False,),
    "stop_strings": ([], ""),
    "num_beams": (1,),
    "num_beam_groups": (1,),
    "diversity_penalty": (0,),
    "max_length": (),
    "max_new_tokens": (),
}


class Part(StrEnum):
    """How a request of a model's folder is handled."""

    LAW = "part of the law"
    OFF = "not applied; generate.model_masks makes it part of the law"
    NOT_APPLIED = "not applied"


@dataclass(frozen=True, slots=True)
class LawRequest:
    """One request of a model's folder: its name, its value as text, and how it is handled."""

    name: str
    value: str
    part: Part
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What masks are checked against: the number of tokens that a model knows, the tokens that end a completion, the padding
    (None if there is none), and the number of tokens a decoder is given before the completion (None: causal)."""

    size: int
    ends: tuple[int, ...]
    pad: int | None
    decoder_tokens: int | None


def read(folder: Path) -> dict[str, Any]:
    """The requests of the folder by name, without those that are null. Raises ModelError if a file is broken."""
    older = read_object(folder / "config.json")
    newer = read_object(folder / FILE) if (folder / FILE).exists() else {}
    names = (*_NEUTRAL, "pad_token_id", "eos_token_id", "is_encoder_decoder")
    merged = {name: older.get(name) if newer.get(name) is None else newer[name] for name in names}
    return {name: value for name, value in merged.items() if value is not None}


def keep_with(model: Any, folder: Path) -> None:
    """Copy to the loaded model the requests that `folder` has in config.json alone: transformers ignores them if there is a
    generation_config.json, and a model tuned from this one would be saved without them."""
    for name, value in read(folder).items():
        if name in _NEUTRAL and getattr(model.generation_config, name, None) is None:
            setattr(model.generation_config, name, value)


def requests(config: Mapping[str, Any], model_masks: bool = False) -> list[LawRequest]:
    """All requests that change how tokens are drawn, and how each is handled with the setting generate.model_masks."""
    switched = Part.LAW if model_masks else Part.OFF
    requests: list[LawRequest] = []
    for name, neutral in _NEUTRAL.items():
        value = config.get(name)
        if value is None or any(value == other and type(value) in (type(other), float) for other in neutral):
            continue
        if name == "bad_words_ids":
            requests += _bad_words_asked(config, value, switched)
            continue
        requests.append(LawRequest(name, _short(value), _part(name, config, switched), _note(name, config)))
    return requests


def in_words(requests: Sequence[LawRequest]) -> str:
    """The requests that are part of the law and those that are not, each with its value."""
    parts = []
    for part in Part:
        of_part = [
            f"{request}{f' ({request.note})' if request.note else ''}" for request in requests if request.part is part
        ]
        parts += [f"{part}: {', '.join(of_part)}"] if of_part else []
    return "; ".join(parts) or "its folder asks for nothing beyond the plain softmax"


def masks(config: Mapping[str, Any], known: Vocabulary, model_masks: bool) -> tuple[Mask, ...]:
    """The tokens that the law rules out: always the padding if it is a bad word, the others with `model_masks`. Raises
    ModelError that names a field which is not valid, or leaves no token to draw or to end with."""
    words = _bad_words(config, known)
    always = {token for token in words if model_masks or token == known.pad}
    if not model_masks:
        return tuple(_present(Mask(tuple(sorted(always)))))
    always |= set(_tokens(config, "suppress_tokens", known))
    first = set(_tokens(config, "begin_suppress_tokens", known))
    least = _least(config, known)
    _refuse_no_end(always, known)
    for what, ruled_out in (
        ("first", always | first | (set(known.ends) if least > 0 else set())),
        ("before the end", always | (set(known.ends) if least > 1 else set())),
    ):
        if len(ruled_out) >= known.size:
            raise ModelError(f"{FILE} rules out every token that could come {what}: {_TURN_OFF}")
    return (
        *_present(Mask(tuple(sorted(always)))),
        *_present(Mask(tuple(sorted(first)), before=1)),
        *(_present(Mask(known.ends, before=least)) if least > 0 else ()),
    )


def require_end(all_masks: Sequence[Mask], ends: Collection[int], max_new_tokens: int) -> None:
    """Raises ModelError if no completion of `max_new_tokens` tokens could end."""
    latest = max((mask.before or 0 for mask in all_masks if set(ends) <= set(mask.token_ids)), default=0)
    if latest >= max_new_tokens:
        raise ModelError(
            f"{FILE} lets no completion end within its first {latest} tokens (min_new_tokens or min_length), and "
            f"generate.max_new_tokens is {max_new_tokens}: all would be truncated. Raise it, or {_TURN_OFF}"
        )


def ruled_out(all_masks: Sequence[Mask], completion: Sequence[int]) -> int | None:
    """The first token of a completion that the law never draws at its position, or None."""
    return next(
        (
            token
            for position, token in enumerate(completion)
            if any(mask.rules_out(token, position) for mask in all_masks)
        ),
        None,
    )


_TURN_OFF = "set generate.model_masks to false"


def token(value: Any, name: str, size: int) -> int:
    """`value`, if it is a token that the model knows. Raises ModelError that names the field if not."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < size:
        raise ModelError(
            f"{name} of {FILE} names the token {_short(value)}, and the model knows the tokens 0 to {size - 1}: correct it"
        )
    return value


def _bad_words(config: Mapping[str, Any], known: Vocabulary) -> list[int]:
    """The bad words of one token, without the tokens that end a completion, as in transformers."""
    value = config.get("bad_words_ids")
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(word, list) and word for word in value):
        raise ModelError(f"bad_words_ids of {FILE} is {_short(value)}, no list of lists of tokens: correct it")
    words = [[token(part, "bad_words_ids", known.size) for part in word] for word in value]
    return [word[0] for word in words if len(word) == 1 and word[0] not in known.ends]


def _tokens(config: Mapping[str, Any], name: str, known: Vocabulary) -> list[int]:
    value = config.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ModelError(f"{name} of {FILE} is {_short(value)}, no list of tokens: correct it")
    return [token(part, name, known.size) for part in value]


def _least(config: Mapping[str, Any], known: Vocabulary) -> int:
    """The fewest tokens of a completion, its end not counted. In transformers, min_new_tokens counts the tokens that a decoder
    is given after its start, and min_length also counts the start. For a causal model min_length counts the prompt too; it is
    then no function of the position and is not applied."""
    least = _count(config, "min_new_tokens") - max(0, (known.decoder_tokens or 0) - 1)
    if known.decoder_tokens is not None:
        least = max(least, _count(config, "min_length") - known.decoder_tokens)
    return max(0, least)


def _count(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ModelError(f"{name} of {FILE} is {_short(value)}, no number of tokens: correct it")
    return value


def _refuse_no_end(always: set[int], known: Vocabulary) -> None:
    if set(known.ends) <= always:
        raise ModelError(
            f"suppress_tokens of {FILE} rules out every token that ends a completion ({', '.join(map(str, known.ends))}): "
            f"none could end. Correct it, or {_TURN_OFF}"
        )


def _present(mask: Mask) -> Iterator[Mask]:
    if mask.token_ids:
        yield mask


def _part(name: str, config: Mapping[str, Any], switched: Part) -> Part:
    decodes = bool(config.get("is_encoder_decoder"))
    if name in ("decoder_start_token_id", "forced_bos_token_id"):
        return Part.LAW if decodes else Part.NOT_APPLIED
    if name in ("suppress_tokens", "begin_suppress_tokens", "min_new_tokens") or (name == "min_length" and decodes):
        return switched
    return Part.NOT_APPLIED


def _note(name: str, config: Mapping[str, Any]) -> str:
    if name in _SET_INSTEAD:
        return f"set {_SET_INSTEAD[name]} for it"
    if name == "min_length" and not config.get("is_encoder_decoder"):
        return "it counts the prompt"
    return ""


def _bad_words_asked(config: Mapping[str, Any], value: Any, switched: Part) -> Iterator[LawRequest]:
    """Bad words of one token are masks, and the padding is always part of the law; longer ones depend on earlier tokens."""
    words = value if isinstance(value, list) else [value]
    ends = config.get("eos_token_id")
    single = [word for word in words if isinstance(word, list) and len(word) == 1]
    pads = [word for word in single if word == [config.get("pad_token_id")] and word[0] not in (ends, *_as_list(ends))]
    for some, part, note in (
        (pads, Part.LAW, "the padding"),
        ([word for word in single if word not in pads], switched, ""),
        ([word for word in words if word not in single], Part.NOT_APPLIED, "words of several tokens"),
    ):
        if some:
            yield LawRequest("bad_words_ids", _short(some), part, note)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > _TOKENS_SHOWN:
        return f"{_short(value[:_TOKENS_SHOWN])[:-1]}, … {len(value) - _TOKENS_SHOWN:,} more]"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
