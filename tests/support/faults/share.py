"""How much of the tests of faults is run: all of it, or the share that is fit for every day."""

from __future__ import annotations

import os

WHOLE = os.environ.get("RSF_FAULTS") == "whole"  # as `make faults` runs them: more kills, real times
