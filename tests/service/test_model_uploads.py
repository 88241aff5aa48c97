"""A model that is uploaded to a running service, and served by its workers."""

import tempfile
from pathlib import Path

import pytest
from support.changing_models import NAME, SHORT, ChangingModels
from support.faulty import faulty
from support.owners import ROOT
from support.waiting import wait_for

from scorelane.client.client import Client
from scorelane.commands.common.until_served import until_served
from shared.model import SCORE

pytestmark = pytest.mark.stack


def test_an_uploaded_model_is_served_without_a_restart(tmp_path: Path, sockets: Path) -> None:
    """The client sends a model folder, and asks the version that the answer names."""
    own, source = Path(tempfile.mkdtemp(dir=sockets)), tmp_path / "source"
    source.mkdir()
    settings = {"default_model": NAME, "model_uploads": "true", "api_keys": ROOT.line}
    settings["models_dir"] = str(tmp_path / "moody" / "models")
    with faulty(tmp_path, own, **(SHORT | settings)) as service:
        models = ChangingModels(service, tmp_path / "moody", 0.25)
        worker = service.start_worker()
        service.wait_ready()
        with Client(str(service.client.base_url), api_key=ROOT.key) as client:
            full_name = models.write(source, 0.75)
            assert client.upload_model(source)["model"] == full_name
            assert until_served(client, full_name, 180).version
            wait_for(lambda: [one["version"] for one in client.models()] == [full_name[-12:]])
            scored = client.score_rows(["well"], model=full_name)
            assert scored[0][SCORE] == 0.75
        assert worker.poll() is None
