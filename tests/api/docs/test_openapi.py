"""The OpenAPI document describes every path, and nothing that does not exist."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate
from support.in_memory import Service

from api.docs.openapi import GROUPS
from api.docs.problem_examples import example_of
from api.errors import STATUS
from api.security.access import SCOPES
from shared.errors.base import ScorelaneError


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    return dict(service.client.get("/openapi.json").json)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): about
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    }


def test_it_is_openapi(document: dict[str, Any]) -> None:
    """The validator of the OpenAPI specification accepts the document."""
    validate(document)


def test_it_has_every_path(service: Service, document: dict[str, Any]) -> None:
    """The document has exactly the paths and methods of the app."""
    expected = {
        (re.sub(r"<(path:)?(\w+)>", r"{\2}", rule.rule), method.lower())
        for rule in service.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(operations(document)) == expected


def test_every_path_has_a_scope(service: Service) -> None:
    """No endpoint needs an admin's key merely because it was forgotten in `SCOPES`."""
    assert set(SCOPES) == {rule.endpoint for rule in service.app.url_map.iter_rules()}


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """It has a sentence as summary, a successful response, and a unique `operationId`."""
    found = operations(document)
    for operation, about in found.items():
        assert about["summary"].endswith("."), operation
        assert any(status.startswith("2") for status in about["responses"]), operation
        for parameter in about["parameters"]:
            assert parameter.get("description") or parameter["in"] == "path", operation
    assert len({about["operationId"] for about in found.values()}) == len(found)


def test_it_has_the_codes_of_errors(document: dict[str, Any]) -> None:
    """Each status has its error codes, with an example for each, and the headers."""
    answers = document["paths"]["/jobs"]["post"]["responses"]
    assert {"202", "400", "401", "403", "413", "415", "422", "429", "503", "507"} <= set(answers)
    assert "too-large" in answers["413"]["description"]
    problems = answers["503"]["content"]["application/problem+json"]
    assert problems["examples"]["service-full"]["value"]["status"] == 503
    assert "Retry-After" in answers["503"]["headers"]


def test_examples_of_errors_are_messages(document: dict[str, Any]) -> None:
    """Every field of a message has a value in it."""
    details = [
        one["value"]["detail"]
        for about in operations(document).values()
        for answer in about["responses"].values()
        for content in answer.get("content", {}).values()
        for one in content.get("examples", {}).values()
    ]
    assert len(details) > 200
    for detail in details:
        assert not re.search(r"\{\w*\}", detail)
        assert "..." not in detail.replace("HOST/...", "")


@pytest.mark.parametrize("kind", sorted(STATUS, key=lambda kind: kind.__name__))
def test_every_error_has_an_example(kind: type[ScorelaneError]) -> None:
    """Also one whose fields have no value in the table."""
    assert not re.search(r"\{\w*\}", example_of(kind))


def test_an_unknown_field_has_dots() -> None:
    """The document is made all the same."""

    class Odd(ScorelaneError):
        """It is {odd}."""

    assert example_of(Odd) == "It is ...."


def test_groups_are_words(service: Service, document: dict[str, Any]) -> None:
    """Each operation is in a group with a description, and the groups are no names of modules."""
    groups = {one["name"]: one["description"] for one in document["tags"]}
    assert all(name[0].isupper() and "_" not in name for name in groups)
    assert all(description.endswith(".") for description in groups.values())
    used = {name for about in operations(document).values() for name in about["tags"]}
    assert used == set(groups)
    assert {name for _, names in GROUPS.values() for name in names} == set(service.app.blueprints)


def test_the_page_fills_in_no_options(document: dict[str, Any]) -> None:
    """Swagger UI sends examples and defaults of parameters as if they had been typed."""
    for operation, about in operations(document).items():
        for parameter in about["parameters"]:
            for part in (parameter, parameter["schema"]):
                filled = {"example", "examples", "default"} & set(part)
                assert parameter["in"] == "path" or not filled, (operation, parameter["name"])
    [label] = [
        one for one in document["paths"]["/jobs"]["get"]["parameters"] if one["name"] == "label"
    ]
    assert "For example: `team:growth`." in label["description"]


@pytest.mark.parametrize("path", ["/jobs", "/sentiment"])
def test_requests_work_as_the_page_fills_them_in(
    service: Service, document: dict[str, Any], path: str
) -> None:
    """Every body that is an example is accepted, in its media type; the list needs no options."""
    assert service.client.get("/jobs").status_code == 200
    bodies = document["paths"][path]["post"]["requestBody"]["content"]
    filled = {kind: one["example"] for kind, one in bodies.items() if "example" in one}
    assert filled
    service.dispatch.messages.clear()
    for kind, example in filled.items():
        body = example if isinstance(example, str) else json.dumps(example)
        answer = service.client.post(path, data=body, content_type=kind)
        expected = {"/jobs": 202, "/sentiment": 503}[path]  # nothing works, so no answer in time
        assert answer.status_code == expected, answer.text
        if path == "/sentiment":
            assert answer.json["type"].endswith("no-answer-in-time")


def test_examples_match_their_schemas(document: dict[str, Any]) -> None:
    """Every example in the document is valid by the schema next to it."""
    seen = 0
    for schema, example in _examples(document):
        # References in the schema point into the whole document.
        whole = {"components": document["components"], **schema}
        jsonschema_rs.validate(whole, example)
        seen += 1
    assert seen > 30


def _examples(node: Any) -> Any:
    """Each example in the document, as a pair of its schema and the example."""
    if isinstance(node, list):
        for one in node:
            yield from _examples(one)
    if isinstance(node, dict):
        if "schema" in node:
            if "example" in node:
                yield node["schema"], node["example"]
            for one in node.get("examples", {}).values():
                yield node["schema"], one["value"]
        for one in node.values():
            yield from _examples(one)
