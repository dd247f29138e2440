"""Prompts on their way to a job: every field arrives, and jobs of earlier versions can be read."""

from __future__ import annotations

from rsf_core.domain import Prompt, Split
from rsf_core.jobs.units import prompts_table, read_prompts

PROMPTS = [
    Prompt(1, "plain"),
    Prompt(2, "Who am I?", "Ann", Split.HELD_OUT, "Be brief.", ("I am Ann.", "Hello.")),
]


def test_prompts_are_read_back_as_they_were() -> None:
    assert read_prompts(prompts_table(PROMPTS)) == PROMPTS
    assert read_prompts(prompts_table([])) == []


def test_prompts_of_jobs_from_before_turns_are_plain() -> None:
    assert read_prompts(prompts_table(PROMPTS[:1]).drop_columns("earlier")) == PROMPTS[:1]
