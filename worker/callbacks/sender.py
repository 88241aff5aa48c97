"""Delivers callbacks, in threads of the worker's main process."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from random import uniform
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings
from shared.errors.input import BadCallback
from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.job import Job
from shared.jobs.job_store import JobStore
from shared.jobs.state import CallbackState
from shared.storage.blobs import Blobs
from shared.storage.manifest import settle
from shared.telemetry.safe_traceback import where
from shared.webhooks.checked_http import Cutoff
from worker.callbacks.delivery_slots import DeliverySlots, NoSlot
from worker.callbacks.http_post import Receipt, WebhookClient
from worker.callbacks.message import message, message_id, signed_headers

logger = logging.getLogger(__name__)

#: The threads beyond those that deliver. They take callbacks while all slots are taken, and make
#: room or give them back.
SPARE_THREADS = 8

#: When to try again a callback whose receiver or owner had no slot left, in seconds.
NO_ROOM_SECONDS = 5.0

#: When to try again a callback while all slots were taken, in seconds.
ALL_TAKEN_SECONDS = 0.5

#: How long a worker has to deliver a callback that it took, in seconds; after that another worker
#: takes it. An attempt takes less, even with a slow look-up of the host.
LEASE_SECONDS = 120.0

#: The factor by which the wait before another attempt grows.
BACKOFF_FACTOR = 6.0

#: The longest wait before another attempt, in seconds.
MAX_BACKOFF_SECONDS = 12 * 3600.0

#: How many times the wait is multiplied at most: after some hundred times a float would overflow.
MAX_BACKOFF_STEPS = 30


class Sender(threading.Thread):
    """Takes callbacks that are due, and tries to deliver each, with growing waits in between.

    It runs in every worker. The job store gives each callback to one of them, for a lease.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        webhook_client: WebhookClient,
        pause: float = 1.0,
        slots: DeliverySlots | None = None,
    ) -> None:
        """Take the collaborators, and the seconds from one look for due callbacks to the next."""
        super().__init__(name="sender", daemon=True)
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._webhook_client = webhook_client
        self._pause = pause
        self._stopped = threading.Event()
        self._slots = slots or DeliverySlots()

    def run(self) -> None:
        """Deliver callbacks until `stop`."""
        busy: set[Future[None]] = set()
        threads = self._slots.most + SPARE_THREADS
        with ThreadPoolExecutor(threads, "callback") as pool:
            while not self._stopped.wait(self._pause):
                busy = {one for one in busy if not one.done()}
                try:
                    for taken in self._store.take_callbacks(threads - len(busy), LEASE_SECONDS):
                        busy.add(pool.submit(self._deliver_due, *taken))
                except RedisError as error:
                    logger.warning("no callbacks: Redis does not answer (%s)", error)
                except Exception:
                    logger.exception("callbacks failed")

    def stop(self) -> None:
        """Take no more callbacks; deliveries under way go on."""
        self._stopped.set()

    def _deliver_due(self, job_id: str, attempt: int) -> None:
        """Deliver a callback, and then those that have become due, until none is due."""
        try:
            taken = [(job_id, attempt)]
            while taken and not self._stopped.is_set():
                if not self.deliver(*taken[0]):
                    # All slots are taken: it would only take callbacks and give them back.
                    return
                taken = self._store.take_callbacks(1, LEASE_SECONDS)
        except Exception as error:  # noqa: BLE001  it is logged; the callback is tried again after its lease
            logger.error("a callback was not delivered: %s", where(error))  # noqa: TRY400  the message may hold an address

    def deliver(self, job_id: str, attempt: int) -> bool:
        """Try to deliver the callback of a job, or give it back if it gets no slot.

        Args:
            job_id: the job.
            attempt: the number of the attempt, from 1.

        Returns:
            Whether there may be a slot for the callback of another job.
        """
        try:
            job = self._store.get(job_id)
        except (JobNotFound, JobExpired):
            return True
        receiver = urlsplit(job.spec.callback_url).netloc
        try:
            with self._slots.slot(job.spec.owner, receiver) as cutoff:
                self._try(job, attempt, cutoff)
        except NoSlot as no_slot:
            seconds = ALL_TAKEN_SECONDS if no_slot.is_full else NO_ROOM_SECONDS
            self._store.return_callback(job_id, seconds)
            return not no_slot.is_full
        return True

    def _try(self, job: Job, attempt: int, cutoff: Cutoff) -> None:
        job_id = job.spec.id
        try:
            receipt, error = self._send(job, cutoff), ""
        except BadCallback as refused:
            receipt, error = Receipt(0), str(refused)
        except TimeoutError:
            receipt, error = Receipt(0), "it did not answer in time"
        except OSError as failed:
            receipt, error = Receipt(0), f"it could not be reached ({_reason(failed)})"
        if not error and not 200 <= receipt.status < 300:
            error = f"it answered {receipt.status}"
        state, wait = self._after(job, attempt, receipt, error)
        self._store.note_callback(job_id, state, error=error, again_in=wait)
        logger.info("callback job=%s attempt=%d %s %s", job_id, attempt, state.value, error)
        if state is not CallbackState.PENDING and job.spec.kind == "bulk":
            # Record it in the manifest, so that it is not sent again if the job must be restored.
            settle(self._store, self._blobs, job_id)

    def _send(self, job: Job, cutoff: Cutoff) -> Receipt:
        body = message(job)
        headers = signed_headers(
            webhook_secrets(self._settings), message_id(job), self._store.now(), body
        )
        headers |= {"Content-Type": "application/json", "User-Agent": "Scorelane"}
        return self._webhook_client.post(job.spec.callback_url, headers, body, cutoff)

    def _after(
        self, job: Job, attempt: int, receipt: Receipt, error: str
    ) -> tuple[CallbackState, float]:
        """The state of a callback after an attempt, and the seconds until the next one, if any."""
        if not error:
            return CallbackState.DELIVERED, 0.0
        growth = BACKOFF_FACTOR ** min(attempt - 1, MAX_BACKOFF_STEPS)
        wait = min(self._settings.callback_backoff_seconds * growth, MAX_BACKOFF_SECONDS)
        # Spread the attempts of callbacks that failed together.
        wait = max(wait * uniform(0.8, 1.2), receipt.retry_after)  # noqa: S311  nothing secret
        ended = job.finished_at or job.created_at
        is_over = self._store.now() + wait > ended + self._settings.callback_give_up_seconds
        if is_over or receipt.status == 410:
            return CallbackState.FAILED, 0.0
        return CallbackState.PENDING, wait


def _reason(error: OSError) -> str:
    """What went wrong, in words of this machine alone: the receiver may choose an error's text."""
    return error.strerror or type(error).__name__
