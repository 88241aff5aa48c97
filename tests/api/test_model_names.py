"""From the name of a model in a request to the version that scores it, at every door."""

from typing import Any

import pytest
from support.doctor import a_worker
from support.doubles.length_model import LengthModel
from support.in_memory import Service
from support.problems import problem

from shared.aliases import pointed, removed
from shared.fleet import Served

OLD, NEW, NEWER = "000000000001", "00000000abcd", "00000000abef"

ROWS = {"ref": [1], "text": ["well"]}


@pytest.fixture
def versions(service: Service) -> Service:
    """The service with three versions of its model; new jobs get the one announced last."""
    for version in (NEW, NEWER):
        card = LengthModel(version=version).card
        service.fleet.announce("node", [Served(card=card, rate=10)])
    return service


def point(service: Service, alias: str, version: str) -> None:
    service.aliases.change("length", "me", lambda names: pointed(names, alias, version))


def job_version(service: Service, model: str | None = None) -> Any:
    answer = service.submit(b"text\nwell\n", **({"model": model} if model else {}))
    assert answer.status_code == 202, answer.text
    return answer.json["model"]["version"]


@pytest.mark.parametrize(
    ("model", "version"),
    [
        (None, NEWER),
        ("length", NEWER),
        (f"length@{OLD}", OLD),
        ("length@00000000abc", NEW),
        ("length@00000000ABC", NEW),
        ("length@challenger", NEW),
    ],
)
def test_a_version_is_named_by_its_beginning_or_an_alias(
    versions: Service, model: str | None, version: str
) -> None:
    """The job says which version it got; without a champion a bare name is the last announced."""
    point(versions, "challenger", NEW)
    assert job_version(versions, model) == version


def test_a_bare_name_is_the_champion(versions: Service) -> None:
    """Whatever was announced last; another version does not take its place."""
    point(versions, "champion", NEW)
    assert job_version(versions) == job_version(versions, "length@champion") == NEW
    point(versions, "champion", OLD)
    assert job_version(versions) == OLD


@pytest.mark.parametrize("model", ["length", "length@champion"])
def test_a_champion_that_nobody_has_is_refused(versions: Service, model: str) -> None:
    """Also if other versions are served: what to do is in the message."""
    point(versions, "champion", "0123456789ab")
    answer = versions.submit(b"text\nwell\n", model=model)
    detail = problem(answer, 503, "no-champion")
    assert "length@0123456789ab, which no worker has" in detail
    assert "scorelane promote length@VERSION" in detail
    assert job_version(versions, f"length@{NEW}") == NEW


def test_jobs_wait_for_a_champion_that_is_away(versions: Service) -> None:
    """A version that is remembered takes jobs; a question, which cannot wait, is refused."""
    point(versions, "champion", NEW)
    versions.fleet.unserved.add(f"length@{NEW}")
    assert job_version(versions) == NEW
    detail = problem(versions.client.post("/sentiment", json=ROWS), 503, "no-worker")
    assert f"length@{NEW}" in detail


def test_a_removed_version_gets_no_new_work(versions: Service) -> None:
    """Neither by its name nor as the version announced last; a removed champion is refused."""
    versions.aliases.change("length", "me", lambda names: removed(names, NEWER))
    assert job_version(versions) != NEWER
    problem(versions.submit(b"text\na\n", model=f"length@{NEWER}"), 422, "unknown-model")
    point(versions, "champion", NEWER)
    detail = problem(versions.submit(b"text\na\n"), 503, "no-champion")
    assert "which was removed" in detail


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("length@0000", "ambiguous-version", f"length@{OLD}, length@{NEW}, length@{NEWER}"),
        ("length@000", "unknown-model", f"length@{OLD}"),
        ("length@f00d", "unknown-model", "length@challenger"),
        ("length@", "unknown-model", f"no model 'length@'. The models here: length@{OLD}"),
        ("short@0000", "unknown-model", "short@0000"),
        ("short", "unknown-model", "length"),
    ],
)
def test_a_name_that_means_no_version_is_refused(
    versions: Service, model: str, code: str, said: str
) -> None:
    """The message names the candidates, or what there is."""
    point(versions, "challenger", NEW)
    assert said in problem(versions.submit(b"text\na\n", model=model), 422, code)


def test_every_door_takes_a_version_and_names_it(versions: Service) -> None:
    """Questions answer by a header, and Open Inference in its own field."""
    point(versions, "challenger", OLD)
    versions.answer_at_once()
    at = versions.client
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["well"]}
    for model in ("length@challenger", "length@0000000000", f"length@{OLD}"):
        answers = [
            at.post("/sentiment", json=ROWS, query_string={"model": model}),
            at.post("/score", json=ROWS, query_string={"model": model}),
            at.post("/invocations", json={"inputs": ["well"]}, query_string={"model": model}),
            at.post(f"/models/{model}/invocations", json={"inputs": ["well"]}),
        ]
        for answer in answers:
            assert answer.headers["Scorelane-Model"] == f"length@{OLD}", answer.text
        name, _, version = model.partition("@")
        for path in (f"/v2/models/{model}", f"/v2/models/{name}/versions/{version}"):
            assert at.get(path).json["versions"] == [OLD]
            body = {"inputs": [tensor], "model_name": name}
            answer = at.post(f"{path}/infer", json=body)
            assert (answer.json["model_name"], answer.json["model_version"]) == ("length", OLD)


def test_a_retry_keeps_the_version_of_its_job(versions: Service) -> None:
    """While that is served it goes on, whatever points at it by now; then it gets the champion."""
    point(versions, "challenger", NEW)
    job = versions.submit(b"text\na\n", model="length@challenger").json
    versions.client.post(job["links"]["cancel"])
    point(versions, "challenger", OLD)
    point(versions, "champion", NEWER)
    again = versions.client.post(job["links"]["retry"]).json
    assert again["model"]["version"] == NEW
    versions.client.post(again["links"]["cancel"])
    versions.fleet.unserved.add(f"length@{NEW}")
    assert versions.client.post(again["links"]["retry"]).json["model"]["version"] == NEWER


def test_a_version_that_every_worker_leaves_to_others_is_refused_with_the_reason(
    service: Service,
) -> None:
    """It names the version, also if the request has only a beginning of it, an alias or a name."""
    why = "its card names numpy 1.26; here, numpy 2.4"
    declined = {f"length@{NEW}": why, "only@0123456789ab": why}
    service.fleet.describe(a_worker("one", models=[f"length@{OLD}"], declined=declined))
    for model, expected in (
        (f"length@{NEW}", f"length@{NEW}: {why}"),
        ("length@00000000abc", f"length@{NEW}: {why}"),
        ("only", f"only@0123456789ab: {why}"),
        ("only@0123", f"only@0123456789ab: {why}"),
    ):
        for answer in (
            service.submit(b"text\nwell\n", model=model),
            service.client.post(f"/score?model={model}", json=ROWS),
        ):
            detail = problem(answer, 422, "unknown-model")
            assert f"no model '{model}' that fits a worker ({expected}). The models here" in detail
    answer = service.client.put(f"/models/length/aliases/challenger?version={NEW}")
    assert why in problem(answer, 404, "no-such-model")
    assert "that fits" not in problem(
        service.submit(b"text\nwell\n", model="length@0000ffff"), 422, "unknown-model"
    )
    point(service, "challenger", NEW)
    answer = service.submit(b"text\nwell\n", model="length@challenger")
    assert f"which fits no worker (length@{NEW}: {why})" in problem(answer, 503, "no-champion")
