"""The service in memory: doubles of its collaborators, and a model whose scores are known."""

import io
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pandas as pd
from doubles import InMemoryJobStore, InMemoryOverview
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from shared.dispatch import Task
from shared.fleet import Served, Worker
from shared.model import SCORE, TEXT, Card
from shared.settings import Settings
from shared.tally import Tally
from worker.journal import Journal
from worker.lease import Keeper
from worker.pipeline import Pipeline


class InMemoryBlobs:
    """Blobs in a dict."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.quiet = 0.0

    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        file = io.BytesIO()
        yield file
        self.contents[key] = file.getvalue()

    def put(self, key: str, content: bytes) -> None:
        self.contents[key] = content

    def open(self, key: str, offset: int = 0) -> BinaryIO:
        return io.BytesIO(self.read(key, offset))

    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        if key not in self.contents:
            raise FileNotFoundError(key)
        content = self.contents[key][offset:]
        return content if length < 0 else content[:length]

    def size(self, key: str) -> int:
        return len(self.read(key))

    def exists(self, key: str) -> bool:
        return key in self.contents

    def delete(self, key: str) -> None:
        for found in list(self.contents):
            if found == key or (key.endswith("/") and found.startswith(key)):
                del self.contents[found]

    def link(self, keys: Mapping[str, str]) -> None:
        for key, second in keys.items():
            self.contents[second] = self.read(key)

    def folders(self, key: str) -> list[str]:
        names = {at[len(key) :].partition("/")[0] for at in self.contents if at.startswith(key)}
        return sorted(names)

    def quiet_seconds(self, key: str) -> float:
        return self.quiet


class InMemoryDispatch:
    """A queue of messages; `run` hands them to a pipeline, in order, until none is left."""

    def __init__(self) -> None:
        self.messages: deque[tuple[Any, ...]] = deque()

    def split(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.SPLIT, job_id))

    def score(self, full_name: str, job_id: str, part: int) -> None:
        self.messages.append((Task.SCORE, job_id, part))

    def finish(self, full_name: str, job_id: str) -> None:
        self.messages.append((Task.FINISH, job_id))

    def answer(self, full_name: str) -> None:
        self.messages.append((Task.ANSWER, full_name))

    def run(self, pipeline: Any) -> None:
        while self.messages:
            task, *args = self.messages.popleft()
            getattr(pipeline, task)(*args)


class InMemoryFleet:
    """A fleet of as many processes as it is told."""

    def __init__(self, *served: Served, processes: int = 1) -> None:
        self._served = {one.card.name: one for one in served}
        self._processes = processes
        self.replaced: dict[str, float] = {}
        self.described: dict[str, Worker] = {}

    def models(self) -> dict[str, Served]:
        return self._served

    def processes(self, full_name: str) -> int:
        names = {one.card.full_name for one in self._served.values()}
        return self._processes if full_name in names else 0

    def serving(self) -> dict[str, int]:
        names = [one.card.full_name for one in self._served.values()]
        return dict.fromkeys(names, self._processes) if self._processes else {}

    def replaced_for(self, full_name: str) -> float:
        return self.replaced.get(full_name, 0.0)

    def describe(self, worker: Worker) -> None:
        self.described[worker.name] = worker

    def workers(self) -> list[Worker]:
        return [one for _, one in sorted(self.described.items())]

    def announce(self, node: str, served: Any) -> None:
        self._served |= {one.card.name: one for one in served}

    def beat(self, node: str) -> int:
        return self._processes

    def leave(self, node: str) -> None:
        self._processes = 0


class LengthModel:
    """A model whose score is known beforehand: a hundredth of the text's length, at most 1."""

    def __init__(self, name: str = "length", version: str = "000000000001") -> None:
        self.card = Card(
            name=name,
            version=version,
            format="pkl",
            files={"model.pkl": "0" * 64},
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.calls: list[int] = []

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        self.calls.append(len(frame))
        if (frame[TEXT] == "raise").any():
            raise ValueError("this text raises")
        scores = frame[TEXT].str.len().astype("float64").div(100).clip(upper=1)
        scores[frame[TEXT] == "nothing"] = float("nan")
        return pd.DataFrame({SCORE: scores}, index=frame.index)

    def warm_up(self) -> None:
        self.calls.clear()


def length_score(text: str) -> float:
    """The score that `LengthModel` gives a text."""
    return min(len(text) / 100, 1.0)


@dataclass
class Service:
    """The whole service in memory: an app, and a pipeline that runs when it is told."""

    app: Flask
    client: FlaskClient
    store: InMemoryJobStore
    blobs: InMemoryBlobs
    dispatch: InMemoryDispatch
    fleet: InMemoryFleet
    model: LengthModel
    pipeline: Pipeline

    def work(self) -> None:
        """Do everything that was dispatched."""
        self.dispatch.run(self.pipeline)

    def submit(self, content: bytes, **options: str) -> Any:
        """POST a CSV; the answer."""
        return self.client.post(
            "/jobs", data=content, content_type="text/csv", query_string=options
        )

    def scored(self, content: bytes, **options: str) -> list[dict[str, Any]]:
        """POST a CSV, do the work, and give the result rows."""
        accepted = self.submit(content, **options)
        assert accepted.status_code == 202, accepted.text
        self.work()
        answer = self.client.get(f"{accepted.location}/results?format=json&limit=10000")
        assert answer.status_code == 200, answer.text
        return list(answer.json["rows"])


def make_service(settings: Settings) -> Service:
    """The whole service in memory, with a model that scores texts by their length."""
    model = LengthModel()
    store, blobs = InMemoryJobStore(settings), InMemoryBlobs()
    dispatch = InMemoryDispatch()
    fleet = InMemoryFleet(Served(card=model.card, rate=10))
    app = create_app(
        settings, store=store, blobs=blobs, dispatch=dispatch, fleet=fleet,
        overview=InMemoryOverview(store),
    )  # fmt: skip
    pipeline = Pipeline(
        settings,
        store=store,
        blobs=blobs,
        dispatch=dispatch,
        fleet=fleet,
        keeper=Keeper(seconds=60),
        models={model.card.full_name: model},
        rates={model.card.full_name: 1000.0},
        journal=Journal(Tally()),
    )
    return Service(app, app.test_client(), store, blobs, dispatch, fleet, model, pipeline)
