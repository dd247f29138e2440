"""The spec of a job reads back as it was written, in every version, and an error names what is damaged."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import JobKind, Scope
from rsf_core.domain.errors import JobError
from rsf_core.domain.settings import Compute, Sampling, Target, Train
from rsf_core.domain.specs import (
    Corrections,
    FinetuneSpec,
    GaugePart,
    GenerateSpec,
    JobSpec,
    ModelRef,
    Reference,
    ScoreSpec,
    TrainedLaw,
    Until,
    dump,
    parse,
)
from tests.support import specs
from tests.support.kept_projects import names, unpack

KINDS = pytest.mark.parametrize("kind", list(JobKind), ids=str)
TEXT = st.text(max_size=20)
COUNTS = st.integers(1, 10**6)
NATS = st.floats(allow_nan=False)  # includes ±∞: log M of a round in which every candidate fails
REFS = st.builds(ModelRef, model_id=TEXT, name=TEXT, folder=st.none() | TEXT, identity=st.none() | TEXT)
MODELS = st.lists(REFS, max_size=3).map(tuple)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
LAWS = st.builds(
    Sampling,
    temperature=st.floats(0.01, 5),
    top_k=st.integers(0, 100_000),
    top_p=st.floats(0.01, 1),
    max_new_tokens=st.integers(1, 8192),
    model_masks=st.booleans(),
)
TARGETS = st.builds(
    Target, tempered=st.booleans(), rewards=st.dictionaries(st.sampled_from(["words", "length"]), st.floats(-9, 9))
)
RECIPES = st.builds(
    Train, epochs=st.integers(1, 100), growth_bound=st.none() | st.floats(1.5, 9), seed=st.integers(0, 9)
)
UNTIL = st.builds(Until, run=TEXT, goal=COUNTS, most=COUNTS, log_m=NATS, scope=st.sampled_from(Scope), target_id=COUNTS)
GAUGES = st.builds(GaugePart, name=TEXT, key=TEXT, models=NAMES, unit_size=COUNTS, sampling=LAWS)
SHARED: dict[str, st.SearchStrategy[Any]] = {
    "round": COUNTS,
    "compute": st.builds(Compute, dtype=st.sampled_from(["auto", "float32", "bfloat16"])),
}
DRAWING: dict[str, st.SearchStrategy[Any]] = {"candidates": COUNTS, "batch_size": COUNTS, "sampling": LAWS}
COMPARING: dict[str, st.SearchStrategy[Any]] = DRAWING | {
    "evaluation_key": TEXT,
    "models": MODELS,
    "base": REFS,
    "reference": st.none() | REFS,
    "scorers": NAMES,
    "timeout_seconds": st.floats(0.1, 1e5),
    "sampler": COUNTS,
    "tempered": st.booleans(),
    "unit_size": COUNTS,
    "gauges": st.lists(GAUGES, max_size=2).map(tuple),
    "judged": MODELS,
}
FIELDS: dict[JobKind, dict[str, st.SearchStrategy[Any]]] = {
    JobKind.GENERATE: DRAWING
    | {"model": REFS, "unit_size": COUNTS, "note": TEXT, "adaptive": st.booleans(), "until": st.none() | UNTIL},
    JobKind.SCORE: {
        "reference": st.none() | st.builds(Reference, model=REFS, scorer=TEXT, tempered=st.booleans()),
        "target": TARGETS,
        "retired": st.integers(0, 99),
    },
    JobKind.FINETUNE: {
        "model": REFS,
        "recipe": RECIPES,
        "law": st.builds(TrainedLaw, model_masks=st.booleans(), temperature=st.floats(0.01, 5)),
        "log_m": NATS,
    },
    JobKind.EVALUATE: COMPARING,
    JobKind.SEALED: COMPARING | {"target": TARGETS, "log_m": NATS},
    JobKind.TRIAL: DRAWING | {"models": MODELS, "text": TEXT, "system": st.none() | TEXT},
    JobKind.LEARN: {"model": REFS, "others": NAMES, "rate": st.floats(0.01, 1), "taste": TEXT, "author": TEXT},
    JobKind.EMBED: {"model": REFS, "units": COUNTS, "candidates": COUNTS},
}
assert FIELDS.keys() == set(JobKind), (
    f"FIELDS here and JobKind differ by {sorted(map(str, set(JobKind) ^ FIELDS.keys()))}: give each kind of job a row, "
    "with the values that the fields of its spec take"
)
SPECS = st.sampled_from(JobKind).flatmap(
    lambda kind: st.fixed_dictionaries(SHARED | FIELDS[kind]).map(lambda fields: specs.of_kind(kind, **fields))
)


def read(data: object, kind: JobKind | None = None) -> JobSpec:
    return parse(data, "the spec of r1-x-1", kind)


@given(SPECS)
def test_a_spec_reads_back_from_its_json_as_it_was(spec: JobSpec) -> None:
    text = json.dumps(dump(spec))
    reread = read(json.loads(text), spec.kind)
    assert reread == spec and type(reread) is type(spec) and json.dumps(dump(reread)) == text


@KINDS
def test_a_spec_is_distinguished_by_its_kind_and_states_its_version(kind: JobKind) -> None:
    data = dump(specs.of_kind(kind))
    assert (data["kind"], data["version"]) == (str(kind), 3)
    assert read(data).kind is kind
    assert read({name: value for name, value in data.items() if name != "kind"}, kind).kind is kind


# -- of earlier versions ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The specs in the database and the spool of a project of the previous release, by job."""
    folder: Path = unpack(names()[0], tmp_path_factory.mktemp("kept")).folder
    with duckdb.connect(str(folder / "rsf.duckdb")) as database:
        specs_by_job = {
            name: json.loads(text) for name, text in database.execute("SELECT job_id, spec FROM jobs").fetchall()
        }
    for path in (folder / "spool").glob("*/spec.json"):
        specs_by_job[f"{path.parent.name} in the spool"] = json.loads(path.read_text(encoding="utf-8"))
    return specs_by_job


