"""`add-model --expect` compares a model with a user's own outputs, and finds what would match."""

import json

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from support.passengers import FATES, NUMBERS, PASSENGERS, PORTS, PRICES, columns

from scorelane.commands.main import cli
from shared.card import read_card
from shared.examples import EXAMPLES_FILE

TEXTS = [
    f"{one} {two}{sign}"
    for one in ("Good", "bad", "Awful", "fine", "NEVER good")
    for two in ("food", "day", "Service", "it is", " place ")
    for sign in ("", "!", " ")
]
MOODS = np.array(["neg" if "a" in text[:3].lower() else "pos" for text in TEXTS])


@pytest.fixture
def add(tmp_path):
    """Add an estimator with the command, and a file of what a script gives for some rows."""

    def run(estimator, rows, outputs, *options, write=pd.DataFrame.to_csv, name="scored.csv"):
        joblib.dump(estimator, tmp_path / "theirs.pkl")
        write(rows.assign(**outputs), tmp_path / name, index=False)
        command = ["add-model", str(tmp_path / "theirs.pkl"), "--name", "mine", "--force"]
        command += ["--output", str(tmp_path / "models"), "--expect", str(tmp_path / name)]
        return CliRunner().invoke(cli, [*command, *options])

    return run


def passengers(target=FATES):
    return make_pipeline(columns(), LogisticRegression()).fit(PASSENGERS, target)


def outputs_of(estimator, rows):
    chances = estimator.predict_proba(rows)
    named = zip(estimator.classes_, chances.T, strict=True)
    return {"label": estimator.predict(rows)} | {f"probability_{one}": each for one, each in named}


def refused(result, folder):
    """The message of a refusal, on one line; nothing is left in the folder of models."""
    assert result.exit_code == 2, result.output
    assert not list((folder / "models").glob("*"))
    return " ".join(result.output.split())


def test_a_model_that_gives_what_is_expected_is_added(add, tmp_path):
    """It is printed what was compared with what, the rate, and how to try the model."""
    model = passengers()
    result = add(model, PASSENGERS, outputs_of(model, PASSENGERS))
    assert result.exit_code == 0, result.output
    assert "80 rows, all equal" in result.output
    assert "probability_died with the column probability_died: at most" in result.output
    assert "not compared, and no input: ticket" in result.output
    assert "rows a second" in result.output
    assert "scorelane score FILE --model mine" in result.output
    stored = json.loads((tmp_path / "models" / "mine" / EXAMPLES_FILE).read_text())["rows"]
    assert len(stored) == 20
    assert EXAMPLES_FILE in read_card(tmp_path / "models" / "mine").files
    assert {row["outputs"]["label"] for row in stored} == {"died", "lived"}


