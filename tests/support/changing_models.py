"""A real service whose models folder changes while it runs."""

import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from support.faulty import Faulty, SentJob
from support.moody_model import MoodyModel
from support.programs import Programs
from support.waiting import wait_for

from benchmarks.runtime_package import make
from shared.card import write_card
from shared.config.settings import Settings
from shared.model import SCORE
from shared.redis.link import RedisLink
from training.model_folder import new_model_folder

#: The name of the model, and of its format.
NAME = "moody"

#: Settings under which changes are found quickly.
SHORT = {
    "lease_seconds": "2",
    "reconcile_seconds": "0.5",
    "heartbeat_seconds": "0.5",
    "models_seconds": "0.2",
}


class ChangingModels:
    """The models folder of a service, with one model, `moody`."""

    def __init__(self, service: Faulty, folder: Path, score: float, pace: float = 0.0) -> None:
        """Write the first version of the model; workers that start from now on serve it.

        Args:
            service: the service; its API runs.
            folder: a new folder.
            score: the score that the model gives every row.
            pace: the seconds that it takes for each, until `hurry`.
        """
        self._slow = folder.parent / "slow"
        self._slow.touch()
        service.env["MOODY_SLOW"] = str(self._slow)
        self.service = service
        self.pace = pace
        service.env |= make(folder, NAME, MoodyModel, f"{score} {pace} good")
        service.env["SCORELANE_SERVE"] = ""
        self.folder = folder / "models"

    def write(self, folder: Path, score: float, mood: str = "good", name: str = NAME) -> str:
        """Write a version into a folder that is there; its full name."""
        (folder / f"model.{NAME}").write_text(f"{score} {self.pace} {mood}")
        return write_card(folder, name=name, format=NAME, files=[f"model.{NAME}"]).full_name

    def put(
        self, score: float, mood: str = "good", name: str = NAME, *, force: bool = False
    ) -> str:
        """Add a version as `scorelane add-model` does; its full name."""
        with new_model_folder(self.folder, name, force=force) as building:
            return self.write(building, score, mood, name)

    def hurry(self) -> None:
        """Let running jobs end soon."""
        self._slow.unlink()

    def current(self, name: str = NAME) -> str:
        """The full name of the version that new jobs get; empty: there is none."""
        models = self.service.client.get("/models").json()["models"]
        found = [one["version"] for one in models if one["name"] == name and one["processes"]]
        return f"{name}@{found[0]}" if found else ""

    def wait_served(self, full_name: str) -> None:
        """Wait until new jobs get a version."""
        wait_for(lambda: self.current(full_name.partition("@")[0]) == full_name, 180)

    def failed(self) -> dict[str, str]:
        """Why folders are not served."""
        failed = self.service.client.get("/models").json()["failed"]
        return {one["name"]: one["reason"] for one in failed}

    def wait_failed(self, folder: str, reason: str) -> None:
        """Wait until the service says why a folder is not served."""
        wait_for(lambda: reason in self.failed().get(folder, ""), 180)

    def score(self, model: str = NAME) -> float:
        """The score of a question, which must be answered at once."""
        answer = self.service.client.post(f"/score?model={model}", json={"text": ["well"]})
        assert answer.status_code == 200, answer.text
        return float(answer.json()[0][SCORE])

    def check(self, job: SentJob, score: float) -> None:
        """Check that every row of a job has a score, once and in order."""
        ended = self.service.wait_for_end(job.location)
        assert (ended["state"], ended["rows"]["failed"]) == ("succeeded", 0), ended["detail"]
        found = self.service.results(job.location)
        assert found["ref"].tolist() == job.sent["ref"].tolist()
        assert set(found[SCORE]) == {score}

    def serving(self) -> dict[str, int]:
        """The number of processes that have loaded each version."""
        processes: dict[str, int] = self.service.client.get("/readyz").json().get("processes", {})
        return processes


def wait_serving(service: Programs, workers: list[subprocess.Popen[bytes]]) -> None:
    """Wait until a living process of each of these workers has announced what it serves.

    The API also counts processes that were killed, until their announcements have run out.
    """
    settings = Settings(redis_url=service.env["SCORELANE_REDIS_URL"])
    link = RedisLink(settings)

    def announced() -> set[int]:
        nodes = link.client.smembers(link.key("nodes"))
        return {int(pid) for node in nodes for pid in link.client.hkeys(link.key("worker", node))}

    try:
        wait_for(lambda: all(scoring_pids(worker) & announced() for worker in workers), 180)
    finally:
        link.close()


def scoring_pids(worker: subprocess.Popen[bytes]) -> set[int]:
    """The living scoring processes of a worker: its children of its own name."""
    own = psutil.Process(worker.pid)
    command, pids = own.cmdline(), set()
    for child in own.children():
        # One that was killed has no command line.
        with suppress(psutil.NoSuchProcess):
            if child.cmdline() == command:
                pids.add(child.pid)
    return pids
