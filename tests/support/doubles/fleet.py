"""The fleet in memory."""

from collections.abc import Collection
from typing import Any

from typing_extensions import override

from shared.drift.reference import Reference
from shared.fleet import Fleet, Served, Worker, name_of


class InMemoryFleet(Fleet):
    """A fleet with a fixed number of processes."""

    def __init__(self, *served: Served, processes: int = 1) -> None:
        self._served = {one.card.name: one for one in served}
        self._versions = {one.card.full_name: one for one in served}
        self._processes = processes
        #: Full names of the versions that are remembered, and that no process serves.
        self.unserved: set[str] = set()
        self.replaced: dict[str, float] = {}
        self.learned: dict[str, float] = {}
        self.described: dict[str, Worker] = {}
        self.forgotten_after: list[float] = []

    def replace(self, *served: Served) -> None:
        """Serve these models in the place of all others, which nobody knows any more."""
        self._served = {one.card.name: one for one in served}
        self._versions = {one.card.full_name: one for one in served}

    @override
    def models(self) -> dict[str, Served]:
        return self._served

    @override
    def versions(self) -> dict[str, Served]:
        return self._versions

    @override
    def reference(self, full_name: str) -> Reference | None:
        found = self._versions.get(full_name)
        return found.card.reference if found else None

    @override
    def learn(self, full_name: str, rate: float) -> None:
        self.learned[full_name] = rate

    @override
    def rates(self) -> dict[str, float]:
        return dict(self.learned)

    @override
    def processes(self, full_name: str) -> int:
        return self.serving().get(full_name, 0)

    @override
    def serving(self) -> dict[str, int]:
        names = self._versions.keys() - self.unserved
        return dict.fromkeys(sorted(names), self._processes) if self._processes else {}

    @override
    def replaced_for(self, full_name: str) -> float:
        return self.replaced.get(full_name, 0.0)

    @override
    def describe(self, worker: Worker) -> None:
        self.described[worker.name] = worker

    @override
    def workers(self) -> list[Worker]:
        return [one for _, one in sorted(self.described.items())]

    @override
    def to_serve(self) -> set[str]:
        described = {name for one in self.workers() for name in one.models}
        return {name_of(full_name) for full_name in described | set(self.serving())}

    @override
    def forget_removed(self, names: Collection[str]) -> None:
        for name in self._served.keys() - self.to_serve() - set(names):
            del self._versions[self._served.pop(name).card.full_name]

    @override
    def forget_unserved(self, seconds: float) -> None:
        self.forgotten_after.append(seconds)

    @override
    def announce(
        self, node: str, served: Any, *, replaces: bool = False, yields: Collection[str] = ()
    ) -> None:
        self._served |= {one.card.name: one for one in served}
        self._versions |= {one.card.full_name: one for one in served}
        self.unserved -= {one.card.full_name for one in served}
        self._processes = self._processes or 1

    @override
    def beat(self, node: str, full_names: Collection[str], leaving: Collection[str] = ()) -> int:
        return self._processes

    @override
    def prefer(self, served: Served) -> None:
        self._served[served.card.name] = served

    @override
    def retire(self, full_name: str) -> None:
        last = self._served.get(name_of(full_name))
        if last and last.card.full_name == full_name:
            del self._served[name_of(full_name)]

    @override
    def leave(self, node: str) -> None:
        self._processes = 0
        self.unserved |= self._versions.keys()
