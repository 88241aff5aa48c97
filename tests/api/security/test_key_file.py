"""A file of keys: what is added to it holds at once, and so does what is withdrawn."""

import os
from pathlib import Path
from typing import Any

import pytest
from support.in_memory import Service, make_service
from support.owners import ALICE, BOB, SENDER, submit
from support.problems import problem

from api.security.keys import Keys, new_key
from shared.config.settings import Settings


def test_keys_are_rotated_by_their_file(settings: Settings, tmp_path: Path) -> None:
    """A key that is added to the file is valid at once; one that is removed is refused at once."""
    path = tmp_path / "keys"
    path.write_text(f"# alice's\n{ALICE.line}\n")
    keys = Keys(settings.model_copy(update={"api_keys_file": path}))
    found = keys.find(ALICE.key)
    assert found
    assert (found.owner, keys.find(BOB.key)) == ("alice", None)
    path.write_text(f"{BOB.line}  # bob's\n\n")
    assert keys.find(ALICE.key) is None
    assert keys.find(BOB.key)
    path.write_text("")
    assert keys.find(BOB.key) is None
    assert keys, "with an empty file of keys no request is allowed; it does not mean no keys needed"


@pytest.fixture
def filed(settings: Settings, tmp_path: Path) -> tuple[Service, Path]:
    """The service in memory with a file of keys, and the file."""
    path = tmp_path / "keys"
    path.write_text(f"{ALICE.line}\n{BOB.line}\n")
    return make_service(settings.model_copy(update={"api_keys_file": path})), path


@pytest.mark.parametrize("left", ["", BOB.line, SENDER.line], ids=["none", "Bob's", "another"])
def test_a_withdrawn_key_ends_its_streams(
    filed: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """Events that come later are not sent; the client reconnects, and is refused."""
    keyed, path = filed
    location = submit(keyed, ALICE).location

    def withdraw(*_: Any) -> bool:
        path.write_text(left)
        keyed.work()
        return True

    monkeypatch.setattr(keyed.store, "wait", withdraw)
    answer = keyed.client.get(f"{location}/events", headers=ALICE.headers)
    assert "event: progress" in answer.text
    assert "event: end" not in answer.text
    answer = keyed.client.get(f"{location}/events", headers=ALICE.headers)
    problem(answer, 401, "unknown-key")


def test_another_key_is_withdrawn_and_a_stream_goes_on(
    filed: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of the file ends only the streams of keys that it takes away."""
    keyed, path = filed
    location = submit(keyed, ALICE).location

    def withdraw(*_: Any) -> bool:
        path.write_text(ALICE.line)
        keyed.work()
        return True

    monkeypatch.setattr(keyed.store, "wait", withdraw)
    assert "event: end" in keyed.client.get(f"{location}/events", headers=ALICE.headers).text


@pytest.mark.parametrize("submits", [False, True])
def test_a_key_that_is_withdrawn_during_a_wait_gets_nothing(
    filed: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch, submits: bool
) -> None:
    """Neither a request that follows a job nor one that submits one."""
    keyed, path = filed
    location = submit(keyed, ALICE).location

    def withdraw(*_: Any) -> bool:
        path.write_text(BOB.line)
        keyed.work()
        return True

    monkeypatch.setattr(keyed.store, "wait", withdraw)
    headers = {**ALICE.headers, "Prefer": "wait=10"}
    if submits:
        answer = keyed.client.post("/jobs", json=[{"text": "a"}], headers=headers)
    else:
        answer = keyed.client.get(location, headers=headers)
    problem(answer, 401, "unknown-key")


def test_a_file_of_keys_that_cannot_be_read_changes_nothing(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The old keys stay valid, the log says why once, and a repaired file is read again."""
    path = tmp_path / "keys"
    (old, line), (new, other) = new_key("ann", "read"), new_key("bob", "read")
    path.write_text(line)
    keys = Keys(settings.model_copy(update={"api_keys_file": path}))
    for broken in (f"{other}\nno key", "\udcff"):
        path.write_bytes(broken.encode("utf-8", "surrogateescape"))
        assert keys.find(old)
        assert keys.find(old)
        assert keys.find(new) is None
    path.unlink()
    assert keys.find(old)
    assert len([one for one in caplog.messages if "the keys stay as they were" in one]) == 3
    path.write_text(other)
    assert keys.find(new)
    assert keys.find(old) is None


def test_of_two_lines_of_a_key_the_last_one_counts(settings: Settings, tmp_path: Path) -> None:
    """Also for what was found by the first one, when the second was added: it is not valid now."""
    path = tmp_path / "keys"
    key, line = new_key("ann", "read")
    _, others = line.split(" ", 1)
    path.write_text(line)
    keys = Keys(settings.model_copy(update={"api_keys_file": path}))
    first = keys.find(key)
    assert first
    assert keys.has(first)
    assert keys.holds(first)
    path.write_text(f"{line}\nbob {others}")
    os.utime(path, (1, 1))  # two changes of a moment may have the same time
    last = keys.find(key)
    assert last
    assert last.owner == "bob"
    assert keys.has(last)
    assert keys.holds(last)
    assert not keys.has(first)
    assert not keys.holds(first)
    path.write_text(f"{line}\nbob {others}\nbob {others} rows_per_day=5")
    os.utime(path, (2, 2))
    assert keys.has(last)
    assert not keys.holds(last)
