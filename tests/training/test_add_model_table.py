import json

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from support.added_tables import frame_for, piped
from support.passengers import BOTH, FATES, NUMBERS, PASSENGERS, PORTS, PRICES, TAGS, columns

from scorelane.commands.main import cli
from shared.errors.model import UnusableModel

CLASSIFIERS = [
    piped(LogisticRegression()),
    piped(RandomForestClassifier(3, random_state=0), PORTS),
    piped(OneVsRestClassifier(LogisticRegression()), PORTS),
    CalibratedClassifierCV(make_pipeline(columns(), LinearSVC()), cv=2).fit(PASSENGERS, FATES),
    GridSearchCV(make_pipeline(columns(), LogisticRegression()), {}, cv=2).fit(PASSENGERS, PORTS),
    FixedThresholdClassifier(make_pipeline(columns(), LogisticRegression()), threshold=0.6).fit(
        PASSENGERS, FATES
    ),
    StackingClassifier([("one", make_pipeline(columns(), LogisticRegression()))], cv=2).fit(
        PASSENGERS, FATES
    ),
]


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda one: type(one).__name__)
def test_a_classifier_gives_its_label_and_probabilities(add, estimator):
    """They are equal to `predict` and `predict_proba` of the estimator, in the order of classes."""
    _, model = add(estimator)
    scored = model.score(frame_for(model))
    classes = list(estimator.classes_)
    assert list(scored.columns) == ["label", *(f"probability_{one}" for one in classes)]
    assert scored["label"].tolist() == estimator.predict(PASSENGERS).tolist()
    np.testing.assert_array_equal(scored.iloc[:, 1:], estimator.predict_proba(PASSENGERS))


@pytest.mark.parametrize(
    ("classes", "kind"),
    [([0, 1], "long"), ([1.0, 2.0], "double"), ([False, True], "boolean"), (["0", "1"], "string")],
)
def test_labels_have_the_type_of_the_classes(add, classes, kind):
    """Whole numbers, fractions and booleans stay what they are."""
    target = np.array(classes)[(FATES == "lived").astype(int)]
    estimator = LogisticRegression().fit(NUMBERS, target)
    added, model = add(estimator)
    assert added.card.signature.outputs[0].type == kind
    scored = model.score(frame_for(model, NUMBERS))
    assert scored["label"].tolist() == estimator.predict(NUMBERS).tolist()


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (piped(LinearSVC()), "string"),
        (IsolationForest(n_estimators=5, random_state=0).fit(NUMBERS), "long"),
        (make_pipeline(StandardScaler(), KMeans(3, random_state=0)).fit(NUMBERS), "long"),
    ],
)
def test_without_probabilities_there_is_a_label_alone(add, estimator, kind):
    """Decisions, outliers and groups are labels."""
    added, model = add(estimator)
    (output,) = added.card.signature.outputs
    assert (output.name, output.type) == ("label", kind)
    rows = PASSENGERS if len(added.card.signature.inputs) > 2 else NUMBERS
    scored = model.score(frame_for(model, rows))
    assert scored["label"].tolist() == estimator.predict(rows).tolist()


@pytest.mark.parametrize(
    "estimator",
    [
        TransformedTargetRegressor(
            make_pipeline(columns(), Ridge()), func=np.log1p, inverse_func=np.expm1
        ).fit(PASSENGERS, PRICES),
        piped(RandomForestRegressor(3, random_state=0), PRICES),
        piped(Ridge(), PRICES[:, None]),
    ],
)
def test_a_regressor_gives_its_prediction(add, estimator):
    """A price is not cut to any range."""
    _, model = add(estimator)
    scored = model.score(frame_for(model))
    assert list(scored.columns) == ["prediction"]
    np.testing.assert_array_equal(scored["prediction"], estimator.predict(PASSENGERS).ravel())
    assert scored["prediction"].max() > 1000


def test_a_regressor_of_several_outputs_names_them(add):
    """The outputs are counted from 0, or have the names that the user gives."""
    estimator = piped(RandomForestRegressor(3), np.column_stack([PRICES, PRICES / 2]))
    assert list(add(estimator)[1].score(PASSENGERS).columns) == ["prediction_0", "prediction_1"]
    _, model = add(estimator, labels=["price", "rent"])
    scored = model.score(frame_for(model))
    np.testing.assert_array_equal(scored.to_numpy(), estimator.predict(PASSENGERS))
    assert list(scored.columns) == ["prediction_price", "prediction_rent"]
    with pytest.raises(UnusableModel, match="2 outputs, and --labels names 1"):
        add(estimator, labels=["price"])


