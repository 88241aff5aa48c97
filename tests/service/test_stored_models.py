"""Models under a prefix of object storage, on a real S3 server (SeaweedFS), while these change."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import object_storage
from support.changing_models import NAME, SHORT, ChangingModels
from support.faulty import faulty
from support.s3_proxy import S3Proxy, s3_proxy
from support.waiting import wait_for

from shared.card import read_card
from shared.config.object_address import object_address
from shared.publishing import publish
from shared.stored_models import StoredModels

URL = f"s3://{object_storage.BUCKET}/models"

#: The seconds until something has happened that takes a second: the machine may be busy.
LONG = 180


@pytest.fixture
def store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[S3Proxy, dict[str, str]]]:
    """A server with a bucket of its own, behind a proxy; and the variables that lead to it."""
    with object_storage.seaweedfs(tmp_path) as variables, s3_proxy(variables) as (proxy, proxied):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield proxy, proxied


@pytest.fixture
def stored(store: tuple[S3Proxy, dict[str, str]]) -> StoredModels:
    """The models of the service, reached past the proxy."""
    del store  # its variables are in the environment
    return StoredModels(object_address(URL))


@pytest.fixture
def models(
    tmp_path: Path, sockets: Path, store: tuple[S3Proxy, dict[str, str]], stored: StoredModels
) -> Iterator[ChangingModels]:
    """A service whose API runs, with one model in object storage; the test starts the worker."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    settings = {"default_model": NAME, "replaced_seconds": "0.5", "models": URL}
    env = store[1] | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    with faulty(tmp_path, own, variables=env, **(SHORT | settings)) as service:
        models = ChangingModels(service, tmp_path / "moody", 0.25)
        publish(models.folder / NAME, stored, force=False)
        yield models


def put(models: ChangingModels, stored: StoredModels, score: float) -> str:
    """Store another version, as `scorelane add-model` does; its full name."""
    models.put(score, force=True)
    return publish(models.folder / NAME, stored, force=False).full_name


def copies(tmp_path: Path) -> set[str]:
    """The models that the worker has copied to this machine."""
    folders = (tmp_path / "cache" / "scorelane" / "models").glob("*/*/card.json")
    return {read_card(card.parent).full_name for card in folders}


def test_models_in_object_storage_come_and_go_without_a_restart(
    models: ChangingModels, stored: StoredModels, tmp_path: Path
) -> None:
    """New jobs get the version that was added last, and the one before when it is removed."""
    worker = models.service.start_worker()
    models.service.wait_ready()
    first = models.current()
    models.check(models.service.submit_rows(100), 0.25)
    second = put(models, stored, 0.75)
    models.wait_served(second)
    models.check(models.service.submit_rows(100), 0.75)
    assert copies(tmp_path) == {first, second}
    stored.remove(second)
    models.wait_served(first)
    models.check(models.service.submit_rows(100), 0.25)
    wait_for(lambda: copies(tmp_path) == {first}, LONG)
    wait_for(lambda: models.serving() == {first: 1}, LONG)
    assert worker.poll() is None


def test_a_store_that_refuses_changes_nothing(
    models: ChangingModels, stored: StoredModels, store: tuple[S3Proxy, dict[str, str]]
) -> None:
    """`GET /models` says why, and what was added meanwhile is served when the store is back."""
    proxy, _ = store
    models.service.start_worker()
    models.service.wait_ready()
    first = models.current()
    proxy.expired = True
    models.wait_failed(URL, "refuses the credentials")
    second = put(models, stored, 0.75)
    models.check(models.service.submit_rows(100), 0.25)
    assert models.current() == first
    proxy.expired = False
    models.wait_served(second)
    wait_for(lambda: not models.failed(), LONG)


def test_a_worker_that_cannot_list_its_models_does_not_start(
    models: ChangingModels, stored: StoredModels, store: tuple[S3Proxy, dict[str, str]]
) -> None:
    """Its last line says which store does what, and so it does for a prefix without a model."""
    store[0].expired = True
    assert f"the models in {URL} cannot be listed: s3://" in last_line(models)
    store[0].expired = False
    for folder in stored.folders():
        stored.remove(folder)
    assert f"There is no model in {URL}" in last_line(models)


def last_line(models: ChangingModels) -> str:
    """The last line of the log of a worker that does not start."""
    worker: subprocess.Popen[bytes] = models.service.start_worker()
    assert worker.wait(LONG) == 1
    return (models.service.folder / "worker.log").read_text().splitlines()[-1]
