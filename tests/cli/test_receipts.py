"""`scorelane receipt` and `scorelane verify`: a file is what a job has given, or it is not."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import RESULTS, run
from support.in_memory import make_service

from shared.config.settings import Settings

SECRET, OTHER = "whsec_" + "QUJD" * 10, "whsec_" + "REVG" * 10
CSV = b"text\ngood\nbad\n"


@pytest.fixture
def made(settings: Settings, tmp_path: Path) -> Path:
    """A folder with the receipt of a job that was signed, its results and its input."""
    changes = {"webhook_secrets": SECRET}
    service = make_service(Settings.model_validate(settings.model_dump() | changes))
    url = service.submit(CSV).location
    service.work()
    (tmp_path / "receipt.json").write_bytes(service.client.get(f"{url}/receipt").data)
    (tmp_path / "results.csv").write_bytes(service.client.get(f"{url}/results").data)
    (tmp_path / "rows.csv").write_bytes(CSV)
    return tmp_path


def verify(made: Path, *options: str, results: str = "results.csv") -> tuple[int, str]:
    result = run("verify", str(made / results), str(made / "receipt.json"), *options)
    return result.exit_code, result.output


def test_a_file_that_fits(made: Path) -> None:
    """Results, input and signature fit: exit code 0. A gzip of the results fits, too."""
    packed = made / "results.csv.gz"
    packed.write_bytes(gzip.compress((made / "results.csv").read_bytes()))
    for name in ("results.csv", "results.csv.gz"):
        options = ("--input", str(made / "rows.csv"), "--secret", SECRET)
        code, output = verify(made, *options, results=name)
        assert (code, output.count("ok  ")) == (0, 3), output
        assert "is the results of job" in output


def test_without_the_secret_the_signature_is_not_checked(made: Path) -> None:
    """The command says so, and the digests decide."""
    code, output = verify(made)
    assert code == 0
    assert "The signature is not checked" in output


@pytest.mark.parametrize("change", [lambda old: old[:-1], lambda old: old[:-2] + b"9\n"])
def test_changed_results(made: Path, change: Any) -> None:
    """A byte less, or another one, is found: exit code 1, and the advice names the format."""
    path = made / "results.csv"
    path.write_bytes(change(path.read_bytes()))
    code, output = verify(made, "--secret", SECRET)
    assert code == 1
    assert "DIFFERS  results.csv is not the results of job" in output
    assert "format=csv" in output
    assert "ok       The receipt is signed" in output


def test_a_changed_input(made: Path) -> None:
    """It is named, and the exit code is 1."""
    (made / "rows.csv").write_bytes(CSV + b"more\n")
    code, output = verify(made, "--input", str(made / "rows.csv"))
    assert code == 1
    assert f"it has {len(CSV) + 5} bytes, and the input had {len(CSV)}" in output


def test_a_changed_receipt_or_another_secret(made: Path) -> None:
    """The digests of a receipt that was changed to fit do not help: the signature shows it."""
    code, output = verify(made, "--secret", OTHER)
    assert (code, "No signature of the receipt fits" in output) == (1, True)
    receipt = json.loads((made / "receipt.json").read_bytes())
    (made / "results.csv").write_bytes(b"ref,Sentiment_Score,error\n1,0.1,\n")
    content = (made / "results.csv").read_bytes()
    receipt["results"] |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (made / "receipt.json").write_text(json.dumps(receipt))
    assert verify(made)[0] == 0
    code, output = verify(made, "--secret", f"{OTHER};{SECRET}")
    assert (code, "No signature of the receipt fits" in output) == (1, True)


def test_a_receipt_without_signature_or_digest(made: Path) -> None:
    """Neither passes for one that was checked."""
    receipt = json.loads((made / "receipt.json").read_bytes())
    (made / "receipt.json").write_text(json.dumps(receipt | {"signatures": []}))
    code, output = verify(made, "--secret", SECRET)
    assert (code, "The receipt is not signed" in output) == (1, True)
    receipt["results"] |= {"sha256": None, "bytes": None}
    (made / "receipt.json").write_text(json.dumps(receipt))
    code, output = verify(made)
    assert (code, "has no digest of the results" in output) == (1, True)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"receipt": 1}', b'{"receipt": 2}'])
def test_what_is_no_receipt(made: Path, content: bytes) -> None:
    """It is a mistake in the input, not a difference."""
    (made / "receipt.json").write_bytes(content)
    code, output = verify(made)
    assert (code, "It is no receipt of a job" in output) == (2, True)


def test_mistakes(made: Path) -> None:
    """A secret that is none and a gzip that is cut off are named."""
    code, output = verify(made, "--secret", "abc")
    assert (code, "begins with whsec_" in output) == (2, True)
    packed = made / "results.csv.gz"
    packed.write_bytes(gzip.compress(b"x" * 1000)[:-9])
    code, output = verify(made, results="results.csv.gz")
    assert (code, "cannot be unpacked" in output) == (2, True)
    later = json.loads((made / "receipt.json").read_bytes()) | {"receipt": 2}
    (made / "receipt.json").write_text(json.dumps(later))
    code, output = verify(made)
    assert (code, "of the form 2" in output) == (2, True)


def test_the_secret_from_the_environment_and_json(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting of the service is read, and `--json` has each check for programs."""
    monkeypatch.setenv("SCORELANE_WEBHOOK_SECRETS", SECRET)
    code, output = verify(made, "--json")
    assert code == 0
    assert [(one["what"], one["fits"]) for one in json.loads(output)] == [
        ("results", True),
        ("signature", True),
    ]


def test_receipt_prints_or_writes_it(answers, tmp_path: Path) -> None:
    """As JSON, to stdout or into a file whose name is printed."""
    found = {"receipt": 1, "job": answers.JOB_ID, "owner": "Zoë"}
    answers.add(f"GET /jobs/{answers.JOB_ID}/receipt", 200, found)
    result = run("receipt", answers.JOB_ID, "--url", answers.url)
    assert (result.exit_code, json.loads(result.output)) == (0, found)
    path = tmp_path / "receipt.json"
    result = run("receipt", answers.JOB_ID, "-o", str(path), "--url", answers.url)
    assert result.output == f"{path}\n"
    assert json.loads(path.read_text("utf-8")) == found


def test_results_of_another_job(made: Path) -> None:
    """They are not those of the receipt."""
    (made / "results.csv").write_bytes(RESULTS)
    assert verify(made)[0] == 1
