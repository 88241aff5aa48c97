"""Asks a service in memory for a dry run with guesses."""

from typing import Any

from support.in_memory import Service


def guessed(service: Service, content: bytes, kind: str = "text/csv", **options: Any) -> Any:
    """The answer of a dry run that guesses; options are given."""
    query = {"validate": "true", "guess": "true", **options}
    return service.client.post("/jobs", data=content, content_type=kind, query_string=query)


def values_of(answer: Any) -> dict[str, str]:
    """The guesses of an answer by option; each has a reason."""
    assert all(one["reason"].endswith(".") for one in answer.json["guessed"])
    return {one["option"]: one["value"] for one in answer.json["guessed"]}


def rows_of_the_job(service: Service, content: bytes, kind: str, options: Any) -> Any:
    """The rows of a job with these options: the refs and the errors."""
    accepted = service.client.post("/jobs", data=content, content_type=kind, query_string=options)
    return [(row["ref"], row["error"]) for row in service.rows_of(accepted)]
