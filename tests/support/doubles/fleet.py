"""The fleet in memory."""

from typing import Any

from typing_extensions import override

from shared.fleet import Fleet, Served, Worker


class InMemoryFleet(Fleet):
    """A fleet with a fixed number of processes."""

    def __init__(self, *served: Served, processes: int = 1) -> None:
        self._served = {one.card.name: one for one in served}
        self._processes = processes
        self.replaced: dict[str, float] = {}
        self.learned: dict[str, float] = {}
        self.described: dict[str, Worker] = {}

    @override
    def models(self) -> dict[str, Served]:
        return self._served

    @override
    def learn(self, full_name: str, rate: float) -> None:
        self.learned[full_name] = rate

    @override
    def rates(self) -> dict[str, float]:
        return dict(self.learned)

    @override
    def processes(self, full_name: str) -> int:
        names = {one.card.full_name for one in self._served.values()}
        return self._processes if full_name in names else 0

    @override
    def serving(self) -> dict[str, int]:
        names = [one.card.full_name for one in self._served.values()]
        return dict.fromkeys(names, self._processes) if self._processes else {}

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
    def announce(self, node: str, served: Any) -> None:
        self._served |= {one.card.name: one for one in served}

    @override
    def beat(self, node: str) -> int:
        return self._processes

    @override
    def leave(self, node: str) -> None:
        self._processes = 0
