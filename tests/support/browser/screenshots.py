"""Pictures of pages, for the docs."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Page

#: The usual size of a picture, in pixels.
WIDTH, HEIGHT = 1280, 800
#: No picture may be larger, in bytes: they are in the repository.
MOST = 80_000
COLOURS = 160

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Screenshots:
    """Saves pictures in a folder, or does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def __call__(
        self,
        page: Page,
        name: str,
        steady: Mapping[str, str] | None = None,
        width: int = WIDTH,
        height: int = HEIGHT,
    ) -> None:
        """Save `<name>-light.png` and `<name>-dark.png` of a page as it is now.

        Args:
            page: the page; it has the size of the picture while it is taken.
            name: the name, without colours and suffix.
            steady: texts for elements, by their selectors, instead of those that differ from run
                to run, such as ids and times: so that a picture changes only if the page does.
            width: of the picture, in pixels.
            height: of the picture, in pixels.
        """
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        page.set_viewport_size({"width": width, "height": height})
        for selector, text in (steady or {}).items():
            page.locator(selector).evaluate_all(
                "(all, text) => { for (const one of all) one.textContent = text }", text
            )
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            png = _small(page.screenshot(animations="disabled", caret="hide", scale="css"))
            assert len(png) <= MOST, f"{name}-{scheme}.png has {len(png)} bytes"
            (self._folder / f"{name}-{scheme}.png").write_bytes(png)
        # Back to what the window was opened with.
        page.emulate_media(color_scheme="null")
        if before:
            page.set_viewport_size(before)


def _small(png: bytes) -> bytes:
    """The picture with its most frequent colours: half of the size, and it looks the same.

    Pillow's own choice of colours makes small parts of a page, such as a red word, grey.
    """
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int32)
    height, width, _ = pixels.shape
    packed, place, counts = np.unique(
        (pixels @ [1 << 16, 1 << 8, 1]).ravel(), return_inverse=True, return_counts=True
    )
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    palette = colours[np.argsort(-counts, kind="stable")[:COLOURS]]
    distances = ((colours[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2)
    nearest = distances.argmin(axis=1).astype(np.uint8)
    picture = Image.fromarray(nearest[place].reshape(height, width), "P")
    picture.putpalette(palette.astype(np.uint8).tobytes())
    small = io.BytesIO()
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()