@pytest.mark.parametrize("classes", [[0, 1], [False, True], [1.0, 2.0], ["0", "1"]], ids=str)
def test_labels_of_every_type_are_compared_and_printed_as_json(add, classes):
    """A label is read as what the classes are, and `--json` has what was compared."""
    model = passengers(np.array(classes)[(FATES == "lived").astype(int)])
    result = add(model, PASSENGERS, outputs_of(model, PASSENGERS), "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["compared"][0]["output"] == "label"
    assert not any(one["differing"] for one in printed["compared"])
    assert printed["kept_examples"] == 20
    assert printed["rows_per_second"] > 0


def test_rounded_outputs_are_compared_by_their_digits(add):
    """Two decimals allow half of a hundredth, which is printed. A guess is printed as one."""
    model = passengers()
    chances = model.predict_proba(PASSENGERS)[:, 1].round(2)
    result = add(model, PASSENGERS, {"proba": chances})
    assert "probability_lived with the column proba (by its usual name" in result.output
    assert "0.005 allowed, as its digits tell" in result.output


def test_a_column_that_is_rounded_to_whole_numbers_proves_nothing(add, tmp_path):
    """Any probability would be within half of 0 or 1, so the file is refused."""
    model = passengers()
    chances = (model.predict_proba(PASSENGERS)[:, 1] > 0.5).astype(int)
    result = add(model, PASSENGERS, {"proba": chances})
    assert "proves too little" in refused(result, tmp_path)


def test_one_other_number_is_found(add, tmp_path):
    """The message names the output, the row, and both values."""
    model = passengers()
    expected = outputs_of(model, PASSENGERS)
    expected["probability_died"] = expected["probability_died"].copy()
    expected["probability_died"][41] += 2e-6
    said = refused(add(model, PASSENGERS, expected), tmp_path)
    assert "probability_died differs in 1 of 80 rows by up to 2e-06 (row 42:" in said
    assert "None of the" in said


def test_true_labels_are_not_the_labels_of_the_model(add, tmp_path):
    """A column `label` of the data differs in some rows; the message says what it may be."""
    said = refused(add(passengers(), PASSENGERS, {"label": FATES}), tmp_path)
    assert "label differs in" in said
    assert "--expect-column" in said


SCALES = [
    (lambda model: model.predict_proba(PASSENGERS)[:, 0], "With --expect-column proba=probability"),
    (lambda model: model.decision_function(PASSENGERS), "holds the log-odds of probability_lived"),
    (lambda model: model.predict_log_proba(PASSENGERS)[:, 1], "holds the logarithm of"),
    (lambda model: 100 * model.predict_proba(PASSENGERS)[:, 1], "in percent"),
    (lambda model: 3 + 2 * model.predict_proba(PASSENGERS)[:, 1], "holds 3 + 2 times"),
]


@pytest.mark.parametrize(("expected", "says"), SCALES, ids=[says for _, says in SCALES])
def test_another_scale_is_recognised(add, tmp_path, expected, says):
    """Log-odds, logarithms, percent and the other class are tried, and one matches all rows."""
    model = passengers()
    said = refused(add(model, PASSENGERS, {"proba": expected(model)}), tmp_path)
    assert says in said
    assert "all 80 rows match" in said


def test_probabilities_in_another_order_are_recognised(add, tmp_path):
    """A script that names the columns of `predict_proba` in its own order is told so."""
    model = passengers(PORTS)
    chances = model.predict_proba(PASSENGERS)
    order = {"probability_west": 0, "probability_north": 1, "probability_south": 2}
    expected = {name: chances[:, place] for name, place in order.items()}
    said = refused(add(model, PASSENGERS, expected), tmp_path)
    assert "your west is the model's north" in said
    assert "all 80 rows match" in said


def texts_and_scores(change=str, worth=(0, 1)):
    model = make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression()).fit(TEXTS, MOODS)
    scores = model.predict_proba([change(text) for text in TEXTS]) @ np.array(worth)
    return model, pd.DataFrame({"text": TEXTS}), {"score": scores}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (str.lower, "With texts in lower case all 75 rows match"),
        (lambda text: text.replace("!", "").lower(), "texts in lower case"),
        (lambda text: "".join(text.split(" ")), None),
    ],
)
def test_what_a_script_does_with_texts_is_recognised(add, tmp_path, change, says):
    """A usual step before the model is named; an unusual one is not found, and still refused."""
    said = refused(add(*texts_and_scores(change)), tmp_path)
    assert (says or "None of the") in said


def test_what_the_classes_are_worth_is_found(add, tmp_path):
    """With the option that the message names, the same file is accepted."""
    model, rows, outputs = texts_and_scores(worth=(0.75, 0.25))
    said = refused(add(model, rows, outputs), tmp_path)
    assert "With --class-values 0.75,0.25 all 75 rows match" in said
    assert add(model, rows, outputs, "--class-values", "0.75,0.25").exit_code == 0


def test_the_other_class_as_the_score_is_found(add, tmp_path):
    """`--positive` makes the probability of one class the score."""
    model, rows, outputs = texts_and_scores(worth=(1, 0))
    assert "With --positive neg all" in refused(add(model, rows, outputs), tmp_path)
    assert add(model, rows, outputs, "--positive", "neg").exit_code == 0


