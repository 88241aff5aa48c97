"""The address of a place in object storage."""

import pytest

from shared.config.object_address import object_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://bucket", ("s3", "bucket", "")),
        ("s3://bucket/deep/prefix/", ("s3", "bucket", "deep/prefix")),
        ("gs://bucket/a", ("gs", "bucket", "a")),
        ("az://container", ("az", "container", "")),
    ],
)
def test_an_address_has_a_scheme_a_bucket_and_a_prefix(text: str, parts: object) -> None:
    """A slash at the end makes no difference."""
    assert object_address(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "bucket",
        "/a/folder",
        "file:///a",
        "s3:///a",
        "s3://key:secret@bucket",
        "s3://a/../b",
        "s3://a/b//c",
        "s3://a?b=c",
        "http://host/bucket",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """The message says what an address looks like."""
    with pytest.raises(ValueError, match=r"s3://bucket/prefix"):
        object_address(text)
