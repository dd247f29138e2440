"""What this machine can compute on, determined without torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
SLOW_BF16 = (
    "This processor has no instructions for bf16 products (AVX-512 on x86, bf16 on ARM): they are computed in fp32 and "
    "rounded, and a step takes up to twice as long as in fp32. Use fp32 on this machine."
)
NVIDIA = Path("/proc/driver/nvidia/gpus")  # a folder for each device, if the driver is loaded
NEEDED = {"x86_64": {"avx512bw", "avx512dq", "avx512vl"}, "aarch64": {"bf16"}}  # required by torch's oneDNN


@cache
def multiplies_bf16() -> bool | None:
    """Whether torch's bf16 products use the processor's own instructions; None if that is unknown."""
    needed = NEEDED.get(platform.machine())
    if needed is None or not CPUINFO.exists():
        return None
    for line in CPUINFO.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return needed <= set(value.split())
    return None


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices beside the processor: the number of CUDA devices, and whether there is MPS (Apple's processors)."""

    cuda: int = 0
    mps: bool = False


def devices() -> Devices:
    """The devices that torch is likely to see, judged by its build and the loaded drivers. A job's process asks torch
    itself."""
    mps = (platform.system(), platform.machine()) == ("Darwin", "arm64")
    return Devices(_visible(len(list(NVIDIA.glob("*")))) if built_for_cuda() else 0, mps)


@cache
def built_for_cuda() -> bool:
    """Whether the installed torch was built for CUDA, according to its version.py."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    version = Path(spec.origin).with_name("version.py")
    return version.is_file() and re.search(r"^cuda\b.*= *['\"]", version.read_text(), re.MULTILINE) is not None


def _visible(count: int) -> int:
    """How many of `count` devices CUDA_VISIBLE_DEVICES leaves: its list ends at the first entry that is not a device."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return count
    shown = 0
    for name in listed.split(","):
        number = name.strip()
        if not number or (number.lstrip("-").isdigit() and not 0 <= int(number) < count):
            break
        shown += 1
    return min(shown, count)
