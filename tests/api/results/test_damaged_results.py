"""Results that were damaged on the disk after their job had ended."""

from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError
from support.damage import cut, flip
from support.doubles.length_model import length_score
from support.in_memory import Service, make_service
from support.problems import problem
from support.v1_client import client_of, create_and_run, jsonl, line

from shared.config.settings import Settings
from shared.errors.service import DataDamaged, ResultsDamaged

CSV = b"ref,text,more\n" + b"".join(b"r%d,%s,m\n" % (at, b"z" * at) for at in range(1, 21))
SCORES = [length_score("z" * at) for at in range(1, 21)]

#: How a part is damaged: cut to nothing, cut in two, with one other bit.
CUTS = (lambda blobs, key: cut(blobs, key, 0.0), cut)


@pytest.fixture
def service(settings: Settings) -> Service:
    """A service in memory whose blobs have checksums."""
    return make_service(settings, sealed=True)


def done(service: Service, **options: str) -> str:
    """Run a job of 20 rows; its address."""
    accepted = service.submit(CSV, **options)
    service.work()
    return str(accepted.location)


def part_of(service: Service, url: str, number: int) -> tuple[str, list[int]]:
    """The key of the result of a part, and the numbers of its rows, from 1."""
    job_id = url.rpartition("/")[2]
    [part] = service.store.parts(job_id, number, number + 1)
    rows = list(range(part.first_row + 1, part.first_row + part.rows + 1))
    return service.store.get(job_id).spec.result_key(number), rows


@pytest.mark.parametrize("damage", CUTS)
@pytest.mark.parametrize("own", ["csv", "ndjson"])
@pytest.mark.parametrize("wanted", ["csv", "ndjson", "json"])
def test_a_part_that_was_cut_is_a_problem_before_the_first_byte(
    service: Service, own: str, wanted: str, damage: Any
) -> None:
    """In the job's own format all lengths are known at the beginning; a page reads its rows first.

    Another format begins before all parts are read: then the transfer breaks.
    """
    url = done(service, format=own)
    key, rows = part_of(service, url, 3)
    damage(service.blobs, key)
    if wanted not in (own, "json"):
        with pytest.raises(ResultsDamaged):
            _ = service.client.get(f"{url}/results?format={wanted}").data
        return
    answer = service.client.get(f"{url}/results?format={wanted}")
    detail = problem(answer, 500, "results-damaged")
    assert f"rows {rows[0]} to {rows[-1]} cannot be read" in detail
    assert "partial=true" in detail


def test_a_changed_bit_breaks_the_transfer(service: Service) -> None:
    """What comes before it is sent, nothing of the part itself; a range that begins there is a 500.

    The length that was announced tells the client that rows are missing.
    """
    url = done(service)
    whole = service.client.get(f"{url}/results").data
    key, rows = part_of(service, url, 4)
    flip(service.blobs, key)
    sent = b""
    answer = service.client.get(f"{url}/results")
    assert answer.content_length == len(whole)
    chunks = answer.iter_encoded()
    with pytest.raises(ResultsDamaged, match=f"rows {rows[0]} to"):  # noqa: PT012  a loop
        for chunk in chunks:
            sent += chunk
    assert whole.startswith(sent)
    assert sent.endswith(b"\n")
    rest = service.client.get(f"{url}/results", headers={"Range": f"bytes={len(sent)}-"})
    assert f"rows {rows[0]} to" in problem(rest, 500, "results-damaged")
    for wanted in ("csv", "ndjson", "parquet"):
        again = service.client.get(f"{url}/results?format={wanted}")
        assert f"rows {rows[0]} to" in problem(again, 500, "results-damaged")


def test_a_part_of_a_backup_replaces_a_damaged_one(service: Service) -> None:
    """Once the damaged blob is as it was, all rows can be fetched again."""
    url = done(service)
    key, _ = part_of(service, url, 2)
    whole, before = service.blobs.contents[key], service.client.get(f"{url}/results").data
    cut(service.blobs, key)
    problem(service.client.get(f"{url}/results"), 500, "results-damaged")
    service.blobs.contents[key] = whole
    assert service.client.get(f"{url}/results").data == before
    assert service.client.get(f"{url}/errors").json["errors"] == []


@pytest.mark.parametrize("wanted", ["csv", "ndjson", "json"])
@pytest.mark.parametrize("own", ["csv", "ndjson"])
def test_all_other_rows_can_be_fetched(service: Service, own: str, wanted: str) -> None:
    """`partial=true` gives every row: those of the damaged part have an error with their number."""
    url = done(service, format=own, columns="more")
    key, lost = part_of(service, url, 2)
    flip(service.blobs, key)
    answer = service.client.get(f"{url}/results?partial=true&format={wanted}&limit=1000")
    assert answer.status_code == 200, answer.text
    for number in lost:
        assert f"the result was damaged on the disk: row {number} is lost" in answer.text
    if wanted == "json":
        found = [row["Sentiment_Score"] for row in answer.json["rows"]]
        assert found == [None if at + 1 in lost else one for at, one in enumerate(SCORES)]
    else:
        assert answer.text.count("\n") == 20 + (wanted == "csv")


