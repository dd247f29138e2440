"""Where a job computes: decided from the settings and the devices present, or an error with what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings import Compute
from rsf_core.models import placement
from rsf_core.models.hardware import Devices
from rsf_core.models.placement import Placement, choose
from rsf_core.project import doctor

NONE, TWO, APPLE = Devices(), Devices(cuda=2), Devices(mps=True)


@pytest.mark.parametrize(
    ("device", "there", "chosen"),
    [
        ("auto", NONE, "cpu"),
        ("auto", TWO, "cuda:0"),
        ("auto", APPLE, "mps"),
        ("auto", Devices(cuda=1, mps=True), "cuda:0"),
        ("cpu", TWO, "cpu"),
        ("cpu", APPLE, "cpu"),
        ("cuda", TWO, "cuda:0"),
        ("cuda:0", TWO, "cuda:0"),
        ("cuda:1", TWO, "cuda:1"),
        ("mps", APPLE, "mps"),
    ],
)
def test_auto_takes_what_is_there_and_a_name_takes_that_device(device: str, there: Devices, chosen: str) -> None:
    assert choose(Compute(device=device), there) == Placement(chosen, "float32")


@pytest.mark.parametrize(
    ("device", "there", "message"),
    [
        ("cuda", NONE, r"^compute\.device is cuda, and this machine has none that torch can use: set it to auto$"),
        ("cuda", APPLE, r"^compute\.device is cuda, and this machine has none"),
        ("cuda:0", NONE, r"^compute\.device is cuda:0, and this machine has none"),
        ("cuda:1", Devices(cuda=1), r"^compute\.device is cuda:1, and this machine has only cuda:0: set it to auto$"),
        ("cuda:2", TWO, r"^compute\.device is cuda:2, and this machine has only cuda:0 to cuda:1: set it to auto$"),
        ("mps", TWO, r"^compute\.device is mps, and this machine has none: set it to auto$"),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_the_remedy(device: str, there: Devices, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        choose(Compute(device=device), there)


@pytest.mark.parametrize(("dtype", "weights"), [("auto", "float32"), ("float32", "float32"), ("bfloat16", "bfloat16")])
def test_the_precision_is_that_of_what_draws_and_judges_and_training_keeps_float32(dtype: str, weights: str) -> None:
    chosen = choose(Compute(dtype=dtype), TWO)
    assert chosen == Placement("cuda:0", weights)
    assert chosen.for_training == Placement("cuda:0", "float32")


def test_a_job_asks_torch_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert placement.resolve(Compute(device="cuda:2")).device == "cuda:2"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # for example a driver too old for this torch
    with pytest.raises(SettingsError, match="has none that torch can use"):
        placement.resolve(Compute(device="cuda:2"))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert placement.resolve(Compute()).device == "mps"


def test_the_doctor_says_what_jobs_will_compute_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(there: Devices, **compute: str) -> doctor.Check:
        monkeypatch.setattr(doctor, "devices", lambda: there)
        return doctor.compute_check(Compute(**compute))

    monkeypatch.setattr(doctor, "built_for_cuda", lambda: False)
    assert check(NONE).detail == "auto: cpu in float32 (torch is built without CUDA); training is in float32"
    monkeypatch.setattr(doctor, "built_for_cuda", lambda: True)
    assert check(NONE).detail == "auto: cpu in float32; training is in float32"
    assert check(TWO, dtype="bfloat16").detail == "auto: cuda:0 in bfloat16; training is in float32"
    assert check(TWO, device="cuda:1").detail == "cuda:1 in float32; training is in float32"
    refused = check(NONE, device="cuda")
    assert not refused.ok and "set it to auto" in refused.detail


def test_what_the_doctor_tells_takes_no_torch() -> None:
    code = (
        "import sys; from rsf_core.models import placement; from rsf_core.models.hardware import devices; "
        "from rsf_core.domain.settings import Compute; placement.choose(Compute(), devices()); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[2])
