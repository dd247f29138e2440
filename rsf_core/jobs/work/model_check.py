"""Tries a model once: loads it as the jobs do, reports what it is, and draws a few tokens with exact log q."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import torch

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import write_json
from rsf_core.domain.settings import Compute, Sampling
from rsf_core.jobs.model_check import LIMIT_SECONDS, ModelReport
from rsf_core.models import placement
from rsf_core.proposals import making

_OWN_PROMPT = "Write one short sentence about the sea."
_EACH, _NEW_TOKENS = 8, 24


def work(folder: Path) -> None:
    """Do what request.json asks for. An RsfError is saved as the outcome."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        summary: dict[str, Any] = asdict(_tried(folder, request))
    except RsfError as error:
        summary = {"problem": str(error)}
    except (MemoryError, torch.OutOfMemoryError):
        summary = {
            "problem": f"the model {request['name']} does not fit into the memory of this machine: use a smaller one"
        }
    write_json(folder / "summary.json", summary)


def _tried(folder: Path, request: dict[str, Any]) -> ModelReport:
    def say(message: str) -> None:
        write_json(folder / "progress.json", {"message": message})

    where = placement.resolve(Compute(**request["compute"]))
    resolved = models.resolve(request["name"], lambda fraction, message: say(message))
    say("loading the model")
    began = time.monotonic()
    proposal = making.loaded(resolved, where)
    load_seconds = time.monotonic() - began
    say("drawing a few tokens")
    new_tokens = min(_NEW_TOKENS, proposal.lengths.window.limit or _NEW_TOKENS)
    prompts = [
        Prompt(i, text, system=system, earlier=tuple(turn for turns in earlier for turn in turns))
        for i, (text, system, *earlier) in enumerate(request["prompts"])
    ]
    left_out = proposal.unfit(prompts, new_tokens)
    fitting = [prompt for prompt in prompts if prompt.prompt_id not in left_out.problems]
    fitting = fitting or [Prompt(0, _OWN_PROMPT)]
    requests = [(prompt, k, f"{prompt.prompt_id}.{k}") for prompt in fitting for k in range(_EACH)]
    sampling = Sampling(max_new_tokens=new_tokens)
    facts = proposal.facts()
    began = time.monotonic()
    drawn = list(proposal.draw(requests, sampling, len(requests)))
    seconds = max(time.monotonic() - began, 1e-6)
    tokens = sum(len(candidate.token_ids) for candidate in drawn)
    shown = min(drawn, key=lambda candidate: (candidate.prompt_id, candidate.k))
    return ModelReport(
        name=request["name"],
        folder=str(resolved),
        identity=models.identity(resolved),
        family=facts.family,
        encoder_decoder=facts.encoder_decoder,
        parameters=facts.parameters,
        weight_bytes=sum(file.stat().st_size for file in resolved.glob("*.safetensors")),
        context=proposal.lengths.window.limit,
        chat_template=facts.chat_template,
        placement=str(where),
        load_seconds=load_seconds,
        memory_bytes=_memory(where.device),
        tokens=tokens,
        tokens_per_second=tokens / seconds,
        prompt=next(prompt.text for prompt in fitting if prompt.prompt_id == shown.prompt_id),
        completion=shown.completion,
    )


def _memory(device: str) -> int:
    """The memory, in bytes, that this process uses on the device of the model."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device))
    if device == "mps":
        return int(torch.mps.current_allocated_memory())
    return int(psutil.Process().memory_info().rss)


def main() -> None:
    signal.alarm(LIMIT_SECONDS)  # ends the process, wherever it is
    work(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
