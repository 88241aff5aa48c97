"""The calls that read what models take and give, and remember it for a while."""

import time
from typing import Any

from scorelane.client.errors import NotFound, Refused, UnknownModel
from scorelane.client.io_steps import Send, Steps
from scorelane.client.request import J, Requests
from scorelane.client.signature import SENTIMENT, Signature, signatures_of
from scorelane.client.sync_async import call

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

    def signature_of(self, model: str | None, *, fresh: bool = False) -> Steps[Signature]:
        """Return what a model takes and gives; if nobody says, that of a model of texts.

        Args:
            model: the name of the model; None: the service's default.
            fresh: whether to ask the service even if it was asked a short while ago.

        Raises:
            UnknownModel: the service has no such model.
        """
        known = self._known
        if fresh or not known or time.monotonic() - known[0] > REMEMBERED_SECONDS:
            known = yield from self._read()
        elif model and known[1] and model not in known[1]:
            # It may have been added since.
            known = yield from self._read()
        signatures = known[1]
        if model and signatures and model not in signatures:
            names = ", ".join(name for name in signatures if name is not None)
            message = f"There is no model '{model}'. The models here: {names}."
            raise UnknownModel(422, "unknown-model", message)
        return signatures.get(model, SENTIMENT)

    def _read(self) -> Steps[tuple[float, dict[str | None, Signature]]]:
        """Read the models; there are none for a key that may only submit, or an older service."""
        found: dict[str | None, Signature] = {}
        try:
            body = yield from self._json(Send("GET", "/models"))
        except (Refused, NotFound):
            pass
        else:
            with self.valid_response():
                found = signatures_of(body["models"])
        self._known = known = time.monotonic(), found
        return known
