"""The job that draws for the sealed prompts when they are opened: an evaluation, of the models that the opening names."""

from __future__ import annotations

from rsf_core.jobs.work.evaluate import run

__all__ = ["run"]
