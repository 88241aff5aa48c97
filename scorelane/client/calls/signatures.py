"""Reads what models take and give, remembers it for a while, and sends rows accordingly."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from scorelane.client.errors import BadRequest, NotFound, Refused, UnknownModel
from scorelane.client.io_steps import Send, Steps
from scorelane.client.options import JobOptions, RowOptions, first_model, input_columns
from scorelane.client.request import J, Requests
from scorelane.client.signature import SENTIMENT, Signature, named, signatures_of
from scorelane.client.sync_async import call

#: The code of the error that a column of the model is missing.
NO_SUCH_COLUMN = "no-such-column"

#: How long the signatures of a service's models are remembered, in seconds.
REMEMBERED_SECONDS = 60.0


class SignatureCalls(Requests[J]):
    """Reads the models of a service."""

    #: When the signatures were read (monotonic, in seconds), and the signatures by model.
    _known: tuple[float, dict[str | None, Signature]] | None = None

    @call
    def models(self) -> Steps[list[dict[str, Any]]]:
        """Return the models, each with its name, version, inputs, outputs, rate and live processes.

        docs/api.md lists the fields.
        """
        body = yield from self._json(Send("GET", "/models"))
        with self.valid_response():
            return list(body["models"])

    def _signature_for(
        self, options: JobOptions | RowOptions, *, has_texts: bool
    ) -> Steps[Signature]:
        """Return the signature by which the columns of a source are chosen.

        Args:
            options: of the request.
            has_texts: whether the source clearly holds texts.
        """
        if options.get("text_column") is not None or has_texts:
            return SENTIMENT
        return (yield from self.signature_of(first_model(options)))

    def _send_chosen(
        self,
        request: Callable[[Signature], Send],
        options: JobOptions | RowOptions,
        *,
        has_texts: bool,
        is_raw: bool = False,
    ) -> Steps[httpx.Response]:
        """Send rows with the columns that their model takes.

        If the service misses a column, the model may have been replaced since the client asked for
        its columns: it asks again, and sends the rows again if the columns are others by now.

        Args:
            request: makes the request for a signature; it must be safe to send it twice.
            options: of the request.
            has_texts: whether the source clearly holds texts.
            is_raw: whether it is sent as it is, whatever the model takes.
        """
        signature = yield from self._signature_for(options, has_texts=has_texts)
        first = request(signature)
        try:
            return (yield from self._response_to(first, idempotent=True))
        except BadRequest as error:
            can_be_sent = first.upload is None or first.upload.can_be_sent
            if error.code != NO_SUCH_COLUMN or is_raw or not can_be_sent:
                raise
            if options.get("text_column") is not None:
                raise
            now = yield from self.signature_of(first_model(options), fresh=True)
            if input_columns(options, now) == input_columns(options, signature):
                raise
        return (yield from self._response_to(request(now), idempotent=True))

    def signature_of(self, model: str | None, *, fresh: bool = False) -> Steps[Signature]:
        """Return what a model takes and gives; if nobody says, that of a model of texts.

        Args:
            model: its name, perhaps with a version or an alias; None: the service's default.
            fresh: whether to ask the service even if it was asked a short while ago.

        Raises:
            UnknownModel: the service has no such model.
        """
        known = self._known
        if fresh or not known or time.monotonic() - known[0] > REMEMBERED_SECONDS:
            known = yield from self._read()
        elif model and known[1] and named(known[1], model) is None:
            # It may have been added since.
            known = yield from self._read()
        signatures = known[1]
        if not model or not signatures:
            return signatures.get(None, SENTIMENT)
        found = named(signatures, model)
        if found is None:
            names = ", ".join(name for name in signatures if name is not None)
            message = f"There is no model '{model}'. The models here: {names}."
            raise UnknownModel(422, "unknown-model", message)
        return found

    def _read(self) -> Steps[tuple[float, dict[str | None, Signature]]]:
        """Read the models; there are none for a key that may only submit, or an older service."""
        found: dict[str | None, Signature] = {}
        try:
            body = yield from self._json(Send("GET", "/models"))
        except (Refused, NotFound):
            pass
        else:
            with self.valid_response():
                found = signatures_of(body["models"], body.get("versions", ()))
        self._known = known = time.monotonic(), found
        return known
