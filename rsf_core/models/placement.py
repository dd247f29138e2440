"""The device of models, inputs, noise and optimiser state, and the precision of the weights of a law: decided once, from
`[compute]` in project.toml, by the job that computes."""

from __future__ import annotations

from dataclasses import dataclass

from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings import Compute
from rsf_core.models.hardware import Devices


@dataclass(frozen=True, slots=True)
class Placement:
    """`device` as torch names it ("cpu", "cuda:0", "mps"), and the `dtype` of the weights of a model that draws or judges,
    "float32" or "bfloat16". Weights in training are always float32; train.precision sets the precision of their products."""

    device: str = "cpu"
    dtype: str = "float32"

    @property
    def for_training(self) -> Placement:
        return Placement(self.device)

    def __str__(self) -> str:
        return f"{self.device} in {self.dtype}"


CPU = Placement()


def choose(compute: Compute, there: Devices) -> Placement:
    """The placement that the settings request on a machine with the devices `there`; "auto" takes CUDA, else MPS, else the
    processor. Raises SettingsError if the requested device does not exist."""
    device = compute.device
    kind, _, number = device.partition(":")
    if device == "auto":
        device = "cuda" if there.cuda else "mps" if there.mps else "cpu"
    elif kind == "cuda" and int(number or 0) >= there.cuda:
        raise SettingsError(f"compute.device is {device}, and {_cuda(there.cuda)}: set it to auto")
    elif kind == "mps" and not there.mps:
        raise SettingsError("compute.device is mps, and this machine has none: set it to auto")
    return Placement("cuda:0" if device == "cuda" else device, compute.weights)


def resolve(compute: Compute) -> Placement:
    """`choose` for this machine, with the devices that torch can use: for a job's process. Raises SettingsError."""
    import torch

    mps = torch.backends.mps.is_available()
    return choose(compute, Devices(torch.cuda.device_count() if torch.cuda.is_available() else 0, mps))


def _cuda(count: int) -> str:
    if count == 0:
        return "this machine has none that torch can use"
    return f"this machine has {'only cuda:0' if count == 1 else f'only cuda:0 to cuda:{count - 1}'}"
