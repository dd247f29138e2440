"""Models: found by name, saved completely or not at all."""

from __future__ import annotations

import json
import sys

import pytest

from rsf_core import models
from rsf_core.domain.errors import ModelError
from tests.support import warm


def test_an_unknown_name_is_answered_with_what_was_tried():
    with pytest.raises(ModelError, match=r"'nobody/such-model'.*smollm2-135m-instruct.*folder.*HF_HUB_OFFLINE"):
        models.resolve("nobody/such-model")


def test_an_error_of_the_hub_without_a_message_is_named_by_its_kind(monkeypatch):
    def broken(*_: object, **__: object) -> str:
        raise ConnectionError

    monkeypatch.setattr("huggingface_hub.snapshot_download", broken)
    with pytest.raises(ModelError, match=r"Hugging Face hub.*: ConnectionError$"):
        models.resolve("nobody/such-model")


@pytest.mark.parametrize("name", ["~/no such model", "/no/such/model", "./model", "../model", "models/mine/tuned"])
def test_a_folder_that_is_not_there_is_named_as_one_and_the_hub_is_not_asked(name):
    with pytest.raises(ModelError, match=r"there is no folder .*model"):
        models.resolve(name)


@pytest.mark.parametrize(
    "name",
    [
        "a" * 300,
        "/" + "y" * 300,
        "~nobody-of-this-name/model",
        "~nobody/x",
        "a" * 5_000,
        "a\0b",
        "\ud800",
        "x/" + "y" * 300,
    ],
)
def test_a_name_that_is_no_path_and_no_id_is_refused_in_words(name):
    assert not models.is_ready(name) and models.local_folder(name) is None
    with pytest.raises(ModelError, match=r"there is no (model|folder)"):
        models.resolve(name)


def test_a_folder_without_safetensors_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match="safetensors"):
        models.resolve(str(tmp_path))


def test_the_identity_follows_the_weights_not_the_folder(tiny_model, tmp_path):
    from tests.support.tiny_models import build

    same, other = build(tmp_path / "same"), build(tmp_path / "other", seed=1)
    assert models.identity(same) == models.identity(tiny_model) != models.identity(other)


def test_a_full_disk_leaves_the_model_before_intact(tiny_model, tmp_path):
    """A file may grow to 64 KiB in the process that saves: the weights don't fit, as on a full disk."""
    model, tokenizer = models.load(tiny_model)
    models.save(model, tokenizer, tmp_path / "tuned", {"round": 1})
    before = models.identity(tmp_path / "tuned")
    code = f"""
import resource, signal
from pathlib import Path
from rsf_core import models
from rsf_core.domain.errors import OutOfSpaceError
model, tokenizer = models.load(Path({str(tiny_model)!r}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    models.save(model, tokenizer, Path({str(tmp_path / "tuned")!r}), {{"round": 2}})
except OutOfSpaceError as error:
    print("said:", error)
"""
    done = warm.run([sys.executable, "-c", code], timeout=120, computes=True)
    assert "said: the disk is full" in done.stdout, done.stderr
    assert models.identity(tmp_path / "tuned") == before
    assert json.loads((tmp_path / "tuned" / "lineage.json").read_text()) == {"round": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["tuned"]


@pytest.mark.real_model
def test_the_embedded_model_is_there_and_answers(monkeypatch):
    from rsf_core.domain import Prompt
    from rsf_core.domain.settings import Sampling
    from rsf_core.proposals.local import LocalProposal

    messages = []
    folder = models.resolve(models.DEFAULT_MODEL, lambda fraction, message: messages.append((fraction, message)))
    assert models.is_ready(models.DEFAULT_MODEL)
    assert not messages or messages[-1][0] == 1.0
    proposal = LocalProposal(folder)
    assert proposal.tokenizer.decode(sorted(proposal.eos)) == "<|im_end|>"
    (candidate,) = proposal.draw([(Prompt(1, "What is the capital of France?"), 0, "x")], Sampling(temperature=0.01), 1)
    assert "Paris" in candidate.completion
