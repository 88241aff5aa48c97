"""What a web page of another site can make a browser do: nothing, unless its origin is listed."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from support.in_memory import Service, make_service
from support.problems import problem, refused

from api.security.keys import new_key
from shared.config.settings import Settings

EVIL = "https://evil.example"
PAGE = "http://localhost:3000"
CSV = b"ref,text\n1,well\n"


def change(settings: Settings, **fields: Any) -> Service:
    """A service in memory with other settings."""
    return make_service(settings.model_copy(update=fields))


def post(service: Service, **headers: str) -> Any:
    """POST a CSV with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.post("/jobs", data=CSV, content_type="text/csv", headers=named)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:5005", "LOCALHOST:1", "localhost.", "127.0.0.1:5005", "127.9.9.9",
     "[::1]", "[::1]:5005"],
)  # fmt: skip
def test_a_service_without_keys_answers_on_the_loopback(service: Service, host: str) -> None:
    """Under `localhost` and loopback addresses, at any port: compose may publish any."""
    assert service.client.get("/jobs", headers={"Host": host}).status_code == 200
    assert post(service, Host=host).status_code == 202


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:5005", "localhost.evil.example", "127.0.0.1.evil.example",
     "evil", "localhost@evil.example", "127.0.0.1:5005@evil.example", "10.0.0.7", "[fe80::1]",
     "localhost, evil.example", "[::1", "localhost:x", "evil.example/localhost", "xlocalhost",
     "evil.example#localhost", "0x7f000001", "2130706433"],
)  # fmt: skip
def test_a_rebound_name_is_refused(service: Service, host: str) -> None:
    """A page that gives its own name the address of the service reads and changes nothing."""
    job = post(service).location
    for method, path in [("GET", "/jobs"), ("GET", job), ("DELETE", job), ("POST", "/jobs"),
                         ("GET", "/metrics"), ("GET", "/docs"), ("OPTIONS", "/jobs"),
                         ("GET", "/nowhere")]:  # fmt: skip
        answer = service.client.open(path, method=method, headers={"Host": host})
        assert "SCORELANE_ALLOWED_HOSTS" in problem(answer, 400, "host-not-allowed")
    answer = service.client.get("/v1/files", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "host_not_allowed"
    assert service.client.get(job).status_code == 200


def test_probes_answer_under_any_host(service: Service) -> None:
    """Load balancers and orchestrators name the service as they like, or not at all."""
    for path in ("/livez", "/readyz"):
        answer = service.client.get(path, headers={"Host": "pod-7.cluster"})
        assert answer.status_code == 200
    environ = {"HTTP_HOST": ""}
    assert service.client.get("/jobs", environ_overrides=environ).status_code == 200


def test_a_service_beyond_the_loopback_answers_at_addresses(service: Service) -> None:
    """A page cannot have an address as its name. Names need to be listed there too."""
    listens = {"SERVER_NAME": "0.0.0.0"}
    for host, status in {"10.0.0.7:5005": 200, "[fd00::7]": 200, "evil.example": 400}.items():
        answer = service.client.get("/jobs", headers={"Host": host}, environ_overrides=listens)
        assert answer.status_code == status


@pytest.mark.parametrize("allowed", ["api, Scores.Example.org", "*"])
def test_the_settings_name_other_hosts(settings: Settings, allowed: str) -> None:
    """In any case, and with any port; `*` turns the check off."""
    service = change(settings, allowed_hosts=allowed)
    for host in ("api:5005", "scores.example.org", "SCORES.example.org:443", "localhost"):
        assert service.client.get("/jobs", headers={"Host": host}).status_code == 200
    answer = service.client.get("/jobs", headers={"Host": "x.scores.example.org"})
    assert answer.status_code == (200 if allowed == "*" else 400)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": PAGE},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "chrome-extension://localhost"},
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none", "Origin": EVIL},
    ],
)
def test_a_page_of_another_origin_changes_nothing(
    service: Service, headers: dict[str, str]
) -> None:
    """Whatever the door, the method and the form of the body."""
    headers = {"Host": "localhost:80", **headers}
    form = {"data": {"file": "text\nwell\n", "callback_url": "https://evil.example"}}
    doors: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/jobs", form),
        ("POST", "/jobs", {"data": CSV, "content_type": "text/plain"}),
        ("POST", "/sentiment", {"data": b'[{"text": "a"}]', "content_type": "text/plain"}),
        ("POST", "/v1/files", form),
        ("POST", "/v1/batches", {"json": {}}),
        ("DELETE", f"/jobs/{'0' * 32}", {}),
        ("POST", f"/jobs/{'0' * 32}/cancel", {}),
        ("PUT", "/jobs", {}),
    ]
    for method, path, body in doors:
        answer = service.client.open(path, method=method, headers=headers, **body)
        assert answer.status_code == 403, (method, path)
        text = answer.json.get("detail") or answer.json["error"]["message"]
        assert "SCORELANE_CORS_ORIGINS" in text
    refused(service, post(service, **headers), 403, "cross-site")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:5005"},
        {"Origin": "https://localhost:5005"},
        {"Origin": "http://localhost:5005", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://localhost:5005/docs"},
    ],
)
def test_programs_and_its_own_page_may_submit(service: Service, headers: dict[str, str]) -> None:
    """Programs send none of these headers; the page `/docs` has the origin of the service."""
    assert post(service, Host="localhost:5005", **headers).status_code == 202


