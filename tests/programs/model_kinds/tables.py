"""Pipelines of scikit-learn over the columns of a table."""

import numpy as np
import sklearn.ensemble as forests
from programs.model_kinds import data
from programs.model_kinds.fitting import boosted, columns, logistic, ordinal, scaled, table, trees
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import ElasticNet, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier


def _both(frame):
    return frame[["fate", "rank"]].to_numpy(dtype=object)


def _prices(frame):
    return np.column_stack([frame["price"], frame["fare"] * 3])


KNOWN = {"unknown": False}
WHOLE = {"missing": False}
NUMBERS = {"columns": data.NUMBERS}
PRICE = {"target": "price"}
RANK = {"target": "rank"}
TAGS = {"target": data.tags}

KINDS = [
    table("one-hot, logistic regression", lambda: make_pipeline(columns(text=False), logistic())),
    table(
        "one-hot, TF-IDF of a column, logistic regression",
        lambda: make_pipeline(columns(), logistic()),
    ),
    table(
        "one-hot, TF-IDF, logistic regression, three classes",
        lambda: make_pipeline(columns(), logistic()),
        **RANK,
    ),
    table(
        "SGD with log loss",
        lambda: make_pipeline(columns(), SGDClassifier(loss="log_loss", random_state=0)),
    ),
    table("linear SVC (no probabilities)", lambda: make_pipeline(columns(), LinearSVC())),
    table("SVC with RBF kernel", lambda: make_pipeline(columns(dense=True), SVC()), **RANK),
    table("nearest neighbours", lambda: scaled(KNeighborsClassifier(5)), **NUMBERS),
    table("KNN imputer, naive Bayes", lambda: make_pipeline(KNNImputer(), GaussianNB()), **NUMBERS),
    table("Bernoulli naive Bayes", lambda: make_pipeline(columns(), BernoulliNB()), **RANK),
    table(
        "multi-layer perceptron",
        lambda: make_pipeline(columns(), MLPClassifier((8,), max_iter=60, random_state=0)),
        **RANK,
    ),
    table(
        "decision tree, missing values",
        lambda: make_pipeline(ordinal(), DecisionTreeClassifier(max_depth=8, random_state=0)),
    ),
    table("random forest", lambda: trees(forests.RandomForestClassifier)),
    table("random forest, three classes", lambda: trees(forests.RandomForestClassifier), **RANK),
    table("extra trees", lambda: trees(forests.ExtraTreesClassifier)),
    table("gradient boosting", lambda: trees(forests.GradientBoostingClassifier), **RANK),
    table("AdaBoost", lambda: trees(forests.AdaBoostClassifier)),
    table(
        "bagging",
        lambda: make_pipeline(
            columns(dense=True), forests.BaggingClassifier(n_estimators=10, random_state=0)
        ),
    ),
    table("histogram gradient boosting with categories", boosted, **KNOWN),
    table("histogram gradient boosting, three classes", boosted, **KNOWN, **RANK),
    table(
        "polynomial features, robust scaler",
        lambda: make_pipeline(
            SimpleImputer(), RobustScaler(), PolynomialFeatures(2), logistic(C=0.01)
        ),
        **NUMBERS,
    ),
    table(
        "bins",
        lambda: scaled(KBinsDiscretizer(4, random_state=0, subsample=None), logistic()),
        **NUMBERS,
    ),
    table(
        "power and quantile transformers",
        lambda: scaled(PowerTransformer(), QuantileTransformer(n_quantiles=50), logistic()),
        **NUMBERS,
    ),
    table(
        "selected features", lambda: scaled(SelectKBest(k=2), MinMaxScaler(), logistic()), **NUMBERS
    ),
    table(
        "calibrated", lambda: CalibratedClassifierCV(make_pipeline(columns(), LinearSVC()), cv=3)
    ),
    table(
        "stacking",
        lambda: forests.StackingClassifier(
            [
                ("a", make_pipeline(columns(), logistic())),
                ("b", trees(forests.RandomForestClassifier)),
            ],
            cv=2,
        ),
    ),
    table(
        "soft voting",
        lambda: forests.VotingClassifier(
            [("a", make_pipeline(columns(), logistic())), ("b", boosted(max_iter=5))], voting="soft"
        ),
        **RANK,
    ),
    table(
        "grid search",
        lambda: GridSearchCV(
            make_pipeline(columns(), logistic()), {"logisticregression__C": [0.1, 1]}, cv=2
        ),
    ),
    table(
        "one versus rest", lambda: make_pipeline(columns(), OneVsRestClassifier(logistic())), **RANK
    ),
    table("ridge regression of prices", lambda: make_pipeline(columns(), Ridge()), **PRICE),
    table(
        "elastic net fitted to an array",
        lambda: scaled(ElasticNet()),
        as_array=True,
        **NUMBERS,
        **PRICE,
    ),
    table("forest of prices", lambda: trees(forests.RandomForestRegressor), **PRICE),
    table(
        "histogram gradient boosting of prices",
        lambda: make_pipeline(ordinal(), forests.HistGradientBoostingRegressor(max_iter=30)),
        **PRICE,
    ),
    table(
        "perceptron and SVR, voting on prices",
        lambda: forests.VotingRegressor(
            [
                ("a", scaled(MLPRegressor(hidden_layer_sizes=(4,), max_iter=40, random_state=0))),
                ("b", scaled(SVR())),
            ]
        ),
        **NUMBERS,
        **PRICE,
    ),
    table(
        "logarithm of the target",
        lambda: TransformedTargetRegressor(
            make_pipeline(columns(), Ridge()), func=np.log1p, inverse_func=np.expm1
        ),
        **PRICE,
    ),
    table("two prices at once", lambda: make_pipeline(columns(), Ridge()), target=_prices),
    table("forest of two prices", lambda: trees(forests.RandomForestRegressor), target=_prices),
    table(
        "three labels, a classifier for each",
        lambda: make_pipeline(columns(), MultiOutputClassifier(logistic())),
        **TAGS,
    ),
    table("three labels, forest", lambda: trees(forests.RandomForestClassifier), **TAGS),
    table(
        "three labels, chain of classifiers",
        lambda: make_pipeline(columns(), ClassifierChain(logistic())),
        **TAGS,
    ),
    table(
        "two labels of several classes",
        lambda: make_pipeline(columns(), MultiOutputClassifier(logistic())),
        target=_both,
    ),
    table(
        "outliers (isolation forest)",
        lambda: forests.IsolationForest(n_estimators=20, random_state=0),
        **WHOLE,
        **NUMBERS,
    ),
    table("groups (k-means)", lambda: scaled(KMeans(3, random_state=0)), **NUMBERS),
    table(
        "neighbours within a distance",
        lambda: scaled(RadiusNeighborsClassifier(1.0, outlier_label="died")),
        **NUMBERS,
    ),
]
