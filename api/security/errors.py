"""Errors about who may do what: keys, signed addresses, hosts and other sites."""

from shared.errors.base import ScorelaneError


class KeyWanted(ScorelaneError):
    """This service requires an API key. Send it as `Authorization: Bearer <key>`; the command
    line takes it from SCORELANE_API_KEY. The operator of the service makes keys with `scorelane
    key`.
    """


class UnknownKey(ScorelaneError):
    """This API key is not known here. Was it replaced, or is it cut short?"""


class LinkNotValid(ScorelaneError):
    """The signature of this address is not valid: the address was changed, or the key that asked
    for it was withdrawn. Ask for a new one with a key: POST /jobs/<id>/links.
    """


class LinkExpired(ScorelaneError):
    """This address has expired. Ask for a new one with a key: POST /jobs/<id>/links."""


class WrongScope(ScorelaneError):
    """This API key lacks the scope '{scope}', which this request needs."""


class HostNotAllowed(ScorelaneError):
    """The host '{host}' is none of this service, which needs no keys and so answers only under
    names that it knows. Use localhost or its address; whoever runs the service can name the host in
    SCORELANE_ALLOWED_HOSTS, or require keys.
    """


class CrossSite(ScorelaneError):
    """A web page of another origin ({origin}) may not do this. Send the request from a program, or
    from a page of this service such as /docs; whoever runs the service can name the page's origin
    in SCORELANE_CORS_ORIGINS.
    """
