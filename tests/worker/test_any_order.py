"""Jobs, and everything that may happen to them: hypothesis searches for an order that loses a row.

One job is followed through everything; jobs of another owner take turns with it.
Messages come late, twice or never. A process dies between any two of its calls. Leases run out.
Redis loses all data. The job is cancelled, retried, deleted, or expires; it may tolerate too few of
its bad rows.
"""

import io
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.doubles.length_model import length_score
from support.mortal_programs import LANES, MortalPrograms
from support.owners import Owner
from support.worlds import InMemory, OnRedis

from shared.config.settings import Settings
from shared.jobs.job_store import SPLIT
from shared.jobs.state import ENDED, RETRYABLE, State
from shared.jobs.usage import Used
from shared.storage.manifest import read_manifest

ROWS = 23
CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * (row % 7)) for row in range(ROWS))

#: Values of `on_error`, and whether a job with each tolerates the four bad rows.
TOLERATES = {"skip": True, "fail": False, "0.17": False, "0.18": True}

#: The owner of the job that is followed, and one whose jobs take turns with it.
ONE, OTHER = Owner("one"), Owner("other")

#: The most jobs of the other owner.
MAX_OTHERS = 3

#: More rounds of reconciling and working than any job needs to end.
ROUNDS = 400


class AnyOrder(MortalPrograms):
    """One job, its messages, and its record in the job store."""

    def __init__(self, kind: Callable[[Settings], Any], redis_url: str) -> None:
        super().__init__(kind, redis_url, keys=[ONE, OTHER])
        self.client.environ_base["HTTP_AUTHORIZATION"] = ONE.headers["Authorization"]
        self.ended: str | None = None  # the state in which it ended, if it was seen to end
        self.gone = False
        self.others: list[str] = []  # the addresses of the other owner's jobs
        self.forgot, self.jobs, self.orphans = False, 0, 0
        self.half_deleted = False

    def teardown(self) -> None:
        """Whatever happened: if nothing fails from here on, the job ends."""
        try:
            if hasattr(self, "location"):
                self._reach_the_end()
        finally:
            self.world.wipe()
            self._folder.cleanup()

    def _reach_the_end(self) -> None:
        for _ in range(ROUNDS):
            if self._state() in (None, *ENDED) and not self._open_others():
                break
            self.reconcile()
            self._gather()
            for message in [*self.sent, *self._new()]:
                self._run(message)
                self._close_all()
        assert not self._open_others(), "another owner's job never ends"
        state = self._state()
        assert state in (None, *ENDED), f"the job is {state} for ever"
        self.usage_holds()
        if state == State.SUCCEEDED:
            rows = self.client.get(f"{self.location}/results?format=json").json["rows"]
            assert [row["ref"] for row in rows] == [str(row) for row in range(ROWS)]
            wanted = [length_score("z" * (row % 7)) if row % 7 else None for row in range(ROWS)]
            assert [row["Sentiment_Score"] for row in rows] == wanted
            if not (self.forgot or self.orphans):
                self._check_usage()
            if self.result_format == "parquet":
                content = self.client.get(f"{self.location}/results").data
                assert pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist() == rows
        if self.gone:
            for message in self.sent:
                self._run(message)
            self._close_all()
            self.reconcile()
            folder = Path(self._folder.name) / "jobs" / self.job_id
            assert not [path for path in folder.rglob("*") if path.is_file()]

    # -- events ----------------------------------------------------------------------------

    @initialize(
        result_format=st.sampled_from(["csv", "ndjson", "parquet"]),
        on_error=st.sampled_from([*TOLERATES]),
    )
    def submit(self, result_format: str, on_error: str) -> None:
        self.on_error = on_error
        url = f"/jobs?format={result_format}&on_error={on_error}&label=team:growth"
        answer = self._submit(url, ONE)
        self.location, self.job_id = answer.location, answer.json["id"]
        self.result_format, self.jobs = result_format, 1

    def _submit(self, url: str, owner: Owner) -> Any:
        headers = owner.headers
        answer = self.client.post(url, data=CSV, content_type="text/csv", headers=headers)
        assert answer.status_code == 202, answer.text
        return answer

    @rule(calls=st.just(0) | st.integers(1, 40))
    @precondition(lambda self: len(self.others) < MAX_OTHERS)
    def submit_another(self, calls: int) -> None:
        """Another owner submits a job; the API may die meanwhile."""
        answers: list[Any] = []
        self._dying(calls, lambda: answers.append(self._submit("/jobs", OTHER)))
        self.others += [answer.location for answer in answers]

    @rule(data=st.data())
    @precondition(lambda self: self.sent or self.dispatch.messages)
    def deliver(self, data: st.DataObject) -> None:
        """A message is delivered: any that was ever sent."""
        self._gather()
        self._run(data.draw(st.sampled_from(self.sent)))

    @rule(data=st.data(), calls=st.integers(1, 16))
    @precondition(lambda self: self.sent or self.dispatch.messages)
    def deliver_and_die(self, data: st.DataObject, calls: int) -> None:
        """A message is delivered to a process that dies after some of its calls."""
        self._gather()
        self._dying(calls, lambda: self._run(data.draw(st.sampled_from(self.sent))))

    @rule(data=st.data(), calls=st.integers(0, 8))
    @precondition(lambda self: self.open)
    def close(self, data: st.DataObject, calls: int) -> None:
        """A scored part is closed, some time later; its process may die meanwhile."""
        closing = data.draw(st.sampled_from(self.open))
        self.open.remove(closing)
        self._dying(calls, closing)

    @rule()
    def lose_messages(self) -> None:
        """All messages that are not yet delivered are lost."""
        self.dispatch.messages.clear()

    @rule()
    def run_out(self) -> None:
        """All leases run out."""
        self.world.expire_leases()

    @rule()
    def reconcile(self) -> None:
        """All leases run out, and a reconciler runs."""
        self.world.expire_leases()
        self._reconcile_and_sweep()

    @rule(calls=st.integers(1, 12))
    def reconcile_and_die(self, calls: int) -> None:
        """A worker dies while it reconciles."""
        self._dying(calls, self.reconcile)

    @rule()
    def forget(self) -> None:
        """Redis loses all data, and the queue with it; the job is restored.

        If the process that ended it died before it wrote the manifest, the job runs again.
        """
        manifest = read_manifest(self.blobs, self.job_id)
        if manifest and manifest.job.state not in ENDED:
            self.ended = None
        self.forgot = True
        self.world.wipe()
        self.lose_messages()
        self._reconcile_and_sweep()

    @rule()
    @precondition(lambda self: hasattr(self, "location"))
    def remember(self) -> None:
        """A replica has all data; from now on it is late."""
        self.world.remember()
        self.remembered = self.job_id

    @rule()
    @precondition(lambda self: getattr(self, "remembered", "") == self.job_id and not self.gone)
    def go_back(self) -> None:
        """The replica takes over, and lacks what was written since.

        Only the blob store has the end of the job, if it has ended meanwhile. If somebody has died
        who was deleting it, nothing has it: the job runs again, and fails without its upload.
        """
        manifest = read_manifest(self.blobs, self.job_id)
        self.half_deleted = self.half_deleted or manifest is None
        if manifest is None or manifest.job.state not in ENDED:
            self.ended = None
        self.world.go_back()
        self._reconcile_and_sweep()

    @rule(calls=st.integers(0, 8))
    def cancel(self, calls: int) -> None:
        """Somebody cancels the job; the API may die meanwhile."""
        self._dying(calls, lambda: self.client.post(f"{self.location}/cancel"))

    @rule(calls=st.integers(0, 8))
    @precondition(lambda self: self.ended)
    def delete(self, calls: int) -> None:
        """Somebody deletes the job; the API may die meanwhile."""
        if not self._dying(calls, lambda: self.client.delete(self.location)):
            self.gone = True

    @rule(calls=st.just(0) | st.integers(1, 40), on_error=st.sampled_from(["", *TOLERATES]))
    @precondition(lambda self: self.ended in RETRYABLE and not self.gone)
    def retry(self, calls: int, on_error: str) -> None:
        """Somebody retries the job, and follows the new one; the API may die meanwhile."""
        if self._state() not in RETRYABLE:
            return
        query = {"on_error": on_error} if on_error else {}
        answers: list[Any] = []

        def ask() -> None:
            url = f"{self.location}/retry"
            answers.append(self.client.post(url, query_string=query))

        self.jobs += 1
        if self._dying(calls, ask):
            # There may be a job that nobody follows; it scores the rows, too.
            self.orphans += 1
            return
        [answer] = answers
        assert answer.status_code == 202, answer.text
        self.location, self.job_id = answer.location, answer.json["id"]
        self.on_error, self.ended = on_error or self.on_error, None

    @rule()
    @precondition(lambda self: self.ended)
    def expire(self) -> None:
        """The retention of the job is over."""
        self.world.end_retention()
        self._reconcile_and_sweep()
        self.gone = True

    # -- invariants ------------------------------------------------------------------------

    @invariant()
    def counts_hold(self) -> None:
        """No row is counted twice; the counts are never more than there are rows."""
        job = self._job()
        if job is None:
            return
        rows = job["rows"]
        assert rows["completed"] + rows["failed"] <= (rows["total"] or ROWS)
        assert rows["total"] in (None, ROWS)
        if job["state"] == State.SUCCEEDED:
            assert rows == {"total": ROWS, "completed": ROWS - 4, "failed": 4}
        if job["state"] in (State.SUCCEEDED, State.FAILED) and not self.half_deleted:
            assert (job["state"] == State.SUCCEEDED) == TOLERATES[self.on_error]

    @invariant()
    def usage_holds(self) -> None:
        """No row is counted twice as used, whichever of the retries has scored it."""
        rows = self.world.store.usage_by_owner().get(ONE.name, Used()).rows
        jobs = self.jobs if self.forgot else 1 + self.orphans
        assert rows <= jobs * ROWS

    @invariant()
    def an_end_is_an_end(self) -> None:
        """The state of an ended job never changes; a deleted or expired job never comes back."""
        state = self._state()
        assert not (self.gone and state)
        if self.ended and state:
            assert state == self.ended
        self.ended = self.ended or (state if state in ENDED else None)

    @invariant()
    def lanes_hold(self) -> None:
        """No more steps are under way than there are lanes, and a job alone has as many as it can.

        What takes a lane is a part that was handed out and is not done, or a split.
        """
        steps, handed_out = self.world.under_way(self.full_name), self.world.handed_out()
        assert len(steps) <= LANES
        for job_id, (under_way, left) in handed_out.items():
            parts = [part for owner, part in steps if owner == job_id and part != SPLIT]
            assert len(parts) == under_way
            if not self.others and len(handed_out) == 1 and {one for one, _ in steps} <= {job_id}:
                assert under_way == min(LANES, left)

    def _check_usage(self) -> None:
        """Usage is that of all rows, exactly, by whatever it is summed up."""
        for by in ("day", "owner,key", "model", "label"):
            found = self.client.get(f"/usage?by={by}").json
            for line in [found["total"], *found["usage"]]:
                figures = line["rows"], line["errors"], line["bytes"]
                assert figures == (ROWS, 4, len(CSV) - len(b"ref,text\n"))

    # -- helpers ---------------------------------------------------------------------------

    def _job(self) -> dict[str, Any] | None:
        if not hasattr(self, "location"):
            return None
        answer = self.client.get(self.location)
        return dict(answer.json) if answer.status_code == 200 else None

    def _open_others(self) -> list[str]:
        """The other owner's jobs that have not ended; those that have ended have every row."""
        found = []
        for location in self.others:
            job = self.client.get(location, headers=OTHER.headers).json
            if job["state"] not in ENDED:
                found.append(location)
            else:
                assert job["state"] == State.SUCCEEDED
                assert job["rows"] == {"total": ROWS, "completed": ROWS - 4, "failed": 4}
        return found

    def _state(self) -> str | None:
        job = self._job()
        return job and job["state"]


@pytest.mark.parametrize(("kind", "examples"), [(InMemory, 150), (OnRedis, 30)])
def test_a_job_ends_whatever_happens(
    kind: Any, examples: int, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row is lost, counted twice or out of order; no end is undone."""
    # Ids by a counter: real ids of one millisecond sort at random, so that a repeated run could
    # handle two jobs in another order, and die at another call.
    numbers = count(int(time.time() * 1000))
    ids = (f"{number:012x}{number:020x}" for number in numbers)
    monkeypatch.setattr("api.submission.recording.new_job_id", lambda _: next(ids))
    run_state_machine_as_test(
        lambda: AnyOrder(kind, redis_url),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
