"""Trains a model from labelled CSV files and writes its model folder."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from shared.card import Card, write_card
from shared.model import TEXT, Model, load_model
from training.added.mapped import with_mapped_file
from training.checks import notes_on
from training.data import DEV, TEST, TRAIN, read_labelled, split
from training.evaluate import evaluate, scores_of
from training.model_folder import check_name, library_versions, new_model_folder
from training.opinions import Lessons
from training.options import TrainingOptions
from training.reference import with_reference

logger = logging.getLogger(__name__)

#: The maximum number of dev texts that a compiled model is tried on before it is used.
MAX_TRIAL_TEXTS = 1000

#: Called with the current step and the share of the work that is done, 0..1.
Progress = Callable[[str, float], None]


def train(
    files: Sequence[Path],
    options: TrainingOptions,
    *,
    progress: Progress = lambda step, share: None,  # noqa: ARG005  the default reports nothing
) -> Card:
    """Train a model, measure it on rows that it did not learn from, and write `output/name`.

    The model is measured on the `test` rows. Where there are none, it is measured on the `dev`
    rows, which also chose the model.

    The same files, seed and library versions give the same figures.

    Args:
        files: labelled CSV files; see `training.data.read_labelled`.
        options: what to train, and how.
        progress: called with the current step and the share of the work that is done, 0..1.

    Returns:
        The card of the new model.

    Raises:
        training.data_errors.LabelledDataError: the files cannot be used.
        shared.errors.model.ModelError: the name cannot be used.
    """
    check_name(options.output, options.name, force=options.force)
    progress("reading", 0.0)
    labelled = read_labelled(files, detokenise=options.detokenise, reading=options.reading)
    frame = split(labelled, seed=options.seed)
    measured_on = frame[frame["split"] == (TEST if (frame["split"] == TEST).any() else DEV)]
    notes = notes_on(frame, measured_on)
    for note in notes:
        logger.warning(note)
    if options.lessons:
        frame = options.lessons.opinions.add_texts(frame)
    frame["weight"] = frame["source"].map(options.weights or {}).fillna(1.0)
    with new_model_folder(options.output, options.name, force=options.force) as folder:
        figures: dict[str, float] = {}
        if options.kind == "fast":
            card_options = _write_fast(frame, folder, options.lessons, progress)
            libraries = library_versions("scikit-learn", "numpy", "joblib")
        else:
            card_options, figures = _write_deep(frame, folder, options, progress)
            libraries = library_versions("keras", "tensorflow-cpu", "tensorflow", "onnx", "numpy")
        write = partial(
            write_card,
            folder,
            name=options.name,
            format="pkl" if options.kind == "fast" else "hdf5",
            files=[path.name for path in folder.iterdir()],
            options=card_options,
            description=options.description,
            training_data=_row_counts(files, labelled),
            libraries=libraries,
        )
        write()
        progress("measuring", 0.95)
        # Use the runtime that will serve the model, so that the figures are those of the service.
        model = load_model(folder)
        model.card = write(figures=_measure(model, measured_on) | figures)
        model.card = with_mapped_file(folder, model)
        card = with_reference(folder, model, measured_on, "rows that it did not learn from")
        if options.report:
            from training.report import write_report  # noqa: PLC0415  it may plot

            progress("writing the report", 0.98)
            write_report(folder / "report", card, measured_on, scores_of(model, measured_on), notes)
    progress("done", 1.0)
    return card


def _write_fast(
    frame: pd.DataFrame, folder: Path, lessons: Lessons | None, progress: Progress
) -> dict[str, Any]:
    """Fit a `fast` model, write `model.pkl`, and return the options for its card."""
    # Imported here: a deep model needs no scikit-learn, and a fast one no TensorFlow.
    from training.fast import fit_fast  # noqa: PLC0415

    rows, dev = frame[frame["split"] == TRAIN], frame[frame["split"] == DEV]
    scores = rows["score"]
    if lessons:
        # The mean of the label and the other model's score; where one is missing, the other alone.
        opinions = pd.Series(lessons.opinions.scores_of(rows[TEXT]), index=rows.index)
        scores = (scores.fillna(opinions) + opinions.fillna(scores)) / 2
    pipeline = fit_fast(
        rows[TEXT].tolist(),
        scores.to_numpy(),
        dev[TEXT].tolist(),
        dev["score"].to_numpy(),
        weights=rows["weight"].to_numpy(),
        progress=lambda step, share: progress(step, 0.1 + 0.8 * share),
    )
    joblib.dump(pipeline, folder / "model.pkl", compress=("zlib", 9))
    return {"class_values": [0.0, 1.0]}


def _write_deep(
    frame: pd.DataFrame, folder: Path, options: TrainingOptions, progress: Progress
) -> tuple[dict[str, Any], dict[str, float]]:
    """Fit a `deep` model, write and compile it, and return its card's options and figures."""
    from training.deep import MAX_LENGTH, fit_deep  # noqa: PLC0415
    from training.onnx.compile import compile_keras  # noqa: PLC0415  as above
    from training.vocabulary import TOKENISER  # noqa: PLC0415
    from training.word_vectors import EMBEDDING_SIZE, read_vectors  # noqa: PLC0415

    lessons = options.lessons
    given = read_vectors(options.vectors, EMBEDDING_SIZE) if options.vectors else None
    word_idx = fit_deep(
        frame,
        folder,
        seed=options.seed,
        epochs=options.epochs,
        teachers=options.teachers,
        given=lessons.vectors if lessons else given,
        opinions=lessons.opinions if lessons else None,
        progress=lambda step, share: progress(step, 0.1 + 0.8 * share),
    )
    (folder / "word_idx.json").write_text(
        json.dumps(word_idx, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    card_options = {"max_length": MAX_LENGTH, **TOKENISER.options()}
    progress("compiling", 0.9)
    texts = frame.loc[frame["split"] == DEV, TEXT].drop_duplicates()
    texts = texts.sample(min(len(texts), MAX_TRIAL_TEXTS), random_state=options.seed)
    return card_options, compile_keras(folder, card_options, texts)


def _row_counts(files: Sequence[Path], labelled: pd.DataFrame) -> list[str]:
    """For each file one line for the card: its name and its number of rows."""
    rows = labelled["source"].value_counts()
    # Only the file name: a path would tell about the machine, not about the data.
    return [f"{Path(file).name}: {rows[Path(file).name.split('.')[0]]} rows" for file in files]


def _measure(model: Model, rows: pd.DataFrame) -> dict[str, float]:
    """The figures on these rows; if they come from several files, per file as `file.figure`."""
    sources = list(rows["source"].unique())
    if len(sources) == 1:
        return _rounded(evaluate(model, rows))
    return {
        f"{source}.{figure}": value
        for source in sources
        for figure, value in _rounded(evaluate(model, rows[rows["source"] == source])).items()
    }


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}
