"""Callbacks, from the end of a job to a real receiver, which verifies the signature."""

import base64
import logging
import socket
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import WebhookVerificationError
from support.callbacks import CSV, NEW, OLD, TEXT, callback, deliver, make_sender, running
from support.in_memory import Service, make_service
from support.problems import refused
from support.receiver import Receiver
from support.waiting import wait_for

from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings
from shared.errors.service import BadWebhookSecret
from shared.jobs.state import CallbackState


def test_the_end_of_a_job_is_sent(service: Service, settings: Settings, receiver: Receiver) -> None:
    """The message is signed with each secret; it describes the job, and contains no row."""
    accepted = service.submit(CSV, callback_url=receiver.url, label="team:growth")
    assert accepted.json["callback"] == {"state": "waiting", "attempts": 0, "last_error": None}
    assert deliver(service, settings) == 0
    service.work()
    assert deliver(service, settings) == 1
    for secret in (OLD, NEW):
        message = receiver.verified(secret)
    job = service.client.get(accepted.location).json
    assert message["type"] == "job.succeeded"
    assert message["timestamp"] == job["finished_at"]
    assert message["data"] == {
        **{
            name: job[name]
            for name in (
                "id",
                "state",
                "owner",
                "model",
                "rows",
                "created_at",
                "started_at",
                "finished_at",
                "error",
                "labels",
            )
        },
        "links": {"self": accepted.location, "results": f"{accepted.location}/results"},
    }
    headers, body = receiver.got[0]
    assert TEXT.encode() not in body
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] == f"localhost:{receiver.port}"
    assert job["callback"] == {"state": "delivered", "attempts": 1, "last_error": None}
    with pytest.raises(WebhookVerificationError):
        receiver.verified(f"whsec_{base64.b64encode(b'x' * 32).decode()}")
    assert deliver(service, settings) == 0


