"""How a job is cut into parts."""

import pytest
from support.in_memory import Service, make_service

from api.submission import stored_upload
from shared.config.settings import Settings
from shared.fleet import Served
from shared.tables import parts

ROW = "a text of some words\n"


def cut(service: Service, rows: int) -> list[int]:
    """Submit a CSV and return the number of rows in each part; a full part has four."""
    job_id = service.submit(("text\n" + ROW * rows).encode()).json["id"]
    service.work()
    job = service.store.get(job_id)
    assert job.rows_done == rows
    results = [service.blobs.read(job.spec.result_key(part)) for part in range(job.parts)]
    return [content.count(b"\n") for content in results]


def test_the_end_of_a_long_job_is_cut_finer(service: Service) -> None:
    """The last part to be started takes only a fraction of the time of a full part."""
    assert cut(service, 50) == [4] * 12 + [1] * 2


def test_the_end_is_what_all_processes_take_up_at_a_time(service: Service) -> None:
    """With more processes, a longer end of the job is cut finer."""
    service.fleet._processes = 2
    assert cut(service, 50) == [4] * 11 + [1] * 6


def test_with_many_processes_parts_are_longer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together, the processes finish no more parts per second than a disk can sync."""
    monkeypatch.setattr(stored_upload, "MANY_PROCESSES", 2)
    service.fleet._processes = 4  # so a part takes 0.8 s instead of 0.4
    assert cut(service, 140) == [8] * 14 + [2] * 14


def test_the_end_of_a_job_whose_parts_are_full_by_their_bytes_is_cut_finer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a fast model, a part is full by its bytes before it is by its rows."""
    monkeypatch.setattr(stored_upload, "MAX_PART_BYTES", 4 * len(ROW))
    monkeypatch.setattr(parts, "MAX_PART_BYTES", 4 * len(ROW))
    monkeypatch.setattr(service.fleet, "_served", fast(service))
    assert cut(service, 50) == [4] * 12 + [1] * 2


def fast(service: Service) -> dict[str, Served]:
    """Return the models of the service, a hundred times as fast."""
    return {
        name: served.model_copy(update={"rate": served.rate * 100})
        for name, served in service.fleet.models().items()
    }


def test_a_job_too_short_for_all_processes_is_cut_evenly(service: Service) -> None:
    """Its parts are small already."""
    service.fleet._processes = 5
    assert cut(service, 40) == [2] * 20


@pytest.mark.parametrize(
    ("rate", "parts"),
    [(100.0, [64] * 4 + [44]), (2.0, [5] * 60), (0.01, [1] * 300)],
    ids=["as measured", "rows of half a second", "rows of minutes"],
)
def test_no_part_is_tiny_unless_its_rows_are_slow(
    settings: Settings, rate: float, parts: list[int]
) -> None:
    """Each part costs some milliseconds, and the rate may have been measured too low. But a part
    must not take a large share of the time after which its process is ended.
    """
    limits = {"min_part_rows": 64, "task_time_limit": 15.0}
    service = make_service(settings.model_copy(update=limits))
    [served] = service.fleet.models().values()
    service.fleet.replace(served.model_copy(update={"rate": rate}))
    assert cut(service, 300) == parts


def test_the_end_is_not_cut_into_tiny_parts(settings: Settings) -> None:
    """Parts at the end are finer only if they still have the least rows."""
    service = make_service(settings.model_copy(update={"min_part_rows": 2}))
    assert cut(service, 20) == [4] * 5
