"""The processor's abilities are read from what Linux reports."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import platform
from pathlib import Path

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
    ("machine", "line", "cores"),
    [
        ("x86_64", "flags\t\t: fpu sse2 avx2 avx512f avx512dq avx512bw avx512vl", True),
        ("x86_64", "flags\t\t: fpu sse2 avx2", False),
        ("aarch64", "Features\t: fp asimd bf16 i8mm", True),
        ("aarch64", "Features\t: fp asimd", False),
        ("riscv64", "isa\t: rv64", None),
        ("x86_64", "processor\t: 0", None),
    ],
)
def test_bf16_is_detected_from_the_processor_s_flags(cpuinfo, monkeypatch, machine, line, cores):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    cpuinfo.write_text(f"processor\t: 0\n{line}\n")
    assert hardware.multiplies_bf16() is cores


def test_without_cpuinfo_it_is_unknown(cpuinfo):
    assert hardware.multiplies_bf16() is None


@pytest.mark.skipif(platform.machine() != "x86_64" or not hardware.CPUINFO.exists(), reason="reads Linux on x86")
def test_it_says_of_this_machine_what_torch_says():
    assert hardware.multiplies_bf16() == torch.ops.mkldnn._is_mkldnn_bf16_supported()


@pytest.fixture
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two CUDA devices, and a torch built for them."""
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(hardware, "NVIDIA", tmp_path)
    monkeypatch.setattr(hardware, "built_for_cuda", lambda: True)
    monkeypatch.setattr(platform, "system", lambda: "Linux")


@pytest.mark.parametrize(
    ("visible", "count"),
    [(None, 2), ("0", 1), ("1", 1), ("0,1", 2), ("1,0", 2), ("", 0), ("-1", 0), ("2", 0), ("0,2", 1), ("GPU-5f", 1)],
)
def test_the_devices_that_are_shown_to_a_process_are_counted(
    visible: str | None, count: int, drivers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert hardware.devices() == hardware.Devices(cuda=count)


def test_a_torch_without_cuda_finds_none(drivers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "built_for_cuda", lambda: False)
    assert hardware.devices().cuda == 0


def test_apples_processors_have_mps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    for machine, mps in (("arm64", True), ("x86_64", False)):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        assert hardware.devices().mps is mps


def test_what_is_detected_without_torch_is_what_torch_says() -> None:
    assert hardware.built_for_cuda() == (torch.version.cuda is not None)


@pytest.mark.parametrize(
    ("line", "built"),
    [
        ("cuda: Optional[str] = '12.8'", True),
        ("cuda = '11.8'", True),
        ("cuda: Optional[str] = None", False),
        ("", False),
    ],
)
def test_the_build_of_torch_is_read_from_its_file(
    line: str, built: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "version.py").write_text(f"__all__ = ['cuda']\ndebug = False\n{line}\nhip: Optional[str] = None\n")
    spec = importlib.machinery.ModuleSpec("torch", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert hardware.built_for_cuda.__wrapped__() is built
