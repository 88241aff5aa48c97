"""`add-model` waits for the workers: what it concludes from the answers of a service."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from support.doctor import a_worker
from support.doubles.length_model import LengthModel
from support.in_memory import Service
from support.live import live

from scorelane.client.client import Client
from scorelane.client.retries import Retries
from scorelane.commands.common.until_served import answers, try_it, until_served
from shared.aliases import removed
from shared.fleet import Served

NEW = "length@00000000abcd"


class Clock:
    """A clock that only a pause moves, and what happens at the n-th pause."""

    def __init__(self, **events: Any) -> None:
        self.seconds, self.pauses = 0.0, 0
        self._events = {int(name.removeprefix("at_")): event for name, event in events.items()}

    def now(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds, self.pauses = self.seconds + seconds, self.pauses + 1
        self._events.get(self.pauses, lambda: None)()


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with live(service.app) as port, Client(f"http://127.0.0.1:{port}") as client:
        yield client


def announce(service: Service) -> None:
    card = LengthModel(version=NEW.partition("@")[2]).card
    service.fleet.announce("node", [Served(card=card, rate=10)])


def waited(client: Client, clock: Clock, seconds: float = 60) -> Any:
    return until_served(client, NEW, seconds, now=clock.now, pause=clock.pause)


def test_it_waits_until_a_process_serves_the_version(service: Service, client: Client) -> None:
    """Another version of the same model is not enough."""
    clock = Clock(at_3=lambda: announce(service))
    outcome = waited(client, clock)
    assert outcome.version["version"] == NEW.partition("@")[2]
    assert (outcome.lines, clock.pauses) == ((), 3)


def test_it_names_the_workers_that_do_not_serve_it(service: Service, client: Client) -> None:
    """One worker serves it; the other says why not, or reads another folder."""
    service.fleet.describe(a_worker("one", models=[NEW]))
    service.fleet.describe(a_worker("two", models=[], failed={"length": "It is damaged."}))
    service.fleet.describe(a_worker("three", models=[]))
    announce(service)
    outcome = waited(client, Clock())
    assert outcome.version is not None
    three, two = outcome.lines
    assert "three" in three
    assert "another folder" in three
    assert two.endswith("does not serve it: It is damaged.")


def test_a_reason_that_lasts_ends_the_wait(service: Service, client: Client) -> None:
    """The service may still name what was wrong with the folder before; then it goes on."""
    worker = a_worker("one", models=[], failed={"length": "It is damaged."})
    service.fleet.describe(worker)
    outcome = waited(client, Clock())
    assert outcome.version is None
    assert outcome.lines == ("length is not served: It is damaged.",)
    mended = worker.model_copy(update={"failed": {}, "models": [NEW]})
    clock = Clock(at_5=lambda: service.fleet.describe(mended), at_9=lambda: announce(service))
    assert waited(client, clock).version is not None


def test_the_wait_ends(service: Service, client: Client) -> None:
    """If nobody serves it and nobody says why, the workers are named, or that there is none."""
    assert waited(client, Clock(), seconds=5).lines == ("No worker serves it.",)
    service.fleet.describe(a_worker("one", models=[]))
    assert "another folder" in waited(client, Clock(), seconds=5).lines[0]


def test_a_version_that_was_removed_is_served_again(service: Service, client: Client) -> None:
    """Who adds a model wants it to be served, also if that version was removed before."""
    announce(service)
    version = NEW.partition("@")[2]
    service.aliases.change("length", "me", lambda names: removed(names, version))
    assert waited(client, Clock()).version is not None
    assert service.aliases.all()["length"].removed == ()


def test_whether_a_service_answers(client: Client) -> None:
    """Nothing at the address is no error: a model can be added while no service runs."""
    assert answers(client)
    with Client("http://127.0.0.1:9", retries=Retries(first_contact=0.0)) as nobody:
        assert not answers(nobody)


@pytest.mark.process
def test_the_call_to_try_it_works_when_typed(service: Service, client: Client) -> None:
    """In a shell, with quotes in the row and a version in the name."""
    service.answer_at_once()
    typed = try_it(client.url, "length@0000", {"text": 'it\'s "good"'})
    done = subprocess.run(["sh", "-c", typed], capture_output=True, check=True, text=True)
    [row] = json.loads(done.stdout)
    assert row["ref"] == 1
    assert "error" not in row


def test_workers_of_another_environment_are_not_waited_for(
    service: Service, client: Client
) -> None:
    """They are named all the same, with what they lack."""
    service.fleet.describe(a_worker("one", models=[NEW]))
    why = "its card names numpy 1.26; here, numpy 2.4"
    service.fleet.describe(a_worker("two", models=[], declined={NEW: why}))
    announce(service)
    clock = Clock()
    outcome = waited(client, clock)
    assert (outcome.version is not None, clock.pauses) == (True, 0)
    assert outcome.lines == (f"The worker two on here leaves it to others: {why}.",)


def test_a_version_that_fits_no_worker(service: Service, client: Client) -> None:
    """The wait ends with the reason."""
    why = "its card names numpy 1.26; here, numpy 2.4"
    service.fleet.describe(a_worker("one", models=[], declined={NEW: why}))
    outcome = waited(client, Clock())
    assert outcome.version is None
    assert outcome.lines == (f"length is not served: {NEW} fits no worker: {why}.",)
