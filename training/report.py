"""Writes the report of a training as an HTML page: figures, plots and the worst errors."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.card import Card
from shared.model import TEXT
from training.evaluate import by_decile, compare, fifth
from training.intervals import figure_intervals

#: The number of rows with the largest errors that are shown, and of characters of their texts.
_WORST, _MAX_CHARS = 20, 300

_FIFTHS = ("very negative", "negative", "neutral", "positive", "very positive")

_STYLE = """body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } td, th { border: 1px solid #ccc; padding: .3rem .6rem }
td { text-align: right } td.text, th { text-align: left } img { max-width: 100% }"""  # noqa: E501  CSS

Scores = npt.NDArray[np.float64]


def write_report(
    folder: Path, card: Card, labelled: pd.DataFrame, scores: Scores, notes: Iterable[str] = ()
) -> None:
    """Write `index.html`, and its plots as PNG files if matplotlib is installed.

    The page quotes texts of the data, so keep it where these texts may be read.

    Args:
        folder: the folder for the report; created if it does not exist.
        card: the card of the model.
        labelled: n rows with `text` and `score` that the model did not learn from.
        scores: the model's scores of the n rows.
        notes: sentences on problems of the data, as `training.checks.notes_on` returns them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels = labelled["score"].to_numpy(dtype=np.float64)
    plots = _plots(folder, scores, labels)
    parts = [
        f"<h1>{_text(card.full_name)}</h1>",
        f"<p>{_text(card.description)}</p>" if card.description else "",
        _list([*card.training_data, *notes]),
        "<h2>Figures</h2><p>On rows kept for measuring, with 95 % intervals (bootstrap).</p>",
        _figures(scores, labels),
        "<h2>Confusion matrix</h2><p>Rows are labels, columns are scores.</p>",
        _confusion(scores, labels),
        "<h2>Calibration</h2><p>For each decile of the score. Right scores give equal means.</p>",
        _calibration(scores, labels),
        *(f'<p><img src="{plot}" alt="{plot.removesuffix(".png")}"></p>' for plot in plots),
        ""
        if plots
        else "<p>For plots, install matplotlib: <code>scorelane-server[report]</code>.</p>",
        f"<h2>The {_WORST} worst errors</h2>",
        _worst(labelled[TEXT].tolist(), scores, labels),
    ]
    title = _text(card.full_name)
    page = (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(filter(None, parts)) + "\n</html>\n"
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


def _figures(scores: Scores, labels: Scores) -> str:
    intervals = figure_intervals(scores, labels)
    rows = []
    for name, value in compare(scores, labels).items():
        lower, upper = intervals.get(name, (None, None))
        between = "" if lower is None else f"{lower:.4f} to {upper:.4f}"
        number = f"{value:,.0f}" if name in ("rows", "neutral_left_out") else f"{value:.4f}"
        rows.append((name.replace("_", " "), number, between))
    return _table(("figure", "value", "interval"), rows)


def _confusion(scores: Scores, labels: Scores) -> str:
    if np.isin(labels, [0.0, 0.5, 1.0]).all():
        # Labels without grades have only three values, so the table has three classes.
        names: Sequence[str] = ("negative", "neutral", "positive")
        of_scores = np.searchsorted([0.4, 0.6], scores)
        of_labels = (labels * 2).astype(int)
    else:
        names, of_scores, of_labels = _FIFTHS, fifth(scores), fifth(labels)
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (of_labels, of_scores), 1)
    rows = [(name, *map(str, row)) for name, row in zip(names, counts.tolist(), strict=True)]
    return _table(("", *names), rows)


def _calibration(scores: Scores, labels: Scores) -> str:
    rows = [(f"{a:.3f}", f"{b:.3f}", str(rows)) for a, b, rows in by_decile(scores, labels)]
    return _table(("mean score", "mean label", "rows"), rows)


def _worst(texts: Sequence[str], scores: Scores, labels: Scores) -> str:
    order = np.argsort(-np.abs(scores - labels), kind="stable")[:_WORST]
    rows = [(texts[row][:_MAX_CHARS], f"{labels[row]:.2f}", f"{scores[row]:.2f}") for row in order]
    return _table(("text", "label", "score"), rows)


def _plots(folder: Path, scores: Scores, labels: Scores) -> list[str]:
    """Write the plots; returns their file names, or an empty list without matplotlib."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  it is an extra
    except ImportError:
        return []
    calibration = Figure(figsize=(5, 5), layout="constrained")
    axes = calibration.add_subplot(xlabel="mean score", ylabel="mean label")
    axes.plot([0, 1], [0, 1], color="#aaa", linewidth=1)
    deciles = by_decile(scores, labels)
    axes.plot([a for a, _, _ in deciles], [b for _, b, _ in deciles], marker="o")
    distribution = Figure(figsize=(8, 4), layout="constrained")
    axes = distribution.add_subplot(xlabel="score", ylabel="rows")
    sides = [scores[labels < 0.4], scores[(labels >= 0.4) & (labels <= 0.6)], scores[labels > 0.6]]
    axes.hist(
        sides,
        bins=[edge / 20 for edge in range(21)],
        stacked=True,
        label=["negative", "neutral", "positive"],
        color=["#c44", "#bbb", "#482"],
    )
    axes.legend(title="label")
    plots = {"calibration.png": calibration, "scores.png": distribution}
    for name, figure in plots.items():
        # No version in the metadata, so that the same figures give the same file.
        figure.savefig(folder / name, dpi=120, metadata={"Software": None})
    return list(plots)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        first = f'<{tag} class="text">{_text(cells[0])}</{tag}>'
        others = (f"<{tag}>{_text(cell)}</{tag}>" for cell in cells[1:])
        return f"<tr>{first}{''.join(others)}</tr>"

    return "<table>" + line(head, "th") + "".join(line(row, "td") for row in rows) + "</table>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"


def _text(text: str) -> str:
    return html.escape(text)
