"""What the processor can do is read from what Linux says of it."""

from __future__ import annotations

import platform

import pytest
import torch

from rsf_core.models import hardware


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(hardware, "CPUINFO", path)
    hardware.multiplies_bf16.cache_clear()
    yield path
    hardware.multiplies_bf16.cache_clear()


@pytest.mark.parametrize(
    ("machine", "line", "found"),
    [
        ("x86_64", "flags\t\t: fpu sse2 avx2 avx512f avx512dq avx512bw avx512vl", True),
        ("x86_64", "flags\t\t: fpu sse2 avx2", False),
        ("aarch64", "Features\t: fp asimd bf16 i8mm", True),
        ("aarch64", "Features\t: fp asimd", False),
        ("riscv64", "isa\t: rv64", None),
        ("x86_64", "processor\t: 0", None),
    ],
)
def test_bf16_is_told_from_the_processor_s_flags(cpuinfo, monkeypatch, machine, line, found):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    cpuinfo.write_text(f"processor\t: 0\n{line}\n")
    assert hardware.multiplies_bf16() is found


def test_without_cpuinfo_it_cannot_be_told(cpuinfo):
    assert hardware.multiplies_bf16() is None


@pytest.mark.skipif(platform.machine() != "x86_64" or not hardware.CPUINFO.exists(), reason="reads Linux on x86")
def test_it_says_of_this_machine_what_torch_says():
    assert hardware.multiplies_bf16() == torch.ops.mkldnn._is_mkldnn_bf16_supported()