def kept_of(now: Any, before: Any) -> Any:
    """The part of `now` under the names of `before`; fields that were added since have their defaults."""
    if isinstance(now, dict) and isinstance(before, dict):
        return {name: kept_of(now.get(name), value) for name, value in before.items()}
    if isinstance(now, list) and isinstance(before, list) and len(now) == len(before):
        return [kept_of(*pair) for pair in zip(now, before, strict=True)]
    return now


def test_the_specs_of_the_previous_release_keep_their_values(kept: dict[str, dict[str, Any]]) -> None:
    assert {data["kind"] for data in kept.values()} == {"generate", "score", "finetune", "evaluate"}
    for name, data in kept.items():
        assert "version" not in data
        spec = parse(data, name)
        now = dump(spec)
        fields = {key: value for key, value in data.items() if key != "job_id"}
        assert kept_of(now, fields) == fields, name
        assert read(json.loads(json.dumps(now))) == spec


def test_fields_that_the_first_specs_lacked_have_the_values_of_that_time() -> None:
    model = {"model_id": "base", "name": "tiny", "folder": "/tiny", "identity": "abc"}
    job = {"job_id": "r1-x-1", "round": 1}
    sampling = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "max_new_tokens": 8, "seed": 0}
    drawn = read(
        job
        | {
            "kind": "generate",
            "model": model,
            "model_id": "base",
            "sampling": sampling,
            "candidates": 5,
            "batch_size": 4,
        }
        | {"project_seed": 1, "first_k": {"prompt_id": [1, 2], "k": [0, 5]}}
    )
    assert isinstance(drawn, GenerateSpec) and drawn.first_k is not None and drawn.first_k.k == (0, 5)
    assert (drawn.unit_size, drawn.note, drawn.adaptive, drawn.until) == (6, "", False, None)  # 32 candidates per unit
    assert drawn.compute == Compute()
    scored = read(job | {"kind": "score", "scorers": ["words"], "target": {}} | {"reference": None})
    assert isinstance(scored, ScoreSpec) and (scored.retired, scored.timeout_seconds, scored.unit_size) == (
        0,
        60.0,
        256,
    )
    lineage = {"model_id": "m1-1", "parent": model, "round": 1, "curated_id": "c1-1", "content_hash": "h", "task": "t"}
    tuned = read(
        job
        | {"kind": "finetune", "model": model, "model_id": "m1-1", "out_folder": "/models/m1-1", "curated_id": "c1-1"}
        | {"recipe": {"epochs": 2}, "lineage": lineage | {"recipe": {"epochs": 2}}}
    )
    assert isinstance(tuned, FinetuneSpec) and tuned.recipe == Train(epochs=2) == tuned.lineage.recipe
    assert (tuned.law, tuned.log_m) == (TrainedLaw(), 0.0)
    assert tuned.lineage.parent.model_dump() == {"model_id": "base", "name": "tiny", "identity": "abc"}
    compared = read(
        job
        | {"kind": "evaluate", "evaluation_key": "key", "models": [model], "base": model, "reference": None}
        | {"scorers": ["words"], "candidates": 3, "batch_size": 4, "sampling": sampling}
    )
    changes: dict[str, Any] = {"models": (ModelRef(**model),), "base": ModelRef(**model), "scorers": ("words",)}
    changes |= {"candidates": 3, "batch_size": 4, "sampling": Sampling(max_new_tokens=8), "sampler": 1}
    assert compared == specs.evaluate(**changes, unit_size=21)  # 64 completions per unit


@pytest.mark.parametrize("version", [1, 2])
def test_the_goal_of_a_run_that_was_called_wanted_is_read(version: int) -> None:
    until = Until(run="1.0.7", goal=40, most=6, log_m=-2.5, scope=Scope.GLOBAL, target_id=1)
    spec = specs.generate(until=until, until_prompts=2)
    stored = dump(spec)
    stored["until"]["wanted"] = stored["until"].pop("goal")
    for until_of_old in (stored["until"], None):
        stored |= {"version": version, "until": until_of_old}
        reread = read(stored)
        assert isinstance(reread, GenerateSpec) and reread.until == (until if until_of_old else None)
    with pytest.raises(JobError, match=r"until\.goal: must be a whole number \(got 'many'\)"):
        read(stored | {"until": dump(spec)["until"] | {"goal": "many"}})


