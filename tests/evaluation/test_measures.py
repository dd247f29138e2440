"""Held-out completions are measured once, and again when more arrive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.domain.settings import Target
from rsf_core.evaluation import measures, metrics
from rsf_core.evaluation.measures import Measures, held_out_samples
from rsf_core.evaluation.metrics import HeldOutSamples, TextMeasures, gains, intervals, summarise
from rsf_core.jobs.schemas import EVALUATION_SAMPLES
from rsf_core.store.store import Store

TARGET = Target(reference="proposal", rewards={"length": 1.0})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "rsf.duckdb", tmp_path / "backups")
    yield made
    made.close()


def evaluated(store: Store, model_id: str, first: int, prompts: int, key: str = "now") -> None:
    """Two completions of a model for each prompt from `first` on."""
    count = 2 * prompts
    prompt = first + np.arange(count) // 2
    rows = {
        "evaluation_key": [key] * count,
        "model_id": [model_id] * count,
        "prompt_id": prompt,
        "k": np.arange(count) % 2,
        "completion": [f"{model_id} of {p} and {i}" for i, p in enumerate(prompt)],
        "token_count": 3 + np.arange(count),
        "finish": ["eos"] * count,
        **dict.fromkeys(("log_q", "log_base", "log_reference"), -1.0 * prompt - len(model_id)),
        "scores": pa.array([[("length", float(i % 5))] for i in range(count)], EVALUATION_SAMPLES.field("scores").type),
        "job_id": ["job"] * count,
    }
    table = pa.table(rows).cast(EVALUATION_SAMPLES)
    assert store.commit_segment("job", first, f"{key} {model_id} {first}", "evaluation_samples", table)


def test_cached_measures_equal_those_measured_again(store: Store) -> None:
    for model_id in ("base", "m1-1"):
        evaluated(store, model_id, 1, 5)
    measures = Measures(store)
    for _ in range(2):
        first, second = (measures.measured("now", model_id, TARGET, 0.5) for model_id in ("base", "m1-1"))
        samples = held_out_samples(store, "now", "base")
        assert intervals(first, TARGET) == summarise(samples, TARGET, 0.5)
        assert gains(first, second, TARGET)["entropy"].value == pytest.approx(len("m1-1") - len("base"))
    other = measures.measured("now", "base", TARGET, 3.0)
    assert intervals(other, TARGET) == summarise(samples, TARGET, 3.0) != intervals(first, TARGET)


def test_completions_that_come_later_are_measured_too(store: Store) -> None:
    measures = Measures(store)
    for end in (3, 6):
        evaluated(store, "base", end - 2, 3)
        assert len(measures.measured("now", "base", TARGET, 0.0)["length"][0]) == 2 * end
        assert set(measures.completions("now", "base")) == {(p, k) for p in range(1, end + 1) for k in (0, 1)}
    assert measures.completions("now", "base")[2, 1] == "base of 2 and 3"
    assert not measures.completions("before", "base")


def test_what_is_rolled_back_is_not_kept(store: Store) -> None:
    measures = Measures(store)
    evaluated(store, "base", 1, 2)
    with contextlib.suppress(RuntimeError), store.transaction("trying"):
        evaluated(store, "base", 3, 2)
        assert len(measures.completions("now", "base")) == 8
        raise RuntimeError
    assert len(measures.completions("now", "base")) == 4


def test_texts_are_read_once_whatever_target_and_m(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[HeldOutSamples] = []
    measure = metrics.text_measures

    def counted(samples: HeldOutSamples) -> TextMeasures:
        read.append(samples)
        return measure(samples)

    monkeypatch.setattr(measures, "text_measures", counted)
    evaluated(store, "base", 1, 3)
    kept = Measures(store)
    for log_m in range(3 * measures.KEPT_MEASURES):
        kept.measured("now", "base", TARGET, float(log_m))
    assert len(read) == 1
