"""What gunicorn takes from the headers of a request."""

from runpy import run_module
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser


@pytest.fixture(scope="module")
def config() -> Config:
    """Gunicorn's configuration, as `--config python:api.gunicorn_conf` makes it."""
    found = Config()
    for name, value in run_module("api.gunicorn_conf").items():
        if name in found.settings:
            found.set(name, value)
    return found


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script_Name", "PATH_INFO", "REMOTE_USER"])
def test_headers_do_not_choose_the_path(config: Config, name: str) -> None:
    """Not even those of a client on the loopback, whom gunicorn takes for a proxy."""
    head = f"GET /jobs HTTP/1.1\r\nHost: localhost\r\n{name}: /jobs\r\nAccept: */*\r\n\r\n"
    parser: Any = RequestParser(config, iter([head.encode()]), ("127.0.0.1", 1))
    request = next(parser)
    assert [found for found, _ in request.headers] == ["HOST", "ACCEPT"]
    assert request.path == "/jobs"
