"""Models of older versions of scikit-learn; run with the version that is to be tried."""

import sklearn
import sklearn.ensemble as forests
from programs.model_kinds.fitting import boosted, columns, logistic, table, trees
from programs.model_kinds.texts import bag, text
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC

GROUP = f"scikit-learn {sklearn.__version__}"
#: Before 1.4 categories were encoded in another way.
KEEPS_CATEGORIES = not sklearn.__version__.startswith(("1.2.", "1.3."))
THREE = {"classes": 3, "values": (0, 0.5, 1)}

KINDS = [
    table(
        "one-hot, TF-IDF of a column, logistic regression",
        lambda: make_pipeline(columns(), logistic()),
        group=GROUP,
        target="rank",
    ),
    table("random forest", lambda: trees(forests.RandomForestClassifier), group=GROUP),
    table("gradient boosting", lambda: trees(forests.GradientBoostingClassifier), group=GROUP),
    table(
        "histogram gradient boosting with categories",
        boosted,
        group=GROUP,
        accepted=KEEPS_CATEGORIES,
        unknown=False,
    ),
    table(
        "extra trees of prices",
        lambda: trees(forests.ExtraTreesRegressor),
        group=GROUP,
        target="price",
    ),
    table(
        "SVC with RBF kernel",
        lambda: make_pipeline(columns(dense=True), SVC()),
        group=GROUP,
        target="rank",
    ),
    table(
        "calibrated, grid search",
        lambda: GridSearchCV(
            CalibratedClassifierCV(make_pipeline(columns(), LinearSVC()), cv=2), {}, cv=2
        ),
        group=GROUP,
    ),
    text(
        "TF-IDF of words, logistic regression, three classes",
        lambda: bag(LogisticRegression(max_iter=500)),
        group=GROUP,
        **THREE,
    ),
    text(
        "counts of words, naive Bayes",
        lambda: make_pipeline(CountVectorizer(), MultinomialNB()),
        group=GROUP,
    ),
    text(
        "SGD with log loss",
        lambda: bag(SGDClassifier(loss="log_loss", random_state=0)),
        group=GROUP,
    ),
]
