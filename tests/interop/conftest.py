"""Fixtures of the tests with other projects' clients: the real service with two models."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.four_models import Fitted, price, titanic
from support.programs import Programs, programs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: `make test` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("clients")


@pytest.fixture(scope="session")
def fitted() -> dict[str, Fitted]:
    """The estimators, by the names of their models."""
    return {"titanic": titanic(), "price": price()}


@pytest.fixture(scope="session")
def serving(
    fitted: dict[str, Fitted], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Programs]:
    """The real service with both models; `price` is the default, as MLflow's client names none."""
    folder = tmp_path_factory.mktemp("interop")
    models = folder / "models"
    models.mkdir()
    for one in fitted.values():
        one.add(models)
    with (
        # A short path, because the path of a Unix socket has at most 107 bytes.
        tempfile.TemporaryDirectory(prefix="scorelane-") as sockets,
        programs(
            folder,
            Path(sockets),
            serve=",".join(fitted),
            default_model="price",
            models_dir=str(models),
            processes="1",
        ) as running,
    ):
        running.start_worker()
        running.wait_ready()
        yield running
