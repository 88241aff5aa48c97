"""`POST /sentiment` with one text, by one client and by many, against the article's design."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

from benchmarks import reviews
from benchmarks.cores import cores_of, described
from benchmarks.load import Client, Load, request, run_clients
from benchmarks.reference_servers import web
from benchmarks.report import Options, Row, Table, faster, interleave, quicker, within
from benchmarks.service import Running, service
from shared.config.places import BUNDLED_MODELS

#: The maximum difference of a score from that of `predict_proba` or `model.predict`.
TOLERANCES = {"fast": 1e-9, "deep": 1e-5}

#: The maximum extra milliseconds over the article's design, for one client of an idle service.
FAST_MORE_MS = 6.0

#: The minimum ratio of requests per second to the article's design, with 16 and with 64 clients.
FLOORS = {"fast": 1.5, "deep": 15.0}

#: One answer in this many is compared: comparing all would take processor time from the service.
CHECK_EVERY = 16


def run(options: Options) -> list[Table]:
    """Compare the service with the article's design, for both bundled models."""
    texts = reviews.chosen(options, 64 if options.quick else 256)
    tables = []
    with service() as ours:
        for model in TOLERANCES:
            folder = BUNDLED_MODELS / model
            app = f'benchmarks.references.article_app:make_app("{folder}")'
            with web(app, env={"TF_CPP_MIN_LOG_LEVEL": "2"}) as article:
                tables.append(_compare(model, ours, article, texts, options))
    return tables


def _compare(model: str, ours: Running, article: str, texts: list[str], options: Options) -> Table:
    """Compare the service with the article's design, with the same model, in turn."""
    rounds, seconds = (1, 1.0) if options.quick else (5, 3.0)
    expected = _scores(article, texts)
    table = Table(f"POST /sentiment with one text, {model}", ("clients", "ours", "article"))
    wrong: list[str] = []

    def measure(url: str, clients: int) -> Load:
        each = [_client(model, texts, expected, 13 * number, wrong) for number in range(clients)]
        return run_clients(url, each, seconds=seconds)

    def rates_of(clients: int, figure: Callable[[Load], float]) -> tuple[list[float], list[float]]:
        figures = interleave(
            {
                "ours": lambda: figure(measure(ours.url, clients)),
                "article": lambda: figure(measure(article, clients)),
            },
            rounds,
        )
        return figures["ours"], figures["article"]

    table.rows.append(_single_client(model, *rates_of(1, lambda load: 1000 * load.percentile(50))))
    for clients in (16,) if options.quick else (16, 64):
        rates = rates_of(clients, lambda load: load.rate)
        table.rows.append(
            faster(f"{clients}: requests", *rates, unit="requests/s", floor=FLOORS[model])
        )
    with cores_of(ours) as used:
        load = measure(ours.url, clients)
    table.notes.append(
        f"cores used by ours with {clients} clients: {described(used)}, "
        f"the load itself {load.cpu / load.seconds:.2f}"
    )
    table.check(not wrong, f"{len(wrong)} answers are wrong, such as: {' '.join(wrong[:1])}")
    return table


def _single_client(model: str, ours: list[float], article: list[float]) -> Row:
    what = "1: median latency"
    if model == "fast":
        return within(what, ours, FAST_MORE_MS, unit="ms", reference=article)
    return quicker(what, ours, article, floor=1.0)


def _client(
    model: str, texts: list[str], expected: list[float], first: int, wrong: list[str]
) -> Client:
    """Send one text after another, and compare some scores with the expected ones."""
    requests = [_request(f"?model={model}", [text]) for text in texts]
    for number in count(first):
        which = number % len(texts)
        answer = yield requests[which]
        if answer.status != 200:
            wrong.append(f"status {answer.status}")
        elif number % CHECK_EVERY == 0:
            [row] = json.loads(answer.body)
            score = row["Sentiment_Score"]
            if score is None or abs(score - expected[which]) > TOLERANCES[model]:
                wrong.append(f"{score} ({row.get('error')}) instead of {expected[which]}")


def _scores(url: str, texts: list[str]) -> list[float]:
    """Get the article's scores of the texts in one request."""
    rows: list[dict[str, Any]] = []

    def client() -> Client:
        answer = yield _request("", texts)
        rows.extend(json.loads(answer.body))

    run_clients(url, [client()])
    return [row["Sentiment_Score"] for row in rows]


def _request(query: str, texts: list[str]) -> bytes:
    body = json.dumps({"ref": list(range(1, len(texts) + 1)), "text": texts})
    return request("POST", f"/sentiment{query}", body.encode())
