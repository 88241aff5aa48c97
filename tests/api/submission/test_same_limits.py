"""The limits of the service hold for a dry run as for the job."""

import io
from typing import Any

import pytest
from pydantic import SecretStr
from support.both_ways import FORMATS, ROWS, compare, encode, form
from support.in_memory import Service, make_service

from api.security.keys import new_key
from shared.config.settings import Settings


def limited(settings: Settings, **limits: Any) -> Service:
    return make_service(settings.model_copy(update=limits))


@pytest.mark.parametrize("way", ["body", "after"])
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("limits", "options"),
    [
        ({"max_upload_bytes": 60}, {}),
        ({"max_json_bytes": 60}, {}),
        ({"max_columns": 2}, {"columns": "all"}),
        ({"max_rows": 5}, {}),
        ({"max_waiting_rows": 5}, {}),
    ],
    ids="+".join,
)
def test_limits_are_the_same(
    settings: Settings, kind: str, way: str, limits: dict[str, int], options: dict[str, str]
) -> None:
    """Of bytes, columns, rows and waiting rows; a text file's rows are counted by the job later."""
    service = limited(settings, **limits)
    compare(service, kind, way, encode(kind, ROWS), options)


@pytest.mark.parametrize("way", ["body", "after"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_service_refuses_both(settings: Settings, kind: str, way: str) -> None:
    """Too many waiting jobs, or small jobs: a dry run says so, as the job would be refused."""
    service = limited(settings, max_waiting_jobs=1, max_waiting_small=1)
    service.submit(encode("csv", ROWS))
    service.client.post("/jobs", json={"text": ["a"]})
    _, job = compare(service, kind, way, encode(kind, ROWS), {})
    assert job.status_code == 503
    compare(service, kind, way, encode(kind, ROWS), {"model": "nope"})


def test_the_share_of_an_owner_holds_for_both(settings: Settings) -> None:
    """An owner with too many waiting jobs is told so by a dry run."""
    alice, line = new_key("alice", "submit,read")
    service = limited(settings, owner_waiting_jobs=1, api_keys=SecretStr(line))
    headers = {"Authorization": f"Bearer {alice}"}
    content = encode("csv", ROWS)
    for status in (202, 429):
        _, job = compare(service, "csv", "after", content, {}, headers)
        assert job.status_code == status


def test_a_long_form_over_a_limit_is_refused(settings: Settings) -> None:
    """Bytes are counted to the end of the file, and rows are estimated from all of them."""
    content = encode("csv", [{"text": "z" * 50} for _ in range(40_000)])
    body = form("csv", content, {}, {})
    for limits, status in (
        ({"max_upload_bytes": len(content) - 1}, 413),
        ({"max_waiting_rows": 30_000}, 503),
    ):
        service = limited(settings, **limits)
        for query in ("?validate=true", ""):
            answer = service.client.post(
                f"/jobs{query}",
                input_stream=io.BytesIO(body),
                content_type="multipart/form-data; boundary=b",
                environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
            )
            assert answer.status_code == status, answer.text
    service = limited(settings, max_waiting_rows=30_000)
    _, job = compare(service, "csv", "body", content, {})
    assert job.status_code == 503


@pytest.mark.parametrize("way", ["body", "before"])
def test_a_long_file_in_another_charset_is_not_refused_for_its_length(
    settings: Settings, way: str
) -> None:
    """UTF-16 has twice the bytes: they are not taken for twice the rows."""
    service = limited(settings, max_waiting_rows=50_000)
    content = ("text\n" + "z" * 40 + "\n" + ("z" * 40 + "\n") * 40_000).encode("utf-16")
    _, job = compare(service, "csv", way, content, {"charset": "utf-16"})
    assert job.status_code == 202
