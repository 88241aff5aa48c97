"""Rows of a restaurant that does not exist, for the pictures in the docs."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from training.add_model import add_model

GOOD = (
    "The tomato soup was wonderful, we loved it.",
    "Friendly waiters and a lovely table by the window.",
    "Best pasta in town! We will come back soon.",
    "Our children loved the lemon cake, and so did we.",
    "A great evening: fresh fish, good wine, kind people.",
)
FAIR = (
    "The lunch was fine, the coffee not so good.",
    "We came on a Tuesday and sat near the door.",
    "Nice food, but we waited long for the bill.",
    "The menu has changed since spring.",
    "Good bread, the rest was only okay.",
)
POOR = (
    "The pizza was cold and the service slow.",
    "We waited an hour, and nobody said sorry.",
    "Much too salty, and far too expensive.",
    "A bad table next to a noisy kitchen.",
    "Sadly the worst risotto I have ever had.",
)

CITIES = ("Lisbon", "Oslo", "Turin", "Vienna")


def reviews(count: int) -> pd.DataFrame:
    """Reviews of guests, two thirds of them good, with the columns `id`, `city` and `review`."""
    random = np.random.default_rng(1)
    kinds = random.choice(3, count, p=[0.6, 0.22, 0.18])
    texts = np.array([GOOD, FAIR, POOR])
    place = random.integers(0, 5, count)
    first = texts[kinds, place]
    # Another sentence, sometimes of a milder kind.
    others = np.where(random.random(count) < 0.75, kinds, 1)
    second = texts[others, (place + random.integers(1, 5, count)) % 5]
    return pd.DataFrame(
        {
            "id": [f"r{number:06}" for number in range(1, count + 1)],
            "city": random.choice(CITIES, count),
            "review": [f"{one} {other}" for one, other in zip(first, second, strict=True)],
        }
    )


def bookings(count: int) -> pd.DataFrame:
    """Bookings of tables."""
    random = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "booking": [f"b-{number:05}" for number in range(1, count + 1)],
            "guests": random.integers(1, 9, count),
            "days_ahead": random.integers(0, 60, count),
            "visits_before": random.poisson(1.2, count),
            "day": random.choice(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], count),
            "channel": random.choice(["phone", "web", "walk-in"], count, p=[0.3, 0.5, 0.2]),
        }
    )


def add_bookings_model(models: Path) -> None:
    """Train a model that says whether guests will come, and add it to a folder of models."""
    rows, random = bookings(3_000), np.random.default_rng(3)
    risk = 0.05 * rows["days_ahead"] - rows["visits_before"] + (rows["channel"] == "web") - 0.6
    comes = np.where(random.random(len(rows)) < 1 / (1 + np.exp(risk)), "comes", "stays away")
    numbers, words = ["guests", "days_ahead", "visits_before"], ["day", "channel"]
    steps = ColumnTransformer(
        [
            ("numbers", StandardScaler(), numbers),
            ("words", OneHotEncoder(handle_unknown="ignore"), words),
        ]
    )
    estimator = make_pipeline(steps, LogisticRegression()).fit(rows[numbers + words], comes)
    file = models.parent / "bookings.joblib"
    joblib.dump(estimator, file)
    about = "Whether guests will come to the table that they have booked."
    add_model(file, name="bookings", output=models, description=about)
