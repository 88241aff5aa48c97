"""Where the linked blobs of a folder come from.

A sealed blob names the key under which it was written. A link has another key, so the blob
`origins` in its folder notes under which keys its blobs may have been written. Each line is a
folder, with a `/` at its end, whose blobs have the same names here, or a whole key.
"""

from collections.abc import Callable, Iterator, Mapping

#: The name of the blob in the folder of the links.
ORIGINS = "origins"


def folder_of(key: str) -> tuple[str, str]:
    """The folder of a key, with the `/` at its end, and the name in it."""
    folder, slash, name = key.rpartition("/")
    return folder + slash, name


def new_origins(links: Mapping[str, str], known: Callable[[str], set[str]]) -> dict[str, set[str]]:
    """The origins of each folder that must be noted before some links are made.

    Args:
        links: the key of each link by the key of its source.
        known: gives the origins that are noted in a folder.
    """
    found: dict[str, set[str]] = {}
    sources: dict[str, set[str]] = {}
    for key, link in links.items():
        (source, name), (folder, new_name) = folder_of(key), folder_of(link)
        sources.setdefault(folder, set()).add(source)
        found.setdefault(folder, set()).add(source if name == new_name else key)
    for folder, origins in found.items():
        # A source may be a link itself.
        origins.update(*map(known, sources[folder]))
    return {
        folder: origins | before
        for folder, origins in found.items()
        if not origins <= (before := known(folder))
    }


def keys_from(origins: set[str], name: str) -> Iterator[str]:
    """The keys under which a blob of this name may have been written."""
    for origin in origins:
        yield f"{origin}{name}" if origin.endswith("/") else origin


def text_of(origins: set[str]) -> bytes:
    """The content of the blob that notes these origins."""
    return "".join(f"{origin}\n" for origin in sorted(origins)).encode()


def origins_in(content: bytes) -> set[str]:
    """The origins that a blob notes."""
    return set(content.decode().splitlines())