def test_the_port_of_an_origin_may_be_left_out(service: Service) -> None:
    """Browsers leave out 80 for `http` and 443 for `https`."""
    for host, origin in {"localhost": "https://localhost", "localhost:443": "https://localhost",
                         "localhost:80": "http://localhost"}.items():  # fmt: skip
        assert post(service, Host=host, Origin=origin).status_code == 202


@pytest.mark.parametrize("path", ["/", "/docs", "/jobs", "/nowhere"])
def test_another_page_may_link_here(service: Service, path: str) -> None:
    """The answer is shown in place of that page, which cannot read it."""
    headers = {
        "Accept": "text/html",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    with service.client.get(path, headers=headers) as answer:
        assert answer.status_code == (404 if path == "/nowhere" else 200)
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "destination"),
    [
        ("no-cors", "image"),
        ("no-cors", "script"),
        ("no-cors", "empty"),
        ("cors", "empty"),
        ("cors", "font"),
        ("navigate", "iframe"),
        ("navigate", "object"),
        ("navigate", "embed"),
        ("navigate", "frame"),
    ],
)
def test_another_page_loads_nothing(
    service: Service, site: str, mode: str, destination: str
) -> None:
    """Not as an image, a script or data, and not in a frame: no answer is a part of that page."""
    job = post(service).location
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    if mode == "cors":
        headers["Origin"] = EVIL
    for path in ("/", "/docs", "/jobs", "/identity", f"{job}/results", "/console/main.js"):
        answer = service.client.get(path, headers=headers)
        assert "SCORELANE_CORS_ORIGINS" in problem(answer, 403, "cross-site")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_its_own_page_loads_everything(service: Service) -> None:
    """The console is of the same origin, and its requests say so."""
    headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    for path in ("/jobs", "/identity", "/console/main.js"):
        assert service.client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("with_keys", [False, True])
def test_no_page_frames_a_page(settings: Settings, with_keys: bool) -> None:
    """Every answer says so, also to a browser that does not say where its request comes from.

    And every answer keeps itself from pages of other sites (`Cross-Origin-Resource-Policy`).
    """
    keys = {"api_keys": SecretStr(new_key("alice", "read")[1])} if with_keys else {}
    service = change(settings, **keys)
    for path in ("/", "/docs", "/nowhere", "/jobs", "/identity", "/console/icon.svg"):
        with service.client.get(path, headers={"Accept": "text/html"}) as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def preflight(service: Service, origin: str, **more: str) -> Any:
    """Ask whether a page may POST a job."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return service.client.options("/jobs", headers=headers)


def test_no_page_is_admitted_by_default(service: Service) -> None:
    """A preflight is refused, and the answer names the setting."""
    answer = preflight(service, PAGE)
    assert "SCORELANE_CORS_ORIGINS" in problem(answer, 403, "cross-site")
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("with_keys", [False, True])
def test_a_listed_origin_is_admitted(settings: Settings, with_keys: bool) -> None:
    """Its preflight needs no key, its scripts read answers and errors; others stay refused."""
    key, line = new_key("alice", "submit,read")
    keys = {"api_keys": SecretStr(line)} if with_keys else {}
    service = change(settings, cors_origins=f"https://a.example, {PAGE}", **keys)
    answer = preflight(service, PAGE, Access_Control_Request_Private_Network="true")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,idempotency-key"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    made = post(service, Origin=PAGE, Sec_Fetch_Site="cross-site", Authorization=f"Bearer {key}")
    assert made.status_code == 202
    missing = service.client.get("/nowhere", headers={"Origin": PAGE})
    for one in (made, missing):
        assert one.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Origin" in one.headers["Vary"]
        assert "Location" in one.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in one.headers
    problem(preflight(service, EVIL), 403, "cross-site")
    fetched = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    read = service.client.get(
        "/jobs", headers={"Origin": PAGE, "Authorization": f"Bearer {key}", **fetched}
    )
    assert read.status_code == 200
    assert read.headers["Access-Control-Allow-Origin"] == PAGE
    other = service.client.get("/livez", headers={"Origin": EVIL})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]


def test_with_keys_the_key_decides(settings: Settings) -> None:
    """A page has no key: without one it is refused at any host, and with one it is no page."""
    key, line = new_key("alice", "submit,read")
    service = change(settings, api_keys=SecretStr(line))
    assert post(service, Host="scores.example.org", Origin=EVIL).status_code == 401
    assert post(service, Host="a.example", Origin=EVIL, X_API_Key=key).status_code == 202


@pytest.mark.parametrize(
    "setting",
    [
        {"allowed_hosts": "http://a.example"},
        {"allowed_hosts": "a.example:5005"},
        {"allowed_hosts": "a.example/x"},
        {"allowed_hosts": "*.a.example"},
        {"cors_origins": "a.example"},
        {"cors_origins": "https://a.example/"},
        {"cors_origins": "*"},
        {"cors_origins": "null"},
    ],
)
def test_a_setting_that_would_never_match_is_refused(setting: dict[str, str]) -> None:
    """The program says so when it starts."""
    with pytest.raises(ValidationError):
        Settings(**setting)


def test_settings_may_name_addresses_and_ports() -> None:
    """Hosts have no port, origins may have one."""
    Settings(allowed_hosts="a.example,10.0.0.7, fd00::7,*", cors_origins="")
    Settings(allowed_hosts="", cors_origins="https://A.example:8443, http://[::1]:3000")
