"""JSON, and JSON that a schema allows."""

from __future__ import annotations

from typing import Any

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.json_output import JsonSchema
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
        ("[" * 100_000 + "]" * 100_000, 0, 0), ("```json\n```", 0, 0), ('```json\r\n{"a": 1}\r\n```', 0, 1),
    ],
)  # fmt: skip
def test_json_is_distinguished_from_other_text(completion: str, bare: int, fenced: int) -> None:
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
def test_an_invalid_schema_is_refused(scorer: str, message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        registry.get(scorer)


def test_a_schema_is_fetched_from_nowhere() -> None:
    with pytest.raises(ScorerError, match=r"refers to 'http://127\.0\.0\.1:9/s\.json', which it does not hold"):
        score('json_schema(schema={"$ref"="http://127.0.0.1:9/s.json"})', "{}")


WANTED = '{"name": "Ann", "age": 3}'


@pytest.mark.parametrize(
    ("completion", "reference", "share"),
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
def test_json_match_is_the_share_of_the_entries_that_are_right(completion: str, reference: str, share: float) -> None:
    (score,) = scoring.scores("json_match", [Scored(Prompt(1, "?", reference), completion, 3, Finish.EOS)])
    assert score == pytest.approx(share)


@pytest.mark.parametrize(("reference", "problem"), [(None, "and there is none"), ("{a}", "not '{a}': "), (" ", "none")])
def test_a_reference_that_is_no_json_is_named(reference: str | None, problem: str) -> None:
    refusal = registry.reference_problem("json_match", reference)
    assert refusal is not None and refusal.startswith("needs JSON as the reference, ") and problem in refusal


def allowed(schema: dict[str, Any], completion: str) -> float:
    return JsonSchema(schema).score([Scored(Prompt(1, "?"), completion, 3, Finish.EOS)])[0]


@pytest.mark.parametrize("digits", [4_299, 4_300, 5_000])
def test_a_number_of_any_length_is_json(digits: int) -> None:
    number = "7" * digits
    assert score("json", number) == score("json", f"[-{number}]") == allowed({"type": "integer"}, number) == 1
    assert allowed({"minimum": 5}, number) == 1 and allowed({"maximum": 5}, number) == 0
    (value,) = scoring.scores("json_match", [Scored(Prompt(1, "?", number), number, 3, Finish.EOS)])
    assert value == 1


@pytest.mark.parametrize(
    ("step", "number", "is_one"),
    [(0.1, "0.3", 1), (0.1, "0.7", 1), (0.01, "19.99", 1), (0.01, "1.13", 1), (0.01, "1.135", 0), (0.1, "0.35", 0),
     (3, "9", 1), (3, "10", 0), (0.5, "1e308", 1), (0.1, "1e999", 0), (1, "7" * 400, 1), (2, "7" * 400, 0), (2.5, "5", 1),
     (0.1, "true", 1), (0.1, '"x"', 1)],
)  # fmt: skip
def test_a_multiple_is_checked_on_the_written_number(step: float, number: str, is_one: int) -> None:
    assert allowed({"multipleOf": step}, number) == is_one


@pytest.mark.parametrize(
    ("items", "unique"),
    [("[1, 2]", 1), ("[1, 1.0]", 0), ("[1, true]", 1), ('["a", "A"]', 1), ('[{"a": 1}, {"a": 1.0}]', 0), ("[[1], [1]]", 0),
     ('[{"a": [1]}, {"a": [true]}]', 1), ("[null, 0, false, \"\"]", 1), ('["é", "e\u0301"]', 0)],
)  # fmt: skip
def test_items_are_unique_by_their_values(items: str, unique: int) -> None:
    assert allowed({"uniqueItems": True}, items) == unique
    assert allowed({"uniqueItems": False}, items) == 1


@pytest.mark.parametrize(
    ("schema", "completion", "expected"),
    [
        ({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}, "1", 0),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}, "2", 1),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}], "additionalItems": False}, "[1, 2]", 0),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"]}}, '{"a": 1}', 0),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "dependentRequired": {"a": ["b"]}}, '{"a": 1}', 0),
    ],
)
def test_a_schema_is_read_by_the_draft_that_it_names(schema: dict[str, Any], completion: str, expected: int) -> None:
    assert allowed(schema, completion) == expected


@pytest.mark.parametrize("start", ["http", "https"])
@pytest.mark.parametrize("end", ["", "#"])
@pytest.mark.parametrize(
    ("draft", "items", "expected"),
    [
        ("draft-04/schema", [{}], 0), ("draft-06/schema", [{}], 0), ("draft-07/schema", [{}], 0),
        ("draft/2019-09/schema", [{}], 0), ("draft/2020-12/schema", {"type": "integer"}, 1), ("schema", {"type": "string"}, 0),
    ],
)  # fmt: skip
def test_a_draft_is_known_with_http_or_https_and_with_or_without_its_hash(
    start: str, end: str, draft: str, items: Any, expected: int
) -> None:
    schema = {"$schema": f"{start}://json-schema.org/{draft}{end}", "items": items, "additionalItems": False}
    assert allowed(schema, "[1, 2]") == expected


@pytest.mark.parametrize("named", ["urn:nonsense", "http://json-schema.org/draft-99/schema#", "https://", "", "#"])
def test_a_draft_that_nobody_knows_is_refused(named: str) -> None:
    with pytest.raises(ScorerError, match=f"uses '{named}', which is unknown"):
        JsonSchema({"$schema": named})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"if": {"$ref": "#"}},
        {"not": {"$ref": "#/$defs/a"}, "$defs": {"a": {"anyOf": [{}, {"$ref": "#"}]}}},
        {"properties": {"x": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"dependentSchemas": {"a": {"$ref": "#"}}},
    ],
)
def test_a_schema_without_an_end_is_refused_before_it_is_asked(schema: dict[str, Any]) -> None:
    with pytest.raises(ScorerError, match="refers to itself without an end"):
        JsonSchema(schema)


def test_a_schema_that_goes_down_with_the_value_has_an_end() -> None:
    tree = {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"properties": {"a": {"$ref": "#/$defs/tree"}}, "type": "object"}},
    }
    assert allowed(tree, '{"a": {"a": {}}}') == 1 and allowed(tree, '{"a": {"a": 1}}') == 0
    twice = {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"type": "integer"}}}
    assert allowed(twice, "1") == 1
    with pytest.raises(ScorerError, match="nested deeper than 60 levels"):
        allowed(tree, '{"a":' * 400 + "{}" + "}" * 400)


@pytest.mark.parametrize("name", ["é", "e\u0301"])
@pytest.mark.parametrize("given", ["é", "e\u0301"])
def test_names_count_in_any_unicode_form(name: str, given: str) -> None:
    assert allowed({"required": [name], "properties": {name: {"maxLength": 1}}}, f'{{"{given}": "{given}"}}') == 1
    row = Scored(Prompt(1, "?", f'{{"{name}": 1}}'), f'{{"{given}": 1}}', 3, Finish.EOS)
    assert scoring.scores("json_match", [row]) == [1.0]


def test_a_pattern_of_a_schema_without_an_end_gives_no_score() -> None:
    batch = [Scored(Prompt(1, "?"), text, 3, Finish.EOS) for text in (f'"{"a" * 40}b"', '"aa"')]
    endless, other = registry.score("json_schema(schema={pattern='^(a+)+$'})", batch)
    assert isinstance(endless, NoScore) and "a pattern of the schema takes more than" in str(endless) and other == 1
