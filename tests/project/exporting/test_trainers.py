"""TRL's trainers take a step on exported files, loaded as their users load them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rsf_core.project.exporting.exports import Exports
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.store.store import Store
from tests.support import exported_round

STEP = {"max_steps": 1, "per_device_train_batch_size": 2, "report_to": "none", "save_strategy": "no", "use_cpu": True}
STEP |= {"bf16": False, "disable_tqdm": True, "gradient_checkpointing": False}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    folder = tmp_path_factory.mktemp("exported")
    store = Store(folder / "rsf.duckdb", folder / "exports")
    exported_round.fill(store)
    yield exported_round.exports_of(store, folder)
    store.close()


@pytest.mark.parametrize(
    ("what", "shape"),
    [
        *((What.SFT, shape) for shape in Shape),
        *((what, shape) for what in (What.PREFERENCE, What.LABELS) for shape in (Shape.CHAT, Shape.PLAIN)),
    ],
)
def test_a_trainer_takes_a_step(exports: Exports, tiny_model: Path, tmp_path: Path, what: What, shape: Shape) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of TRL and its libraries about each other are not ours
        from datasets import load_dataset
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

        kinds: dict[What, tuple[Any, Any]] = {
            What.SFT: (SFTConfig, SFTTrainer),
            What.PREFERENCE: (DPOConfig, DPOTrainer),
            What.LABELS: (KTOConfig, KTOTrainer),
        }
        config, trainer = kinds[what]
        made = exports.write(Request(what, Format.DATASETS, shape, pairing=Pairing.ALL))
        rows = load_dataset(str(made.folder), split="train", cache_dir=str(tmp_path / "cache"))
        model = AutoModelForCausalLM.from_pretrained(tiny_model)
        before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        step = trainer(
            model=model,
            args=config(output_dir=str(tmp_path / "out"), learning_rate=1e-2, **STEP),
            train_dataset=rows,
            processing_class=AutoTokenizer.from_pretrained(tiny_model),
        ).train()
    assert math.isfinite(step.training_loss) and step.global_step == 1
    assert any(not weight.equal(before[name]) for name, weight in model.named_parameters())
