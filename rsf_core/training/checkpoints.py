"""A checkpoint is one safetensors file with weights, optimiser state, and the progress of training. It does not depend on the
device: a run that began on one device can continue on another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from rsf_core.domain.errors import JobError
from rsf_core.domain.files import write_whole


def save(path: Path, parameters: Sequence[Tensor], optimizer: torch.optim.AdamW, state: dict[str, Any]) -> None:
    """Write the whole checkpoint or nothing: on a full disk the former file stays. Raises OutOfSpaceError."""
    tensors = {f"parameter.{i}": p.detach().cpu().contiguous() for i, p in enumerate(parameters)}
    for i, parameter in enumerate(parameters):
        for name, value in optimizer.state[parameter].items():
            tensors[f"optimizer.{i}.{name}"] = value.detach().cpu().contiguous()
    write_whole(path, lambda temporary: save_file(tensors, temporary, metadata={"state": json.dumps(state)}))


def load(path: Path, parameters: Sequence[Tensor], optimizer: torch.optim.AdamW) -> dict[str, Any] | None:
    """Restore parameters and optimiser, and return the state; None if there is no checkpoint. Raises JobError if the file is
    damaged or does not belong to these parameters."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            state: dict[str, Any] = json.loads(file.metadata()["state"])
        tensors = load_file(path)
    except (SafetensorError, TypeError, LookupError, ValueError) as error:  # cut off, or without a state
        raise JobError(f"the checkpoint {path} is damaged: delete it and start the job again ({error})") from error
    for i, parameter in enumerate(parameters):
        saved = tensors.get(f"parameter.{i}")
        if saved is None or saved.shape != parameter.shape:
            raise JobError(f"the checkpoint {path} is of another model or recipe: delete it and start the job again")
        with torch.no_grad():
            parameter.copy_(saved)
        tensors_of = {name.rsplit(".", 1)[1]: tensors[name] for name in tensors if name.startswith(f"optimizer.{i}.")}
        # torch keeps the step count on the processor, whatever the device of the parameter
        optimizer.state[parameter] = {
            name: value.clone() if name == "step" else value.to(parameter.device, copy=True)
            for name, value in tensors_of.items()
        }
    return state
