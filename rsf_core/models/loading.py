"""Loads a model and its tokenizer from a folder, or says why it cannot: nothing is filled with random numbers, no code of the
folder is run, and nothing is allocated that its files don't hold."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ModelError, RsfError
from rsf_core.models import checkpoint, generation, rendering
from rsf_core.models.checkpoint import Checkpoint, first_names
from rsf_core.models.placement import CPU, Placement

_PROBE = "Say 1 word: a."
_SLACK = 2**24  # with at most so many numbers beyond its files' a model is loaded, and the loading report names them
_MOST_BUFFERS = 2**28  # numbers that a model computes itself (position tables), 1 GiB


def load(folder: Path, placement: Placement = CPU) -> tuple[Any, Any]:
    """`(model, tokenizer)` in evaluation mode, with the model on the device and in the dtype of `placement`: a causal model,
    or an encoder-decoder. Raises ModelError that says what is wrong with the folder and what to do."""
    model, tokenizer = _loaded(folder, placement, _kind)
    with _model_errors(folder, "the model"):
        generation.keep_with(model, folder)
    return model, tokenizer


def load_classifier(folder: Path, placement: Placement = CPU) -> tuple[Any, Any]:
    """`(model, tokenizer)` as `load` returns them, for a model that classifies sequences: it computes a number for each label
    of a text. Raises ModelError as `load` does; if the weights lack the classifier's head, the error names it."""
    return _loaded(folder, placement, _classifier_kind)


def _loaded(folder: Path, placement: Placement, kind_of: Callable[[Path], tuple[Any, Any]]) -> tuple[Any, Any]:
    checkpoint_read = checkpoint.read(folder)
    rendering.prepare()  # while the weights are read
    with _model_errors(folder, "the model"):
        kind, config = kind_of(folder)
        _check_size(folder, checkpoint_read, kind, config)
        model = _moved(_weights(folder, kind, placement.dtype), folder, placement.device)
    with _model_errors(folder, "the tokenizer"):
        tokenizer = _tokenizer(folder)
    return model.eval(), tokenizer


def outline(folder: Path) -> tuple[Any, Any]:
    """`(model, tokenizer)` as `load` returns them, without the weights: enough to encode prompts. The model takes no memory.
    Raises ModelError as `load` does, except for faults that only loading the weights shows."""
    checkpoint_read = checkpoint.read(folder)
    rendering.prepare()
    with _model_errors(folder, "the model"):
        kind, config = _kind(folder)
        model = _check_size(folder, checkpoint_read, kind, config)
        if (folder / "generation_config.json").is_file():
            from transformers import GenerationConfig

            model.generation_config = GenerationConfig.from_pretrained(folder, local_files_only=True)
    with _model_errors(folder, "the tokenizer"):
        tokenizer = _tokenizer(folder)
    return model.eval(), tokenizer


def _kind(folder: Path) -> tuple[Any, Any]:
    """The class that builds the model, and its config."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    if type(config) not in kind._model_mapping:
        raise ModelError(
            f"the model in {folder} is of the type {config.model_type!r}, which transformers knows neither as a causal "
            "language model nor as a text-to-text encoder-decoder: use a model that completes text"
        )
    return kind, config


def _classifier_kind(folder: Path) -> tuple[Any, Any]:
    """As `_kind`, for a model that classifies sequences."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    if type(config) not in AutoModelForSequenceClassification._model_mapping:
        raise ModelError(
            f"the model in {folder} is of the type {config.model_type!r}, which transformers does not know as a classifier of "
            "sequences: use a reward model or a classifier of texts"
        )
    return AutoModelForSequenceClassification, config


def _check_size(folder: Path, checkpoint_read: Checkpoint, kind: Any, config: Any) -> Any:
    """Build the model without memory and compare its size with the weights: a config of another model would allocate whatever
    it declares and fill it with random numbers. Raises ModelError if they do not match."""
    import torch

    with torch.device("meta"):
        model = kind.from_config(config, trust_remote_code=False)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    buffers = sum(buffer.numel() for buffer in model.buffers())
    # quantised weights pack several numbers into one
    stored = checkpoint_read.numbers * (16 if "quantization_config" in checkpoint_read.config else 2)
    if parameters > stored + _SLACK or buffers > stored + _MOST_BUFFERS:
        raise ModelError(
            f"{folder / 'config.json'} describes a model of {max(parameters, buffers):,} numbers, and the weights "
            f"beside it hold {checkpoint_read.numbers:,}: they do not belong together. Copy or download the model again"
        )
    return model


