"""The table of job kinds: one row for each, which holds everything that depends on the kind."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

from rsf_core.domain import JobKind
from rsf_core.jobs.types import TYPES, contents, has_segments
from rsf_core.jobs.units import prompts_table
from rsf_core.jobs.worker import job_function
from rsf_core.store.store import Store
from tests.support import specs

KINDS = pytest.mark.parametrize("kind", list(JobKind), ids=str)


def test_each_kind_has_its_row() -> None:
    assert list(TYPES) == list(JobKind)


@KINDS
def test_the_spec_of_a_row_is_that_of_its_kind(kind: JobKind) -> None:
    assert TYPES[kind].spec is type(specs.of_kind(kind))
    assert TYPES[kind].spec.model_fields["kind"].default is kind


@KINDS
def test_the_work_of_a_row_is_there_and_takes_its_context(kind: JobKind) -> None:
    run = importlib.import_module(TYPES[kind].work).run
    assert list(inspect.signature(run).parameters) == ["context"]
    assert job_function(kind) is run


@KINDS
def test_what_makes_rows_tells_which_and_where_they_go(kind: JobKind, store: Store) -> None:
    row = TYPES[kind]
    assert has_segments(kind) is bool(row.places) is (row.contents is not None)
    for table, schema in row.places:
        store.commit_segment("a job", 0, table, table, schema.empty_table())  # raises if the table has other columns


def test_an_evaluation_measures_its_gauges_after_its_completions() -> None:
    gauges = (specs.gauge("held-out", "base", "m1-1"), specs.gauge("unrelated", "m1-1"))
    made = contents(
        "r1-evaluate-1",
        specs.evaluate(models=specs.models("m1-1"), gauges=gauges),
        lambda name: prompts_table([]),
    )
    assert [part.place for part in made.parts] == [TYPES[JobKind.EVALUATE].places[i] for i in (0, 1, 1)]


def test_the_table_imports_no_torch() -> None:
    """The owner reads the table; a row's module is imported only where its work is done."""
    script = "import sys, rsf_core.jobs.types; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=120).returncode == 0
