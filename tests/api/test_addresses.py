"""Addresses where nothing is: the answer says what was probably meant."""

from typing import Any
from urllib.parse import urljoin

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.problems import problem

from api.security.keys import new_key
from shared.config.settings import Settings

AN_ID = "0" * 32


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/jobs/", "/jobs"),
        ("/sentiment/", "/sentiment"),
        ("/models/", "/models"),
        ("/openapi.json/", "/openapi.json"),
        (f"/jobs/{AN_ID}/", f"/jobs/{AN_ID}"),
        (f"/jobs/{AN_ID}/results/", f"/jobs/{AN_ID}/results"),
        ("/jobs//", "/jobs"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_slash_too_many(service: Service, method: str, path: str, near: str) -> None:
    """The address without the slash is named, and the page that lists all of them."""
    detail = problem(service.client.open(path, method=method), 404, "not-found")
    assert f"{near} without the slash" in detail
    assert "/docs" in detail


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/jobs//" + AN_ID, "/jobs/" + AN_ID),
        ("/Jobs", "/jobs"),
        ("/api/jobs", "/jobs"),
        ("/API/Jobs/", "/jobs"),
        ("/v3/models", "/models"),
    ],
)
def test_another_address_that_is_near(service: Service, path: str, near: str) -> None:
    """Slashes in the middle, capital letters, and a part too many at the beginning."""
    detail = problem(service.client.get(path), 404, "not-found")
    assert f"Did you mean {near}" in detail
    assert "on the server" not in detail


@pytest.mark.parametrize("path", ["/nowhere", "/admin/login.php", "/x" * 5000])
def test_nothing_is_near(service: Service, path: str) -> None:
    """The answer names the page that lists all addresses, and is short."""
    detail = problem(service.client.get(path), 404, "not-found")
    assert "/docs" in detail
    assert "Did you mean" not in detail
    assert len(detail) < 400


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/models", "Did you mean /models"),
        ("/v1/files/", "/v1/files without the slash"),
        ("/v1/chat/completions", "only /v1/files and /v1/batches"),
    ],
)
def test_below_v1(service: Service, path: str, words: str) -> None:
    """Errors there have the form of the OpenAI API."""
    answer = service.client.get(path)
    assert answer.status_code == 404
    assert words in answer.json["error"]["message"]
    assert answer.json["error"]["code"] == "not_found"


def test_a_method_that_an_address_does_not_have(service: Service) -> None:
    """The answer names those that it has, in `Allow` too."""
    answer = service.client.put("/jobs")
    detail = problem(answer, 405, "method-not-allowed")
    assert "PUT is not possible at /jobs, but GET, POST." in detail
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_the_address_of_the_service_was_given_with_a_path(service: Service) -> None:
    """`scorelane score --url .../jobs` posts to `/jobs/jobs`."""
    answer = service.client.post("/jobs/jobs", data=b"text\na\n", content_type="text/csv")
    assert "Did you mean /jobs?" in problem(answer, 405, "method-not-allowed")


@pytest.mark.parametrize("with_keys", [False, True])
def test_a_browser_finds_the_page(settings: Settings, with_keys: bool) -> None:
    """`/docs/` leads to `/docs`, also below a path of a proxy; the icon needs no key."""
    keys: dict[str, Any] = {"api_keys": SecretStr(new_key("a", "read")[1])} if with_keys else {}
    client = make_service(settings.model_copy(update=keys)).client
    answer = client.get("/docs/")
    assert (answer.status_code, answer.headers["Location"]) == (308, "../docs")
    for root in ("http://localhost", "https://a.example/scores"):
        assert urljoin(f"{root}/docs/", answer.headers["Location"]) == f"{root}/docs"
    with client.get("/favicon.ico") as icon:
        assert (icon.status_code, icon.mimetype) == (200, "image/vnd.microsoft.icon")