def _weights(folder: Path, kind: Any, dtype: str) -> Any:
    """The model on the processor, with all its weights from the folder. Raises ModelError if some are missing, have another
    shape, would be left out or are not finite."""
    import torch

    model, report = kind.from_pretrained(
        folder,
        dtype=getattr(torch, dtype),
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        ignore_mismatched_sizes=True,  # refused below, by name
        output_loading_info=True,
    )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(
            f"the weights in {folder} lack {first_names(missing)}, which config.json asks for; random numbers would stand in "
            "for them. Copy or download the model again"
        )
    odd = sorted(
        f"{name} is {_shape(has)} instead of {_shape(wants)}" for name, has, wants in report["mismatched_keys"]
    )
    if odd:
        raise ModelError(
            f"the weights in {folder} have other shapes than config.json says: {first_names(odd)}. Copy or download "
            "the model again"
        )
    unused = sorted(_beyond(report["unexpected_keys"], model))
    if unused:
        raise ModelError(
            f"the weights in {folder} hold {first_names(unused)}, for which config.json names too few layers: the model would "
            "be cut short. Copy or download the model again"
        )
    broken = sorted(name for name, parameter in model.named_parameters() if not _finite(parameter))
    if broken:
        raise ModelError(
            f"the weights in {folder} hold numbers that are not finite (NaN or infinity) in {first_names(broken)}: copy or "
            "download the model again; where it was trained, training has diverged"
        )
    return model


def _moved(model: Any, folder: Path, device: str) -> Any:
    import torch

    try:
        return model.to(device)
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"the model in {folder} does not fit into the memory of {device}: use a smaller one, set compute.dtype to "
            "bfloat16, or compute.device to cpu"
        ) from error


def _beyond(unexpected: set[str], model: Any) -> set[str]:
    """Stored weights of layers beyond the model's own. Other unused weights are ignored: they may serve another task."""
    import torch

    names = set()
    for name in unexpected:
        for place in re.finditer(r"\.(\d+)\.", name):
            for prefix in ("", f"{model.base_model_prefix}."):
                with contextlib.suppress(AttributeError):
                    layers = model.get_submodule(prefix + name[: place.start()])
                    if isinstance(layers, torch.nn.ModuleList) and int(place[1]) >= len(layers):
                        names.add(name)
    return names


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape))


def _finite(parameter: Any) -> bool:
    """Whether all numbers are finite, in one pass without a copy: NaN and infinities show in the extremes."""
    import torch

    if parameter.numel() == 0:
        return True
    low, high = torch.aminmax(parameter.detach())
    return bool(torch.isfinite(low) and torch.isfinite(high))


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    if not any(folder.glob("*token*")) and not any(
        path.suffix in (".model", ".spm", ".tiktoken", ".txt") or path.name.startswith(("vocab", "merges", "spiece"))
        for path in folder.iterdir()
    ):
        raise ModelError(f"{folder} has no tokenizer (tokenizer.json and tokenizer_config.json): copy it there as well")
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    ids = tokenizer(_PROBE, add_special_tokens=False).input_ids
    if not ids or not isinstance(ids[0], int) or len(tokenizer) <= len(tokenizer.added_tokens_decoder):
        raise ModelError(
            f"the tokenizer in {folder} knows no words ({len(tokenizer)} tokens): its vocabulary is missing. Copy or download "
            "the model again"
        )
    tokenizer.decode(ids)
    return tokenizer


@contextlib.contextmanager
def _model_errors(folder: Path, what: str) -> Iterator[None]:
    """Turns whatever a library raises into ModelError: damaged files can make it raise anything."""
    try:
        yield
    except RsfError:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        raise ModelError(
            f"{what} in {folder} does not fit into the memory of this machine: use a smaller one"
        ) from error
    except BaseException as error:  # a panic of the tokenizers library is not an Exception
        message = " ".join(str(error).split())[:300] or "no reason given"
        raise ModelError(
            f"{what} in {folder} cannot be loaded ({type(error).__name__}: {message}): copy or download the model again, or "
            "use another"
        ) from error
