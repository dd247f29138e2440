"""Jobs that the product starts and that follow its protocol and units, but draw and train nothing: recovery from a kill takes
a second, not the time that torch takes to load. Scoring is the product's own."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from rsf_core.domain import JobKind
from rsf_core.domain.files import write_whole
from rsf_core.domain.results import FoundModel, JobResult
from rsf_core.domain.specs import EvaluateSpec, FinetuneSpec, GenerateSpec, JobSpec
from rsf_core.jobs.schemas import CANDIDATES, EVALUATION_SAMPLES, GAUGED
from rsf_core.jobs.types import contents
from rsf_core.jobs.work import score
from rsf_core.jobs.worker import JobContext
from tests.support.faults import stand_in

PAUSE_SECONDS = 0.05  # a unit
SAID_OF_GAUGE: dict[str, Any] = {"prompt_token_ids": [1], "token_ids": [3, 2], "token_count": 2, "kl": 0.5}


def _units(context: JobContext[JobSpec], row: Callable[[tuple[Any, ...]], dict[str, Any]], schema: pa.Schema) -> None:
    """Write every missing unit, with the rows that belong to it."""
    expected = contents(context.spool.folder.name, context.spec, context.input)
    context.start_counting(len(context.finished_units), expected.units, "units", "working")
    for unit in range(expected.units):
        if unit in context.finished_units:
            continue
        context.check_cancelled()
        time.sleep(PAUSE_SECONDS)
        part, own = expected.of(unit)
        keys = [key for of_prompt in part.keys(own).values() for key in of_prompt]
        gauged = part.place == GAUGED
        rows = [
            dict(part.same) | dict(zip(part.key, key, strict=True)) | (SAID_OF_GAUGE if gauged else row(key))
            for key in keys
        ]
        context.write_segment(unit, pa.Table.from_pylist(rows, schema=GAUGED[1] if gauged else schema))
        context.progress(unit + 1)


def _number(key: tuple[Any, ...]) -> float:
    """A number in (0, 1), always the same for the same key."""
    return (1 + int.from_bytes(hashlib.sha256(json.dumps(key).encode()).digest()[:4], "big")) / (2 + (1 << 32))


def _generate(context: JobContext[GenerateSpec]) -> None:
    context.spool.write_result(JobResult(base=FoundModel(name="quick", folder="/nowhere", identity="quick")))
    columns: dict[str, Any] = {"prompt_token_ids": [1], "token_ids": [3, 2], "finish": "eos", "log_q": -1.0}
    columns |= {"log_model": -1.0, "sampling": "{}"}
    words = ("great", "awful", "fine", "sad")
    _units(
        context,
        lambda key: columns | {"completion": f"{words[int(_number(key) * 4)]} {key[0]}", "u": _number(key)},
        CANDIDATES,
    )


def _evaluate(context: JobContext[EvaluateSpec]) -> None:
    columns: dict[str, Any] = {"completion": "fine", "token_count": 2, "finish": "eos", "log_q": -1.0, "log_base": -1.0}
    columns |= {"log_reference": -1.0}
    scorers = context.spec.scorers
    _units(context, lambda key: columns | {"scores": [(name, _number(key)) for name in scorers]}, EVALUATION_SAMPLES)


def _finetune(context: JobContext[FinetuneSpec]) -> None:
    context.start_counting(0, 10, "steps", "training")
    for step in range(1, 11):
        context.check_cancelled()
        time.sleep(PAUSE_SECONDS)
        context.metrics(step, {"loss": 1.0 / step})
        context.progress(step)
    folder = context.project / "models" / context.spec.model_id
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "model.safetensors", lambda path: path.write_text(context.spec.model_id))
    context.spool.write_result(JobResult(identity=context.spec.model_id))


WORK: dict[JobKind, Callable[[JobContext[Any]], None]] = {
    JobKind.GENERATE: _generate,
    JobKind.SCORE: score.run,
    JobKind.EVALUATE: _evaluate,
    JobKind.FINETUNE: _finetune,
}


def main() -> None:
    stand_in.run(WORK.__getitem__)