def test_values_outside_todays_bounds_are_read_as_they_were_stored() -> None:
    """The first versions allowed a temperature of 0.001 and a top-k of 10⁶."""
    data = dump(specs.trial("base"))
    data["sampling"] |= {"temperature": 0.001, "top_k": 1_000_000}
    spec = read(data)
    assert (spec.sampling.temperature, spec.sampling.top_k, spec.sampling.top_p) == (0.001, 1_000_000, 1.0)  # type: ignore[union-attr]
    assert dump(spec) == data
    data["sampling"]["temperature"] = "hot"
    with pytest.raises(JobError, match=r"sampling\.temperature: must be a number \(got 'hot'\)"):
        read(data)


# -- damaged ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, [], "generate", 3], ids=str)
def test_anything_but_an_object_is_refused_as_a_spec(data: object) -> None:
    with pytest.raises(JobError, match=r"^the spec of r1-x-1 is damaged: it contains not an object but a "):
        read(data)


@pytest.mark.parametrize("kind", [None, "", "draw", 3, ["generate"], "GENERATE"], ids=str)
def test_an_unknown_kind_is_named(kind: object) -> None:
    with pytest.raises(JobError, match=r"^the spec of r1-x-1 is damaged: .* is not a kind of job$"):
        read(dump(specs.generate()) | {"kind": kind})


def test_the_spec_of_another_kind_of_job_is_damaged() -> None:
    with pytest.raises(JobError, match="damaged: it belongs to a generate job, but this job is of kind score"):
        read(dump(specs.generate()), JobKind.SCORE)


@pytest.mark.parametrize("version", [0, -1, True, 1.5, "2", None, [2]], ids=str)
def test_an_invalid_version_is_named(version: object) -> None:
    with pytest.raises(JobError, match=r"damaged: .* is not a version"):
        read(dump(specs.generate()) | {"version": version})


def test_a_spec_of_a_later_version_says_so() -> None:
    with pytest.raises(
        JobError, match=r"written by a later version .*version 4, this one reads 3.*open the project with"
    ):
        read(dump(specs.generate()) | {"version": 4, "anything": 1})


@KINDS
@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_field_that_is_damaged_is_named(kind: JobKind, version: int) -> None:
    sound = dump(specs.of_kind(kind)) | {"version": version}
    damaged = {"object": {"x": {}}, "text": "\0", "list": [[[]]]}
    for name in sound.keys() - {"kind", "version", "note"}:
        for what in damaged.values():
            if isinstance(sound[name], str | None) and isinstance(what, str):
                continue  # "\0" is a valid text
            with pytest.raises(JobError, match=rf"^the spec of r1-x-1 is damaged: (.*; )?{name}[.:]"):
                read(copy.deepcopy(sound) | {name: what})


@KINDS
def test_a_missing_or_unknown_field_is_named(kind: JobKind) -> None:
    sound = dump(specs.of_kind(kind))
    with pytest.raises(JobError, match="damaged: round: is missing"):
        read({name: value for name, value in sound.items() if name != "round"})
    with pytest.raises(JobError, match="damaged: behaviour: there is no such name here"):
        read(sound | {"behaviour": 1})


# -- corrected -------------------------------------------------------------------------------------------------------------

MOVED = Corrections(specs.model("base", "elsewhere"), "cpu", 7, 90.0, accumulate=4, checkpoint_seconds=5.0)


def test_before_a_job_has_begun_everything_correctable_is_corrected() -> None:
    drawn = specs.generate(compute=Compute(device="cuda", dtype="bfloat16")).corrected(MOVED, begun=False)
    assert (drawn.model, drawn.batch_size) == (MOVED.model, 7)
    assert drawn.compute == Compute(device="cpu", dtype="bfloat16")  # the precision affects the result, so it stays
    tuned = specs.finetune().corrected(MOVED, begun=False)
    assert tuned.model == MOVED.model and tuned.recipe == Train(accumulate=4, checkpoint_seconds=5.0)
    assert specs.score("words").corrected(MOVED, begun=False) == specs.score(
        "words", timeout_seconds=90.0, compute=Compute(device="cpu")
    )


def test_once_a_job_has_begun_only_what_changes_no_row_is_corrected() -> None:
    compute = Compute(device="cpu")
    assert specs.generate().corrected(MOVED, begun=True) == specs.generate(batch_size=7, compute=compute)
    assert specs.finetune().corrected(MOVED, begun=True) == specs.finetune(compute=compute)
    changed = specs.evaluate().corrected(MOVED, begun=True)
    assert changed == specs.evaluate(batch_size=7, timeout_seconds=90.0, compute=compute)


def test_a_correction_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size"):
        specs.generate().corrected(Corrections(None, "cpu", 0, 60.0, 1, 30.0), begun=False)
