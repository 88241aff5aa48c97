"""A wrong address in a browser is a page that leads on; programs get a problem, as everywhere."""

import re
from urllib.parse import urljoin

import pytest
from support.in_memory import Service
from support.problems import problem

from api.console.headers import PAGE_HEADERS

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
AN_ID = "0" * 32


def links_of(path: str, text: str) -> list[str]:
    """The addresses that the page at a path links to or loads, as a browser resolves them."""
    return [
        urljoin(f"http://localhost{path}", link).removeprefix("http://localhost")
        for link in re.findall(r'(?:href|src)="([^"]+)"', text)
    ]


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/nowhere", None),
        ("/jobs/", "/jobs"),
        ("/Models", "/models"),
        ("/api/jobs", "/jobs"),
        (f"/jobs/{AN_ID}/results/", f"/jobs/{AN_ID}/results"),
        ("/console/nothing.js", None),
        ("/v1/chat/completions", None),
        ("/sentiment/", None),
        ("/jobs//", "/jobs"),
    ],
)
def test_a_wrong_address(service: Service, path: str, near: str | None) -> None:
    """The page names an address near by that shows something, the console and the API."""
    answer = service.client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert {"Accept", "Accept-Language"} <= set(answer.vary)
    for name, value in PAGE_HEADERS.items():
        assert answer.headers[name] == value
    links = links_of(path, answer.text)
    assert {"/", "/docs"} <= set(links)
    assert (near in links) == (near is not None)
    assert ("Did you mean" in answer.text) == (near is not None)
    for link in links:
        if link != near:
            with service.client.get(link, headers=BROWSER) as there:
                assert there.status_code == 200, link


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/jobs/", "/#/jobs"),
        (f"/jobs/{AN_ID}/", f"/#/jobs/{AN_ID}"),
        ("/Models", "/#/models"),
        ("/service/", "/#/service"),
        (f"/jobs/{AN_ID}/results/", "/"),
        ("/openapi.json/", "/"),
    ],
)
def test_the_console_opens_where_the_address_meant(service: Service, path: str, page: str) -> None:
    """Where the console shows what the address near by answers to programs."""
    answer = service.client.get(path, headers=BROWSER)
    [console] = re.findall(r'class="button primary" href="([^"]+)"', answer.text)
    assert urljoin(f"http://localhost{path}", console) == f"http://localhost{page}"


def test_links_hold_below_the_path_of_a_proxy(service: Service) -> None:
    """They are relative, so none leaves the path."""
    text = service.client.get("/a/b/c", headers=BROWSER).text
    for link in re.findall(r'(?:href|src)="([^"]+)"', text):
        assert urljoin("https://a.example/scores/a/b/c", link).startswith(
            "https://a.example/scores/"
        )


@pytest.mark.parametrize(
    "path",
    ["/<script>alert(1)</script>", '/"><img src=x onerror=alert(1)>', "/jobs/<b>/", "/{{7*7}}",
     "/jobs/%22%20onclick=%22x/results/"],
)  # fmt: skip
def test_what_was_asked_is_text(service: Service, path: str) -> None:
    """The address is shown and linked escaped, and is never a part of the page's HTML."""
    answer = service.client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    tags = set(re.findall(r"<(\w+)", answer.text))
    assert tags <= {"html", "head", "meta", "title", "link", "body", "main", "img", "h1", "p",
                    "code", "a", "header", "div"}  # fmt: skip
    assert answer.text.count("<img") == 1
    assert not re.search(r"<[^>]*\son\w+=", answer.text)
    assert ">49<" not in answer.text


def test_a_long_address_is_cut(service: Service) -> None:
    """The page is short whatever was asked."""
    answer = service.client.get("/x" * 5000, headers=BROWSER)
    assert answer.status_code == 404
    assert "/x..." in answer.text
    assert len(answer.text.replace("../", "")) < 2000


@pytest.mark.parametrize("path", ["/{path.__class__}", "/{0}", "/jobs/{address}/", "/%s{{"])
def test_an_address_with_braces(service: Service, path: str) -> None:
    """What was asked is a value of a text, and never a text with places itself."""
    answer = service.client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert f"<code>{path}</code>" in answer.text


def test_an_address_for_programs(service: Service) -> None:
    """A browser that opens the address of a POST learns that, and gets the methods in `Allow`."""
    answer = service.client.get("/sentiment", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert "POST" in answer.headers["Allow"]
    assert "Programs send POST" in answer.text


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/css,*/*;q=0.1"])
def test_programs_get_a_problem(service: Service, accept: str | None) -> None:
    """So do the requests of a page for scripts, styles and data; caches keep the two apart."""
    headers = {"Accept": accept} if accept else {}
    answer = service.client.get("/jobs/", headers=headers)
    assert "/jobs without the slash" in problem(answer, 404, "not-found")
    assert "Accept" in answer.vary
    problem(service.client.get("/sentiment", headers=headers), 405, "method-not-allowed")


def test_what_changes_something_gets_a_problem(service: Service) -> None:
    """A form of a page may prefer HTML, but a POST is no navigation to a page."""
    problem(service.client.post("/nowhere", headers=BROWSER), 404, "not-found")
    problem(service.client.put("/jobs", headers=BROWSER), 405, "method-not-allowed")
    answer = service.client.head("/nowhere", headers=BROWSER)
    assert (answer.status_code, answer.mimetype, answer.data) == (404, "text/html", b"")


@pytest.mark.parametrize("root", ["http://localhost/", "https://a.example/scores/"])
def test_the_address_of_the_files_leads_to_the_console(service: Service, root: str) -> None:
    """People type `/console`; it leads to `/`, also below a path of a proxy."""
    for path in ("console", "console/"):
        answer = service.client.get(f"/{path}")
        assert answer.status_code == 308
        assert urljoin(f"{root}{path}", answer.headers["Location"]) == root
