"""Random requests by Hypothesis: each gets an answer that says what is wrong."""

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.in_memory import Service

PATHS = ["/jobs", "/sentiment", "/jobs/{id}", "/jobs/{id}/results", "/jobs/{id}/cancel", "/models"]

ANY_PATH = st.text(max_size=40).map(lambda text: f"/{quote(text)}")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("text"), inner),
    max_leaves=20,
)

OPTIONS = st.sampled_from(
    ["model", "text_column", "ref_column", "format", "limit", "offset", "cursor"]
)


@settings(
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_request_gets_an_answer(service: Service, data: st.DataObject) -> None:
    """The status is under 500, or 503 with a `Retry-After`; errors are problems with a detail."""
    accepted = service.submit(b"text\nwell\n")
    if data.draw(st.booleans()):
        service.work()
    path = data.draw(st.sampled_from(PATHS) | ANY_PATH)
    kinds = ["application/json", "text/csv", "multipart/form-data; boundary=b", "text/plain", ""]
    headers = {"Content-Type": data.draw(st.sampled_from(kinds))}
    if data.draw(st.booleans()):
        name = data.draw(st.sampled_from(["Accept", "Range", "If-Range", "Content-Encoding"]))
        headers[name] = data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
    content: dict[str, Any] = {"data": data.draw(st.binary(max_size=300))}
    if data.draw(st.booleans()):
        content = {"json": data.draw(JSON)}
        headers.pop("Content-Type")
    answer = service.client.open(
        path.replace("{id}", accepted.json["id"]),
        method=data.draw(st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"])),
        query_string=data.draw(st.dictionaries(OPTIONS, st.text(max_size=20), max_size=2)),
        headers=headers,
        **content,
    )
    assert answer.status_code < 500 or (answer.status_code, "Retry-After" in answer.headers) == (
        503,
        True,
    )
    if answer.status_code >= 400 and answer.data:
        assert answer.content_type == "application/problem+json"
        assert answer.json["detail"]
