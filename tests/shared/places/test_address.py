"""Which addresses of files and folders are taken, and which are below which."""

import pytest

from shared.places.address import Place, place_of


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://data/a.csv", Place("s3", "data", "a.csv")),
        ("s3://data/in/2026/", Place("s3", "data", "in/2026/")),
        ("s3://data", Place("s3", "data", "")),
        ("s3://data/", Place("s3", "data", "")),
        ("gs://my.data/a b/é%3A#1.csv", Place("gs", "my.data", "a b/é%3A#1.csv")),
        ("az://box/.hidden/a.csv", Place("az", "box", ".hidden/a.csv")),
        ("https://Example.org/in/a%20b.csv", Place("https", "example.org", "in/a%20b.csv")),
        ("https://example.org:443/a", Place("https", "example.org", "a")),
        ("https://example.org:8443/a", Place("https", "example.org:8443", "a")),
        ("https://[2001:db8::1]/a", Place("https", "[2001:db8::1]", "a")),
    ],
)
def test_an_address_is_a_bucket_and_a_key(text: str, place: Place) -> None:
    """Keys of object storage are taken as they are; hosts in lower case, without the usual port."""
    assert place_of(text) == place
    assert place_of(place.url) == place


@pytest.mark.parametrize(
    "text",
    ["", "a.csv", "/etc/passwd", "file:///etc/passwd", "http://example.org/a", "s3:/data/a", "s3://",
     "s3:///a", "S3://data/a", "s3://data/../other/a", "s3://data/a/..", "s3://data/./a",
     "s3://data//a", "s3://data/a//b", "s3://data/a\\b", "s3://data/a\n", "s3://data/a\0",
     "s3://user@data/a", "s3://key:secret@data/a", "s3://data/a?versionId=1", "s3://data/*.csv",
     "s3://data:80/a", "s3://" + "a" * 300, "s3://data/" + "a" * 2048,
     "https://", "https:///a", "https://user@example.org/a", "https://u:p@example.org/a",
     "https://example.org/a?X-Amz-Signature=1", "https://example.org/a?", "https://example.org/a#b",
     "https://example.org/%2e%2e/a", "https://example.org/in/%2E./a", "https://example.org/a%2fb",
     "https://example.org/a%5cb", "https://example.org/a%252fb", "https://example.org/a%00",
     "https://example.org/a%0d%0ab", "https://example.org/..;/a", "https://example.org/a%zz",
     "https://example.org/../a", "https://example.org//a", "https://example.org:99999/a",
     "https://example.org/\u00e9", "https://exa mple.org/a"],
)  # fmt: skip
def test_other_addresses_are_refused(text: str) -> None:
    """Anything that a store might read otherwise than it was checked is refused, with a reason."""
    with pytest.raises(ValueError, match=r"it|its|a segment"):
        place_of(text)


@pytest.mark.parametrize(
    ("folder", "below"),
    [
        ("s3://data/", "s3://data/a"), ("s3://data", "s3://data/"), ("s3://data/in", "s3://data/in"),
        ("s3://data/in", "s3://data/in/"), ("s3://data/in/", "s3://data/in/a/b"),
        ("s3://data/in/a.csv", "s3://data/in/a.csv"), ("https://x.org/in/", "https://X.org/in/a"),
    ],
)  # fmt: skip
def test_a_place_holds_what_is_below_it(folder: str, below: str) -> None:
    """A folder holds itself and everything below it, with or without a slash at its end."""
    assert place_of(folder).holds(place_of(below))


@pytest.mark.parametrize(
    ("folder", "beside"),
    [
        ("s3://data/in/", "s3://data/inside/a"), ("s3://data/in", "s3://data/in.csv"),
        ("s3://data/in/", "s3://data/"), ("s3://data/", "s3://data2/a"),
        ("s3://data/", "gs://data/a"), ("s3://data/in/", "s3://data/IN/a"),
        ("s3://Data/", "s3://data/a"), ("https://x.org/", "https://x.org:8443/a"),
        ("https://x.org/", "https://y.x.org/a"), ("https://x.org/in/", "https://x.org/%69n/a"),
    ],
)  # fmt: skip
def test_a_place_does_not_hold_what_is_beside_it(folder: str, beside: str) -> None:
    """The bucket must be equal, and the path must match by whole segments, in the same case."""
    assert not place_of(folder).holds(place_of(beside))
