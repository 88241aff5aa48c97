"""The gunicorn worker that answers requests which cannot be parsed with problems (RFC 9457)."""

from contextlib import suppress
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from api.process.raw_problems import unparsed


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # it ships no types
    """A worker whose own error pages are problems, and whose log does not quote requests."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that gunicorn cannot parse; leave any other error to gunicorn."""
        # An error with a code of its own, 500 for instance, is not the client's.
        if not isinstance(exc, ParseException) or getattr(exc, "code", 400) != 400:
            # Its message has the whole address, and the query may have a signature or a text.
            if hasattr(req, "uri"):
                req.uri = req.uri.partition("?")[0]
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("a request cannot be parsed: %s", type(exc).__name__)
        with suppress(OSError):
            client.sendall(unparsed(exc))
