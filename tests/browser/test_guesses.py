"""What the page guesses of a file is what the job reads."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from support.browser.console import open_console
from support.browser.window import Window, drop
from support.programs import FAST, Programs

from shared.model import SCORE, load_model

TEXTS = ["Très bien; j\u2019y retourne", 'He said "never again", and left', "What a dull\nday"] * 7
ROWS = pd.DataFrame({"id": [f"r{at}" for at in range(21)], "review": TEXTS, "stars": 3})


def previewed(page: Page) -> list[list[str]]:
    """The cells of the first rows as the model gets them, once they are there."""
    rows = page.get_by_role("region", name="First rows, as the model gets them").locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("td").all_text_contents() for row in rows.all()]


def scored(page: Page, service: Programs) -> pd.DataFrame:
    """Start the job; its results, once it has succeeded."""
    page.get_by_role("button", name="Start the job").click()
    expect(page.locator(".job-state")).to_have_text("Succeeded")
    return service.results(page.url.split("#")[1])


@pytest.mark.parametrize(
    ("name", "delimiter", "charset"),
    [
        ("export.csv", ";", "utf-8"),
        ("export.csv", ",", "cp1252"),
        ("export.csv", ";", "utf-16"),
        ("export.tsv", "\t", "cp1252"),
        ("export.txt", "|", "utf-8-sig"),
    ],
)
def test_rows_are_scored_as_previewed(
    page: Page, service: Programs, tmp_path: Path, name: str, delimiter: str, charset: str
) -> None:
    """Delimiter, charset and the columns of the text and the references need no click."""
    file = tmp_path / name
    ROWS.to_csv(file, index=False, sep=delimiter, encoding=charset)
    open_console(page, "/#/new")
    drop(page.locator("main"), file)
    shown = previewed(page)
    expected = [[str(at), *ROWS.loc[at - 1, ["id", "review"]]] for at in range(1, len(shown) + 1)]
    assert shown == expected
    results = scored(page, service)
    assert list(results["ref"]) == list(ROWS["id"])
    scores = load_model(FAST).score(pd.DataFrame({"text": ROWS["review"].astype(object)}))[SCORE]
    assert (results[SCORE] - scores).abs().max() < 1e-9


def test_decimal_commas_are_numbers(
    new_window: Callable[..., Window], table_service: Programs, tmp_path: Path
) -> None:
    """Numbers of a European spreadsheet are read as it shows them, and so scored."""
    file = tmp_path / "passengers.csv"
    file.write_text(
        "id;Pclass;Sex;Age;Fare;Embarked\n"
        + "".join(f"p{at};3;female;{20 + at},5;{at},25;S\n" for at in range(12))
    )
    page = new_window(table_service).page
    open_console(page, "/#/new")
    page.get_by_role("radio", name="titanic").check()
    drop(page.locator("main"), file)
    assert previewed(page)[1] == ["2", "p1", "3", "female", "21.5", "1.25", "S"]
    expect(page.get_by_label("Decimal sign")).to_have_value("comma")
    results = scored(page, table_service)
    rows = [
        {"Pclass": 3, "Sex": "female", "Age": at + 20.5, "Fare": at + 0.25, "Embarked": "S"}
        for at in range(12)
    ]
    answer = table_service.client.post("/score", params={"model": "titanic"}, json=rows)
    expected = pd.DataFrame(answer.raise_for_status().json())
    assert list(results["ref"]) == [f"p{at}" for at in range(12)]
    assert (results["probability_1"] - expected["probability_1"]).abs().max() < 1e-9
