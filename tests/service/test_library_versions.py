"""Two groups of workers with different versions of scikit-learn serve one models folder."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.programs import ROOT, Programs, programs
from support.waiting import wait_for

from shared.card import Card, read_card
from shared.model import SCORE

#: A version that the worker's code supports, and that is not the installed one.
OLDER = "1.7.2"

SHORT = {"reconcile_seconds": "0.5", "heartbeat_seconds": "0.5", "models_seconds": "0.2"}

COMMAND = "from scorelane.commands.main import main; main()"

TRAIN = """
import joblib, sys
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
texts = ["a good film", "good and fine", "very good", "a bad film", "bad and dull", "very bad"] * 3
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=float(sys.argv[2])))
joblib.dump(model.fit(texts, ["good", "good", "good", "bad", "bad", "bad"] * 3), sys.argv[1])
"""


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with another version of scikit-learn, from the registry that pip uses."""
    folder = tmp_path_factory.mktemp("older") / "scikit-learn"
    what = ["--no-deps", "--only-binary", ":all:", f"scikit-learn=={OLDER}"]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), *what]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot install scikit-learn {OLDER}: {done.stderr[-200:]}")
    return folder


@dataclass
class Groups:
    """The programs of a service, and the environments of its two groups of workers."""

    service: Programs
    models: Path
    environments: dict[str, dict[str, str]]

    def add(self, name: str, group: str, c: float = 1.0) -> tuple[Card, str]:
        """Fit a model in the environment of a group, and add it there.

        Returns:
            Its card, and what `add-model` has printed.
        """
        env, file = self.environments[group], self.service.folder / f"{name}.pkl"
        subprocess.run([sys.executable, "-c", TRAIN, str(file), str(c)], env=env, check=True)
        command = [sys.executable, "-c", COMMAND, "add-model", str(file), "--name", name]
        command += ["--positive", "good", "--url", str(self.service.client.base_url)]
        if not self.service.running("worker"):
            command.append("--no-wait")
        done = subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert (self.models / name).is_dir(), said
        return read_card(self.models / name), said

    def start(self, group: str) -> subprocess.Popen[bytes]:
        """Start a worker of a group."""
        self.service.env = self.environments[group]
        return self.service.start_worker()

    def listed(self) -> dict[str, Any]:
        """What `GET /models` says."""
        return dict(self.service.client.get("/models").json())

    def served_with(self) -> dict[str, list[str]]:
        """The versions of scikit-learn at the workers that serve each version, by full name."""
        return {
            f"{one['name']}@{one['version']}": [
                workers["libraries"]["scikit-learn"] for workers in one["served_by"]
            ]
            for one in self.listed()["versions"]
            if one["processes"]
        }

    def wait_served(self, **versions: str) -> None:
        """Wait until new jobs of models get these versions of them."""
        wait_for(
            lambda: (
                versions.items()
                <= {
                    one["name"]: one["version"]
                    for one in self.listed()["models"]
                    if one["processes"]
                }.items()
            ),
            180,
        )

    def scored_with(self, model: str, **how: Any) -> set[str]:
        """The versions of scikit-learn that have scored a job, by its receipt."""
        accepted = self.service.client.post(f"/jobs?model={model}", **how)
        assert accepted.status_code == 202, accepted.text
        location = accepted.headers["Location"]
        assert self.service.wait_for_end(location)["state"] == "succeeded"
        receipt = self.service.client.get(f"{location}/receipt").json()
        return {one["scikit-learn"] for one in receipt["libraries"]}


@pytest.fixture
def groups(tmp_path: Path, sockets: Path, older: Path) -> Iterator[Groups]:
    """A service without workers and without models, and two environments."""
    own, models = Path(tempfile.mkdtemp(dir=sockets)), tmp_path / "models"
    settings = SHORT | {"models_dir": str(models), "library_versions": "same"}
    with programs(
        tmp_path, own, processes="1", serve="", default_model="newer", **settings
    ) as service:
        path = [str(older), str(ROOT), os.environ.get("PYTHONPATH", "")]
        env = {**service.env, "PYTHONPATH": os.pathsep.join(path)}
        yield Groups(service, models, {"newer": service.env, "older": env})


def test_each_group_serves_the_models_that_were_made_for_it(groups: Groups) -> None:
    """Jobs, small jobs and questions of each model are scored with the version of its card."""
    newer, _ = groups.add("newer", "newer")
    groups.start("newer")
    groups.service.wait_ready()
    older, said = groups.add("older", "older")
    assert older.libraries["scikit-learn"] == OLDER
    reason = (
        f"its card names scikit-learn {OLDER}; here, scikit-learn {newer.libraries['scikit-learn']}"
    )
    assert f"older is not served: {older.full_name} fits no worker: {reason}." in said
    [unserved] = groups.listed()["failed"]
    assert unserved["name"] == "older"
    found = groups.service.client.get("/service").json()["findings"]
    assert any(f"No worker serves {older.full_name}" in one["message"] for one in found)

    groups.start("older")
    groups.wait_served(newer=newer.version, older=older.version)
    here = newer.libraries["scikit-learn"]
    wait_for(lambda: groups.served_with() == {newer.full_name: [here], older.full_name: [OLDER]})
    wait_for(lambda: not groups.listed()["failed"])
    assert {(one["name"], one["workers"]) for one in groups.listed()["declined"]} == {
        ("newer", 1),
        ("older", 1),
    }
    csv = {"content": "text\n" + "a good film\n" * 5000, "headers": {"Content-Type": "text/csv"}}
    for name, expected in (("newer", here), ("older", OLDER)):
        assert groups.scored_with(name, **csv) == {expected}
        assert groups.scored_with(name, json={"text": ["very good", "very bad"]}) == {expected}
        answer = groups.service.client.post(f"/score?model={name}", json={"text": ["very good"]})
        assert answer.json()[0][SCORE] > 0.5
    refused = groups.service.client.post("/jobs?models=newer,older", json={"text": ["good"]})
    assert refused.status_code == 400
    assert "a job of its own" in refused.json()["detail"]


def test_a_new_version_moves_to_the_other_group(groups: Groups) -> None:
    """New jobs get it, also after the group that has the version before was started again."""
    before, _ = groups.add("mine", "newer")
    groups.add("other", "older")
    first = groups.start("newer")
    groups.start("older")
    groups.wait_served(mine=before.version)
    after, said = groups.add("mine", "older", c=3.0)
    assert f"{after.full_name} is served by 1 processes." in said
    assert f"leaves it to others: its card names scikit-learn {OLDER}" in said
    groups.wait_served(mine=after.version)
    first.terminate()
    first.wait()
    groups.start("newer")
    wait_for(lambda: before.full_name in groups.served_with(), 180)
    groups.wait_served(mine=after.version)
    assert groups.scored_with("mine", json={"text": ["very good"]}) == {OLDER}
    assert groups.scored_with(before.full_name, json={"text": ["very good"]}) == {
        before.libraries["scikit-learn"]
    }
