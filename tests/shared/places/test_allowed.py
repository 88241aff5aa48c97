"""Which places an owner may read and write, by the lines of the settings."""

import re
from pathlib import Path

import pytest

from shared.config.settings import Settings
from shared.errors.input import BadPlace, PlaceNotAllowed
from shared.errors.service import BadSettings
from shared.places.address import place_of
from shared.places.allowed import Verb, allowed_places, check_places

LINES = "alice read s3://data/in/; alice write s3://data/out; * both s3://all/;bob read https://*/"


@pytest.mark.parametrize(
    ("owner", "verb", "address"),
    [
        ("alice", "read", "s3://data/in/a.csv"), ("alice", "write", "s3://data/out/7/"),
        ("alice", "read", "s3://all/a"), ("", "write", "s3://all/a/"),
        ("bob", "read", "https://example.org:8443/a"),
    ],
)  # fmt: skip
def test_a_line_allows_what_it_says(owner: str, verb: Verb, address: str) -> None:
    """An owner may do what a line for it, or for everybody, says, there and below."""
    allowed_places(Settings(places=LINES)).check(owner, verb, place_of(address))


@pytest.mark.parametrize(
    ("owner", "verb", "address"),
    [
        ("alice", "write", "s3://data/in/a"), ("alice", "read", "s3://data/out/a"),
        ("alice", "read", "s3://data/"), ("alice", "read", "s3://data/inside/a"),
        ("bob", "read", "s3://data/in/a"), ("", "read", "s3://data/in/a"),
        ("Alice", "read", "s3://data/in/a"), ("alice", "read", "https://example.org/a"),
        ("bob", "read", "s3://example.org/a"),
    ],
)  # fmt: skip
def test_everything_else_is_refused(owner: str, verb: Verb, address: str) -> None:
    """What no line allows is refused, and the refusal has a line that would allow it."""
    place = place_of(address)
    with pytest.raises(PlaceNotAllowed) as refused:
        allowed_places(Settings(places=LINES)).check(owner, verb, place)
    line = str(refused.value).partition("such as '")[2].rstrip("'.")
    assert allowed_places(Settings(places=line)).allow(owner, verb, place)


@pytest.mark.parametrize("verb", ["read", "write"])
@pytest.mark.parametrize(
    ("blobs", "address"),
    [
        ("s3://all/service", "s3://all/service/jobs/1/upload"), ("s3://all/service", "s3://all/"),
        ("s3://all/service/", "s3://all/service/"), ("s3://all/a/b", "s3://all/a/"),
        ("s3://all", "s3://all/a"),
    ],
)  # fmt: skip
def test_blobs_of_the_service_are_for_nobody(blobs: str, address: str, verb: Verb) -> None:
    """They are the rows of all owners, so no line allows them, nor a folder that holds them."""
    with pytest.raises(BadPlace, match="its own blobs"):
        allowed_places(Settings(places=LINES, blobs=blobs)).check("", verb, place_of(address))


@pytest.mark.parametrize("address", ["s3://all/services/a", "s3://all/b/", "s3://all/s"])
def test_places_next_to_blobs_of_the_service(address: str) -> None:
    """Others in the same bucket can be allowed."""
    settings = Settings(places=LINES, blobs="s3://all/service")
    allowed_places(settings).check("", "read", place_of(address))


def test_without_lines_nothing_is_allowed() -> None:
    """By default no place can be read or written."""
    allowed = allowed_places(Settings())
    assert not allowed.allow("", "read", place_of("s3://data/a"))


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("s3://data/a.csv", "* read s3://data/"),
        ("s3://data/in/a.csv", "* read s3://data/in/"),
        ("s3://data/in/", "* read s3://data/in/"),
        ("https://example.org/b/c.csv", "* read https://example.org/b/"),
    ],
)
def test_a_refusal_shows_a_line_that_allows_no_more_than_the_folder(
    address: str, line: str
) -> None:
    """Whoever copies the line opens the file's folder, not the whole bucket."""
    with pytest.raises(PlaceNotAllowed, match=rf"'{re.escape(line)}'"):
        allowed_places(Settings()).check("", "read", place_of(address))
    allowed_places(Settings(places=line)).check("", "read", place_of(address))


def test_a_file_of_lines_is_read_for_each_question(tmp_path: Path) -> None:
    """Lines in a file count too, and a change of it counts at once."""
    path = tmp_path / "places"
    path.write_text("# everybody\n\n* read s3://data/\n")
    settings = Settings(places_file=path)
    place = place_of("s3://data/a")
    assert allowed_places(settings).allow("", "read", place)
    path.write_text("* read s3://data/b/\n")
    assert not allowed_places(settings).allow("", "read", place)


@pytest.mark.parametrize(
    "line",
    ["s3://data/", "alice s3://data/", "alice list s3://data/", "alice read", "alice read data/",
     "alice read s3://data/../", "alice write https://example.org/", "alice both https://*"],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    """A line that is not understood is an error that names it: it is never just ignored."""
    with pytest.raises(BadSettings, match="line 2"):
        allowed_places(Settings(places=f"* read s3://fine/;{line}"))


@pytest.mark.parametrize(
    ("lines", "needs"), [("", False), ("* read https://x.org/", False), ("* read s3://x/", True)]
)
def test_object_storage_needs_its_library(
    lines: str, needs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program whose settings allow places there does not start without the library."""
    settings = Settings(places=lines)
    check_places(settings)
    monkeypatch.setattr("shared.places.allowed.find_spec", lambda _: None)
    if needs:
        with pytest.raises(BadSettings, match="object-storage"):
            check_places(settings)
    else:
        check_places(settings)
