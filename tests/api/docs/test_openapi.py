"""The document for programs names what there is, and nothing else."""

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
    """By the validator of the specification."""
    validate(document)


def test_it_has_every_address(service: Service, document: dict[str, Any]) -> None:
    """Each with its methods; and no other."""
    there = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in service.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(operations(document)) == there


def test_every_address_says_who_may_ask(service: Service) -> None:
    """None is for admins only because nobody thought of it."""
    assert set(SCOPES) == {rule.endpoint for rule in service.app.url_map.iter_rules()}


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """In a sentence, with an answer for when all is well, and a name that no other has."""
    found = operations(document)
    for where, about in found.items():
        assert about["summary"].endswith("."), where
        assert any(status.startswith("2") for status in about["responses"]), where
        for parameter in about["parameters"]:
            assert parameter.get("description") or parameter["in"] == "path", where
    assert len({about["operationId"] for about in found.values()}) == len(found)


def test_the_codes_of_a_refusal_are_in_it(document: dict[str, Any]) -> None:
    """With the status they come with, an example each, and the headers that come with them."""
    answers = document["paths"]["/jobs"]["post"]["responses"]
    assert {"202", "400", "401", "403", "413", "415", "422", "429", "503", "507"} <= set(answers)
    assert "too-large" in answers["413"]["description"]
    problems = answers["503"]["content"]["application/problem+json"]
    assert problems["examples"]["service-full"]["value"]["status"] == 503
    assert "Retry-After" in answers["503"]["headers"]


def test_examples_are_what_their_schemas_say(document: dict[str, Any]) -> None:
    """Whoever builds on an example is not misled."""
    seen = 0
    for schema, example in _examples(document):
        # The references in it lead into the whole document.
        whole = {"components": document["components"], **schema}
        jsonschema_rs.validate(whole, example)
        seen += 1
    assert seen > 30


def _examples(node: Any) -> Any:
    """Every schema in the document that stands beside examples, and each of these."""
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