def test_failed_cancelled_and_small_jobs_are_sent_too(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    """Every end of a job is sent, not only the good end of a bulk job."""
    query = {"callback_url": receiver.url, "on_error": "fail"}
    service.client.post("/jobs", json={"text": ["a"]}, query_string=query)
    service.client.post("/jobs", json={"text": [""]}, query_string=query)
    cancelled = service.submit(CSV, **query)
    service.client.post(f"{cancelled.location}/cancel")
    service.submit(CSV, **query)
    service.work()
    assert deliver(service, settings) == 4
    types = [receiver.verified(NEW, at)["type"] for at in range(4)]
    assert sorted(types) == ["job.cancelled", "job.failed", "job.failed", "job.succeeded"]


def test_the_message_of_a_failed_job_quotes_no_row(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    """A ref may be somebody's name: the job shows it to its owner, and the message does not."""
    query = {"callback_url": receiver.url, "on_error": "fail"}
    at = service.submit(b"ref,text\nx The first found is Ann,\n", **query).location
    service.client.post("/jobs", json={"text": [""], "ref": ["Ann"]}, query_string=query)
    service.work()
    assert deliver(service, settings) == 2
    assert "Ann" in service.client.get(at).json["error"]
    for number in range(2):
        message = receiver.verified(NEW, number)
        assert message["data"]["error"].startswith("More rows have an error than on_error=fail")
        assert b"Ann" not in receiver.got[number][1]


def test_a_callback_is_tried_again_with_the_same_id(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    """A callback is tried until the receiver takes it; a redirect is a failure."""
    receiver.answers += [(500, {}), (302, {"Location": receiver.url}), (200, {})]
    location = service.submit(CSV, callback_url=receiver.url).location
    service.work()
    seen = []
    for _ in range(3):
        assert wait_for(lambda: deliver(service, settings)) == 1
        seen.append(
            (callback(service, location)["state"], callback(service, location)["last_error"])
        )
    assert seen == [
        ("pending", "it answered 500"),
        ("pending", "it answered 302"),
        ("delivered", None),
    ]
    assert callback(service, location)["attempts"] == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert [receiver.verified(OLD, at)["data"]["id"] for at in range(3)]


def test_a_receiver_that_is_gone_is_not_asked_again(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    """After a 410 there is no other attempt."""
    receiver.answers.append((410, {}))
    location = service.submit(CSV, callback_url=receiver.url).location
    service.work()
    deliver(service, settings)
    assert callback(service, location) == {
        "state": "failed",
        "attempts": 1,
        "last_error": "it answered 410",
    }
    assert deliver(service, settings) == 0


def test_the_waits_grow_and_end(service: Service, settings: Settings, receiver: Receiver) -> None:
    """Each wait is some six times the last, and at least `Retry-After`; at last it is given up."""
    long = settings.model_copy(
        update={"callback_backoff_seconds": 5.0, "callback_give_up_seconds": 3600.0}
    )
    noted: list[tuple[str, float]] = []
    service.submit(CSV, callback_url=receiver.url)
    service.work()
    [(job_id, _)] = service.store.take_callbacks(1, 60)
    service.store.note_callback = (  # type: ignore[method-assign]
        lambda _id, state, again_in=0.0, **_: noted.append((state, again_in))
    )
    date = formatdate(time.time() + 1000, usegmt=True)
    for attempt, after in (
        (1, None),
        (2, None),
        (3, "600"),
        (4, date),
        (4, "soon"),
        (6, None),
        (1000, None),
    ):
        receiver.answers.append((503, {"Retry-After": after} if after else {}))
        make_sender(service, long).deliver(job_id, attempt)
    assert [state for state, _ in noted] == ["pending"] * 5 + ["failed"] * 2
    for (_, wait), least, most in zip(
        noted, (4, 24, 600, 900, 864, 0, 0), (6, 36, 600, 1300, 1296, 0, 0), strict=True
    ):
        assert least <= wait <= most


def test_a_receiver_that_cannot_be_reached_is_reported(
    service: Service, settings: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """The job shows the kind of the failure. The URL is not logged."""
    caplog.set_level(logging.DEBUG)
    location = service.submit(CSV, callback_url=receiver.url).location
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://localhost:{free.getsockname()[1]}/?token=1"
    refused_at = service.submit(CSV, callback_url=closed).location
    service.work()
    receiver.responsive.clear()
    deliver(service, settings.model_copy(update={"callback_timeout": 0.2}))
    assert callback(service, location)["last_error"] == "it did not answer in time"
    assert callback(service, refused_at)["last_error"] == (
        "it could not be reached (Connection refused)"
    )
    assert "token" not in caplog.text


def test_a_delivered_callback_is_in_the_manifest(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    """If Redis loses its data and the job is restored, its callback is not sent again."""
    job_id = service.submit(CSV, callback_url=receiver.url).json["id"]
    service.work()
    assert b'"callback_state":"pending"' in service.blobs.read(f"jobs/{job_id}/manifest.json")
    deliver(service, settings)
    assert b'"callback_state":"delivered"' in service.blobs.read(f"jobs/{job_id}/manifest.json")
    assert service.store.get(job_id).callback_state is CallbackState.DELIVERED


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/", "private network"),
        ("ftp://example.org/", "http://HOST"),
        ("http://user@localhost/", "user's name"),
        ("nonsense", "http://HOST"),
        ("http://nowhere.invalid/", "not known"),
    ],
)
def test_a_bad_callback_url_is_refused(service: Service, url: str, why: str) -> None:
    """A URL that is malformed or not allowed is refused before the job is recorded."""
    assert why in refused(service, service.submit(CSV, callback_url=url), 422, "bad-callback")


def test_without_a_secret_there_are_no_callbacks(settings: Settings) -> None:
    """Without a secret `callback_url` is refused: anybody could forge an unsigned message."""
    service = make_service(settings.model_copy(update={"webhook_secrets": SecretStr("")}))
    answer = service.submit(CSV, callback_url="http://localhost/")
    assert "SCORELANE_WEBHOOK_SECRETS" in refused(service, answer, 422, "no-callbacks")


def test_secrets_are_changed_by_their_file(settings: Settings, tmp_path: Path) -> None:
    """The file is read at each use. An invalid secret is named by its number only, never quoted."""
    path = tmp_path / "secrets"
    path.write_text(f"# both for a while\n{OLD}\n{NEW}\n")
    with_file = settings.model_copy(
        update={"webhook_secrets": SecretStr(""), "webhook_secrets_file": path}
    )
    assert webhook_secrets(with_file) == [b"\7" * 32, b"\10" * 32]
    path.write_text(f"{NEW}\n")
    assert webhook_secrets(with_file) == [b"\10" * 32]
    for wrong in ("hush-hush", "whsec_short", "whsec_!", OLD.removeprefix("whsec_")):
        path.write_text(f"{NEW}\n{wrong}\n")
        with pytest.raises(BadWebhookSecret, match="secret 2") as raised:
            webhook_secrets(with_file)
        assert wrong not in str(raised.value)


def test_no_thread_is_left(service: Service, settings: Settings) -> None:
    """A sender that is stopped ends, with all its threads."""
    before = threading.active_count()
    with running(make_sender(service, settings, pause=0.01)):
        pass
    assert threading.active_count() == before
