"""A small job that is about to be recorded."""

from typing import NamedTuple

from shared.jobs.job import Job
from shared.jobs.usage import Claim


class NewJob(NamedTuple):
    """A small job that is about to be recorded: the arguments of `JobStore.create`."""

    job: Job
    rows: bytes
    claim: Claim
    bell: str
