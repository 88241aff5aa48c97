"""From labelled CSV files to a model folder."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import joblib
import pandas as pd

from shared.errors import BadOption
from shared.model import TEXT, Card, Model, load_model, write_card
from training.data import DEV, TRAIN, read_labelled, split
from training.evaluate import evaluate
from training.model_folder import check_name, library_versions, new_model_folder

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
    detokenise: bool = False,
    description: str = "",
    force: bool = False,
    progress: Progress = lambda doing, share: None,  # noqa: ARG005  the default tells nobody
) -> Card:
    """Train a model, measure it on the dev rows, and write `output/name`.

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
        detokenise: the texts are Treebank-tokenised; undo that first.
        description: for the card.
        force: replace a model of that name.
        progress: told what is being done, and the share of it that is done, 0..1.

    Returns:
        The card of the new model.

    Raises:
        shared.errors.LabelledDataError: the files cannot be used.
        shared.errors.ModelError: the name cannot be used.
        shared.errors.BadOption: an unknown kind, or no epoch.
    """
    if kind not in get_args(Kind):
        raise BadOption(option="kind", value=kind, reason="it is neither fast nor deep")
    if epochs < 1:
        raise BadOption(option="epochs", value=epochs, reason="it must be 1 or more")
    check_name(output, name, force=force)
    progress("reading", 0.0)
    labelled = read_labelled(files, detokenise=detokenise)
    frame = split(labelled, seed=seed)
    with new_model_folder(output, name, force=force) as folder:
        figures: dict[str, float] = {}
        if kind == "fast":
            options = _write_fast(frame, folder, seed, progress)
            libraries = library_versions("scikit-learn", "numpy", "joblib")
        else:
            options, figures = _write_deep(
                frame, folder, seed=seed, epochs=epochs, teachers=teachers, vectors=vectors,
                progress=progress,
            )  # fmt: skip
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
        measured = _measure(load_model(folder), frame[frame["split"] == DEV])
        card = write(figures=measured | figures)
    progress("done", 1.0)
    return card


def _write_fast(frame: pd.DataFrame, folder: Path, seed: int, progress: Progress) -> dict[str, Any]:
    # Imported where it is needed: a deep model needs no scikit-learn, a fast one no TensorFlow.
    from training.fast import fit_fast  # noqa: PLC0415

    rows = frame[frame["split"] == TRAIN]
    progress("fitting", 0.1)
    pipeline = fit_fast(rows[TEXT].tolist(), rows["score"].to_numpy(), seed)
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
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, float]]:
    from training.compile import compile_keras  # noqa: PLC0415  as above
    from training.deep import EMBEDDING_SIZE, MAX_LENGTH, TOKENISER, fit_deep  # noqa: PLC0415
    from training.word_vectors import read_vectors  # noqa: PLC0415

    word_idx = fit_deep(
        frame, folder, seed=seed, epochs=epochs, teachers=teachers,
        given=read_vectors(vectors, EMBEDDING_SIZE) if vectors else None,
        progress=lambda doing, share: progress(doing, 0.1 + 0.8 * share),
    )  # fmt: skip
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


def _measure(model: Model, dev: pd.DataFrame) -> dict[str, float]:
    """The figures on the dev rows; with several files, those of each, as `file.figure`."""
    sources = list(dev["source"].unique())
    if len(sources) == 1:
        return _rounded(evaluate(model, dev))
    return {
        f"{source}.{figure}": value
        for source in sources
        for figure, value in _rounded(evaluate(model, dev[dev["source"] == source])).items()
    }


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}
