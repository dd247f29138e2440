"""A segment is accepted by its content: its rows must be those of its unit, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from rsf_core.domain import JobKind, Prompt
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import JobSpec, dump, parse
from rsf_core.jobs import units
from rsf_core.jobs.contents import AllContents
from rsf_core.jobs.schemas import EVALUATION_SAMPLES, SCORES, TRIALS
from rsf_core.jobs.types import contents
from tests.support import specs
from tests.support.seeding import candidates, replaced

Change = Callable[[pa.Table], pa.Table]
JOB = {
    JobKind.GENERATE: "r1-generate-1",
    JobKind.SCORE: "r1-score-1",
    JobKind.EVALUATE: "r1-evaluate-1",
    JobKind.TRIAL: "r1-trial-1",
}
PROMPTS = units.prompts_table([Prompt(number, f"prompt {number}") for number in range(1, 6)], [0, 0, 2, 0, 0])
DRAWN = candidates(prompts=5, per_prompt=2)
SPECS: dict[JobKind, JobSpec] = {
    JobKind.GENERATE: specs.generate(unit_size=2),
    JobKind.SCORE: specs.score("length", "sentiment", reference=specs.reference("log_prob:teacher"), unit_size=4),
    JobKind.EVALUATE: specs.evaluate(
        models=specs.models("base", "m1-1"), candidates=2, scorers=("length",), unit_size=2
    ),
    JobKind.TRIAL: specs.trial("base", "m1-1", candidates=2),
}
COUNTS = {JobKind.GENERATE: 3, JobKind.SCORE: 3, JobKind.EVALUATE: 6, JobKind.TRIAL: 2}


def of(kind: JobKind) -> AllContents:
    return contents(JOB[kind], SPECS[kind], {"prompts": PROMPTS, "candidates": DRAWN}.__getitem__)


def generated(unit: int) -> pa.Table:
    """The rows of a unit; the second unit starts at k = 2 for prompt 3, which already had two candidates."""
    start = {1: 0, 2: 0, 3: 2, 4: 0, 5: 0}
    chosen = [1, 2, 3, 4, 5][2 * unit : 2 * unit + 2]
    places = [(prompt, start[prompt] + k) for prompt in chosen for k in range(2)]
    rows = DRAWN.slice(0, len(places))
    for name, values in (
        ("candidate_id", [f"1.{prompt}.{k}" for prompt, k in places]),
        ("prompt_id", [prompt for prompt, _ in places]),
        ("k", [k for _, k in places]),
    ):
        rows = replaced(rows, name, values)
    return rows


def scored(unit: int) -> pa.Table:
    ids = DRAWN["candidate_id"].to_pylist()[4 * unit : 4 * unit + 4]
    names = ("length", "sentiment", "log_prob:teacher")
    return pa.Table.from_pylist(
        [
            {"candidate_id": name, "round": 1, "scorer": scorer, "score": 1.0, "job_id": JOB[JobKind.SCORE]}
            for scorer in names
            for name in ids
        ],
        schema=SCORES,
    )


def evaluated(unit: int) -> pa.Table:
    model, number = divmod(unit, 3)
    row: dict[str, Any] = {
        "evaluation_key": "key",
        "model_id": ("base", "m1-1")[model],
        "completion": "",
        "token_count": 1,
    }
    row |= {"finish": "eos", "log_q": -1.0, "log_base": -1.0, "log_reference": -1.0, "scores": [("length", 1.0)]}
    row |= {"job_id": JOB[JobKind.EVALUATE]}
    prompts = [1, 2, 3, 4, 5][2 * number : 2 * number + 2]
    return pa.Table.from_pylist(
        [row | {"prompt_id": prompt, "k": k} for prompt in prompts for k in range(2)], schema=EVALUATION_SAMPLES
    )


def tried(unit: int) -> pa.Table:
    row = {"job_id": JOB[JobKind.TRIAL], "model_id": ("base", "m1-1")[unit], "completion": "", "finish": "eos"}
    return pa.Table.from_pylist([row | {"token_count": 1, "k": k} for k in range(2)], schema=TRIALS)


ROWS = {JobKind.GENERATE: generated, JobKind.SCORE: scored, JobKind.EVALUATE: evaluated, JobKind.TRIAL: tried}
KINDS = pytest.mark.parametrize("kind", list(ROWS), ids=str)


@KINDS
def test_each_unit_as_it_was_to_be_is_believed_in_any_order(kind: JobKind) -> None:
    expected = of(kind)
    assert expected.units == COUNTS[kind]
    for unit in range(expected.units):
        rows = ROWS[kind](unit)
        expected.check(unit, rows)
        expected.check(unit, rows.take(list(reversed(range(rows.num_rows)))))


@KINDS
@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.slice(1),
        lambda rows: rows.slice(0, 0),
        lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]),
        lambda rows: pa.concat_tables([rows.slice(1), rows.slice(1, 1)]),
        lambda rows: replaced(rows, "job_id", ["r1-other-1"] * rows.num_rows),
        lambda rows: replaced(rows, "job_id", ["r1-other-1", *rows["job_id"].to_pylist()[1:]]),
    ],
    ids=["one short", "empty", "one twice", "one for another", "of another job", "one of another job"],
)
def test_rows_that_are_missing_twice_or_of_others_are_not_believed(kind: JobKind, change: Change) -> None:
    with pytest.raises(JobError, match=r"rows are not those of unit 0|job_id is 'r1-other-1' in it"):
        of(kind).check(0, change(ROWS[kind](0)))


@KINDS
def test_the_rows_of_another_unit_are_not_believed(kind: JobKind) -> None:
    expected = of(kind)
    for unit in range(expected.units):
        for other in range(expected.units):
            if other != unit:
                with pytest.raises(JobError, match=f"its rows are not those of unit {unit}"):
                    expected.check(unit, ROWS[kind](other))


def test_what_is_wrong_is_reported_with_an_example() -> None:
    with pytest.raises(
        JobError, match=r"it lacks: 1 of 4, e\.g\. 1\.1\.0 1 0; it has too much: 1 of 4, e\.g\. 1\.1\.1"
    ):
        of(JobKind.GENERATE).check(
            0,
            replaced(generated(0), "candidate_id", ["1.1.1", "1.1.1", "1.2.0", "1.2.1"])
            .slice(0)
            .set_column(3, DRAWN.schema.field("k"), pa.array([1, 1, 0, 1], pa.int32())),
        )


def test_scores_of_other_scorers_are_not_believed() -> None:
    rows = scored(0)
    for other in (["length"] * 12, ["length"] * 8 + ["sentiment"] * 4, ["words"] * 12):
        with pytest.raises(JobError, match="rows are not those of unit 0"):
            of(JobKind.SCORE).check(0, replaced(rows, "scorer", other))
    samples = evaluated(0)
    column = samples.schema.get_field_index("scores")
    for scores in ([("words", 1.0)], [], [("length", 1.0), ("words", 1.0)]):
        changed = pa.array([scores] * samples.num_rows, samples.schema.field(column).type)
        with pytest.raises(JobError, match=r"it has scores of .*, not of length"):
            of(JobKind.EVALUATE).check(0, samples.set_column(column, samples.schema.field(column), changed))


def test_a_prompt_that_was_left_out_on_purpose_is_missing_whole() -> None:
    expected, rows = of(JobKind.GENERATE), generated(0)
    expected.check(0, rows.slice(2), left_out=[1])
    expected.check(0, rows.slice(0, 0), left_out=[1, 2])
    with pytest.raises(JobError, match="rows are not those"):
        expected.check(0, rows.slice(1), left_out=[1])
    with pytest.raises(JobError, match="leaves out prompt 5, which is not in its unit 0"):
        expected.check(0, rows.slice(2), left_out=[5])


def test_inputs_without_what_is_needed_are_damaged() -> None:
    with pytest.raises(JobError, match=r"the inputs of r1-generate-1 are damaged: KeyError: .*prompt_id"):
        contents("r1-generate-1", specs.generate(), lambda name: PROMPTS.drop_columns(["prompt_id"]))
    with pytest.raises(JobError, match=r"say from where new candidates are counted \(first_k\)"):
        contents("r1-generate-1", specs.generate(), lambda name: PROMPTS.drop_columns(["first_k"]))


def test_a_job_that_makes_no_rows_has_no_contents() -> None:
    with pytest.raises(JobError, match="r1-finetune-1 is a finetune job, which makes no rows"):
        contents("r1-finetune-1", specs.finetune(), lambda name: PROMPTS)


def test_a_job_of_an_earlier_version_is_cut_as_it_was_then() -> None:
    """Units had 32 candidates, and the first k of each prompt was in the spec."""
    prompts = units.prompts_table([Prompt(number, "") for number in range(1, 41)])
    kept = dump(specs.generate(candidates=4)) | {"first_k": {"prompt_id": list(range(1, 41)), "k": [7] * 40}}
    kept = {name: value for name, value in kept.items() if name not in ("version", "unit_size")}
    old = contents("r1-generate-1", parse(kept, "the spec"), lambda name: prompts)
    assert old.units == 5 and old.parts[0].keys(4)[40][0] == ("1.40.7", 40, 7)


# -- how many units -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5, 8, 32, 100])
@pytest.mark.parametrize("prompts", [1, 7, 1000, 33_333, 1_000_000])
def test_a_job_has_at_most_a_thousand_units_and_each_at_least_32_candidates(prompts: int, count: int) -> None:
    size = units.fitting_size(prompts, units.GENERATED // count)
    number = -(-prompts // size)
    assert number <= units.MOST
    assert size * count >= min(prompts * count, units.GENERATED - count + 1)
    if prompts * count <= units.MOST * units.GENERATED // 2:  # a kill loses little
        assert size * count <= max(count, units.GENERATED)
