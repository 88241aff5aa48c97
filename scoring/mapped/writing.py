"""Writes the mapped file of a model, and proves that it gives the same scores."""

import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scoring.estimators.named_classes import with_class_names
from scoring.estimators.predictions import Classes
from scoring.mapped.array_file import write_arrays
from scoring.mapped.words_model import FORMAT, FORMAT_OF_GRAMS, MappedWordsModel, Trial
from scoring.saved.parts import all_parts
from scoring.saved.reading import read_estimator
from scoring.sklearn_model import SklearnModel
from scoring.words.links import described
from scoring.words.proof import trial_texts
from scoring.words.word_pipeline import WordPipeline
from shared.card import Card
from shared.mapped_file import MAPPED_FILE, MappedFile
from shared.model import Model, file_digest

logger = logging.getLogger(__name__)

#: The libraries whose versions the proof names.
_LIBRARIES = ("scikit-learn", "numpy", "scipy")


def write_mapped(folder: Path, model: Model, rows: pd.DataFrame | None = None) -> Card:
    """Write `mapped.npz` into a model folder, if the model can be mapped.

    It is kept only if every output of the mapped model equals that of the model to the last bit,
    for trial texts of the model's own words and for further rows.

    Args:
        folder: the model folder; its card is not written again.
        model: loaded from it.
        rows: further rows to compare, with the inputs of the model.

    Returns:
        The card, which names the file if there is one now.

    Raises:
        OSError: the file cannot be written.
    """
    path = folder / MAPPED_FILE
    path.unlink(missing_ok=True)
    card = model.card.model_copy(update={"mapped": None})
    content = _content(folder, model)
    if content is None:
        return card
    trial, about, arrays = content
    write_arrays(path, about | {"version": card.version}, arrays)
    frame = pd.DataFrame({card.signature.inputs[0].name: pd.Series(trial.texts, dtype=object)})
    frame = pd.concat([frame, *([] if rows is None else [rows])], ignore_index=True)
    named = card.model_copy(
        update={
            "mapped": MappedFile(
                sha256=file_digest(path),
                holds="words",
                compared="the same pipeline in scikit-learn, and the compiled path loaded from it",
                rows=len(frame),
                libraries={name: version(name) for name in _LIBRARIES},
            )
        }
    )
    if _gives_the_same(MappedWordsModel.load(folder, named), model, frame):
        return named
    logger.warning("%s is not mapped: the mapped path gives other scores", card.full_name)
    path.unlink()
    return card


def _gives_the_same(mapped: Model, model: Model, frame: pd.DataFrame) -> bool:
    try:
        # To the last bit; NaN equals NaN.
        pd.testing.assert_frame_equal(mapped.score(frame), model.score(frame), check_exact=True)
    except AssertionError as error:
        logger.warning("%s", error)
        return False
    return True


def _trial(folder: Path, card: Card) -> Trial:
    """Texts of the words of the model, and the probabilities that its own file gives them."""
    estimator = with_class_names(read_estimator(folder / card.model_file), card.options)
    words: dict[str, None] = {}
    for part in all_parts(estimator):
        words.update(dict.fromkeys(getattr(part, "vocabulary_", ())))
    texts = trial_texts(list(words))
    return Trial(texts, np.asarray(estimator.predict_proba(texts), dtype=np.float64))


def _content(folder: Path, model: Model) -> tuple[Trial, dict[str, Any], dict[str, Any]] | None:
    """The trial, and what the file holds; None if the model is none that can be mapped."""
    if not isinstance(model, SklearnModel):
        return None
    pipeline, sentiment, predictions = model.parts
    words = pipeline.stored() if isinstance(pipeline, WordPipeline) else None
    link = described(words.link) if words and words.link else None
    if words is None or link is None:
        return None
    columns = predictions.class_columns if isinstance(predictions, Classes) else None
    if predictions is not None and columns is None:
        return None
    if sentiment is not None and sentiment.class_values is None:
        return None
    trial = _trial(folder, model.card)
    about: dict[str, Any] = {
        "format": FORMAT_OF_GRAMS if "grams" in words.texts else FORMAT,
        "byteorder": sys.byteorder,
        "texts": words.texts,
        "words": words.words,
        "weights": words.weights,
        "link": link,
        "worth": model.classes,
        "score": sentiment
        and {
            "class_values": np.asarray(sentiment.class_values).tolist(),
            "target_range": sentiment.target_range,
            "has_one_class": sentiment.has_one_class,
            "cuts": sentiment.cuts,
        },
        "classes": columns
        and {
            "labels": columns.labels.tolist(),
            "label_type": columns.label_type,
            "names": columns.names,
            "by_probability": columns.by_probability,
        },
    }
    arrays = dict(words.arrays)
    arrays["trial_texts"] = np.frombuffer(json.dumps(trial.texts).encode(), np.uint8)
    arrays["trial_probabilities"] = trial.probabilities
    return trial, about, arrays
