"""However the stack ends, no process, file or lock of it remains."""

import fcntl
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.waiting import wait_for

from scorelane.stack.restarts import MOST

pytestmark = pytest.mark.stack

SCORELANE = Path(sys.executable).with_name("scorelane")
SERVE = ("serve", "--host", "127.0.0.1", "--port", "0", "--data", "data")


def test_the_banner_names_the_page(start) -> None:
    """`serve` ends its banner with the address that a browser shows as the console."""
    serving = start(*SERVE).wait_ready()
    [address] = re.findall(r"Open (http://127\.0\.0\.1:\d+) in a browser\.", serving.output())
    page = httpx.get(address, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert httpx.get(address).json()["name"] == "Scorelane"


def test_ctrl_c(start, short_folder: Path) -> None:
    """Ctrl-C stops `serve` and its programs, and leaves no temporary file; the exit code is 130."""
    serving = start(*SERVE).wait_ready()
    serving.interrupt()
    assert serving.wait_gone() == 130
    assert list(short_folder.iterdir()) == []


def test_sigterm(start) -> None:
    """SIGTERM, as a service manager sends it, stops everything too."""
    serving = start(*SERVE).wait_ready()
    serving.program.terminate()
    assert serving.wait_gone() == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    "victim",
    ["bin/scorelane", "scorelane.stack.supervisor", "scorelane.stack.guard"],
    ids=["cli", "sup", "guard"],
)
def test_kill_9(start, tmp_path: Path, short_folder: Path, victim: str) -> None:
    """A kill -9 of the command, its supervisor or its guard leaves no process and no lock."""
    serving = start(*SERVE).wait_ready()
    serving.process(victim).kill()
    serving.wait_gone()
    assert list(short_folder.iterdir()) == []
    with (tmp_path / "data" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_kill_9_of_supervisor_and_guard(start) -> None:
    """A kill -9 of both the supervisor and its guard leaves no process."""
    serving = start(*SERVE).wait_ready()
    guard = serving.process("scorelane.stack.guard")
    serving.process("scorelane.stack.supervisor").kill()
    guard.kill()
    assert serving.wait_gone() == 3


def test_a_program_that_dies_is_started_again(start, tmp_path: Path) -> None:
    """If a main process is killed, it is started again, and the service goes on with its data."""
    (tmp_path / "in.csv").write_text("ref,text\n1,I am well\n", encoding="utf-8")
    serving = start(*SERVE).wait_ready()
    job_id = _command("submit", "in.csv", "--wait", "--url", serving.url, cwd=tmp_path).strip()
    for victim, name in (
        ("-server ", "Redis"),  # of Redis or of Valkey
        ("-m worker", "Worker"),
        ("-m gunicorn", "API"),
    ):
        serving.process(victim).kill()
        sentence = f"{name} has ended (signal 9), and was started again."
        wait_for(lambda sentence=sentence: sentence in serving.output())
        serving.remember()
    # The client tries again while the API starts; the job waits while the worker loads its models.
    command = ("score", "in.csv", "-o", "-", "--url", serving.url)
    first = _command(*command, cwd=tmp_path)
    assert _command("results", job_id, "-o", "-", "--url", serving.url, cwd=tmp_path) == first
    serving.interrupt()
    assert serving.wait_gone() == 130


def test_a_program_that_dies_again_and_again(start) -> None:
    """It is given up: all stop, and the message names it and has the end of its log."""
    serving = start(*SERVE).wait_ready()
    for number in range(MOST + 1):
        wait_for(lambda number=number: serving.output().count("was started again") == number)
        serving.forget("-m gunicorn")
        serving.remember()
        serving.process("-m gunicorn").kill()
    assert serving.wait_gone() == 3
    assert "API has ended (signal 9, again and again), so everything" in serving.output()
    assert "api.log" in serving.output()
    assert "Traceback" not in serving.output()


def test_ctrl_c_during_start(start, short_folder: Path) -> None:
    """Ctrl-C while the models are loading leaves nothing."""
    serving = start(*SERVE)
    wait_for(lambda: "loads its models" in serving.output())
    serving.remember()
    serving.interrupt()
    assert serving.wait_gone() == 130
    assert list(short_folder.iterdir()) == []


def test_score_leaves_nothing(start, tmp_path: Path, short_folder: Path) -> None:
    """`score` without --url starts a service, scores every row, and removes all but its output.

    The keys of another service, in the same environment, are none of its own.
    """
    (tmp_path / "in.csv").write_text("ref,text\n007,I am well\nb,\nc,dull\n", encoding="utf-8")
    scoring = start("score", "in.csv", SCORELANE_API_KEYS_FILE="absent.txt")
    wait_for(lambda: "loads its models" in scoring.output())
    scoring.remember()
    assert scoring.wait_gone() == 0, scoring.output()
    header, *rows = (tmp_path / "scored-in.csv").read_text(encoding="utf-8").splitlines()
    assert header == "ref,Sentiment_Score,error"
    assert [row.split(",")[0] for row in rows] == ["007", "b", "c"]
    assert "3 rows: 2 scored, 1 with an error" in scoring.output()
    assert list(short_folder.iterdir()) == []


def test_score_killed(start, tmp_path: Path, short_folder: Path) -> None:
    """If `score` is killed with -9, its temporary folder is removed."""
    (tmp_path / "in.csv").write_text("text\nI am well\n", encoding="utf-8")
    scoring = start("score", "in.csv")
    wait_for(lambda: "loads its models" in scoring.output())
    scoring.remember()
    scoring.program.kill()
    scoring.wait_gone()
    wait_for(lambda: not list(short_folder.iterdir()))


def test_data_survives(start, tmp_path: Path) -> None:
    """After a restart on the same data folder, jobs and their results are still available."""
    (tmp_path / "in.csv").write_text("ref,text\n1,I am well\n", encoding="utf-8")
    (tmp_path / "data").mkdir(mode=0o755)
    serving = start(*SERVE).wait_ready()
    # The texts of jobs are in there, and others could enter the folder.
    for path in [tmp_path / "data", *(tmp_path / "data").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    job_id = _command("submit", "in.csv", "--url", serving.url, cwd=tmp_path).strip()
    _command("status", job_id, "--watch", "--url", serving.url, cwd=tmp_path)
    before = _command("results", job_id, "-o", "-", "--url", serving.url, cwd=tmp_path)
    serving.interrupt()
    serving.wait_gone()
    again = start(*SERVE).wait_ready()
    assert _command("results", job_id, "-o", "-", "--url", again.url, cwd=tmp_path) == before


def _command(*arguments: str, cwd: Path) -> str:
    return subprocess.run(
        [SCORELANE, *arguments], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
