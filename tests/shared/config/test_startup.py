"""A program starts with valid settings, or ends with one line that says what is wrong."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.config.settings import Settings, load_settings, unknown_variables
from shared.config.startup import EX_CONFIG, settings_or_exit
from shared.config.validation import allowed
from shared.errors.service import BadSettings

PRIVATE = "a-word-that-nobody-shall-read"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The line that a program writes when it ends."""
    with pytest.raises(SystemExit) as ended:
        settings_or_exit("worker")
    assert ended.value.code == EX_CONFIG
    line = capsys.readouterr().err
    assert line.startswith("scorelane worker: ")
    assert line.count("\n") == 1
    return line


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("RETENTION_SECONDS", "-1", "a number above 0"),
        ("RETENTION_SECONDS", "inf", "a number above 0"),
        ("METRICS_PORT", "abc", "a whole number from 0 up to 65535"),
        ("METRICS_PORT", "70000", "a whole number from 0 up to 65535"),
        ("MAX_STREAMS", "0", "a whole number from 1 up to 31"),
        ("LANES_PER_PROCESS", "1.5", "a whole number above 0"),
        ("ACCESS_LOG", "perhaps", "true or false"),
        ("LOG_FORMAT", "xml", "auto, json or text"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    ],
)
def test_an_invalid_value_is_named(
    name: str,
    value: str,
    must: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line names the variable, its value, and the values that are allowed."""
    monkeypatch.setenv(f"SCORELANE_{name}", value)
    line = said(capsys)
    assert f"SCORELANE_{name} cannot be {value!r}: it must be {must}." in line
    assert "docs/settings.md" in line


def test_variables_that_kubernetes_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services named `scorelane` and `scorelane-metrics` make variables that mean no setting."""
    links = {
        f"{service}{end}": text
        for service in ("SCORELANE", "SCORELANE_METRICS")
        for end, text in {
            "_SERVICE_HOST": "10.0.0.1",
            "_SERVICE_PORT": "9090",
            "_SERVICE_PORT_HTTP": "9090",
            "_PORT": "tcp://10.0.0.1:9090",
            "_PORT_9090_TCP": "tcp://10.0.0.1:9090",
            "_PORT_9090_TCP_PROTO": "tcp",
            "_PORT_9090_TCP_PORT": "9090",
            "_PORT_9090_TCP_ADDR": "10.0.0.1",
        }.items()
    }
    for name, text in links.items():
        monkeypatch.setenv(name, text)
    assert load_settings().metrics_port == 0
    assert unknown_variables(links) == []
    monkeypatch.setenv("SCORELANE_METRICS_PORT", "9090")
    assert load_settings().metrics_port == 9090


def test_no_folder_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what to mount: Celery and uploads need such files."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/1/nothing"])
    assert "Mount one at /tmp" in said(capsys)


def test_all_faults_are_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names all faults, so that they can be corrected together."""
    monkeypatch.setenv("SCORELANE_BATCH_ROWS", "none")
    monkeypatch.setenv("SCORELANE_REDIS_TIMEOUT", "0")
    line = said(capsys)
    assert "SCORELANE_BATCH_ROWS cannot be 'none'" in line
    assert "SCORELANE_REDIS_TIMEOUT cannot be '0'" in line


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("REDIS_URL", f"http://:{PRIVATE}@redis:6379", "redis://HOST:PORT/NUMBER"),
        ("REDIS_URL", f"redis://:{PRIVATE}@redis:port", "redis://HOST:PORT/NUMBER"),
        ("REDIS_URL", f"redis://:{PRIVATE}@redis:6379/first", "redis://HOST:PORT/NUMBER"),
        ("REDIS_URL", f"sentinel://:{PRIVATE}@redis:26379", "sentinel://HOST:PORT,HOST:PORT/NAME"),
        ("REDIS_URL", f"redis://:{PRIVATE}@redis?ssl_ca_certs=f", "rediss://... or sentinels://"),
        ("WEBHOOK_SECRETS", PRIVATE, "SCORELANE_WEBHOOK_SECRETS"),
        ("WEBHOOK_SECRETS", f"whsec_{PRIVATE}", "whsec_"),
        ("WEBHOOK_SECRETS", f"whsec_ü{PRIVATE}", "whsec_"),
        ("WEBHOOK_SECRETS", f"whsec_{base64.b64encode(b'short').decode()}", "24 to 64 bytes"),
    ],
)
def test_a_secret_is_not_quoted(
    name: str,
    value: str,
    must: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line describes the fault without quoting any part of a secret."""
    monkeypatch.setenv(f"SCORELANE_{name}", value)
    line = said(capsys)
    assert must in line
    assert PRIVATE not in line
    assert value not in line


@pytest.mark.parametrize("name", ["WEBHOOK_SECRETS_FILE", "REDIS_PASSWORD_FILE"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read(
    name: str,
    content: bytes | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line names the file and its setting."""
    path = tmp_path / "secrets"
    if content:
        path.write_bytes(content)
    monkeypatch.setenv(f"SCORELANE_{name}", str(path))
    assert f"SCORELANE_{name}: {str(path)!r} cannot be read" in said(capsys)


def test_a_file_of_tls_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the file, and not the address, which may hold a password."""
    path = tmp_path / "ca.pem"
    url = f"rediss://:{PRIVATE}@redis:6380/0?ssl_ca_certs={path}"
    monkeypatch.setenv("SCORELANE_REDIS_URL", url)
    line = said(capsys)
    assert f"SCORELANE_REDIS_URL: {str(path)!r} cannot be read" in line
    assert PRIVATE not in line


def test_a_secret_of_a_file_is_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the file, and the number of the faulty secret in it."""
    path = tmp_path / "secrets"
    good = "whsec_" + base64.b64encode(b"x" * 32).decode()
    path.write_text(f"# since May\n{good}\n{PRIVATE}\n")
    monkeypatch.setenv("SCORELANE_WEBHOOK_SECRETS", good)
    monkeypatch.setenv("SCORELANE_WEBHOOK_SECRETS_FILE", str(path))
    line = said(capsys)
    assert f"Webhook secret 2 of {path} cannot be used" in line
    assert PRIVATE not in line


def test_settings_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Valid settings are returned; words may be in upper or lower case."""
    monkeypatch.setenv("SCORELANE_LOG_LEVEL", "warning")
    monkeypatch.setenv("SCORELANE_REDIS_URL", "unix:///run/redis.sock?db=1")
    settings = settings_or_exit("api")
    assert settings.log_level == "WARNING"
    for url in ("redis://h", "rediss://u:p@h:1/3", "redis://127.0.0.1:6379/"):
        assert Settings(redis_url=url).redis_url == url


def test_the_error_quotes_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error and its chain quote no secret, so a program may log them."""
    monkeypatch.setenv("SCORELANE_REDIS_URL", f"http://:{PRIVATE}@redis")
    with pytest.raises(BadSettings) as raised:
        load_settings()
    led: Any = raised.value
    while led:
        assert PRIVATE not in str(led)
        led = led.__cause__ or led.__context__


def test_every_setting_has_words_for_its_values() -> None:
    """Every setting has words for its allowed values; this finds a new setting without them."""
    assert all(allowed(field) for field in Settings.model_fields.values())
    assert PRIVATE not in str(Settings(api_keys=SecretStr(PRIVATE)))
