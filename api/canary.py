"""The canary: which requests for a champion its challenger answers."""

import time
from collections.abc import Callable

from flask import g, has_request_context, request

from api.model_names import ModelNames
from shared.aliases import CHAMPION
from shared.fleet import Served
from shared.no_waiting import check_may_wait
from shared.telemetry import context
from shared.traffic import CHALLENGER, Traffic, is_drawn

#: The header, and the label of a job, with the key by which requests are drawn.
KEY_HEADER, KEY_LABEL = "Scorelane-Traffic-Key", "traffic"

#: For how long this process sends no questions to a challenger that has not answered one.
PAUSE_SECONDS = 60.0


class Canary:
    """Sends a share of the requests for champions to their challengers.

    Never at the cost of an answer: only while the challenger is served, takes and gives the same
    columns, and answers. Whether a request is in the share follows from a key, so the share is
    sticky: the key of the request, or the owner; without both each request is drawn by itself.
    """

    def __init__(self, owner: Callable[[], str]) -> None:
        """Take what says whose the present request is."""
        self._owner = owner
        self._paused: dict[str, float] = {}

    def pause(self, full_name: str) -> None:
        """Send no requests to a challenger for a while: it has not answered one."""
        self._paused[full_name] = time.monotonic() + PAUSE_SECONDS

    def choose(
        self, names: ModelNames, ref: str | None, champion: Served, labels: tuple[str, ...] = ()
    ) -> Served:
        """The champion, or the challenger in its place.

        Args:
            names: what the names of models mean.
            ref: the name that the request gives the model; only the champion's are drawn.
            champion: the version that it means.
            labels: of a new job, as `key:value`.
        """
        _, sign, wanted = (ref or "").partition("@")
        if sign and wanted != CHAMPION:
            return champion
        traffic = traffic_of(names, champion.card.name)
        if traffic is None or not traffic.canary:
            return champion
        challenger = names.there(champion.card.name).get(traffic.version)
        if challenger is None or self.why_not(names, champion, traffic):
            return champion
        full_name = challenger.card.full_name
        return challenger if is_drawn(self._key(labels), full_name, traffic.canary) else champion

    def why_not(self, names: ModelNames, champion: Served, traffic: Traffic) -> str | None:
        """Why the challenger scores nothing in the place of the champion; None: it does."""
        challenger = names.there(champion.card.name).get(traffic.version)
        if challenger is None:
            return "No worker has the challenger."
        full_name = challenger.card.full_name
        if challenger.card.version == champion.card.version:
            return "The challenger is the champion."
        if challenger.card.signature != champion.card.signature:
            return "The challenger takes or gives other columns than the champion."
        if not names.fleet.processes(full_name):
            return "No live process serves the challenger."
        if self._paused.get(full_name, 0.0) > time.monotonic():
            return f"The challenger did not answer; it is asked again within {PAUSE_SECONDS:g} s."
        return None

    def _key(self, labels: tuple[str, ...]) -> str:
        """What decides whether a request is in the share."""
        for label in labels:
            name, _, value = label.partition(":")
            if name == KEY_LABEL:
                return value
        if not has_request_context():
            # The event loop repeats what was decided by a head. This is decided by each request.
            check_may_wait()
            return ""
        given = request.headers.get(KEY_HEADER)
        # A request asks more than once, and must get one answer.
        return given or self._owner() or str(context.fields().get("request_id", id(g)))


def traffic_of(names: ModelNames, model: str) -> Traffic | None:
    """The shares of the present challenger of a model; None: it has none."""
    found = names.names_of(model)
    traffic = found.traffic
    return traffic if traffic and found.aliases.get(CHALLENGER) == traffic.version else None