@pytest.mark.parametrize(
    "estimator",
    [
        piped(MultiOutputClassifier(LogisticRegression()), TAGS),
        piped(OneVsRestClassifier(LogisticRegression()), TAGS),
        piped(RandomForestClassifier(3, random_state=0), TAGS),
        piped(MLPClassifier((2,), tol=10.0, random_state=0), TAGS),
        make_pipeline(
            columns(), StandardScaler(with_mean=False), ClassifierChain(LogisticRegression())
        ).fit(PASSENGERS, TAGS),
        piped(MultiOutputClassifier(LinearSVC()), TAGS),
    ],
    ids=lambda one: type(one[-1]).__name__,
)
def test_each_label_of_several_has_a_probability(add, estimator):
    """A multi-label model gives for each label whether it is true, and how probable that is."""
    _, model = add(estimator, labels=["rich", "young", "tall"])
    scored = model.score(frame_for(model))
    labels = scored[["label_rich", "label_young", "label_tall"]]
    assert set(labels.dtypes.astype(str)) == {"int64"}
    np.testing.assert_array_equal(labels, estimator.predict(PASSENGERS))
    if not hasattr(estimator, "predict_proba"):
        assert len(scored.columns) == 3
        return
    found = estimator.predict_proba(PASSENGERS)
    if isinstance(found, list):
        found = np.column_stack([one[:, 1] for one in found])
    names = ["probability_rich", "probability_young", "probability_tall"]
    np.testing.assert_array_equal(scored[names], found)


def test_each_output_of_several_classes_has_probabilities_of_its_own(add):
    """The probability of a class is named after the output and the class."""
    estimator = piped(MultiOutputClassifier(RandomForestClassifier(3, random_state=0)), BOTH)
    _, model = add(estimator, labels=["fate", "port"])
    scored = model.score(frame_for(model))
    np.testing.assert_array_equal(
        scored[["label_fate", "label_port"]], estimator.predict(PASSENGERS)
    )
    names = ["probability_port_north", "probability_port_south", "probability_port_west"]
    np.testing.assert_array_equal(scored[names], estimator.predict_proba(PASSENGERS)[1])


def test_a_step_that_looks_at_the_whole_batch_is_refused(add):
    """A row would be given something else in each job."""
    estimator = make_pipeline(BatchScaler(), LogisticRegression()).fit(NUMBERS, FATES)
    with pytest.raises(UnusableModel, match="depend on the other rows"):
        add(estimator)


class BatchScaler(StandardScaler):
    """A scaler that takes the mean of the rows that it gets."""

    def transform(self, rows):
        return np.asarray(rows) - np.asarray(rows).mean(axis=0)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_model_that_gives_no_number_for_any_row_is_refused(add):
    """Its fit met a division by zero, or a file lost its weights."""
    estimator = GaussianNB().fit(NUMBERS, FATES)
    estimator.theta_[:] = np.nan
    with pytest.raises(UnusableModel, match="probability_died is no number in any of 5 rows"):
        add(estimator)


def test_an_estimator_that_is_not_fitted_is_named_as_such(add):
    """There is nothing to be known of its columns."""
    with pytest.raises(UnusableModel, match="it is not fitted"):
        add(make_pipeline(columns(), LogisticRegression()))


def test_a_class_that_cannot_name_a_column_is_refused(add):
    """The message says why, in one line."""
    target = np.where(FATES == "died", "dead\nor gone", "lived")
    with pytest.raises(UnusableModel, match="a line break"):
        add(LogisticRegression().fit(NUMBERS, target))


def test_a_table_may_give_a_score_on_request(add):
    """With `--positive` the probability of a class is the score of a table, too."""
    estimator = piped(LogisticRegression())
    added, model = add(estimator, positive="lived", cuts=[0.4, 0.6])
    names = [(one.name, one.on_request) for one in added.card.signature.outputs]
    assert names[:2] == [("Sentiment_Score", False), ("label", True)]
    scored = model.score(frame_for(model))
    np.testing.assert_array_equal(
        scored["Sentiment_Score"], estimator.predict_proba(PASSENGERS)[:, 1]
    )


def test_the_command_prints_what_it_understood(tmp_path):
    """Inputs, outputs and a few rows with what they give, each with where it is known from."""
    joblib.dump(piped(LogisticRegression()), tmp_path / "my.pkl")
    words = [
        "add-model",
        str(tmp_path / "my.pkl"),
        "--name",
        "mine",
        "--output",
        str(tmp_path / "m"),
    ]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert "age    double, may be missing  (from SimpleImputer)" in result.output
    assert "probability_lived  double" in result.output
    assert "-> label=" in result.output
    content = json.loads(CliRunner().invoke(cli, [*words, "--force", "--json"]).output)
    assert content["inputs"][0]["name"] == "sex"
    assert content["examples"][0]["outputs"]["label"] in ("died", "lived")
    assert content["classes"] is None
