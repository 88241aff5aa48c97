"""The document for programs names what there is, and nothing else."""

from in_memory import Service


def test_the_document_has_every_address(service: Service) -> None:
    """Each with its methods; and no other."""
    paths = service.client.get("/openapi.json").json["paths"]
    documented = {
        (path, method)
        for path, about in paths.items()
        for method in about
        if method != "parameters"
    }
    there = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in service.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert documented == there


def test_the_codes_of_a_refusal_are_in_the_document(service: Service) -> None:
    """With the status they come with."""
    answers = service.client.get("/openapi.json").json["paths"]["/jobs"]["post"]["responses"]
    assert "too-large" in answers["413"]["description"]
    assert "service-full" in answers["503"]["description"]
    assert {"202", "400", "401", "403", "413", "415", "422", "429", "503", "507"} <= set(answers)
