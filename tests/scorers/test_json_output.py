"""JSON, and such JSON as a schema allows."""

from __future__ import annotations

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored
from tests.support import scoring

SCHEMA = 'json_schema(schema={type="object", required=["name", "age"], properties={age={type="integer", minimum=0}}})'


def score(scorer: str, completion: str) -> float:
    return scoring.scores(scorer, [Scored(Prompt(1, "?"), completion, 3, Finish.EOS)])[0]


@pytest.mark.parametrize(
    ("completion", "bare", "fenced"),
    [
        ('{"a": 1}', 1, 1), (" [1, 2]\n", 1, 1), ("3", 1, 1), ('"text"', 1, 1), ("null", 1, 1),
        ('```json\n{"a": 1}\n```', 0, 1), ("```\n[1]\n```", 0, 1), ('Here: {"a": 1}', 0, 0), ('{"a": 1} done', 0, 0),
        ("{'a': 1}", 0, 0), ('{"a": 1', 0, 0), ("NaN", 0, 0), ('{"a": Infinity}', 0, 0), ("", 0, 0), ("[" * 100_000, 0, 0),
        ("[" * 100_000 + "]" * 100_000, 0, 0), ("```json\n```", 0, 0),
    ],
)  # fmt: skip
def test_json_is_told_from_what_is_none(completion: str, bare: int, fenced: int) -> None:
    assert (score("json(fenced=false)", completion), score("json", completion)) == (bare, fenced)


@pytest.mark.parametrize(
    ("completion", "allowed"),
    [
        ('{"name": "Ann", "age": 3}', 1), ('{"name": "Ann", "age": -1}', 0), ('{"name": "Ann"}', 0), ("[]", 0),
        ('{"name": "Ann", "age": "3"}', 0), ('```json\n{"name": "Ann", "age": 3}\n```', 1), ("no JSON", 0),
    ],
)  # fmt: skip
def test_a_schema_allows_what_it_says(completion: str, allowed: int) -> None:
    assert score(SCHEMA, completion) == allowed


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("json_schema", r"needs options: write json_schema\(schema=…\)"),
        ("json_schema(schema='x')", "needs a schema as a table"),
        ('json_schema(schema={type="objekt"})', "'objekt' is not valid"),
    ],
)
def test_a_schema_that_is_none_is_refused(scorer: str, message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        registry.get(scorer)


def test_a_schema_is_fetched_from_nowhere() -> None:
    with pytest.raises(ScorerError, match=r"refers to 'http://127\.0\.0\.1:9/s\.json', which it does not hold"):
        score('json_schema(schema={"$ref"="http://127.0.0.1:9/s.json"})', "{}")


WANTED = '{"name": "Ann", "age": 3}'


@pytest.mark.parametrize(
    ("completion", "wanted", "share"),
    [
        (WANTED, WANTED, 1.0),
        ('{"age": 3.0, "name": " ann "}', WANTED, 1.0),
        ('```json\n{"name": "Ann", "age": 3}\n```', WANTED, 1.0),
        ('{"name": "Ann"}', WANTED, 0.5),
        ('{"name": "Ann", "age": 4}', WANTED, 0.5),
        ('{"name": "Ann", "age": "3"}', WANTED, 0.5),
        ('{"name": "Ann", "age": 3, "city": "Oslo"}', WANTED, 2 / 3),
        ('{"name": "Ann", "age": true}', '{"name": "Ann", "age": 1}', 0.5),
        ('{"a": null}', '{"a": null}', 1.0),
        ('{"a": null}', '{"b": null}', 0.0),
        ('{"a": [1, "x", {"b": 2}]}', '{"a": [1, "X", {"b": 2}]}', 1.0),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', 0.0),
        ("[1, 2]", "[1, 2]", 1.0),
        ("[1, 2]", "[1]", 0.0),
        ("{}", "{}", 1.0),
        ("{}", WANTED, 0.0),
        ("[]", WANTED, 0.0),
        ("null", "null", 1.0),
        ("Ann is 3", WANTED, 0.0),
        ("", WANTED, 0.0),
        ("[" * 100_000, WANTED, 0.0),
    ],
)
def test_json_match_is_the_share_of_the_entries_that_are_right(completion: str, wanted: str, share: float) -> None:
    (found,) = scoring.scores("json_match", [Scored(Prompt(1, "?", wanted), completion, 3, Finish.EOS)])
    assert found == pytest.approx(share)


@pytest.mark.parametrize(("reference", "problem"), [(None, "and there is none"), ("{a}", "not '{a}': "), (" ", "none")])
def test_a_reference_that_is_no_json_is_named(reference: str | None, problem: str) -> None:
    said = registry.reference_problem("json_match", reference)
    assert said is not None and said.startswith("needs JSON as the reference, ") and problem in said
