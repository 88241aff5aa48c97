"""Whose turn it is, in memory: the same rules as `shared/redis/lua/turns.lua`."""

from dataclasses import dataclass, field

from support.doubles.record import Record

from shared.jobs.spec import PRIORITY_WEIGHTS

#: Cutting this many rows takes about as long as scoring one.
ROWS_CUT = 20


def begin_turn(turns: dict[str, float], member: str, cost: float) -> None:
    """Let a newcomer begin one cost after the present turn."""
    if member not in turns:
        turns[member] = min(turns.values(), default=0.0) + cost


def first(turns: dict[str, float]) -> str:
    """The one whose turn it is; equal turns go by name, as in Redis."""
    return min(turns, key=lambda member: (turns[member], member))


@dataclass
class Turns:
    """The turns of the jobs of one model, and the steps under way: pairs of a job and a part."""

    owners: dict[str, float] = field(default_factory=dict)
    jobs: dict[str, dict[str, float]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)  # those of owners that are not 1
    under_way: set[tuple[str, int]] = field(default_factory=set)

    def take(self, record: Record) -> None:
        """Give a job a turn, if it has none."""
        job_id, owner = record.job.spec.id, record.job.spec.owner
        own_cost = self.cost(record) / PRIORITY_WEIGHTS[record.job.spec.priority]
        begin_turn(self.jobs.setdefault(owner, {}), job_id, own_cost)
        begin_turn(self.owners, owner, self.cost(record) / self.weights.get(owner, 1.0))

    def leave(self, job_id: str, owner: str) -> None:
        """Take a job out of the turns, and its owner with the last of the owner's jobs."""
        self.jobs.get(owner, {}).pop(job_id, None)
        if not self.jobs.get(owner):
            self.owners.pop(owner, None)

    def stop(self, record: Record) -> None:
        """Nothing of a job will be done any more."""
        self.leave(record.job.spec.id, record.job.spec.owner)
        self.under_way = {step for step in self.under_way if step[0] != record.job.spec.id}

    def charge(self, record: Record, cost: float) -> None:
        """Move the turns of a job and of its owner on, if there are others to take turns with."""
        owner = record.job.spec.owner
        if len(self.jobs[owner]) > 1:
            weight = PRIORITY_WEIGHTS[record.job.spec.priority]
            self.jobs[owner][record.job.spec.id] += cost / weight
        if len(self.owners) > 1:
            self.owners[owner] += cost / self.weights.get(owner, 1.0)

    @staticmethod
    def cost(record: Record) -> float:
        """What the next step of a job costs, in rows."""
        spec, job = record.job.spec, record.job
        if record.to_split:
            return 2 * spec.fixed_rows + spec.about_rows / ROWS_CUT + 1
        return spec.fixed_rows + job.cut_rows / max(len(record.parts), 1) + 1
