"""The version of RSF Studio, as in pyproject.toml. A module of its own, so that using it imports nothing else."""

from __future__ import annotations

VERSION = "0.1.0"
