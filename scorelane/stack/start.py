"""What the programs of a stack are started with, and whether they may be killed in the end."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from scorelane.stack.guard import Guard
from scorelane.stack.programs import Program, Service
from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings
from shared.telemetry.spans import is_wanted


@dataclass(frozen=True)
class Start:
    """What the programs are started with.

    Attributes:
        data: the data folder.
        env: their environment.
        guard: what stops them.
        seconds: how long they may take until they are ready.
        is_new: whether the data folder is new, so that Redis has nothing to read in it.
        may_kill: whether nothing is lost if the programs are killed in the end.
        for_one_job: whether they are started for one job, whose refusal says what is not served.
    """

    data: Path
    env: dict[str, str]
    guard: Guard
    seconds: float
    is_new: bool = False
    may_kill: bool = False
    for_one_job: bool = False

    def service(self, program: Program, pass_fds: tuple[int, ...] = ()) -> Service:
        """Start a program."""
        if self.may_kill:
            # Their orderly ends, one after the other, would take longer than a short file.
            program = replace(program, grace=0.0)
        return Service(program, data=self.data, env=self.env, guard=self.guard, pass_fds=pass_fds)


def leaves_anything(settings: Settings) -> bool:
    """Whether a service has more to end than its data folder, if that is removed with it.

    That is so with blobs in object storage, with callbacks to deliver, and with spans to send.
    """
    return bool(settings.blobs or webhook_secrets(settings) or is_wanted(os.environ))
