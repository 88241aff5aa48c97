"""`/`: the console for a browser, addresses for a program; and the files that the console loads."""

import gzip
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service

import api.console.page
from api.console.files import FILES, SHELLS
from api.security.keys import new_key
from shared.config.settings import Settings

STATIC = Path(api.console.page.__file__).with_name("static")

#: What browsers send with a navigation.
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

NAMES = [
    path.relative_to(STATIC).as_posix()
    for path in STATIC.rglob("*")
    if path.is_file() and path.name != "index.html"
]


@pytest.mark.parametrize("accept", [CHROMIUM, "text/html", "text/*", "text/html, */*;q=0.1"])
def test_a_browser_gets_the_console(service: Service, accept: str) -> None:
    """A client that prefers HTML gets the page, and caches keep it apart from the other answer."""
    answer = service.client.get("/", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "Accept" in answer.vary
    assert "<title>Scorelane" in answer.text


@pytest.mark.parametrize(
    "accept",
    [None, "*/*", "application/json", "application/json, text/plain, */*", "image/png",
     "text/html, application/json", "text/html;q=0.5, application/json", "text/html;q=0, */*"],
)  # fmt: skip
def test_a_program_gets_addresses(service: Service, accept: str | None) -> None:
    """Any other client gets JSON, whose links all lead somewhere."""
    answer = service.client.get("/", headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    assert "Accept" in answer.vary
    assert answer.json["name"] == "Scorelane"
    assert answer.json["version"]
    adapter = service.app.url_map.bind("localhost")
    for link in answer.json["links"].values():
        assert adapter.allowed_methods(link), link


def test_neither_needs_a_key(settings: Settings) -> None:
    """The page must be there before it can ask for a key."""
    keys = SecretStr(new_key("a", "read")[1])
    client = make_service(settings.model_copy(update={"api_keys": keys})).client
    for accept in ("*/*", CHROMIUM):
        assert client.get("/", headers={"Accept": accept}).status_code == 200
    assert client.get("/console/main.js").status_code == 200


def test_the_console_runs_nothing_but_its_own_files(service: Service) -> None:
    """The policy admits scripts, styles and requests of this host alone; no page may frame it."""
    answer = service.client.get("/", headers={"Accept": CHROMIUM})
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(policy)
    assert "http" not in str(policy)
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in answer.headers["Permissions-Policy"]


def test_a_browser_that_has_the_page_gets_a_304(service: Service) -> None:
    """With the policy once more; a program with that tag still gets its own answer."""
    tag = service.client.get("/", headers={"Accept": CHROMIUM}).headers["ETag"]
    again = service.client.get("/", headers={"Accept": CHROMIUM, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert "frame-ancestors 'none'" in again.headers["Content-Security-Policy"]
    assert again.headers["ETag"] == tag
    assert service.client.get("/", headers={"If-None-Match": tag}).json["name"] == "Scorelane"


def test_the_page_loads_files_that_exist(service: Service) -> None:
    """Each address in the page is relative, as a proxy may serve it below a path, and answers."""
    text = service.client.get("/", headers={"Accept": CHROMIUM}).text
    addresses = re.findall(r'(?:src|href)="([^"#]+)["#]', text)
    assert len(addresses) > 3
    for address in addresses:
        assert re.match(r"\w", address)
        with service.client.get(f"/{address}") as answer:
            assert answer.status_code == 200, address
    assert "<script>" not in text
    assert "<style" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_served(service: Service, name: str) -> None:
    """Each file of the folder, with its media type, as it is or as gzip, each with its own ETag."""
    plain = service.client.get(f"/console/{name}")
    assert plain.data == (STATIC / name).read_bytes()
    assert plain.mimetype in {"text/css", "text/javascript", "image/svg+xml",
                              "image/vnd.microsoft.icon"}  # fmt: skip
    assert plain.headers["Cache-Control"] == "no-cache"
    packed = service.client.get(f"/console/{name}", headers={"Accept-Encoding": "gzip, br"})
    if packed.headers.get("Content-Encoding"):
        assert gzip.decompress(packed.data) == plain.data
        assert len(packed.data) < len(plain.data)
        assert packed.headers["ETag"] != plain.headers["ETag"]
        assert "Accept-Encoding" in packed.vary
        assert "Accept-Encoding" in plain.vary
    for answer in (plain, packed):
        assert answer.headers["ETag"].startswith('"')
        headers = {"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"}
        if answer is plain:
            del headers["Accept-Encoding"]
        again = service.client.get(f"/console/{name}", headers=headers)
        assert (again.status_code, again.data) == (304, b"")


def test_a_file_that_changed_is_sent(service: Service) -> None:
    """A browser that holds the file of another release gets the new one."""
    answer = service.client.get("/console/main.js", headers={"If-None-Match": '"other"'})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["index.html", "../page.py", "..%2fpage.py", "main.js/", "nothing.js", "%00", "static"],
)
def test_no_other_file_is_served(service: Service, path: str) -> None:
    """The shell has one address, and files outside the folder have none."""
    assert service.client.get(f"/console/{path}").status_code == 404


def test_the_icon_is_our_own(service: Service) -> None:
    """Browsers ask for `/favicon.ico` without a page that names it; the page of the API has it."""
    icon = service.client.get("/favicon.ico")
    assert icon.data[:4] == b"\0\0\1\0"
    assert len(icon.data) < 2000
    with service.client.get("/docs") as page:
        assert 'href="console/icon.svg"' in page.text


def test_the_console_is_small() -> None:
    """All that a browser loads takes less than 120 kB on the way, compressed as it is sent."""
    sent = [file.compressed or file.content for file in (*FILES.values(), SHELLS["en"])]
    assert sum(map(len, sent)) < 120_000
