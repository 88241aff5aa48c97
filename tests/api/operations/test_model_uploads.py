"""Models that are uploaded over HTTP."""

import io
import logging
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest
from pydantic import SecretStr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.commands import run
from support.in_memory import Service, make_service
from support.live import live
from support.owners import ALICE, ROOT
from support.problems import problem

from api.operations import model_uploads
from scorelane.client.client import Client
from scorelane.client.errors import ApiError, InvalidSource
from shared.card import CARD_FILE, Card, read_card, write_card
from shared.config.object_address import ObjectAddress
from shared.config.settings import Settings
from shared.stored_models import StoredModels

KEYS = SecretStr("\n".join((ALICE.line, ROOT.line)))


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """The models folder of the workers, without a model."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def open_settings(settings: Settings, models_dir: Path) -> Settings:
    """Settings with which admins may upload models."""
    changed = {"api_keys": KEYS, "model_uploads": True, "models_dir": models_dir}
    return settings.model_copy(update=changed)


@pytest.fixture
def keyed(open_settings: Settings) -> Service:
    """A service to which admins may upload models."""
    return make_service(open_settings)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A model folder that is in no models folder."""
    return make(tmp_path / "made", "one")


def make(folder: Path, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.pkl").write_text(content)
    write_card(folder, name="mine", format="pkl", files=["model.pkl"])
    return folder


def tar_of(folder: Path, prefix: str = "", change: Callable[[Any], None] = lambda _: None) -> bytes:
    """A tar file of a folder; `change` gets the open archive at its end."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in folder.iterdir():
            archive.add(path, f"{prefix}{path.name}")
        change(archive)
    return content.getvalue()


def put(service: Service, body: bytes, name: str = "mine", **more: Any) -> Any:
    headers = more.pop("headers", ROOT.headers)
    return service.client.put(f"/models/{name}", data=body, headers=headers, **more)


def test_a_model_is_stored_where_workers_find_it(
    keyed: Service, models_dir: Path, made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer names the version, and where to see it; the one before is kept."""
    caplog.set_level(logging.INFO)
    answer = put(keyed, tar_of(made))
    first = read_card(models_dir / "mine")
    assert answer.status_code == 201
    assert answer.json["model"] == first.full_name
    assert answer.json["bytes"] == sum(one.stat().st_size for one in made.iterdir())
    assert answer.headers["Location"] == "/models"
    assert "GET /models" in answer.json["next"]
    assert f"{first.full_name} was uploaded by root (key" in caplog.text
    assert put(keyed, tar_of(make(made, "two"), "mine/")).status_code == 201
    assert {read_card(one).full_name for one in models_dir.iterdir()} == {
        first.full_name,
        read_card(made).full_name,
    }
    assert read_card(models_dir / first.full_name) == first


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"model_uploads": False}, "SCORELANE_MODEL_UPLOADS is not true"),
        ({"api_keys": SecretStr("")}, "it has no API keys"),
    ],
)
def test_it_is_refused_unless_it_was_allowed_and_there_are_keys(
    open_settings: Settings, models_dir: Path, made: Path, changed: dict[str, Any], reason: str
) -> None:
    """A model can be code; the problem says why, and which other way there is."""
    service = make_service(open_settings.model_copy(update=changed))
    detail = problem(put(service, tar_of(made)), 403, "model-uploads-off")
    assert reason in detail
    assert "scorelane add-model" in detail
    assert list(models_dir.iterdir()) == []


def test_only_admins_may_upload(keyed: Service, models_dir: Path, made: Path) -> None:
    """Not everybody who may send rows; nothing of the body is looked at."""
    problem(put(keyed, tar_of(made), headers=ALICE.headers), 403, "wrong-scope")
    problem(put(keyed, tar_of(made), headers={}), 401, "key-wanted")
    assert list(models_dir.iterdir()) == []


def link(name: str, kind: bytes) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)

    return add


def file(name: str) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))

    return add


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (link("words.json", tarfile.SYMTYPE), "'words.json' is not a plain file"),
        (link("words.json", tarfile.LNKTYPE), "'words.json' is not a plain file"),
        (link("words.json", tarfile.FIFOTYPE), "'words.json' is not a plain file"),
        (file("../words.json"), "'../words.json' does not lie in one folder"),
        (file("/etc/words.json"), "'/etc/words.json' does not lie in one folder"),
        (file("a/b/words.json"), "'a/b/words.json' does not lie in one folder"),
        (file("other/words.json"), "its files are not in one folder"),
        (file("model.pkl"), "its files are not in one folder"),
        (file(".words.json"), "'.words.json' is a hidden file"),
        (file("words.json"), "its card does not name the file 'words.json'"),
    ],
)
def test_an_archive_with_anything_but_the_files_of_the_card_is_refused(
    keyed: Service, models_dir: Path, made: Path, change: Callable[[Any], None], reason: str
) -> None:
    """No file leaves the folder, and nothing is left of one that is refused."""
    before = sorted(models_dir.parent.rglob("*"))
    detail = problem(put(keyed, tar_of(made, "", change)), 422, "bad-model-archive")
    assert reason in detail
    assert sorted(models_dir.parent.rglob("*")) == before


