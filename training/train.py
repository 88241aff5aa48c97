"""From labelled CSV files to a model folder."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import joblib
import pandas as pd

from shared.errors.input import BadOption
from shared.model import TEXT, Card, Model, load_model, write_card
from training.checks import notes_on
from training.data import DEV, TEST, TRAIN, Reading, read_labelled, split
from training.evaluate import evaluate, scores_of
from training.model_folder import check_name, library_versions, new_model_folder
from training.opinions import Lessons

logger = logging.getLogger(__name__)

#: The most of the dev texts that a compiled model is tried on, before it is used.
MOST_TRIAL_TEXTS = 1000

Kind = Literal["fast", "deep"]
Progress = Callable[[str, float], None]


def train(  # noqa: PLR0913  the options of `scorelane train`, by keyword
    files: Sequence[Path],
    *,
    kind: Kind,
    name: str,
    output: Path,
    seed: int = 0,
    epochs: int = 12,
    teachers: int = 0,
    vectors: Path | None = None,
    lessons: Lessons | None = None,
    weights: Mapping[str, float] | None = None,
    detokenise: bool = False,
    reading: Reading = Reading(),  # noqa: B008  it is frozen
    description: str = "",
    report: bool = False,
    force: bool = False,
    progress: Progress = lambda doing, share: None,  # noqa: ARG005  the default tells nobody
) -> Card:
    """Train a model, measure it on rows that it did not learn from, and write `output/name`.

    It is measured on the `test` rows, or, where there are none, on the `dev` rows that chose what
    is kept.

    The same files, seed and library versions give the same figures.

    Args:
        files: labelled CSV files; see `training.data.read_labelled`.
        kind: `fast` (scikit-learn) or `deep` (Keras).
        name: of the model.
        output: the folder of model folders.
        seed: of the split, and of all that is random in training.
        epochs: the most epochs of a `deep` model.
        teachers: models that are trained before a `deep` one, for it to learn from.
        vectors: a file of word vectors for a `deep` model to begin with, in GloVe's form.
        lessons: what another model thinks of texts, and vectors of words.
        weights: how much a row of a file counts, by the file's name without endings; else 1.
        detokenise: the texts are Treebank-tokenised; undo that first.
        reading: names of columns, delimiter and charset of the files.
        description: for the card.
        report: write `report/index.html` in the model's folder, with figures, plots and errors.
        force: replace a model of that name.
        progress: told what is being done, and the share of it that is done, 0..1.

    Returns:
        The card of the new model.

    Raises:
        training.data_errors.LabelledDataError: the files cannot be used.
        shared.errors.model.ModelError: the name cannot be used.
        shared.errors.input.BadOption: an unknown kind, or no epoch.
    """
    if kind not in get_args(Kind):
        raise BadOption(option="kind", value=kind, reason="it is neither fast nor deep")
    if epochs < 1:
        raise BadOption(option="epochs", value=epochs, reason="it must be 1 or more")
    check_name(output, name, force=force)
    progress("reading", 0.0)
    labelled = read_labelled(files, detokenise=detokenise, reading=reading)
    frame = split(labelled, seed=seed)
    measured_on = frame[frame["split"] == (TEST if (frame["split"] == TEST).any() else DEV)]
    notes = notes_on(frame, measured_on)
    for note in notes:
        logger.warning(note)
    if lessons:
        frame = lessons.opinions.add_texts(frame)
    frame["weight"] = frame["source"].map(weights or {}).fillna(1.0)
    with new_model_folder(output, name, force=force) as folder:
        figures: dict[str, float] = {}
        if kind == "fast":
            options = _write_fast(frame, folder, lessons, progress)
            libraries = library_versions("scikit-learn", "numpy", "joblib")
        else:
            options, figures = _write_deep(
                frame,
                folder,
                seed=seed,
                epochs=epochs,
                teachers=teachers,
                vectors=vectors,
                lessons=lessons,
                progress=progress,
            )
            libraries = library_versions("keras", "tensorflow-cpu", "tensorflow", "onnx", "numpy")
        write = partial(
            write_card,
            folder,
            name=name,
            format="pkl" if kind == "fast" else "hdf5",
            files=[path.name for path in folder.iterdir()],
            options=options,
            description=description,
            training_data=_named(files, labelled),
            libraries=libraries,
        )
        write()
        progress("measuring", 0.95)
        # Through the runtime that will serve it: what is measured is what is served.
        model = load_model(folder)
        card = write(figures=_measure(model, measured_on) | figures)
        if report:
            from training.report import write_report  # noqa: PLC0415  it may plot

            progress("writing the report", 0.98)
            write_report(folder / "report", card, measured_on, scores_of(model, measured_on), notes)
    progress("done", 1.0)
    return card


def _write_fast(
    frame: pd.DataFrame, folder: Path, lessons: Lessons | None, progress: Progress
) -> dict[str, Any]:
    # Imported where it is needed: a deep model needs no scikit-learn, a fast one no TensorFlow.
    from training.fast import fit_fast  # noqa: PLC0415

    rows, dev = frame[frame["split"] == TRAIN], frame[frame["split"] == DEV]
    scores = rows["score"]
    if lessons:
        # Half of it the label, half of it what the other model thinks; or the one of them there is.
        opinions = pd.Series(lessons.opinions.scores_of(rows[TEXT]), index=rows.index)
        scores = (scores.fillna(opinions) + opinions.fillna(scores)) / 2
    pipeline = fit_fast(
        rows[TEXT].tolist(),
        scores.to_numpy(),
        dev[TEXT].tolist(),
        dev["score"].to_numpy(),
        weights=rows["weight"].to_numpy(),
        progress=lambda doing, share: progress(doing, 0.1 + 0.8 * share),
    )
    joblib.dump(pipeline, folder / "model.pkl", compress=("zlib", 9))
    return {"class_values": [0.0, 1.0]}


def _write_deep(
    frame: pd.DataFrame,
    folder: Path,
    *,
    seed: int,
    epochs: int,
    teachers: int,
    vectors: Path | None,
    lessons: Lessons | None,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, float]]:
    from training.deep import MAX_LENGTH, fit_deep  # noqa: PLC0415
    from training.onnx.compile import compile_keras  # noqa: PLC0415  as above
    from training.vocabulary import TOKENISER  # noqa: PLC0415
    from training.word_vectors import EMBEDDING_SIZE, read_vectors  # noqa: PLC0415

    given = read_vectors(vectors, EMBEDDING_SIZE) if vectors else None
    word_idx = fit_deep(
        frame,
        folder,
        seed=seed,
        epochs=epochs,
        teachers=teachers,
        given=lessons.vectors if lessons else given,
        opinions=lessons.opinions if lessons else None,
        progress=lambda doing, share: progress(doing, 0.1 + 0.8 * share),
    )
    (folder / "word_idx.json").write_text(
        json.dumps(word_idx, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    options = {"max_length": MAX_LENGTH, **TOKENISER.options()}
    progress("compiling", 0.9)
    texts = frame.loc[frame["split"] == DEV, TEXT].drop_duplicates()
    texts = texts.sample(min(len(texts), MOST_TRIAL_TEXTS), random_state=seed)
    return options, compile_keras(folder, options, texts)


def _named(files: Sequence[Path], labelled: pd.DataFrame) -> list[str]:
    rows = labelled["source"].value_counts()
    # By name only: a path says something of the machine, and nothing of the data.
    return [f"{Path(file).name}: {rows[Path(file).name.split('.')[0]]} rows" for file in files]


def _measure(model: Model, rows: pd.DataFrame) -> dict[str, float]:
    """The figures on some rows; with several files, those of each, as `file.figure`."""
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
