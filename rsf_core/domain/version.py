"""The version of RSF Studio, as in pyproject.toml. It stands at the bottom, so that whoever names it imports nothing else."""

from __future__ import annotations

VERSION = "0.1.0"
