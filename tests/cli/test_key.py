"""`scorelane key` makes keys that the API accepts."""

import pytest
from click.testing import CliRunner

from api.security.keys import parse_keys
from scorelane.client.client import KEY_VARIABLE, Client
from scorelane.commands.main import cli


def test_a_key_and_its_line() -> None:
    """Only the key goes to stdout; its line, which does not contain the key, goes to stderr."""
    done = CliRunner().invoke(cli, ["key", "alice", "--scopes", "read"])
    assert done.exit_code == 0
    [key] = parse_keys(done.stderr)
    assert (key.owner, set(key.scopes)) == ("alice", {"read"})
    assert done.stdout.startswith("scorelane_")
    assert done.stdout.strip() not in done.stderr


def test_an_unknown_scope() -> None:
    """An unknown scope is refused; the message names the scopes."""
    done = CliRunner().invoke(cli, ["key", "alice", "--scopes", "everything"])
    assert done.exit_code == 2
    assert "submit, read, admin" in done.output


def test_the_client_sends_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client sends the given key, or else SCORELANE_API_KEY, or else no key."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with Client("http://h", api_key="given") as given, Client("http://h") as without:
        assert given._http.headers["Authorization"] == "Bearer given"
        assert "Authorization" not in without._http.headers
    monkeypatch.setenv(KEY_VARIABLE, "set")
    with Client("http://h") as client:
        assert client._http.headers["Authorization"] == "Bearer set"
