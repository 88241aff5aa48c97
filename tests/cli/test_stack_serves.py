"""Commands against a running stack, and the errors that keep a stack from starting."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.pages import run_page

from scorelane import Client
from scorelane.commands.main import cli
from scorelane.stack.errors import StackError
from scorelane.stack.stack import Stack
from shared.card import write_card

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parent.parent.parent
LABELLED = Path(__file__).parents[2] / "examples" / "labelled.csv"


@pytest.fixture
def run(running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that runs a command against the running service, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCORELANE_URL", running.url)

    def command(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.exit_code == exit_code, result.output
        return result.stdout if exit_code == 0 else result.stderr

    return command


def test_a_job_by_steps(run, tmp_path: Path) -> None:
    """One job from submission to deletion: submit, status, results, jobs, cancel and delete."""
    (tmp_path / "in.csv").write_text('id,says\n"a\nb",good\nb,\n', encoding="utf-8")
    job_id = run("submit", "in.csv", "--text-column", "says", "--ref-column", "id").strip()
    assert re.fullmatch(r"[0-9a-f]{32}", job_id)
    assert "succeeded" in run("status", job_id, "--watch")
    assert json.loads(run("status", job_id, "--json"))["rows"] == {
        "total": 2,
        "completed": 1,
        "failed": 1,
    }
    assert run("results", job_id).strip() == f"scored-{job_id}.csv"
    written = (tmp_path / f"scored-{job_id}.csv").read_text(encoding="utf-8")
    assert written == run("results", job_id, "-o", "-")
    assert written.startswith('ref,Sentiment_Score,error\n"a\nb",0.')
    assert job_id in run("jobs")
    assert job_id in {job["id"] for job in json.loads(run("jobs", "--json"))}
    assert "already succeeded" in run("cancel", job_id, exit_code=2)
    run("delete", job_id)
    assert "no job" in run("status", job_id, exit_code=2)


def test_models(run) -> None:
    """`models` lists the served models."""
    assert "fast (default)" in run("models")
    assert [model["name"] for model in json.loads(run("models", "--json"))] == ["fast"]


def test_a_served_model_has_the_figures_of_a_loaded_one(run, running) -> None:
    """`evaluate --url` gives the same figures as a model loaded here, and leaves no job."""
    data = str(LABELLED)
    words = ("evaluate", data, "--behaviour", "--json", "--model", "fast")
    assert json.loads(run(*words, "--url", running.url)) == json.loads(run(*words))
    assert json.loads(run("jobs", "--json")) == []
    assert "no model" in run("evaluate", data, "--url", running.url, "--model", "x", exit_code=2)


def test_wrong_column(run, tmp_path: Path) -> None:
    """A file without the text column is refused; the message names its columns."""
    (tmp_path / "in.csv").write_text("review\ngood\n", encoding="utf-8")
    assert "review" in run("score", "in.csv", exit_code=2)


def test_port_taken(running, tmp_path: Path) -> None:
    """A port in use is an error before anything is started."""
    port = int(running.url.rpartition(":")[2])
    with pytest.raises(StackError, match=rf"Port {port} .*--port"), Stack(tmp_path, port=port):
        pass


def test_data_in_use(running) -> None:
    """A second stack on the same data folder is refused."""
    plan = json.loads(running.process("scorelane.stack.supervisor").cmdline()[-1])
    with pytest.raises(StackError, match=r"in use.*--data"), Stack(Path(plan["data"])):
        pass


def test_doctor_finds_the_running_stack(running, monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor --data` examines the API on its port and the Redis of the stack, without a fault."""
    for name in ("SCORELANE_URL", "SCORELANE_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    plan = json.loads(running.process("scorelane.stack.supervisor").cmdline()[-1])
    result = CliRunner().invoke(cli, ["doctor", "--json", "--data", plan["data"]])
    findings = json.loads(result.stdout)
    assert [one for one in findings if one["level"] == "fault"] == []
    messages = [one["message"] for one in findings]
    assert f"`scorelane serve` runs here, with the data folder {plan['data']}." in messages
    assert f"{running.url} is ready." in messages
    assert "1 worker is alive, with 1 process." in messages


def test_no_models(tmp_path: Path) -> None:
    """A models folder without a model is an error before anything is started."""
    with pytest.raises(StackError, match="no model"), Stack(models=tmp_path):
        pass


def test_a_worker_that_cannot_load(tmp_path: Path) -> None:
    """If a model cannot be loaded, the error has the end of the worker's log."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.pkl").write_bytes(b"no pickle")
    write_card(tmp_path / "broken", name="broken", format="pkl", files=["model.pkl"])
    with (
        pytest.raises(StackError, match=r"(?s)Worker has ended.*model\.pkl"),
        Stack(models=tmp_path),
    ):
        pass


def test_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used is named in the error."""
    monkeypatch.setenv("SCORELANE_SMALL_ROWS", "few")
    with pytest.raises(StackError, match="SCORELANE_SMALL_ROWS"), Stack():
        pass


def test_bad_models_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a card and a file that is no pickle do not keep `fast` from being served."""
    monkeypatch.delenv("SCORELANE_SERVE", raising=False)
    for name in ("cardless", "pickle"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.pkl").write_text("no model")
    write_card(tmp_path / "pickle", name="pickle", format="pkl", files=["model.pkl"])
    shutil.copytree(ROOT / "models" / "fast", tmp_path / "fast")
    with Stack(processes=1, models=tmp_path) as stack, Client(stack.url) as client:
        assert [name.partition("@")[0] for name in stack.models] == ["fast"]
        assert stack.failed.keys() == {"cardless", "pickle"}
        assert client.failed_models() == stack.failed
        assert "has no card.json" in stack.failed["cardless"]
        assert f"{tmp_path}/pickle/model.pkl cannot be served" in stack.failed["pickle"]
        assert client.sentiment({"text": ["I am well"]})


def test_not_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder `worker` in the current folder is not imported instead of Scorelane's."""
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "__init__.py").write_text("raise SystemExit('wrong')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCORELANE_SERVE", "fast")
    with Stack(processes=1) as stack:
        assert stack.models


def test_the_page_of_the_client(running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of docs/client.md runs in an event loop, as notebook cells do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCORELANE_URL", running.url)
    (tmp_path / "reviews.csv").write_bytes((ROOT / "examples/reviews.csv").read_bytes())
    variables = asyncio.run(
        run_page(ROOT / "docs/client.md", {"http://127.0.0.1:5005": running.url})
    )
    clients = [one for one in variables.values() if isinstance(one, Client)]
    for client in clients:
        client.close()
    assert len(clients) == 3
    assert (tmp_path / "scored.ndjson").read_bytes().count(b"\n") == 2
    assert len((tmp_path / "scored.csv").read_text(encoding="utf-8").splitlines()) == 121
