"""Prompts counted without weights have the same length as when drawing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.jobs import length_check
from rsf_core.proposals.local import LocalProposal
from tests.support.tiny_models import TEMPLATE

PROMPTS = [
    Prompt(1, "Say grün."),
    Prompt(2, "Say grün.", system="Be brief."),
    Prompt(3, ""),
    Prompt(4, "Say grün.", earlier=("Do you?", "I do.")),
    *(Prompt(5 + n, "a" * (950 + n)) for n in range(80)),
]


@pytest.mark.parametrize("max_new_tokens", [1, 40, 1024, 1025])
def test_what_does_not_fit_is_what_the_job_would_leave_out(any_model: Path, max_new_tokens: int) -> None:
    lengths = length_check.of_model(any_model)
    proposal = LocalProposal(any_model)
    assert [lengths.of(p).tokens for p in PROMPTS] == [len(proposal.prompt_token_ids(p)) for p in PROMPTS]
    expected = {
        p.prompt_id: lengths.of(p).problem(f"prompt {p.prompt_id}", lengths.window, max_new_tokens) for p in PROMPTS
    }
    problems = {number: problem for number, problem in expected.items() if problem}
    assert problems == proposal.unfit(PROMPTS, max_new_tokens).problems
    assert problems and (max_new_tokens > 40 or len(problems) < len(PROMPTS))


def test_a_system_text_counts(any_model: Path) -> None:
    lengths = length_check.of_model(any_model)
    plain, with_system = (lengths.of(prompt).tokens for prompt in PROMPTS[:2])
    assert plain is not None and with_system is not None and with_system >= plain + len("Be brief.")


def refusing(tiny_model: Path, folder: Path, template: str) -> Path:
    shutil.copytree(tiny_model, folder)
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"chat_template": template}))
    return folder


def test_a_refusal_of_the_template_is_that_prompts(tiny_model: Path, tmp_path: Path) -> None:
    template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn here') }}{% endif %}" + TEMPLATE
    )
    lengths = length_check.of_model(refusing(tiny_model, tmp_path / "model", template))
    length = lengths.of(PROMPTS[1])
    assert length.tokens is None and "no system turn here" in str(length.refused)
    assert lengths.of(PROMPTS[0]).refused is None


def test_a_template_that_takes_no_prompt_is_the_models(tiny_model: Path, tmp_path: Path) -> None:
    lengths = length_check.of_model(refusing(tiny_model, tmp_path / "model", "{{ raise_exception('never') }}"))
    with pytest.raises(ModelError, match="never"):
        lengths.of(PROMPTS[0])
