"""Honest programs for the sandbox of `unit_tests`, each with tests that it passes there as it does in one process."""

from __future__ import annotations

from tests.support.sandbox_calls import CALLS
from tests.support.sandbox_classes import CLASSES
from tests.support.sandbox_values import VALUES

HONEST = VALUES | CALLS | CLASSES  # by name: the code, and its tests
