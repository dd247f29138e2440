"""What this machine's processor can do, told without torch."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
SLOW_BF16 = (
    "This processor has no instructions for bf16 products (AVX-512 on x86, bf16 on ARM): they are computed in fp32 and "
    "rounded, and a step takes up to twice as long as in fp32. Use fp32 on this machine."
)
NEEDED = {"x86_64": {"avx512bw", "avx512dq", "avx512vl"}, "aarch64": {"bf16"}}  # by torch's oneDNN


@cache
def multiplies_bf16() -> bool | None:
    """Whether torch's bf16 products use the processor's own instructions; None where that cannot be told."""
    needed = NEEDED.get(platform.machine())
    if needed is None or not CPUINFO.exists():
        return None
    for line in CPUINFO.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return needed <= set(value.split())
    return None
