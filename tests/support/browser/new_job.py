"""The page "New job" as a person uses it, and files of the same rows to give to it."""

import csv
import gzip
import json
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, Request, expect

TEXTS = ["Très bien; j'y retourne", 'He said "never again", and left', "What a dull day"]
ROWS = pd.DataFrame(
    {"id": [f"r{n}" for n in range(300)], "review": TEXTS * 100, "stars": [1, 2, 3] * 100}
)


def table(path: Path, delimiter: str = ",", charset: str = "utf-8") -> Path:
    """Write `ROWS` as a CSV."""
    ROWS.to_csv(path, index=False, sep=delimiter, encoding=charset, quoting=csv.QUOTE_MINIMAL)
    return path


def lines(path: Path) -> Path:
    """Write `ROWS` as NDJSON."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS.to_dict("records")))
    return path


def packed(path: Path) -> Path:
    """Compress a file, and add `.gz` to its name."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def parquet(path: Path) -> Path:
    """Write `ROWS` as Parquet."""
    ROWS.to_parquet(path)
    return path


def choose(page: Page, path: Path) -> None:
    """Choose a file by the button of the page."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose").click()
    chooser.value.set_files(path)


def start(page: Page) -> None:
    """Start the job, once the page allows it."""
    page.get_by_role("button", name="Start the job").click()


def location(page: Page) -> str:
    """The path of the job that the page shows, once it shows one."""
    page.wait_for_url("**/#/jobs/*")
    return page.url.split("#")[1]


def preview(page: Page) -> list[list[str]]:
    """The cells of the first rows as the model gets them, once they are there."""
    rows = page.get_by_role("region", name="First rows, as the model gets them").locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def is_upload(request: Request) -> bool:
    """Whether a request submits a job; a dry run does not."""
    return request.method == "POST" and "/jobs" in request.url and "validate" not in request.url