def test_the_order_of_an_array_is_found(add, tmp_path):
    """A model that was fitted to an array knows no names; the message has the right `--inputs`."""
    model = LinearRegression().fit(NUMBERS.to_numpy(), PRICES)
    outputs = {"prediction": model.predict(NUMBERS.to_numpy())}
    wrong, right = "fare:double,cabin:double", "cabin:double,fare:double"
    said = refused(add(model, NUMBERS, outputs, "--inputs", wrong), tmp_path)
    assert f"With --inputs {right} all 80 rows match" in said
    assert add(model, NUMBERS, outputs, "--inputs", right).exit_code == 0


def test_a_word_that_pandas_takes_for_missing_is_found(add, tmp_path):
    """A job takes NA in a column of texts for a text, and `read_csv` for a missing value."""
    rows = PASSENGERS.assign(deck=PASSENGERS["deck"].replace("A", "NA"))
    model = make_pipeline(columns(), LogisticRegression()).fit(rows, FATES)
    read = rows.assign(deck=rows["deck"].replace("NA", np.nan))
    said = refused(add(model, rows, outputs_of(model, read)), tmp_path)
    assert "With words such as NA as missing values all 80 rows match" in said


def test_a_value_for_missing_numbers_is_found(add, tmp_path):
    """A script that calls `fillna(0)` gives other outputs than an imputer in the pipeline."""
    model = passengers()
    filled = PASSENGERS.assign(age=PASSENGERS["age"].fillna(0))
    said = refused(add(model, PASSENGERS, outputs_of(model, filled)), tmp_path)
    assert "With 0 for missing numbers all 80 rows match" in said


def test_a_file_is_read_as_a_job_reads_it(add):
    """Another delimiter, decimal commas and other names of columns."""

    def write(frame, path, index):
        frame.rename(columns={"age": "Age"}).to_csv(path, index=index, sep=";", decimal=",")

    model = passengers()
    options = ["--delimiter", ";", "--decimal", "comma", "--rename", "Age:age"]
    result = add(model, PASSENGERS, outputs_of(model, PASSENGERS), *options, write=write)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows.drop(columns="age"), "it has no column age"),
        (lambda rows: rows.assign(fare="dear"), "fare is not a number: 'dear'"),
        (lambda rows: rows.assign(probability_died="high"), "is not a number: 'high'"),
        (lambda rows: rows.head(0), "no row"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(add, tmp_path, change, says):
    """Nothing is skipped: a row that a job could not score is named."""
    model = passengers()
    rows = change(PASSENGERS.assign(**outputs_of(model, PASSENGERS)))
    assert says in refused(add(model, rows, {}), tmp_path)


def test_without_a_file_nothing_was_compared(tmp_path):
    """The output says so; rows are stored unless `--no-examples` is given."""
    joblib.dump(passengers(), tmp_path / "theirs.pkl")
    command = ["add-model", str(tmp_path / "theirs.pkl"), "--name", "mine", "--force"]
    command += ["--output", str(tmp_path / "models")]
    result = CliRunner().invoke(cli, command)
    assert "Nothing was compared" in result.output
    assert EXAMPLES_FILE in read_card(tmp_path / "models" / "mine").files
    CliRunner().invoke(cli, [*command, "--no-examples"])
    assert EXAMPLES_FILE not in read_card(tmp_path / "models" / "mine").files
    result = CliRunner().invoke(cli, [*command, "--expect-column", "score"])
    assert "--expect, which is not given" in " ".join(result.output.split())


def test_fewer_trees_are_found(add, tmp_path):
    """A script that predicts with some of the trees is told with how many."""
    xgboost = pytest.importorskip("xgboost", reason="the extra boost is not installed")
    rows = NUMBERS
    model = xgboost.XGBRegressor(n_estimators=12).fit(rows, PRICES / 1e5)
    expected = model.predict(rows, iteration_range=(0, 5)).astype(float)
    said = refused(add(model, rows, {"prediction": expected}), tmp_path)
    assert "With the first 5 of 12 trees all 80 rows match" in said
