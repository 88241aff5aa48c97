"""The aliases of models in memory."""

from collections.abc import Callable

from typing_extensions import override

from shared.aliases import Aliases, Change, Names, Step


class InMemoryAliases(Aliases):
    """Aliases that only this process knows."""

    def __init__(self) -> None:
        self.made: list[Change] = []

    @override
    def all(self) -> dict[str, Names]:
        return {one.model: one.names for one in self.made}

    @override
    def change(self, model: str, by: str, decide: Callable[[Names], Step]) -> Change:
        step = decide(self.all().get(model, Names()))
        self.made.append(Change.of(step, model=model, at=float(len(self.made)), by=by))
        return self.made[-1]

    @override
    def changes(self, model: str, limit: int) -> list[Change]:
        return [one for one in reversed(self.made) if one.model == model][:limit]

    @override
    def keep(self) -> int:
        return 0
