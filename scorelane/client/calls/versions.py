"""Calls about the versions of models: list, promote, roll back, remove.

Where the service has API keys, all but `versions` need one with the scope `admin`.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scorelane.client.errors import InvalidSource
from scorelane.client.io_steps import Send, Steps
from scorelane.client.model_archive import archive_of, name_in
from scorelane.client.request import J, Requests, without_none
from scorelane.client.sync_async import call

#: Seconds added to the read timeout: the service responds once it has stored the model.
STORING_SECONDS = 300.0

#: The alias whose version the bare name of a model means.
CHAMPION = "champion"


class VersionCalls(Requests[J]):
    """Chooses which version of a model its names mean.

    Each change is a dict: `model`, `number`, `at`, `by`, `action`, `alias`, `before`, `after`; and
    when it is made also `processes` and `failed_jobs`. docs/api.md describes the fields.
    """

    @call
    def versions(self) -> Steps[list[dict[str, Any]]]:
        """Return all versions of all models, each with its aliases, processes and rows scored.

        An older service lists none.
        """
        body = yield from self._json(Send("GET", "/models"))
        with self.valid_response():
            return list(body.get("versions", []))

    @call
    def promote(
        self,
        model: str,
        alias: str = CHAMPION,
        *,
        expected: str | None = None,
        by: str | None = None,
    ) -> Steps[dict[str, Any]]:
        """Let an alias point at a version of a model; return the change.

        Args:
            model: `mine@3f2a` or `mine@challenger`.
            alias: the alias, which may be new. `champion` is what the bare name means.
            expected: the whole version at which it must point before; None: any.
            by: who makes the change, where the service needs no key.

        Raises:
            InvalidSource: `model` names no version.
            scorelane.client.errors.NotFound: there is no such version.
            scorelane.client.errors.Conflict: no process serves it, or `expected` is not the case.
        """
        name, version = parts_of(model)
        params = without_none(version=version, expected=expected, by=by)
        path = f"/models/{quote(name, safe='')}/aliases/{quote(alias, safe='')}"
        return (yield from self._change(Send("PUT", path, params=params), idempotent=True))

    @call
    def remove_alias(
        self, name: str, alias: str, *, by: str | None = None
    ) -> Steps[dict[str, Any]]:
        """Remove an alias of a model; return the change. The champion can only be replaced."""
        path = f"/models/{quote(name, safe='')}/aliases/{quote(alias, safe='')}"
        return (yield from self._change(Send("DELETE", path, params=without_none(by=by))))

    @call
    def rollback(
        self, name: str, *, expected: str | None = None, by: str | None = None
    ) -> Steps[dict[str, Any]]:
        """Make the former champion of a model the champion again; return the change.

        Args:
            name: of the model.
            expected: the whole version that must be the champion before; None: any. With it, a
                rollback that is repeated goes back once.
            by: who makes the change, where the service needs no key.

        Raises:
            scorelane.client.errors.Conflict: there is no former champion, no process serves it, or
                `expected` is not the champion.
        """
        path = f"/models/{quote(name, safe='')}/rollback"
        params = without_none(expected=expected, by=by)
        return (yield from self._change(Send("POST", path, params=params)))

    @call
    def remove_version(
        self, model: str, *, force: bool = False, by: str | None = None
    ) -> Steps[dict[str, Any]]:
        """Withdraw a version of a model from service; return the change.

        Args:
            model: `mine@3f2a`.
            force: also if jobs wait for it, which then fail, or if the bare name means it.
            by: who makes the change, where the service needs no key.

        Raises:
            InvalidSource: `model` names no version.
            scorelane.client.errors.Conflict: it is in use, and `force` is false.
        """
        params = without_none(force="true" if force else None, by=by)
        return (yield from self._change(Send("DELETE", _path_of(model), params=params)))

    @call
    def serve_version(self, model: str, *, by: str | None = None) -> Steps[dict[str, Any]]:
        """Take a version into service again that was removed; return the change."""
        request = Send("PUT", _path_of(model), params=without_none(by=by))
        return (yield from self._change(request, idempotent=True))

    @call
    def upload_model(self, folder: str | os.PathLike[str]) -> Steps[dict[str, Any]]:
        """Upload a model folder as a new version; return its `model`, `name`, `version`, `bytes`.

        The service takes it only if its operator allows that (`SCORELANE_MODEL_UPLOADS`), and from
        keys with the scope `admin`: a model can be code that the workers run. A worker tries it
        then; `versions` lists it when it is served, `failed_models` says why not.

        Args:
            folder: a model folder with its `card.json`, as `scorelane add-model --output` makes it.

        Raises:
            InvalidSource: it is no model folder.
            scorelane.client.errors.ClientError: the service refuses it.
        """
        path = Path(folder)
        upload = archive_of(path)
        name = quote(name_in(path), safe="")
        request = Send("PUT", f"/models/{name}", upload=upload, extra_seconds=STORING_SECONDS)
        body = yield from self._json(request, idempotent=True)
        with self.valid_response():
            return {**body, "model": body["model"]}

    @call
    def model_changes(self, name: str, limit: int = 50) -> Steps[list[dict[str, Any]]]:
        """Return the last changes of a model's aliases and versions, the newest first."""
        path = f"/models/{quote(name, safe='')}/audit"
        body = yield from self._json(Send("GET", path, params={"limit": limit}))
        with self.valid_response():
            return list(body["changes"])

    def _change(self, request: Send, *, idempotent: bool = False) -> Steps[dict[str, Any]]:
        body = yield from self._json(request, idempotent=idempotent)
        with self.valid_response():
            return {**body, "after": body["after"]}


def parts_of(model: str) -> tuple[str, str]:
    """The name of a model, and its version or alias.

    Raises:
        InvalidSource: it has none.
    """
    name, sign, version = model.partition("@")
    if not (name and sign and version):
        raise InvalidSource(f"'{model}' names no version. Write NAME@VERSION or NAME@ALIAS.")
    return name, version


def _path_of(model: str) -> str:
    name, version = parts_of(model)
    return f"/models/{quote(name, safe='')}/versions/{quote(version, safe='')}"
