"""How the parts of a job are chosen when it is accepted."""

import pytest
from support.in_memory import Service

from api.submission import stored_upload
from shared.fleet import Served
from shared.tables import parts

ROW = "a text of some words\n"


def cut(service: Service, rows: int) -> list[int]:
    """The rows of each part of a CSV of so many rows; a full part has four."""
    job_id = service.submit(("text\n" + ROW * rows).encode()).json["id"]
    service.work()
    job = service.store.get(job_id)
    assert job.rows_done == rows
    results = [service.blobs.read(job.spec.result_key(part)) for part in range(job.parts)]
    return [content.count(b"\n") for content in results]


def test_the_end_of_a_long_job_is_cut_finer(service: Service) -> None:
    """Whoever takes up the last part is not waited for longer than a fraction of a part."""
    assert cut(service, 50) == [4] * 12 + [1] * 2


def test_the_end_is_what_all_processes_take_up_at_a_time(service: Service) -> None:
    """With more processes more of it is cut finer."""
    service.fleet._processes = 2
    assert cut(service, 50) == [4] * 11 + [1] * 6


def test_with_many_processes_parts_are_longer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All together they end no more parts a second than a disk can take."""
    monkeypatch.setattr(stored_upload, "MANY_PROCESSES", 2)
    service.fleet._processes = 4  # so a part takes 0.8 s instead of 0.4
    assert cut(service, 140) == [8] * 14 + [2] * 14


def test_the_end_of_a_job_whose_parts_are_full_by_their_bytes_is_cut_finer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fast model's part would take more rows than it has bytes for; its job is no short one."""
    monkeypatch.setattr(stored_upload, "MAX_PART_BYTES", 4 * len(ROW))
    monkeypatch.setattr(parts, "MAX_PART_BYTES", 4 * len(ROW))
    monkeypatch.setattr(service.fleet, "_served", fast(service))
    assert cut(service, 50) == [4] * 12 + [1] * 2


def fast(service: Service) -> dict[str, Served]:
    """The model of the service, a hundred times as fast."""
    return {
        name: served.model_copy(update={"rate": served.rate * 100})
        for name, served in service.fleet.models().items()
    }


def test_a_job_too_short_for_all_processes_is_cut_evenly(service: Service) -> None:
    """It is in fine parts already."""
    service.fleet._processes = 5
    assert cut(service, 40) == [2] * 20
