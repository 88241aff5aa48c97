"""Trains the two bundled models from a folder of labelled data (`make models`)."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click
import pandas as pd

from shared.config.places import BUNDLED_MODELS
from shared.model import TEXT, load_model
from training.behaviour import behaviour_texts
from training.bundled.composed import composed
from training.bundled.leaks import Leaks
from training.bundled.taught import write_taught_files
from training.data import DEV, TEST, TRAIN, read_labelled, split
from training.opinions import Lessons
from training.options import Kind, TrainingOptions
from training.reference import with_reference
from training.train import train
from training.treebank import detokenise
from training.word_vectors import EMBEDDING_SIZE

DESCRIPTIONS: dict[Kind, str] = {
    "fast": "Word and word-pair TF-IDF with a logistic regression, for English reviews and tweets; "
    "taught by all-MiniLM-L6-v2 (Apache 2.0), fitted to these data.",
    "deep": "Bidirectional LSTM with a softmax over ten deciles, for English reviews and tweets; "
    "taught by all-MiniLM-L6-v2 (Apache 2.0), fitted to these data.",
}

#: What the rows of the references are.
REFERENCE_ROWS = "sentences, reviews and tweets that it did not learn from"

#: The files of labelled data, relative to the data folder.
_SENTENCES = "sst/sst_sentences.csv.gz"
_PHRASES = "sst/sst_phrases.csv.gz"
_GLUE = "sst2/sst2_glue.csv.gz"
_SNIPPETS = "rt_polarity/rt_polarity_no_sst_test.csv.gz"
_GRADED = "vader/vader_movieReviewSnippets.csv.gz"
_EDITORIALS = "vader/vader_nytEditorialSnippets.csv.gz"
_REVIEWS = "imdb/imdb_train.csv.gz"
_LONG_REVIEWS = "cornell_polarity/cornell_polarity_v2.csv.gz"
_TWEETS = "tweets_semeval/semeval_train_dev.csv.gz"
_SIDES = "tweets_sentiment140/sentiment140_16k.csv.gz"
_FINANCE = "financial_phrasebank/financial_phrasebank_50agree.csv.gz"

#: The files that contribute dev rows, which choose the best model.
_SELECTING = ("sst_sentences", "tweets", "reviews")

#: The number of composed sentences; see `training.bundled.composed`.
_COMPOSED = 45_000

#: Kind -> file -> weight of its rows; other files have the weight 1.
_WEIGHTS: dict[Kind, dict[str, float]] = {
    "fast": {
        "sst_sentences": 2.0,
        "sst_phrases": 0.5,
        "snippets": 1.5,
        "reviews": 1.2,
        "parts": 0.6,
        "framed": 0.7,
    },
    "deep": {},
}
_EPOCHS = 4

#: Files that the models are measured on and never learn from: name -> file, and whether its texts
#: are Treebank-tokenised.
_UNSEEN = {
    "products": ("customer_reviews/custrev.csv.gz", True),
    "amazon": ("vader/vader_amazonReviewSnippets.csv.gz", False),
    "airline": ("tweets_airline/airline_tweets.csv.gz", False),
}


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), default=BUNDLED_MODELS)
@click.option("--kind", "kinds", type=click.Choice(["fast", "deep"]), multiple=True)
@click.option(
    "--lessons",
    "stored",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Store the teacher's lessons in this file (.npz), or reuse them if it exists.",
)
@click.option(
    "--references", is_flag=True, help="Only write the references into the cards of the models."
)
@click.option("--prepare", type=click.Path(path_type=Path), help="Only write the CSV files here.")
def main(
    data: Path,
    output: Path,
    kinds: tuple[Kind, ...],
    stored: Path | None,
    references: bool,
    prepare: Path | None,
) -> None:
    """Train the bundled models on the labelled files in DATA; docs/models.md lists them."""
    if prepare:
        write_training_files(data, prepare)
        write_unseen_files(data, prepare)
        return
    with TemporaryDirectory(prefix="scorelane-data-") as folder:
        files = write_training_files(data, Path(folder))
        if references:
            for kind in kinds or ("deep", "fast"):
                write_reference(output / kind, files)
            return
        lessons = _lessons(data, files, stored)
        for kind in kinds or ("deep", "fast"):
            started, learnt = perf_counter(), list(files)
            if kind == "fast":
                # The teacher is the new `deep`, if one was trained, else the bundled one.
                models = output if (output / "deep").is_dir() else BUNDLED_MODELS
                learnt += write_taught_files(
                    Path(folder),
                    load_model(models / "deep"),
                    lessons.vectors,
                    _protected(data, files),
                )
            card = train(
                learnt,
                TrainingOptions(
                    kind=kind,
                    name=kind,
                    output=output,
                    epochs=_EPOCHS,
                    lessons=lessons,
                    weights=_WEIGHTS[kind],
                    description=DESCRIPTIONS[kind],
                    force=True,
                ),
                progress=_PrintedProgress(),
            )
            click.echo(f"{card.full_name}: {(perf_counter() - started) / 60:.1f} minutes")


def write_reference(folder: Path, files: list[Path]) -> None:
    """Write the reference of a bundled model into its card, which changes nothing else.

    Its rows are those of the files with `dev` or `test` rows that the model did not learn from:
    sentences of film reviews, reviews, and tweets.
    """
    frames = [read_labelled([path]) for path in files if path.stem in _SELECTING]
    rows = pd.concat([frame[frame["split"] != TRAIN] for frame in frames], ignore_index=True)
    with_reference(folder, load_model(folder), rows, REFERENCE_ROWS)


def _lessons(data: Path, files: list[Path], stored: Path | None) -> Lessons:
    if stored and stored.is_file():
        return Lessons.load(stored)
    # Imported here, because it needs PyTorch (`.[models]`), and nothing else does.
    from training.bundled.lessons import lessons_of  # noqa: PLC0415

    started = perf_counter()
    facts = _read(data, _FINANCE)[TEXT].tolist()
    frame = split(read_labelled(files), seed=0)
    lessons = lessons_of(frame, facts, size=EMBEDDING_SIZE, seed=0, progress=_PrintedProgress())
    click.echo(f"The lessons took {(perf_counter() - started) / 60:.1f} minutes.")
    if stored:
        lessons.save(stored)
    return lessons


def _protected(data: Path, files: list[Path]) -> Leaks:
    """The held-out sentences, for measuring or choosing, and the texts of the behavioural tests."""
    glue, sentences = _read(data, _GLUE), pd.read_csv(files[0], dtype=str, keep_default_na=False)
    held_out = [table[TEXT][table["split"] != TRAIN] for table in (glue, sentences)]
    return Leaks([*pd.concat(held_out), *behaviour_texts()])


def write_training_files(data: Path, folder: Path) -> list[Path]:
    """Write the texts that the models learn from, and the dev sentences that choose the epoch.

    A text is dropped if it is similar to a dev sentence (see `training.bundled.leaks`). Phrases of
    the Stanford Sentiment Treebank are split by the treebank itself.

    Returns:
        The paths of the files; each has a column `split`.
    """
    sentences, phrases = _read(data, _SENTENCES), _read(data, _PHRASES)
    glue = _read(data, _GLUE)
    leaks = Leaks(pd.concat([table[table["split"] == "dev"][TEXT] for table in (sentences, glue)]))
    sides = _read(data, _SNIPPETS)
    graded = pd.concat([_read(data, _GRADED), _read(data, _EDITORIALS)], ignore_index=True)
    learnt, _ = halves(_read(data, _REVIEWS))
    reviews = pd.concat([learnt, _read(data, _LONG_REVIEWS)], ignore_index=True)
    tables = {
        "sst_sentences": _natural(sentences)[[TEXT, "score", "split"]],
        "tweets": _read(data, _TWEETS)[[TEXT, "label"]],
        "reviews": _natural(reviews)[[TEXT, "label"]],
        "sst_phrases": _natural(phrases[phrases["split"] == "train"])[[TEXT, "score", "label5"]],
        "snippets": _natural(sides[~leaks.among(sides[TEXT])])[[TEXT, "label"]],
        "graded": graded[~leaks.among(graded[TEXT])][[TEXT, "score"]],
        "sided_tweets": _read(data, _SIDES)[[TEXT, "label"]],
        "composed": composed(_COMPOSED),
    }
    for name in _SELECTING:
        tables[name]["split"] = _drawn(tables[name])
    sentences = tables["sst_sentences"]
    selecting = Leaks([*sentences[TEXT][sentences["split"] == DEV], *behaviour_texts()])
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        written = table
        if name not in _SELECTING:
            written = table[~selecting.among(table[TEXT])].assign(split=TRAIN)
        written.to_csv(folder / f"{name}.csv", index=False)
    return [folder / f"{name}.csv" for name in tables]


def _drawn(table: pd.DataFrame) -> pd.Series:
    """Assign splits: former `dev` rows become `test`; 1/16 of the rest, by text digest, `dev`."""
    digests = [hashlib.sha256(text.encode()).digest()[1] for text in table[TEXT]]
    drawn = pd.Series([DEV if digest < 16 else TRAIN for digest in digests], index=table.index)
    return drawn.mask(table["split"] == DEV, TEST) if "split" in table else drawn


def write_unseen_files(data: Path, folder: Path) -> None:
    """Write the texts that the models are measured on: other kinds of texts, held-out reviews."""
    for name, (file, tokenised) in _UNSEEN.items():
        table = _read(data, file)
        (_natural(table) if tokenised else table)[[TEXT, "label"]].to_csv(
            folder / f"{name}.csv", index=False
        )
    halves(_read(data, _REVIEWS))[1][[TEXT, "label"]].to_csv(folder / "imdb.csv", index=False)
    glue = _read(data, _GLUE)
    glue = glue[glue["split"] == "dev"][[TEXT, "label"]]
    glue.to_csv(folder / "sst2_tokenised.csv", index=False)
    _natural(glue).to_csv(folder / "sst2.csv", index=False)
    sentences = _read(data, _SENTENCES)
    _natural(sentences[sentences["split"] == "dev"])[[TEXT, "score"]].to_csv(
        folder / "sst_dev.csv", index=False
    )


def halves(reviews: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split reviews into those to learn from and those to measure on.

    The split uses a digest of the text, so that repeated texts fall on the same side.
    """
    digests = [hashlib.sha256(text.encode()).digest()[0] for text in reviews[TEXT]]
    learnt = pd.Series([digest % 2 == 0 for digest in digests], index=reviews.index)
    return reviews[learnt], reviews[~learnt].drop_duplicates(TEXT)


def _read(data: Path, file: str) -> pd.DataFrame:
    table = pd.read_csv(data / file, dtype=str, keep_default_na=False)
    table[TEXT] = table[TEXT].str.replace("<br />", " ").str.replace("\n", " ")
    return table


def _natural(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{TEXT: [detokenise(text) for text in table[TEXT]]})


class _PrintedProgress:
    """A progress callback that prints each new step."""

    def __init__(self) -> None:
        self._step = ""

    def __call__(self, step: str, share: float) -> None:
        if step != self._step:
            self._step = step
            click.echo(f"{share:4.0%}  {step}")


if __name__ == "__main__":
    main()
