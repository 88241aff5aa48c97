"""`models`, `promote`, `rollback` and `remove` against the service in memory, over HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from support.commands import run
from support.doctor import a_worker
from support.doubles.length_model import LengthModel
from support.in_memory import Service
from support.live import live

from shared.fleet import Served

OLD, NEW = "000000000001", "00000000abcd"


@dataclass
class Typed:
    """The service, and commands that are typed against it."""

    service: Service
    url: str

    def __call__(self, *arguments: str) -> Result:
        return run(*arguments, "--url", self.url)

    def versions(self) -> dict[str, Any]:
        found = json.loads(self("models", "--json").stdout)
        return {one["version"]: one for one in found}


@pytest.fixture
def typed(service: Service) -> Iterator[Typed]:
    card = LengthModel(version=NEW).card
    service.fleet.announce("node", [Served(card=card, rate=10)])
    with live(service.app) as port:
        yield Typed(service, f"http://127.0.0.1:{port}")


def test_which_workers_serve_a_version_and_which_leave_it(typed: Typed) -> None:
    """The versions of its libraries at those that do, and the reason of those that do not."""
    fleet = typed.service.fleet
    card = LengthModel(version=NEW).card.model_copy(update={"libraries": {"numpy": "2.0.1"}})
    fleet.announce("node", [Served(card=card, rate=10)])
    for name, libraries in (("a", {"numpy": "2.0.0", "scipy": "1.9"}), ("b", {"numpy": "2.0.2"})):
        fleet.describe(a_worker(name, models=[card.full_name], libraries=libraries))
    why = {card.full_name: "its card names numpy 2.0.1; here, numpy 1.26"}
    fleet.describe(a_worker("c", models=[], declined=why))
    said = typed("models")
    assert f"1 worker leaves {card.full_name} to others: {why[card.full_name]}." in said.stderr
    assert "is not served" not in said.stderr
    served = "Served by 1 worker with numpy 2.0.0; 1 worker with numpy 2.0.2"
    assert served in typed("models", card.full_name).stdout
    [declined] = typed.service.client.get("/models").json["declined"]
    assert (declined["version"], declined["workers"]) == (NEW, 1)


def test_promote_and_roll_back(typed: Typed) -> None:
    """Each says what is the champion now, and what it was before."""
    assert typed("promote", f"length@{OLD}").stdout == f"length@champion is now {OLD}.\n"
    said = typed("promote", "length@0000000000", "--as", "challenger")
    assert said.stdout == f"length@challenger is now {OLD}.\n"
    said = typed("promote", "length@0000", "--as", "challenger")
    assert said.exit_code != 0
    assert f"length@{OLD}, length@{NEW}" in said.stderr
    typed("promote", "length@00000000ab", "--as", "challenger")
    said = typed("promote", "length@challenger")
    assert said.stdout == f"length@champion is now {NEW}; it was {OLD}.\n"
    said = typed("rollback", "length")
    assert said.stdout == f"length@champion is now {OLD}; it was {NEW}.\n"
    assert typed.versions()[OLD]["aliases"] == ["champion"]
    said = typed("rollback", "length")
    assert said.exit_code != 0
    assert "no former champion" in said.stderr


def test_the_list(typed: Typed) -> None:
    """A line for each version: a star where the bare name means it, aliases, processes and rows."""
    typed("promote", f"length@{OLD}")
    typed.service.scored(b"text\na\nb\n")
    lines = [line.split() for line in typed("models").stdout.splitlines()]
    assert lines[1][:6] == ["length", "(default)", f"{OLD}*", "champion", "1", "10"]
    assert lines[1][6] == "2"
    assert lines[2][:4] == ["length", "(default)", NEW, "1"]
    page = typed("models", "length@champion").stdout
    assert page.startswith(f"length (default), version {OLD}")
    assert "may be any of" in typed("models", "length@0000").output


def test_the_audit(typed: Typed) -> None:
    """Who has changed what, and when: without keys it is the user of the machine."""
    typed("promote", f"length@{OLD}")
    typed("promote", f"length@{NEW}")
    typed("rollback", "length")
    found = json.loads(typed("models", "length", "--audit", "--json").stdout)
    assert [one["action"] for one in found] == ["rollback", "promote", "promote"]
    assert found[0]["by"] == found[1]["by"] != ""
    assert "rollback" in typed("models", "length", "--audit").stdout
    assert typed("models", "--audit").exit_code == 2


def test_remove(typed: Typed) -> None:
    """A version in use is not removed; `--force` fails the jobs that wait for it."""
    job = typed.service.submit(b"text\na\n", model=f"length@{OLD}").location
    said = typed("remove", f"length@{OLD}")
    assert said.exit_code != 0
    assert "jobs wait for it" in said.stderr
    said = typed("remove", f"length@{OLD}", "--force")
    assert said.stdout.splitlines()[0] == f"length@{OLD} was removed."
    assert "1 jobs failed" in said.stdout
    assert typed.service.client.get(job).json["state"] == "failed"
    assert list(typed.versions()) == [NEW]


@pytest.mark.parametrize("command", ["promote", "remove"])
def test_a_name_without_a_version_is_refused(typed: Typed, command: str) -> None:
    """A command that changes a version never guesses which one is meant."""
    said = typed(command, "length")
    assert said.exit_code == 2
    assert "NAME@VERSION" in said.stderr


def test_traffic_shows_and_changes_the_shares(typed: Typed) -> None:
    """A share that is not given stays; without a challenger there is none to set."""
    refused = typed("traffic", "length", "--canary", "0.1")
    assert refused.exit_code != 0
    assert "no alias 'challenger'" in refused.stderr
    typed("promote", f"length@{OLD}")
    typed("promote", f"length@{NEW}", "--as", "challenger")
    typed("traffic", "length", "--canary", "0.1")
    assert typed("traffic", "length", "--shadow", "0.2").stdout.splitlines() == [
        f"champion    length@{OLD}",
        f"challenger  {NEW}",
        "canary      10.00% of new jobs and questions",
        "shadow      20.00% of new bulk jobs",
    ]
    assert json.loads(typed("traffic", "length", "--json").stdout)["canary"] == 0.1