def test_files_that_do_not_match_their_card(keyed: Service, models_dir: Path, made: Path) -> None:
    """Names of this machine are in no answer."""
    (made / "model.pkl").write_text("other")
    detail = problem(put(keyed, tar_of(made)), 422, "bad-model-archive")
    assert "model.pkl is not the file that its card names" in detail
    assert str(models_dir.parent) not in detail
    (made / CARD_FILE).unlink()
    detail = problem(put(keyed, tar_of(made)), 422, "bad-model-archive")
    assert "has no card.json" in detail
    assert list(models_dir.iterdir()) == []


def test_a_body_that_is_no_tar_file(keyed: Service, models_dir: Path, made: Path) -> None:
    """A cut one, an empty one, a zip file, and names that do not fit."""
    for body in (b"", b"text\na\n" * 1000, tar_of(made)[:700]):
        problem(put(keyed, body), 422, "bad-model-archive")
    problem(put(keyed, b"PK\x03\x04" + bytes(2000)), 422, "packed")
    assert "the model 'mine'" in problem(
        put(keyed, tar_of(made), "yours"), 422, "bad-model-archive"
    )
    problem(put(keyed, tar_of(made), "Mine"), 422, "bad-model-archive")
    problem(put(keyed, tar_of(made), query_string={"force": "true"}), 400, "unknown-option")
    assert list(models_dir.iterdir()) == []


def test_a_model_over_the_limit(open_settings: Settings, models_dir: Path, made: Path) -> None:
    """By the size that a head announces, and by what comes."""
    service = make_service(open_settings.model_copy(update={"max_model_bytes": 20_000}))
    announced = tarfile.TarInfo("model.pkl")
    announced.size = 2**40
    for body in (announced.tobuf(), tar_of(make(made, "x" * 30_000))):
        assert "20,000 bytes" in problem(put(service, body), 413, "too-large")
    assert list(models_dir.iterdir()) == []


def test_the_api_without_the_models_folder_of_the_workers(
    open_settings: Settings, models_dir: Path, made: Path
) -> None:
    """A folder that the API made for itself would be seen by no worker."""
    models_dir.rmdir()
    detail = problem(put(make_service(open_settings), tar_of(made)), 503, "models-not-writable")
    assert "SCORELANE_MODELS_DIR" in detail
    assert not models_dir.exists()


def test_a_model_goes_to_object_storage(
    open_settings: Settings, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the workers take theirs from there; a store that fails is a 503."""
    pytest.importorskip("obstore", reason="the extra object-storage")
    from obstore.store import MemoryStore  # noqa: PLC0415  skipped above without it

    store = MemoryStore()
    stored = StoredModels(ObjectAddress("s3", "bucket", "models"), lambda _address: store)
    monkeypatch.setattr(model_uploads, "StoredModels", lambda _address: stored)
    changed = {"models": "s3://bucket/models"}
    service = make_service(open_settings.model_copy(update=changed))
    assert put(service, tar_of(made)).status_code == 201
    assert put(service, tar_of(make(made, "two"))).status_code == 201
    assert len(stored.folders()) == 2


@pytest.fixture
def client(keyed: Service) -> Iterator[Client]:
    """An admin's client of that service."""
    with live(keyed.client.application) as port:
        yield Client(f"http://127.0.0.1:{port}", api_key=ROOT.key)


def test_the_client_sends_what_the_card_names(client: Client, models_dir: Path, made: Path) -> None:
    """Other files of the folder stay where they are."""
    (made / "notes.txt").write_text("mine")
    (made / "report").mkdir()
    found = client.upload_model(made)
    card: Card = read_card(models_dir / "mine")
    assert found["model"] == card.full_name
    assert sorted(one.name for one in (models_dir / "mine").iterdir()) == [CARD_FILE, "model.pkl"]
    (made / "model.pkl").write_text("other")
    with pytest.raises(ApiError, match="is not the file that its card names"):
        client.upload_model(made)
    with pytest.raises(InvalidSource, match="is no model folder"):
        client.upload_model(made / "report")


def test_add_model_sends_what_it_has_made(
    client: Client, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried here first, and nothing of it is left on this machine."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    joblib.dump(pipeline.fit(["well good", "bad"], [1, 0]), tmp_path / "my.pkl")
    monkeypatch.setenv("SCORELANE_API_KEY", ROOT.key)
    words = "add-model", str(tmp_path / "my.pkl"), "--name", "mine", "--url", client.url
    sent = run(*words, "--upload", "--no-wait")
    assert sent.exit_code == 0, sent.output
    card = read_card(models_dir / "mine")
    assert f"{card.full_name} is in the models folder of {client.url}." in sent.stdout
    refused = run(*words, "--upload", "--output", str(tmp_path))
    assert refused.exit_code == 2
    monkeypatch.setenv("SCORELANE_API_KEY", ALICE.key)
    refused = run(*words, "--upload")
    assert refused.exit_code == 2
    assert "admin" in refused.stderr
