"""Signed addresses, searches and spreadsheets on the real programs."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest
from support.programs import Programs, check_rows, many_rows
from support.raw_client import RawClient
from support.slow_clients import replica
from support.waiting import wait_for

from api.security.keys import new_key

pytestmark = pytest.mark.stack

ROWS = 20_000

KEY, LINE = new_key("someone", "submit,read")


@pytest.fixture(scope="module")
def pair(service: Programs) -> Iterator[tuple[httpx.Client, str]]:
    """A client with a key, and the address of another replica of the same service."""
    with (
        replica(service, "--workers 1", api_keys=LINE) as (_, port),
        replica(service, "--workers 1", api_keys=LINE) as (_, other),
    ):
        headers = {"Authorization": f"Bearer {KEY}"}
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
            yield client, f"http://127.0.0.1:{other}"


@pytest.fixture(scope="module")
def job(pair: tuple[httpx.Client, str]) -> tuple[str, pd.DataFrame]:
    """A job of the owner of the key that has succeeded, and its rows."""
    content, sent = many_rows(ROWS)
    client, _ = pair
    headers = {"Content-Type": "text/csv"}
    accepted = client.post("/jobs?model=fast", content=content, headers=headers)
    assert accepted.status_code == 202, accepted.text
    location = accepted.headers["Location"]
    wait_for(lambda: client.get(location).json()["state"] == "succeeded", 120)
    return location, sent


def signed(client: httpx.Client, location: str, **options: str) -> str:
    answer = client.post(f"{location}/links", json={"path": "results", "options": options})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def test_a_signed_address_at_another_replica(
    service: Programs, pair: tuple[httpx.Client, str], job: tuple[str, pd.DataFrame]
) -> None:
    """It gives the rows there too, whole or from a byte on; the logs know nothing of it."""
    (client, other), (location, sent) = pair, job
    address = signed(client, location)
    whole = httpx.get(other + address)
    assert int(whole.headers["Content-Length"]) == len(whole.content)
    check_rows(pd.read_csv(io.BytesIO(whole.content), keep_default_na=False), sent)
    headers = {"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]}
    rest = httpx.get(other + address, headers=headers)
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    assert httpx.head(other + address).status_code == 200
    for changed in (f"{address}0", address.replace("?", "?format=json&")):
        assert httpx.get(other + changed).json()["type"].endswith(":link-not-valid")
    assert httpx.get(f"{other}{location}/results").status_code == 401
    # A raw byte that is no UTF-8 is refused like any other change.
    with RawClient(int(other.rpartition(":")[2])) as raw:
        raw.send(f"GET {address}\xe9 HTTP/1.1\r\nHost: here\r\n\r\n".encode("latin-1"))
        assert raw.answer().status in (400, 403)
    signature = address.rpartition("=")[2]
    wait_for(lambda: "/jobs/<job_id>/links" in (service.folder / "api.log").read_text())
    assert signature not in (service.folder / "api.log").read_text()


def test_a_search_and_a_spreadsheet(
    pair: tuple[httpx.Client, str], job: tuple[str, pd.DataFrame]
) -> None:
    """A row is found among all by its ref; a spreadsheet of another country has the same cells."""
    (client, other), (location, sent) = pair, job
    for row in (0, 4321, ROWS - 1):
        query = {"format": "json", "ref": sent["ref"][row]}
        page = client.get(f"{location}/results", params=query).json()
        assert (page["row_numbers"], page["next"]) == ([row + 1], None)
        query = {"format": "json", "offset": str(row), "limit": "1"}
        assert client.get(f"{location}/results", params=query).json()["rows"] == page["rows"]
    style = {"format": "csv", "bom": "true", "delimiter": "semicolon", "decimal": "comma"}
    content = httpx.get(other + signed(client, location, **style)).content
    assert content.startswith(b"\xef\xbb\xbfref;")
    how = {"sep": ";", "decimal": ",", "encoding": "utf-8-sig", "keep_default_na": False}
    check_rows(pd.read_csv(io.BytesIO(content), **how), sent)


def test_a_broken_download_logs_no_signature(
    service: Programs, pair: tuple[httpx.Client, str], job: tuple[str, pd.DataFrame]
) -> None:
    """Where a transfer breaks off, the log says why, without the query of the address."""
    (client, other), (location, _) = pair, job
    address = signed(client, location)
    # How many parts there are depends on how fast this machine is.
    *_, part = sorted(Path(service.folder / "blobs").rglob(f"{location[6:]}/results/*.csv"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(httpx.HTTPError):
        httpx.get(other + address)
    wait_for(lambda: "its result is damaged" in (service.folder / "api.log").read_text())
    wait_for(lambda: "/links" in (service.folder / "api.log").read_text())
    log = (service.folder / "api.log").read_text()
    assert address.rpartition("=")[2] not in log
    assert "signature" not in log
