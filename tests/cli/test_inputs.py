"""What `score`, `submit` and `validate` read: files, stdin and pipes, in every format."""

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.commands import RESULTS, run, serve_job

from scorelane.commands.common.first_texts import first_texts
from scorelane.commands.main import cli

CONTENT = b"ref,text\n1,good\n2,\n3,dull\n"
PREVIEW = {"detail": "3 rows.", "columns": ["ref"], "first_rows": [], "first_errors": []}
SCORELANE = str(Path(sys.executable).with_name("scorelane"))


@pytest.fixture
def service(answers, file: Path):
    """A service that takes a job and a dry run; the current folder has no file of them."""
    file.unlink()
    serve_job(answers)
    answers.add("POST /jobs?validate=true", 200, PREVIEW)
    return answers


@pytest.mark.parametrize("command", ["score", "submit", "validate"])
def test_stdin(service, command: str) -> None:
    """`-` is stdin, also when it is the pipe of another program: its bytes are what is sent."""
    read, write = os.pipe()
    os.write(write, CONTENT)
    os.close(write)
    with os.fdopen(read) as pipe:
        done = subprocess.run(
            [SCORELANE, command, "-", "--url", service.url],
            stdin=pipe,
            capture_output=True,
            check=False,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    [(_, body)] = [one for one in service.requests if one[0].startswith("POST /jobs")]
    assert body == CONTENT
    if command == "score":
        assert Path("scored-stdin.csv").read_bytes() == RESULTS


@pytest.mark.parametrize("cut", [0, 12], ids=["whole", "cut"])
@pytest.mark.parametrize("from_file", [False, True], ids=["pipe", "file"])
def test_compressed_stdin(service, cut: int, *, from_file: bool) -> None:
    """A compressed stream is unpacked; one that is cut makes no job, and the message says why."""
    content = gzip.compress(CONTENT * 100_000)
    content = content[: len(content) - cut]
    Path("a.gz").write_bytes(content)
    command = f"{'' if from_file else 'cat a.gz |'} '{SCORELANE}' submit - --url {service.url}"
    done = subprocess.run(
        ["/bin/sh", "-c", command + (" < a.gz" if from_file else "")],
        capture_output=True,
        check=False,
        text=True,
    )
    if cut:
        assert done.returncode == 2
        assert "stdin: the gzip data is cut or damaged" in done.stderr
        assert "Traceback" not in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert service.requests[0][1] == CONTENT * 100_000


def test_stdin_to_stdout(service) -> None:
    """`scorelane score - -o -` is a filter."""
    arguments = ["score", "-", "-o", "-", "--url", service.url]
    result = CliRunner().invoke(cli, arguments, input=CONTENT)
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes == RESULTS


def test_a_closed_stdin(service) -> None:
    """If stdin is closed, the message says so."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" score - --url "$1" <&-', SCORELANE, service.url],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "stdin is closed" in done.stderr


@pytest.mark.parametrize("command", ["score", "submit", "validate"])
def test_a_file_that_is_not_there(service, command: str) -> None:
    """A file that does not exist is still a mistake, as is a folder."""
    for name in ("absent.csv", "."):
        result = run(command, name, "--url", service.url)
        assert result.exit_code == 2
        assert result.stderr.strip().endswith(("does not exist.", "is a directory."))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("csv", "text/csv"),
        ("tsv", "text/tab-separated-values"),
        ("ndjson", "application/x-ndjson"),
        ("json", "application/json"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_the_format_of_stdin(monkeypatch: pytest.MonkeyPatch, name: str, media_type: str) -> None:
    """`--input-format` names the format where no ending does."""
    seen: dict[str, object] = {}

    def submit(_client: object, _source: object, **options: object) -> None:
        seen.update(options)
        raise SystemExit(0)

    monkeypatch.setattr("scorelane.client.client.Client.submit", submit)
    CliRunner().invoke(cli, ["submit", "-", "--input-format", name], input=CONTENT)
    assert seen["media_type"] == media_type


def test_a_named_pipe_is_read_once(service) -> None:
    """The upload may be a pipe: it is not opened again to show its texts."""
    os.mkfifo("p.csv")
    writer = threading.Thread(target=lambda: Path("p.csv").write_bytes(CONTENT))
    writer.start()
    result = run("score", "p.csv", "--url", service.url)
    writer.join()
    assert result.exit_code == 0, result.output
    assert Path("scored-p.csv").read_bytes() == RESULTS


ROWS = [{"ref": 1, "text": "Good"}, {"ref": 2, "text": ""}, {"ref": 3, "text": "Bad\tone"}]
NDJSON = "".join(json.dumps(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "ref,text\n1,Good\n2,\n3,Bad\tone\n"),
        ("a", "ref,text\n1,Good\n2,\n3,Bad\tone\n"),
        ("a.csv", "\ufeffref, text \r\n1,Good\r\n2,\r\n3,Bad\tone\r\n"),
        ("a.tsv", 'ref\ttext\n1\tGood\n2\t\n3\t"Bad\tone"\n'),
        ("A.TSV", 'ref\ttext\n1\tGood\n2\t\n3\t"Bad\tone"\n'),
        ("a.ndjson", NDJSON),
        ("a.jsonl", NDJSON.replace("\n", "\n\n")),
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
def test_the_first_texts(tmp_path: Path, name: str, content: str, *, zipped: bool) -> None:
    """The texts next to the scores are those of the upload, in each of its formats."""
    path = tmp_path / (name + (".gz" if zipped else ""))
    written = content.encode()
    path.write_bytes(gzip.compress(written) if zipped else written)
    assert first_texts(path, "text", 8) == ["Good", "", "Bad\tone"]
    assert first_texts(path, "text", 1) == ["Good"]
    # A column without a text in it would look as if empty texts had been scored.
    assert first_texts(path, "Text", 8) == []


def test_the_first_texts_where_nothing_is_quoted(tmp_path: Path) -> None:
    """With `--quoting none` the rows of the preview are those that were scored."""
    path = tmp_path / "a.tsv"
    path.write_text('ref\ttext\n1\t"Best\n2\tSo so\n3\tGreat"\n', encoding="utf-8")
    assert first_texts(path, "text", 8, quoted=False) == ['"Best', "So so", 'Great"']


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"text\n\xe9t\xe9\n"),
        ("a.csv", b'text\n"open\n'),
        ("a.parquet", b"PAR1"),
        ("a.json", b'[{"text": "a"}]'),
        ("a.ndjson", b"[1]\n"),
        ("a.csv.gz", b"no gzip"),
        ("a.csv", b""),
    ],
)
def test_texts_that_cannot_be_read(tmp_path: Path, name: str, content: bytes) -> None:
    """If the upload cannot be read here, no texts are shown."""
    (tmp_path / name).write_bytes(content)
    assert first_texts(tmp_path / name, "text", 8) == []
