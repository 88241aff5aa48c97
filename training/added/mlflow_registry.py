"""Downloads a model from an MLflow model registry, by MLflow's REST API.

MLflow itself is not needed. The registry must give artifacts out by itself (`mlflow server` with
`--serve-artifacts`, the default); a model whose artifacts lie in a bucket is downloaded by MLflow's
client, if it is installed.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from shared.errors.input import BadOption

#: The setting of MLflow's own programs with the address of its server.
TRACKING_URI = "MLFLOW_TRACKING_URI"

_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")

_API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_PROXIED = "mlflow-artifacts:"
_TIMEOUT_SECONDS = 60

#: A model is no larger tree of files than this; a server that says so is broken.
_MOST_FILES = 10_000


def is_registry_uri(name: str) -> bool:
    """Whether a name is that of a model in a registry, such as `models:/churn@champion`."""
    return name.startswith("models:/")


def download_model(uri: str, registry: str | None, folder: Path) -> str:
    """Download a model into a folder.

    Args:
        uri: `models:/name@alias` or `models:/name/3`.
        registry: the address of the registry; None: `MLFLOW_TRACKING_URI`.
        folder: an empty folder.

    Returns:
        What was downloaded: the name and the version.

    Raises:
        shared.errors.input.BadOption: the registry does not give out this model.
    """
    address = registry or os.environ.get(TRACKING_URI)
    parts = _URI.fullmatch(uri)
    if parts is None:
        reason = "write models:/name@alias, or models:/name/3 for a version"
        raise BadOption(option="FILE", value=uri, reason=reason)
    if not address or not address.startswith(("http://", "https://")):
        reason = f"say where the registry is, with --registry http://... or {TRACKING_URI}"
        raise BadOption(option="FILE", value=uri, reason=reason)
    try:
        with httpx.Client(
            base_url=address.rstrip("/"),
            headers=_token(),
            auth=_login(),
            timeout=_TIMEOUT_SECONDS,
        ) as client:
            version, source = _found(client, parts)
            if source.startswith(_PROXIED):
                _copy_tree(client, source, folder)
            else:
                _by_mlflow(address, f"models:/{parts['name']}/{version}", source, folder)
    except httpx.HTTPError as error:
        raise BadOption(option="FILE", value=uri, reason=_said(error)) from error
    return f"{parts['name']}, version {version}"


def _found(client: httpx.Client, parts: "re.Match[str]") -> tuple[str, str]:
    """The version of a model, and where its artifacts are."""
    version = parts["version"]
    if version is None:
        asked = {"name": parts["name"], "alias": parts["alias"]}
        found = _json(client, f"{_API}/registered-models/alias", asked)
        version = str(found["model_version"]["version"])
    asked = {"name": parts["name"], "version": version}
    found = _json(client, f"{_API}/model-versions/get-download-uri", asked)
    return version, str(found["artifact_uri"])


def _copy_tree(client: httpx.Client, source: str, folder: Path) -> None:
    # mlflow-artifacts:/path, or mlflow-artifacts://host/path.
    root = re.sub(r"^mlflow-artifacts:(//[^/]*)?/?", "", source).rstrip("/")
    for count, path in enumerate(_files(client, root, ""), start=1):
        target = (folder / path).resolve()
        if count > _MOST_FILES or not target.is_relative_to(folder.resolve()):
            raise httpx.DecodingError(f"the registry names a file that is none: {path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        address = f"{_ARTIFACTS}/{quote(f'{root}/{path}')}"
        with client.stream("GET", address) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                file.write(chunk)


def _files(client: httpx.Client, root: str, below: str) -> Iterator[str]:
    """The paths of all files under a folder of artifacts, from its root."""
    listed = _json(client, _ARTIFACTS, {"path": f"{root}/{below}".rstrip("/")})
    for one in listed.get("files", []):
        # The server names a file from the folder that was asked for.
        path = f"{below}/{one['path']}".lstrip("/")
        if one.get("is_dir"):
            yield from _files(client, root, path)
        else:
            yield path


def _by_mlflow(address: str, uri: str, source: str, folder: Path) -> None:
    try:
        import mlflow  # noqa: PLC0415  an extra
    except ImportError as error:
        reason = (
            f"its files are in {source}, which the registry does not give out by itself. Install "
            "MLflow here (pip install mlflow-skinny), whose client fetches them"
        )
        raise BadOption(option="FILE", value=uri, reason=reason) from error
    mlflow.set_tracking_uri(address)
    mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder))


def _json(client: httpx.Client, path: str, asked: dict[str, str]) -> dict[str, Any]:
    answer = client.get(path, params=asked)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _login() -> tuple[str, str] | None:
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    return (user, os.environ.get("MLFLOW_TRACKING_PASSWORD", "")) if user else None


def _token() -> dict[str, str]:
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _said(error: httpx.HTTPError) -> str:
    """What went wrong, in a sentence."""
    if isinstance(error, httpx.HTTPStatusError):
        try:
            said = str(error.response.json()["message"])
        # What a server that is no registry answers.
        except (KeyError, TypeError, ValueError, httpx.ResponseNotRead):
            said = f"{error.response.status_code} {error.response.reason_phrase}"
        return f"the registry says: {said[:300].rstrip(chr(46))}"
    return f"the registry cannot be asked ({type(error).__name__}: {str(error)[:200]})"
