"""A sample of the service: what it counts, and how it is stored."""

from pathlib import Path

from support.doctor import a_worker

from shared.config.settings import Settings
from shared.monitoring.disk import DiskSpace, disk_space
from shared.monitoring.overview import Totals, Workload
from shared.monitoring.sample import MOST_MODELS, Sample, sample_of

TOTALS = Totals(
    completed={"fast@1": 10, "old@1": 5},
    failed={"fast@1": 2},
    answered={"fast@1": 3, "b@2": 1},
    logged={"error": 2, "critical": 1, "warning": 9},
)


def a_sample(**changes: object) -> Sample:
    known = {
        "totals": TOTALS,
        "workloads": [Workload(queued_jobs=1, waiting_rows=40), Workload(waiting_small=2)],
        "workers": [a_worker("a", memory=100), a_worker("b", memory=50)],
        "serving": ["fast@1", "b@2", "new@1"],
        "redis_memory": 7,
        "disk": DiskSpace(1000, 2000),
    }
    return Sample.of(1_700_000_000.1234, **(known | changes))  # type: ignore[arg-type]


def test_it_adds_up_the_service() -> None:
    """Rows of jobs and questions, of all models in all, and of the served ones one by one."""
    sample = a_sample()
    assert sample == Sample(
        at=1_700_000_000.123,
        rows=21,
        waiting_rows=40,
        waiting_jobs=3,
        worker_memory=150,
        errors=3,
        redis_memory=7,
        disk_free=1000,
        by_model={"fast@1": 15, "b@2": 1, "new@1": 0},
    )


def test_it_is_stored_in_few_bytes() -> None:
    """What is stored is read as it was written, and is short however many models there are."""
    for sample in (a_sample(), a_sample(disk=None)):
        assert sample_of(sample.text()) == sample
    assert len(a_sample().text()) < 110
    many = {f"{'m' * 60}-{number:03}@0123456789ab": 10**9 + number for number in range(500)}
    sample = a_sample(totals=Totals(completed=many), serving=list(many))
    assert len(sample.by_model) == MOST_MODELS
    assert max(many.values()) in sample.by_model.values()
    assert len(sample.text()) < 1024


def test_what_cannot_be_read_is_no_sample() -> None:
    """A damaged text, and one with the fields of another release, hide no other sample."""
    for text in ("", "{}", "[]", "[1]", "[1,2]", '[1,"x",3,4,5,6,7,8,{}]', "[1,2,3,4,5,6,7,8,9]"):
        assert sample_of(text) is None
    assert sample_of(a_sample().text().replace("[", "[1,", 1)) is None


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """The space is that of the disk on which the first write will make the folder."""
    space = disk_space(Settings(blobs_dir=tmp_path / "new" / "blobs"))
    assert space is not None
    assert 0 < space.free <= space.total
