"""How many of the fault tests are run: all of them, or the share for daily use."""

from __future__ import annotations

import os

WHOLE = os.environ.get("RSF_FAULTS") == "whole"  # as `make faults` runs them: more kills, real times
