"""The commands for models of tables: their options, and what they show of inputs and outputs."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.commands import run, serve_job
from support.doubles.table_model import TableModel

from api.schema.column_types import inputs_json, outputs_json

#: A result of `TableModel`, and its summary.
RESULTS = (
    b"ref,label,probability_yes,probability_no,error\n"
    b"1,yes,0.75,0.25,\n2,,,,\"age is not a number: '22,5'\"\n3,no,0.125,0.875,\n"
)


def number(name: str, of: str) -> dict[str, Any]:
    """The summary of a probability."""
    return {
        "name": name, "type": "double", "meaning": "probability", "of": of, "count": 2,
        "mean": 0.5, "min": 0.25, "max": 0.75, "quantiles": {"0.5": 0.5},
        "absolute_error": 0.01, "relative_error": None,
        "histogram": [{"from": 0.2, "to": 0.8, "rows": 2}],
    }  # fmt: skip


@pytest.fixture
def served(answers) -> Any:
    """A service with a model of a table, and a job of it."""
    card = TableModel().card
    model = {
        "name": "table",
        "version": card.version,
        "format": "pkl",
        "rows_per_second": 1000.0,
        "processes": 2,
        "description": "",
        "default": True,
        "inputs": inputs_json(card.signature.inputs),
        "outputs": outputs_json(card.signature.outputs),
    }
    failed = [{"name": "mine", "reason": "it is damaged"}]
    answers.add("GET /models", 200, {"models": [model], "failed": failed})
    serve_job(answers, RESULTS, outputs=model["outputs"][:3])
    labels = [{"value": "yes", "rows": 1}, {"value": "no", "rows": 1}]
    label = {"name": "label", "type": "string", "meaning": "label", "count": 2, "labels": labels}
    summary = {
        "state": "succeeded",
        "rows": {"total": 3, "completed": 2, "failed": 1},
        "scores": None,
        "errors": [],
        "outputs": [label, number("probability_yes", "yes"), number("probability_no", "no")],
    }
    answers.add(f"GET /jobs/{answers.JOB_ID}/summary", 200, summary)
    return answers


def test_the_columns_of_a_model(served) -> None:
    """`models NAME` shows what a model takes and gives; a model that is not served is an error."""
    page = run("models", "table", "--url", served.url).stdout
    lines = [line.split() for line in page.splitlines()]
    assert ["age", "double", "may", "be", "missing"] in lines
    assert ["class", "long"] in lines
    meaning = ["probability_yes", "double", "probability", "of", "yes,", "from", "0", "to", "1"]
    assert meaning in lines
    found = json.loads(run("models", "table", "--json", "--url", served.url).stdout)
    assert [one["name"] for one in found["inputs"]] == ["age", "sex", "class", "alive"]
    for name, reason in (("mine", "it is damaged"), ("x", "The models here: table.")):
        refused = run("models", name, "--url", served.url)
        assert refused.exit_code == 2
        assert reason in refused.output


def test_options_of_a_table(served, file: Path) -> None:
    """They are sent as the API takes them."""
    options = ("--rename", "Age:age", "--rename", "a:b:sex", "--outputs", "label,fare")
    query = {"decimal": "comma", "rename": '"Age:age","a:b:sex"', "outputs": "label,fare"}
    served.add(f"POST /jobs?{urlencode(query)}", 202, served.job("queued"))
    result = run("submit", str(file), *options, "--decimal", "comma", "--url", served.url)
    assert result.stdout == f"{served.JOB_ID}\n"


@pytest.mark.parametrize("pair", ["Age", "Age:", ":age"])
def test_what_is_no_pair_of_names(served, file: Path, pair: str) -> None:
    """It is refused before anything is sent."""
    refused = run("submit", str(file), "--rename", pair, "--url", served.url)
    assert refused.exit_code == 2
    assert "Write YOURS:ITS" in refused.output
    assert served.requests == []


def test_a_table_that_was_scored(served, file: Path) -> None:
    """Next to labels, probabilities have figures and no bars; an error may say which option helps.

    `summary` shows the bars too.
    """
    page = run("score", str(file), "--url", served.url).stdout
    assert "probability_yes: mean 0.5, from 0.25 to 0.75" in page
    assert "0.2 - 0.8" not in page
    assert "ref 2: age is not a number: '22,5'\nIf its comma is a decimal sign" in page
    assert "0.2 - 0.8" in run("summary", served.JOB_ID, "--url", served.url).stdout


def test_the_results_of_a_job(served) -> None:
    """`status` names the outputs in its results."""
    page = run("status", served.JOB_ID, "--url", served.url).stdout
    assert "label, probability_yes, probability_no" in page


def test_a_dry_run_of_a_table(answers, file: Path) -> None:
    """The values of the rows are shown as they are read, and errors in place of them."""
    rows = [
        {"row": 1, "ref": "1", "error": None, "inputs": {"age": 22.5, "sex": "a\nb", "x": None}},
        {"row": 2, "ref": "2", "error": "sex is missing"},
    ]
    preview = {"detail": "It can.", "columns": ["age"], "first_rows": rows, "first_errors": []}
    answers.add("POST /jobs?validate=true", 200, preview)
    page = run("validate", str(file), "--url", answers.url).stdout
    assert "age=22.5, sex=a b, x=missing" in page
    assert "sex is missing" in page


def test_the_guesses_of_a_dry_run(answers, file: Path) -> None:
    """Each is printed as the option that a submission needs, with its reason."""
    guess = {"option": "text_column", "value": "Re\x1bview", "reason": "It is.", "alternatives": []}
    preview = {"detail": "It can.", "columns": ["a"], "first_rows": [], "first_errors": []}
    answers.add("POST /jobs?validate=true&guess=true", 200, {**preview, "guessed": [guess]})
    page = run("validate", str(file), "--guess", "--url", answers.url).stdout
    assert "Guessed --text-column Re" in page
    assert "view: It is." in page
    assert "\x1b" not in page


@pytest.mark.parametrize(("left", "is_told"), [(None, False), (3, False), (2, True), (0, True)])
def test_a_dry_run_tells_that_the_budget_does_not_suffice(
    answers, file: Path, left: int | None, is_told: bool
) -> None:
    """The rows could be a job, but not today."""
    preview = {"detail": "It can.", "columns": ["a"], "first_rows": [], "first_errors": []}
    preview |= {"estimate": {"rows": 3, "budget_left": left}}
    answers.add("POST /jobs?validate=true", 200, preview)
    page = run("validate", str(file), "--url", answers.url).stdout
    assert ("budget does not suffice" in page) == is_told


@pytest.mark.parametrize(
    ("rows", "seconds", "is_told"), [(1200, 1234.56, True), (None, None, False), (3, None, False)]
)
def test_a_dry_run_tells_how_long_the_job_would_take(
    answers, file: Path, rows: int | None, seconds: float | None, is_told: bool
) -> None:
    """Nothing is told of what the service does not know."""
    preview = {"detail": "It can.", "columns": ["a"], "first_rows": [], "first_errors": []}
    preview |= {"estimate": {"rows": rows, "seconds": seconds}}
    answers.add("POST /jobs?validate=true", 200, preview)
    page = run("validate", str(file), "--url", answers.url).stdout
    assert ("About 1,200 rows: the job would take about 1,234.6 s." in page) == is_told
    assert ("About" in page) == is_told


@pytest.mark.parametrize("model", [(), ("--model", "table")])
def test_evaluate_refuses_a_table(served, file: Path, model: tuple[str, ...]) -> None:
    """It measures sentiment scores of texts; of another model it says what that one takes."""
    refused = run("evaluate", str(file), *model, "--url", served.url)
    assert refused.exit_code == 2
    assert "takes age, sex, class, alive and gives label" in refused.output
