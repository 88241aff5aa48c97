"""The OpenAPI document describes every path, and nothing that does not exist."""

from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate
from support.in_memory import Service

from api.security.access import SCOPES


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
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
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
