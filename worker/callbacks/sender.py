"""Delivers callbacks: threads of the worker's main process, beside its heart."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import uniform
from urllib.parse import urlsplit

from celery.signals import worker_ready, worker_shutdown
from redis.exceptions import RedisError

from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings, load_settings
from shared.errors.input import BadCallback
from shared.errors.service import BadWebhookSecret, JobExpired, JobNotFound
from shared.jobs.job import CallbackState, Job
from shared.jobs.job_store import JobStore
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.storage.blobs import Blobs, FolderBlobs
from shared.storage.manifest import settle
from shared.telemetry.safe_traceback import where
from shared.webhooks.target import Allowed
from worker.callbacks.http_post import Receipt, WebhookClient
from worker.callbacks.message import message, message_id, signed_headers

logger = logging.getLogger(__name__)

#: Callbacks that a worker delivers at a time: a slow receiver holds up no other.
AT_ONCE = 8

#: So many of them at most to one receiver: however many jobs it waits for, and however slow it is,
#: there are places left for others.
AT_ONCE_EACH = 2

#: When a callback is looked at again that found its receiver's places taken, in seconds.
LATER_SECONDS = 5.0

#: Who takes a callback has so long to deliver it, in seconds; then another one does. More than any
#: attempt takes, a slow look-up of the host included.
LEASE_SECONDS = 120.0

#: Each wait is so many times as long as the one before, up to a most.
GROWTH, MOST_SECONDS = 6.0, 12 * 3600.0

#: After so many attempts the wait grows no more: some hundred later it would be no number any more.
MOST_GROWTHS = 30

_sender: "Sender | None" = None


class Sender(threading.Thread):
    """Takes callbacks that are due, and tries each again, ever later, until it is delivered."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        courier: WebhookClient,
        pause: float = 1.0,
    ) -> None:
        super().__init__(name="sender", daemon=True)
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._courier = courier
        self._pause = pause
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    def run(self) -> None:
        """Deliver until `stop`."""
        busy: set[Future[None]] = set()
        with ThreadPoolExecutor(AT_ONCE, "callback") as pool:
            while not self._stopped.wait(self._pause):
                busy = {one for one in busy if not one.done()}
                try:
                    for taken in self._store.take_callbacks(AT_ONCE - len(busy), LEASE_SECONDS):
                        busy.add(pool.submit(self._deliver_on, *taken))
                except RedisError as error:
                    logger.warning("no callbacks: Redis does not answer (%s)", error)
                except Exception:
                    logger.exception("callbacks failed")

    def stop(self) -> None:
        """Take no more."""
        self._stopped.set()

    def _deliver_on(self, job_id: str, attempt: int) -> None:
        """Deliver a callback, and then whatever else is due."""
        try:
            taken = [(job_id, attempt)]
            while taken and not self._stopped.is_set():
                self.deliver(*taken[0])
                taken = self._store.take_callbacks(1, LEASE_SECONDS)
        except Exception as error:  # noqa: BLE001  it is logged, and tried again after the lease
            logger.error("a callback was not delivered: %s", where(error))  # noqa: TRY400  the message may hold an address

    def deliver(self, job_id: str, attempt: int) -> None:
        """Try to deliver the callback of a job, for the so many-th time."""
        try:
            job = self._store.get(job_id)
        except (JobNotFound, JobExpired):
            return
        with self._place(urlsplit(job.spec.callback_url).netloc) as had:
            if had:
                self._try(job, attempt)
            else:
                self._store.return_callback(job_id, LATER_SECONDS)

    @contextmanager
    def _place(self, receiver: str) -> Iterator[bool]:
        """Hold one of the places of a receiver, if there is one; gives whether there was."""
        with self._lock:
            had = self._under_way[receiver] < AT_ONCE_EACH
            self._under_way[receiver] += had
        try:
            yield had
        finally:
            with self._lock:
                self._under_way[receiver] -= had
                if not self._under_way[receiver]:
                    del self._under_way[receiver]

    def _try(self, job: Job, attempt: int) -> None:
        job_id = job.spec.id
        try:
            receipt, error = self._send(job), ""
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
            # So that it is not sent again, should the job have to be restored.
            settle(self._store, self._blobs, job_id)

    def _send(self, job: Job) -> Receipt:
        body = message(job)
        headers = signed_headers(
            webhook_secrets(self._settings), message_id(job), self._store.now(), body
        )
        headers |= {"Content-Type": "application/json", "User-Agent": "Scorelane"}
        return self._courier.carry(job.spec.callback_url, headers, body)

    def _after(
        self, job: Job, attempt: int, receipt: Receipt, error: str
    ) -> tuple[CallbackState, float]:
        """What is to be done after an attempt; and in how many seconds, if it is another one."""
        if not error:
            return CallbackState.DELIVERED, 0.0
        growth = GROWTH ** min(attempt - 1, MOST_GROWTHS)
        wait = min(self._settings.callback_backoff_seconds * growth, MOST_SECONDS)
        # Not all at once, of many that failed together.
        wait = max(wait * uniform(0.8, 1.2), receipt.retry_after)  # noqa: S311  nothing secret
        ended = job.finished_at or job.created_at
        late = self._store.now() + wait > ended + self._settings.callback_give_up_seconds
        if late or receipt.status == 410:
            return CallbackState.FAILED, 0.0
        return CallbackState.PENDING, wait


def _reason(error: OSError) -> str:
    """What went wrong, without what the other end may have put into it."""
    return error.strerror or type(error).__name__


@worker_ready.connect
def start(**_: object) -> None:
    """Start delivering when the worker consumes, if there is something to sign with."""
    global _sender  # noqa: PLW0603  one a worker; Celery's signals hand nothing on
    settings = load_settings()
    try:
        if not webhook_secrets(settings):
            return
    except (BadWebhookSecret, OSError) as error:
        logger.critical("no callbacks are delivered: %s", error)
        return
    courier = WebhookClient(Allowed(settings.callback_allow), settings.callback_timeout)
    store, blobs = RedisJobStore(RedisLink(settings), settings), FolderBlobs(settings.blobs_dir)
    _sender = Sender(settings, store=store, blobs=blobs, courier=courier)
    _sender.start()


@worker_shutdown.connect
def stop(**_: object) -> None:
    """Stop delivering with the worker."""
    if _sender:
        _sender.stop()
