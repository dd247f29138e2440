"""A model is tried once: the report describes the model and its output, or names the problem and the remedy."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from rsf_core.domain.files import write_json
from rsf_core.domain.settings import Compute
from rsf_core.jobs import model_check
from rsf_core.jobs.model_check import CheckState, ModelReport
from rsf_core.jobs.work import model_check as work

LIMIT = 180.0  # seconds


def tried(folder: Path, name: str, prompts: list[tuple[str, str | None]], compute: Compute | None = None) -> CheckState:
    folder.mkdir()
    asked = {"name": name, "compute": (compute or Compute()).model_dump(), "prompts": prompts}
    write_json(folder / "request.json", asked)
    work.work(folder)
    return model_check.state(folder)


def test_a_model_says_what_it_is_and_draws(tmp_path: Path, any_model: Path) -> None:
    report = tried(tmp_path / "check", str(any_model), [("Hello.", None), ("Why?", "Be brief.")]).report
    assert isinstance(report, ModelReport) and report.folder == str(any_model) and report.name == str(any_model)
    encoder_decoder = any_model.name == "tiny_encoder_decoder"
    assert (report.encoder_decoder, report.chat_template) == (encoder_decoder, not encoder_decoder)
    assert report.family == ("bart" if encoder_decoder else "llama") and report.context == 1024
    weights = (any_model / "model.safetensors").stat().st_size
    assert report.weight_bytes == weights and 0 < report.parameters * 4 <= weights
    assert report.memory_bytes > weights and report.tokens > 16 and report.tokens_per_second > 0
    assert report.prompt == "Hello." and report.placement.startswith(("cpu", "cuda", "mps"))


@pytest.mark.parametrize("prompts", [[], [("x" * 5000, None)]], ids=["none", "too long"])
def test_without_a_prompt_that_fits_one_of_its_own_is_drawn_for(
    tmp_path: Path, tiny_model: Path, prompts: list[tuple[str, str | None]]
) -> None:
    report = tried(tmp_path / "check", str(tiny_model), prompts).report
    assert report is not None and "sea" in report.prompt


def test_what_cannot_be_loaded_says_what_to_do(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, words in (("no/such", "there is no model 'no/such'"), (str(tmp_path / "empty"), "is not a model folder")):
        problem = tried(tmp_path / words[:5], name, []).problem
        assert problem is not None and words in problem
    problem = tried(tmp_path / "device", str(tiny_model), [], Compute(device="cuda:99")).problem
    assert problem is not None and "compute.device" in problem


def test_it_runs_in_a_process_once_and_can_be_cancelled(tmp_path: Path, tiny_model: Path) -> None:
    folder = model_check.folder_for(tmp_path, str(tiny_model), Compute())
    assert model_check.state(folder) == CheckState()
    model_check.start(folder, str(tiny_model), Compute(), [("Hello.", None)])
    started = json.loads((folder / "process.json").read_text())
    model_check.start(folder, str(tiny_model), Compute(), [("Hello.", None)])
    assert json.loads((folder / "process.json").read_text()) == started
    give_up = time.monotonic() + LIMIT
    while model_check.state(folder).running:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert model_check.state(folder).report is not None, (folder / "log.txt").read_text()
    model_check.cancel(folder)
    assert model_check.state(folder).report is not None, "what is done stays"
    other = tmp_path / "other"
    model_check.start(other, str(tiny_model), Compute(), [])
    model_check.cancel(other)
    assert model_check.state(other) == CheckState(problem="trying the model was cancelled")


def test_an_interrupted_check_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "check"
    folder.mkdir()
    write_json(folder / "request.json", {})
    state = model_check.state(folder)
    assert not state.running and state.problem is not None and "interrupted" in state.problem


def test_other_files_or_another_device_are_tried_again(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    first = model_check.folder_for(tmp_path, str(model), Compute())
    assert model_check.folder_for(tmp_path, str(model), Compute()) == first
    assert model_check.folder_for(tmp_path, str(model), Compute(dtype="bfloat16")) != first
    (model / "config.json").write_text("{}")
    assert model_check.folder_for(tmp_path, str(model), Compute()) != first
    assert model_check.folder_for(tmp_path, "x" * 5000, Compute()).parent == tmp_path
