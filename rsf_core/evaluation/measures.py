"""Models on held-out prompts, read and measured once: completions are only ever added, and pages ask for the same figures at
each rerun. Everything is kept for the last few models; for many more, only the part that reads all their texts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from rsf_core.domain.settings import Target
from rsf_core.evaluation.metrics import HeldOutSamples, Measured, TextMeasures, per_sample, text_measures
from rsf_core.store.store import Store

KEPT_SAMPLES, KEPT_MEASURES, KEPT_TEXT_MEASURES = 4, 8, 64
Version = tuple[int, ...]


class Measures:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._samples = lru_cache(maxsize=KEPT_SAMPLES)(self._read)
        self._completions = lru_cache(maxsize=KEPT_SAMPLES)(self._read_completions)
        self._texts = lru_cache(maxsize=KEPT_TEXT_MEASURES)(self._measure_texts)
        self._measured = lru_cache(maxsize=KEPT_MEASURES)(self._measure)

    def measured(self, key: str, model_id: str, target: Target, log_m: float) -> Measured:
        """Every metric of a model's completions under an evaluation key: see `per_sample`."""
        return self._measured(
            key, model_id, target.model_dump_json(), log_m, self._store.evaluation_version(key, model_id)
        )

    def completions(self, key: str, model_id: str) -> Mapping[tuple[int, int], str]:
        """A model's completions under an evaluation key by (prompt_id, k)."""
        return self._completions(key, model_id, self._store.evaluation_version(key, model_id))

    def _measure(self, key: str, model_id: str, target: str, log_m: float, version: Version) -> Measured:
        samples, texts = self._samples(key, model_id, version), self._texts(key, model_id, version)
        return per_sample(samples, Target.model_validate_json(target), log_m, texts)

    def _measure_texts(self, key: str, model_id: str, version: Version) -> TextMeasures:
        return text_measures(self._samples(key, model_id, version))

    def _read(self, key: str, model_id: str, version: Version) -> HeldOutSamples:
        return held_out_samples(self._store, key, model_id)

    def _read_completions(self, key: str, model_id: str, version: Version) -> Mapping[tuple[int, int], str]:
        table = self._store.evaluation_samples(key, model_id)
        names = zip(table["prompt_id"].to_pylist(), table["k"].to_pylist(), strict=True)
        return dict(zip(names, table["completion"].to_pylist(), strict=True))


def held_out_samples(store: Store, key: str, model_id: str) -> HeldOutSamples:
    """The completions of a model under an evaluation key, as arrays."""
    table = store.evaluation_samples(key, model_id)
    scores: list[dict[str, float | None]] = [dict(entry) for entry in table["scores"].to_pylist()]
    names = scores[0].keys() if scores else ()
    return HeldOutSamples(
        prompt_ids=table["prompt_id"].to_numpy().astype(np.int64),
        completions=table["completion"].to_pylist(),
        finish=table["finish"].to_pylist(),
        token_counts=table["token_count"].to_numpy().astype(np.float64),
        log_q=table["log_q"].to_numpy(),
        log_base=table["log_base"].to_numpy(),
        log_reference=table["log_reference"].to_numpy(),
        scores={name: np.array([row[name] for row in scores], dtype=np.float64) for name in names},  # None becomes NaN
    )
