"""Refuses what a page of another site makes a browser send; answers CORS for listed origins.

A browser sends requests on behalf of any page that it shows. Where no key is needed, such a page
could use the service with the rights of the person in front of the browser:

- A form or script of another site can send a POST. The browser names that site in `Origin`, or
  says `cross-site` in `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/).
- A page of another site can load an answer as an image or a script, or show it in a frame. It
  cannot read the answer, but its time and size tell something, and it costs work. The browser says
  in `Sec-Fetch-Mode` and `Sec-Fetch-Dest` that this is no navigation to a page of its own.
- With DNS rebinding a page changes the address of its own name to that of the service. The browser
  then takes both for one site, but the name is still in `Host`.

Where keys are needed neither helps the page, as it has no key.
"""

from flask import Request, Response

from api.security.errors import CrossSite, HostNotAllowed
from shared.allowed_hosts import AllowedHosts, host_and_port
from shared.config.settings import Settings
from shared.config.validation import listed

#: Methods that change nothing.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: Values of `Sec-Fetch-Dest` for a page inside another page.
_FRAMES = frozenset({"embed", "fencedframe", "frame", "iframe", "object"})

#: Endpoints that answer under any host: load balancers probe them, and they say nothing of jobs.
_PROBES = frozenset(
    {
        "health.livez",
        "health.readyz",
        "mlflow.ping",
        "mlflow.health",
        "open_inference.live",
        "open_inference.ready",
    }
)

_PORTS = {"http": 80, "https": 443}

#: Seconds for which a browser may remember the answer to a preflight.
_PREFLIGHT_SECONDS = 600

_METHODS = "GET, HEAD, POST, DELETE"

#: The headers of answers that scripts of listed origins may read, beyond those that all may.
_EXPOSED = ", ".join(
    (
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Location",
        "Content-Range",
        "ETag",
        "Idempotency-Replayed",
        "Link",
        "Location",
        "Not-Redirected",
        "Preference-Applied",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "Scorelane-Model",
        "X-Request-ID",
    )
)


class Browsers:
    """Decides which requests of browsers are answered, and adds the CORS headers."""

    def __init__(self, settings: Settings) -> None:
        """Read the settings `allowed_hosts` and `cors_origins`."""
        self._hosts = AllowedHosts(settings.allowed_hosts)
        self._origins = frozenset(listed(settings.cors_origins))

    def check(self, request: Request) -> None:
        """Check a request that needs no key.

        Raises:
            api.security.errors.HostNotAllowed: its `Host` is none of this service.
            api.security.errors.CrossSite: a page of another origin sends it, and it would change
                something, or its answer would become a part of that page.
        """
        host = request.environ.get("HTTP_HOST", "")
        listens_on = request.environ.get("SERVER_NAME", "")
        if request.endpoint not in _PROBES and not self._hosts.allow(host, listens_on):
            raise HostNotAllowed(host=host[:80])
        refused = (
            self._is_part_of_another_page(request)
            if request.method in _SAFE
            else not self._is_own_page(host, request)
        )
        if refused:
            raise CrossSite(origin=_origin_of(request)[:80])

    def preflight(self, request: Request) -> Response | None:
        """The answer to a CORS preflight; None if the request is none.

        Raises:
            api.security.errors.CrossSite: pages of its origin may not use the service.
        """
        headers = request.headers
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in headers:
            return None
        if headers.get("Origin") not in self._origins:
            raise CrossSite(origin=_origin_of(request)[:80])
        answer = Response(status=204)
        answer.headers["Access-Control-Allow-Methods"] = _METHODS
        # All that are asked for: the origin is trusted, and clients send headers of their own.
        if wanted := headers.get("Access-Control-Request-Headers"):
            answer.headers["Access-Control-Allow-Headers"] = wanted
        if headers.get("Access-Control-Request-Private-Network") == "true":
            answer.headers["Access-Control-Allow-Private-Network"] = "true"
        answer.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
        return answer

    def add_headers(self, request: Request, response: Response) -> None:
        """Let pages of the listed origins read a response."""
        if not self._origins:
            return
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in self._origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED

    def _is_part_of_another_page(self, request: Request) -> bool:
        """Whether a page of an origin that is not listed loads the answer, or shows it in a frame.

        A link of such a page may lead here. Programs send none of these headers, nor do browsers
        to an address that is neither HTTPS nor of this machine; there the browser alone keeps the
        answer from the page (`Cross-Origin-Resource-Policy`, and no CORS).
        """
        headers = request.headers
        if headers.get("Sec-Fetch-Site") not in ("cross-site", "same-site"):
            return False
        if headers.get("Origin") in self._origins:
            return False
        return (
            headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
            or headers.get("Sec-Fetch-Dest") in _FRAMES
        )

    def _is_own_page(self, host: str, request: Request) -> bool:
        """Whether no page sends a request, or one of the service or of a listed origin."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if origin in self._origins:
            return True
        if site is not None:
            # A page cannot set this header. `none`: the person typed the address.
            return site == "same-origin" or (site == "none" and origin is None)
        if origin is None:
            return True
        # The schemes may differ: a proxy may speak TLS.
        scheme, _, authority = origin.partition("://")
        default = _PORTS.get(scheme)
        if default is None:
            return False
        name, port = host_and_port(authority)
        our_name, our_port = host_and_port(host)
        return name is not None and (name, port or default) == (our_name, our_port or default)


def _origin_of(request: Request) -> str:
    return request.headers.get("Origin") or "a page of another site"