@pytest.mark.parametrize("damage", CUTS)
def test_the_errors_name_rows_that_were_cut_off(service: Service, damage: Any) -> None:
    """Nobody has to read the results first."""
    url = done(service)
    key, lost = part_of(service, url, 3)
    damage(service.blobs, key)
    errors = service.client.get(f"{url}/errors").json["errors"]
    assert [one["row"] for one in errors] == lost
    assert f"The results of {len(lost)} rows" in service.client.get(url).json["detail"]


def test_the_errors_name_rows_in_which_a_bit_has_changed(service: Service) -> None:
    """Once a download has found them, the errors and the job name them."""
    url = done(service)
    key, lost = part_of(service, url, 3)
    flip(service.blobs, key)
    with pytest.raises(ResultsDamaged):
        _ = service.client.get(f"{url}/results").data
    for wanted in ("json", "csv", "ndjson"):
        assert f"row {lost[0]} is lost" in service.client.get(f"{url}/errors?format={wanted}").text
    assert f"The results of {len(lost)} rows" in service.client.get(url).json["detail"]


def test_a_damaged_part_of_a_job_that_runs(service: Service) -> None:
    """It is scored again before the job ends, so its rows are not reported as lost."""
    accepted = service.submit(CSV)
    while service.dispatch.messages[0][0] != "finish":
        service.step()
    key, _ = part_of(service, accepted.location, 1)
    flip(service.blobs, key)
    answer = service.client.get(f"{accepted.location}/results?partial=true&format=json")
    assert "scored again" in problem(answer, 500, "results-damaged")
    service.work()
    page = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [row["Sentiment_Score"] for row in page] == SCORES


def test_a_damaged_parquet_file(service: Service) -> None:
    """The problem says in which formats the rows can still be fetched."""
    url = done(service, format="parquet")
    [key] = [one for one in service.blobs.contents if one.endswith("results.parquet")]
    whole = service.blobs.contents[key]
    for damage in (cut, flip):
        damage(service.blobs, key)
        answer = service.client.get(f"{url}/results")
        assert "format=csv" in problem(answer, 500, "results-damaged")
        service.blobs.contents[key] = whole
    assert service.client.get(f"{url}/results?format=csv").text.count("\n") == 21


@pytest.mark.parametrize("damage", [*CUTS, flip])
def test_the_files_of_a_batch_are_never_short(service: Service, damage: Any) -> None:
    """A damaged output or input file is an error of `/v1`, or breaks off."""
    client = client_of(service)
    batch = create_and_run(service, client, jsonl(*(line(str(at)) for at in range(20))))
    [first, *_] = sorted(key for key in service.blobs.contents if "/batch/" in key)
    for file_id, key in (
        (batch.output_file_id, first),
        (batch.input_file_id, f"v1/files/of-/{batch.input_file_id[5:]}/content"),
    ):
        damage(service.blobs, key)
        answer = service.client.get(f"/v1/files/{file_id}/content")
        assert answer.status_code == 500
        assert answer.json["error"]["code"] == "data_damaged"


def test_results_of_an_older_release_are_read(service: Service) -> None:
    """They have no checksums; a part that is empty is damaged all the same."""
    url = done(service)
    whole = service.client.get(f"{url}/results").data
    lines = iter(whole.splitlines(keepends=True)[1:])
    number = 0
    while number < service.store.get(url.rpartition("/")[2]).parts:
        key, rows = part_of(service, url, number)
        service.blobs.contents[key] = b"".join(next(lines) for _ in rows)
        number += 1
    assert service.client.get(f"{url}/results").data == whole
    service.blobs.contents[key] = b""
    problem(service.client.get(f"{url}/results"), 500, "results-damaged")


def test_a_full_job_store_does_not_hide_the_damage(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Redis refuses to record what is lost, the answer says it all the same."""

    def refuse(*_: object) -> None:
        raise OutOfMemoryError("OOM")

    url = done(service)
    cut(service.blobs, part_of(service, url, 0)[0])
    monkeypatch.setattr(service.store, "report_lost", refuse)
    problem(service.client.get(f"{url}/results"), 500, "results-damaged")


def test_damage_has_a_message_that_says_what_to_do() -> None:
    """Every damaged blob can be named, and what helps."""
    message = str(DataDamaged(key="v1/files/of-/1/content", reason="it was cut"))
    assert "send it again" in message
